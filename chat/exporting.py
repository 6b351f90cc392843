"""Conversations as files: Markdown to read, JSON with everything. `docs/export.md` has the format.

All of it comes in pieces: at most `BATCH` messages are in memory at a time, and between two pieces no query is open, so
that each may be made on another thread.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from chat.branches import read_tree
from chat.enums import MessageRole, Status
from chat.models import Conversation, Message
from chat.models.conversation import ConversationQuerySet
from memory.domain.documents import inline, quoted
from memory.domain.file_names import Names, safe_name
from memory.models import Memory

FORMAT = "memoryos-conversation"
ALL_FORMAT = "memoryos-conversations"
VERSION = 1
BATCH = 100


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a Markdown file, in the language of whoever asked for it, and their time zone.

    Read once: a file is written piece by piece on threads that know nothing of the request.
    """

    zone: ZoneInfo
    with_assistant: str
    begun: str
    last_message: str
    exported: str
    archived: str
    person: str
    untitled: str
    notes: dict[Status, str]

    @classmethod
    def current(cls, zone: ZoneInfo) -> Wording:
        """Return the words in the language that is active."""
        return cls(
            zone=zone,
            with_assistant=_("With"),
            begun=_("Begun"),
            last_message=_("Last message"),
            exported=_("Exported"),
            archived=_("Archived"),
            person=_("You"),
            untitled=_("conversation"),
            notes={
                Status.STREAMING: _("This answer was still being written."),
                Status.STOPPED: _("This answer was stopped."),
                Status.INTERRUPTED: _("This answer was interrupted."),
                Status.FAILED: _("This answer failed."),
            },
        )

    def moment(self, moment: datetime) -> str:
        """Return a moment to the minute, with the offset of its zone."""
        at = moment.astimezone(self.zone)
        return f"{at:%Y-%m-%d %H:%M} ({at.tzname() if self.zone.key == 'UTC' else f'{at:%z}'})"


def file_name(conversation: Conversation, ending: str, fallback: str) -> str:
    """Return the name under which a conversation is saved."""
    return f"{safe_name(conversation.title, fallback)}{ending}"


def markdown_of(conversation: Conversation, words: Wording, now: datetime) -> Iterator[bytes]:
    """Yield the branch of a conversation that is shown as a document.

    Headings are ours alone: what was said stands in block quotes, line by line, so that no message can begin a
    message of somebody else's, leave a code block open or hide what follows in a comment.
    """
    name = conversation.memory.assistant.name
    facts = [
        (words.with_assistant, inline(name)),
        (words.begun, words.moment(conversation.created_at)),
        (words.last_message, words.moment(conversation.last_message_at)),
        (words.exported, words.moment(now)),
    ]
    if conversation.archived_at:
        facts.append((words.archived, words.moment(conversation.archived_at)))
    lines = "".join(f"- {label}: {value}\n" for label, value in facts)
    yield f"# {inline(conversation.title)}\n\n{lines}".encode()
    for message in _shown_branch(conversation):
        who = words.person if message.role == MessageRole.USER else name
        note = words.notes.get(Status(message.status))
        parts = [f"## {inline(who)}, {words.moment(message.created_at)}"]
        if message.content.strip():
            parts.append(quoted(message.content))
        if note:
            parts.append(f"*{note}{f' {inline(message.error)}' if message.error else ''}*")
        yield ("\n" + "\n\n".join(parts) + "\n").encode()


def json_of(conversation: Conversation, now: datetime) -> Iterator[bytes]:
    """Yield a conversation with all its branches as JSON."""
    head = {"format": FORMAT, "version": VERSION, "exported_at": now.isoformat()}
    yield from _json_of(conversation, head)
    yield b"\n"


def json_of_all(user: User, now: datetime) -> Iterator[bytes]:
    """Yield all of a person's conversations as one JSON."""
    yield from _json_of_all(Conversation.objects.for_user(user), now)


def json_of_left(memory: Memory, now: datetime) -> Iterator[bytes]:
    """Yield the conversations with an assistant that the person has left as one JSON."""
    yield from _json_of_all(Conversation.objects.left_behind(memory), now)


