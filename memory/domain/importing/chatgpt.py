"""ChatGPT's export: `conversations.json`, a list of conversations, each a tree of messages.

Of each tree the branch that was shown is read, from `current_node` up to the root. Pages are made of what the person
typed and what was answered: system prompts, tool calls, hidden messages, thinking and images are left out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from memory.domain.importing.contents import Contents, Warned
from memory.domain.importing.entries import Entry
from memory.domain.recording import PageDraft, whole_text
from memory.exceptions import ImportFault

NAME = "chatgpt"
ID_LENGTH = 200
_SAID = ("text", "multimodal_text")
_CLOSING = timedelta(microseconds=1)


def recognises(data: Any) -> bool:
    """Say whether it is such a list, or a single conversation of one."""
    first = data[0] if isinstance(data, list) and data else data
    return isinstance(first, dict) and "mapping" in first


def read(data: Any, *, now: datetime, conversation: str | None = None) -> Contents:
    """Return the pages of all conversations, oldest first."""
    contents = Contents(NAME, [])
    # The same message may stand in two parts of an export.
    pages: dict[str | None, PageDraft] = {}
    for number, value in enumerate(data if isinstance(data, list) else [data], start=1):
        where = _("Conversation %(number)s") % {"number": number}
        for draft in _pages(Entry(value, where), contents.warnings, now):
            pages.setdefault(draft.external_id, draft)
    contents.pages = sorted(pages.values(), key=lambda draft: draft.occurred_at)
    return contents


@dataclass(slots=True)
class _Turn:
    """A page being gathered: what the person said in a row, and what was answered."""

    id: str
    at: datetime
    queries: list[str] = field(default_factory=list)
    responses: list[str] = field(default_factory=list)


def _pages(conversation: Entry, warnings: Counter[Warned], now: datetime) -> Iterator[PageDraft]:
    title = conversation.text("title", required=False).strip()
    if title:
        conversation.where += f" “{title[:60]}”"
    name = conversation.get("conversation_id") or conversation.get("id") or ""
    metadata = {"conversation": title, "conversation_id": whole_text(str(name))}
    before: datetime | None = None
    for turn in _turns(conversation, warnings, now):
        # In one conversation pages keep their order, whatever its clock says.
        before = turn.at if before is None or turn.at > before else before + _CLOSING
        query, response = ("\n\n".join(parts).strip() for parts in (turn.queries, turn.responses))
        yield PageDraft(query, response, before, _page_id(turn.id), dict(metadata))


def _turns(conversation: Entry, warnings: Counter[Warned], now: datetime) -> Iterator[_Turn]:
    at = conversation.seconds("create_time")
    turn: _Turn | None = None
    for node, message in _branch(conversation, warnings):
        role = _role(message)
        if role not in ("user", "assistant") or _is_hidden(message):
            warnings["hidden"] += 1
            continue
        text = _text(message)
        if not text.strip():
            warnings["no_text"] += 1
            continue
        said_at = message.seconds("create_time")
        if said_at is None and at is None:
            warnings["undated"] += 1
        at = said_at or at or now
        if turn is None or (role == "user" and turn.responses):
            if turn is not None:
                yield turn
            turn = _Turn(str(message.get("id") or node), at)
        (turn.queries if role == "user" else turn.responses).append(text)
    if turn is not None:
        yield turn


def _branch(conversation: Entry, warnings: Counter[Warned]) -> list[tuple[str, Entry]]:
    """Return the messages of the branch that was shown, oldest first, each with the name of its node."""
    nodes = conversation.get("mapping")
    if not isinstance(nodes, dict):
        raise conversation.fault("mapping", _("must be an object"))
    here = conversation.get("current_node")
    if not isinstance(here, str) or here not in nodes:
        if nodes:
            warnings["no_branch"] += 1
        here = _last_leaf(nodes)
    path: list[tuple[str, Entry]] = []
    seen: set[str] = set()
    while here is not None:
        if here in seen:
            fault = _("%(where)s: message %(id)s follows itself.")
            raise ImportFault(fault % {"where": conversation.where, "id": repr(here)})
        seen.add(here)
        node = Entry(nodes.get(here), _message(conversation, here))
        if node.get("message") is not None:
            path.append((here, Entry(node.get("message"), node.where)))
        parent = node.get("parent")
        here = parent if isinstance(parent, str) and parent in nodes else None
    return path[::-1]


def _message(conversation: Entry, node: str) -> str:
    return _("%(where)s, message %(id)s") % {"where": conversation.where, "id": repr(node)}


def _last_leaf(nodes: Mapping[str, Any]) -> str | None:
    """Return the last node that nothing follows: where no branch is named, the newest one is the one that was shown."""
    parents = {node.get("parent") for node in nodes.values() if isinstance(node, dict)}
    return next((name for name in reversed(list(nodes)) if name not in parents), None)


def _role(message: Entry) -> str:
    author = message.get("author")
    return str(author.get("role")) if isinstance(author, dict) else ""


def _is_hidden(message: Entry) -> bool:
    """Say whether a message was not for the person: hidden, to a tool, or thinking aloud before the answer."""
    metadata = message.get("metadata")
    hidden = isinstance(metadata, dict) and bool(metadata.get("is_visually_hidden_from_conversation"))
    to_a_tool = message.get("recipient") not in (None, "all")
    aside = message.get("channel") in ("analysis", "commentary")
    return hidden or to_a_tool or aside or message.get("weight") == 0


def _text(message: Entry) -> str:
    content = Entry(message.get("content") or {}, message.where)
    if content.get("content_type") not in _SAID:
        return ""
    spoken = (part if isinstance(part, str) else _transcript(part) for part in content.items("parts"))
    return whole_text("\n".join(text for text in spoken if text))


def _transcript(part: Any) -> str:
    """Return the words of something said aloud; images and files have none."""
    if isinstance(part, dict) and part.get("content_type") == "audio_transcription":
        return part["text"] if isinstance(part.get("text"), str) else ""
    return ""


def _page_id(message: str) -> str:
    name = whole_text(f"chatgpt:{message}")
    return name if len(name) <= ID_LENGTH else f"chatgpt:{hashlib.sha256(name.encode()).hexdigest()}"
