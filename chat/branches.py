"""The branches of a conversation, read from the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from chat.enums import RETRYABLE, MessageRole
from chat.models import Message
from chat.tree import Node, Tree

WINDOW = 60
"""Messages on a page."""
_EMPTY_ATTEMPT = Q(role=MessageRole.ASSISTANT, content="", status__in=RETRYABLE)


def read_tree(conversation_id: UUID) -> Tree:
    """Return the tree of a conversation's messages. One query, of keys alone.

    Two kinds of attempts do not count as versions: one that failed without a word and was tried again, and one whose
    text another answer went on from.
    """
    rows = list(
        Message.objects.filter(conversation_id=conversation_id)
        .annotate(is_empty_attempt=_EMPTY_ATTEMPT)
        .order_by("pk")
        .values_list("pk", "parent_id", "continues_id", "is_empty_attempt")
    )
    continued = {continues for _, _, continues, _ in rows}
    newest = {parent: pk for pk, parent, _, _ in rows}
    return Tree.of(
        Node(pk, parent, counts=pk not in continued and (not is_empty or newest[parent] == pk))
        for pk, parent, _, is_empty in rows
    )


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a branch for a page. `earlier` is its first message where there are some before it, `later` the
    first one after it, if any.
    """

    ids: list[int]
    earlier: int | None
    later: int | None

    @property
    def is_end(self) -> bool:
        """Tell whether the branch ends with it."""
        return self.later is None


def window(path: Sequence[int], *, before: int = 0, at: int = 0) -> Window:
    """Return the end of a branch, or the stretch before message `before`, or one that holds `at` with some after it.

    Ids that are not on the branch mean nothing.
    """
    end = len(path)
    if before in path:
        end = path.index(before)
    elif at in path:
        end = min(end, path.index(at) + WINDOW // 2)
    ids = list(path[max(0, end - WINDOW) : end])
    return Window(ids, ids[0] if end > WINDOW else None, path[end] if end < len(path) else None)
