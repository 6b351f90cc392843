"""Ended messages as people see them, the same on a page and from a socket: `templates/chat/_message.html`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string

from chat.enums import MessageRole
from chat.models import Conversation, Message
from chat.rendering import render_markdown
from chat.tree import Tree, Versions


@dataclass(frozen=True, slots=True)
class Entry:
    """An ended message with its rendered text; a person's own words have no `html`."""

    message: Message
    html: str
    versions: Versions


def entries_of(messages: Sequence[Message], tree: Tree) -> list[Entry]:
    """Return the entries of messages of one conversation, whose tree is given."""
    return [
        Entry(
            message,
            render_markdown(message.content) if message.role == MessageRole.ASSISTANT else "",
            tree.versions(message.pk),
        )
        for message in messages
    ]


def render_entry(entry: Entry, conversation: Conversation) -> str:
    """Return an entry's article as HTML, in the language that is active."""
    return render_to_string("chat/_message.html", {"entry": entry, "conversation": conversation})
