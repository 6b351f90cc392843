"""The branches of a conversation, read from the database."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from chat.enums import RETRYABLE, MessageRole
from chat.models import Message
from chat.tree import Node, Tree

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
