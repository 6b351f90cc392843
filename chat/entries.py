"""Ended messages as people see them, the same on a page and from a socket: `templates/chat/_message.html`."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.db.models import Count
from django.template.loader import render_to_string

from chat.branches import Window
from chat.enums import MessageRole
from chat.learning import Note, Stretch
from chat.models import Conversation, Message, RecalledItem
from chat.rendering import render_markdown
from chat.tree import Tree, Versions
from memory.domain.tracing import learnt_from


@dataclass(frozen=True, slots=True)
class Entry:
    """An ended message with its rendered text; a person's own words have no `html`.

    `recalled` counts what stood in an answer's prompt, `learnt` what memory has learnt from the page it became.
    """

    message: Message
    html: str
    versions: Versions
    recalled: int = 0
    learnt: int = 0
    is_message: ClassVar[bool] = True


def entries_of(messages: Sequence[Message], tree: Tree) -> list[Entry]:
    """Return the entries of messages of one conversation, whose tree is given. Two queries, however many messages."""
    given = RecalledItem.objects.given().filter(message__in=[message.pk for message in messages])
    recalled = dict(given.order_by().values_list("message").annotate(Count("pk")))
    learnt = learnt_from([message.page_id for message in messages if message.page_id is not None])
    return [
        Entry(
            message,
            render_markdown(message.content) if message.role == MessageRole.ASSISTANT else "",
            tree.versions(message.pk),
            recalled.get(message.pk, 0),
            len(learnt.get(message.page_id or 0, ())),
        )
        for message in messages
    ]


def in_order(entries: Sequence[Entry], notes: Sequence[Note]) -> list[Entry | Note]:
    """Return messages and the notes of what memory learnt in their stretch (`stretch_of`), by time.

    Messages keep their order: those of one branch were said in it.
    """
    log: list[Entry | Note] = []
    waiting = deque(notes)
    for entry in entries:
        while waiting and waiting[0].at < said_at(entry.message):
            log.append(waiting.popleft())
        log.append(entry)
    return [*log, *waiting]


def stretch_of(messages: Sequence[Message], part: Window) -> Stretch:
    """Return when the messages of a window were said, so that each note stands in one window of a branch: in the one
    whose message it follows, or in the first. `messages` are the window's and the one after it, if any.
    """
    times = {message.pk: said_at(message) for message in messages}
    return Stretch(
        since=times.get(part.earlier) if part.earlier else None, until=times.get(part.later) if part.later else None
    )


def said_at(message: Message) -> datetime:
    """Return when a message was there as a whole."""
    return message.finished_at or message.created_at


def render_entry(entry: Entry, conversation: Conversation) -> str:
    """Return an entry's article as HTML, in the language that is active."""
    return render_to_string("chat/_message.html", {"entry": entry, "conversation": conversation})
