"""A conversation deleted together with what was learnt from it."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from chat.conversations import locked_as_a_whole
from chat.models import Conversation
from memory.domain.forgetting import Forgetting, Target, forget, preview
from memory.exceptions import ForgettingChanged, NothingToForget


def pages_of(conversation: Conversation) -> Target:
    """Return the pages that answers of the conversation became, those that are still in memory, as what to forget."""
    answers = conversation.messages.filter(page__isnull=False).order_by()
    return Target.pages(answers.values_list("page_id", flat=True))


def preview_conversation(conversation: Conversation) -> Forgetting | None:
    """Say what forgetting the conversation's pages would take and leave; None where memory holds none of them."""
    try:
        return preview(conversation.memory, pages_of(conversation))
    except NothingToForget:
        return None


@transaction.atomic
def forget_conversation(user: User, conversation_id: UUID, expected: str) -> Forgetting:
    """Delete a person's conversation with its messages and forget, for good, what was learnt from it: both or none.

    In one transaction: lock the conversation as a whole; forget its pages, with the effects of
    `memory.domain.forgetting.forget`; delete it. `expected` is the fingerprint of the preview that the person has
    agreed to. Raises ConversationGone, and ForgettingChanged when something else would go by now: an answer has
    become a page, or no page of it is left.
    """
    conversation = locked_as_a_whole(user, conversation_id)
    try:
        done = forget(conversation.memory, pages_of(conversation), by=user, expected=expected)
    except NothingToForget:
        raise ForgettingChanged from None
    conversation.delete()
    return done