def zip_of_all(user: User, words: Wording, now: datetime) -> Iterator[bytes]:
    """Yield all of a person's conversations as a ZIP of Markdown files, a folder for each assistant."""
    yield from _zip_of_all(Conversation.objects.for_user(user), words, now)


def zip_of_left(memory: Memory, words: Wording, now: datetime) -> Iterator[bytes]:
    """Yield the conversations with an assistant that the person has left as a ZIP of Markdown files."""
    yield from _zip_of_all(Conversation.objects.left_behind(memory), words, now)


def _json_of_all(rows: ConversationQuerySet, now: datetime) -> Iterator[bytes]:
    head = {"format": ALL_FORMAT, "version": VERSION, "exported_at": now.isoformat()}
    yield _dumped(head)[:-1].encode() + b', "conversations": ['
    first = True
    for conversation in _all_of(rows):
        yield b"\n" if first else b",\n"
        yield from _json_of(conversation, {})
        first = False
    yield b"\n]}\n"


def _zip_of_all(rows: ConversationQuerySet, words: Wording, now: datetime) -> Iterator[bytes]:
    sink = _Sink()
    folders, files = Names(), Names()
    folder_of: dict[int, str] = {}
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for conversation in _all_of(rows):
            assistant = conversation.memory.assistant
            if assistant.pk not in folder_of:
                folder_of[assistant.pk] = folders.take(safe_name(assistant.name, "assistant"), "")
            path = f"{folder_of[assistant.pk]}/{safe_name(conversation.title, words.untitled)}"
            at = conversation.last_message_at.astimezone(words.zone)
            entry = zipfile.ZipInfo(files.take(path, ".md"), (max(at.year, 1980), *at.timetuple()[1:6]))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                for piece in markdown_of(conversation, words, now):
                    file.write(piece)
                    if taken := sink.take():
                        yield taken
    yield sink.take()


class _Sink:
    """A stream that cannot be rewound: what has been written is taken away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """There is nothing to close."""

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _all_of(rows: ConversationQuerySet) -> Iterator[Conversation]:
    """Yield conversations, newest first, archived ones included, temporary ones not.

    One that is deleted meanwhile is left out.
    """
    rows = rows.lasting()
    ids: list[UUID] = list(rows.newest_first().values_list("pk", flat=True))
    for some in _batches(ids):
        found = rows.select_related("memory__assistant").in_bulk(some)
        yield from (found[pk] for pk in some if pk in found)


def _shown_branch(conversation: Conversation) -> Iterator[Message]:
    newest = conversation.messages.order_by("pk").values_list("pk", flat=True).last()
    for ids in _batches(read_tree(conversation.pk).path(conversation.head_id or newest)):
        found = conversation.messages.in_bulk(ids)
        yield from (found[pk] for pk in ids if pk in found)


def _json_of(conversation: Conversation, head: dict[str, Any]) -> Iterator[bytes]:
    assistant = conversation.memory.assistant
    facts = head | {
        "id": str(conversation.pk),
        "title": conversation.title,
        "title_source": conversation.title_source,
        "assistant": {"name": assistant.name, "slug": assistant.slug},
        "mode": conversation.mode,
        "created_at": conversation.created_at.isoformat(),
        "last_message_at": conversation.last_message_at.isoformat(),
        "pinned_at": _iso(conversation.pinned_at),
        "archived_at": _iso(conversation.archived_at),
        "head": conversation.head_id,
    }
    yield _dumped(facts)[:-1].encode() + b', "messages": ['
    last = 0
    while batch := list(conversation.messages.filter(pk__gt=last).order_by("pk")[:BATCH]):
        text = ",\n".join(_dumped(_message(message)) for message in batch)
        yield f"{',' if last else ''}\n{text}".encode()
        last = batch[-1].pk
    yield b"\n]}"


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.pk,
        "parent": message.parent_id,
        "continues": message.continues_id,
        "role": message.role,
        "status": message.status,
        "content": message.content,
        "error": message.error or None,
        "model": message.model or None,
        "tokens_in": message.tokens_in,
        "tokens_out": message.tokens_out,
        "page": message.page_id,
        "created_at": message.created_at.isoformat(),
        "finished_at": _iso(message.finished_at),
    }


def _batches(ids: list[Any]) -> Iterable[list[Any]]:
    return (ids[at : at + BATCH] for at in range(0, len(ids), BATCH))


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
