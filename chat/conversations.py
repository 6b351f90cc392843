"""What may be done to a conversation as a whole. One door per state change."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from chat.exceptions import ConversationGone
from chat.models import Conversation
from memory.models import Memory
from memory.models.memory import MemoryQuerySet


@transaction.atomic
def rename_conversation(user: User, conversation_id: UUID, title: str) -> None:
    """Give a person's conversation another title, and touch nothing else of it. Raises ConversationGone."""
    conversation = locked_for(user, conversation_id)
    if conversation is None:
        raise ConversationGone
    conversation.title = title
    conversation.save(update_fields=["title"])


@transaction.atomic
def delete_conversation(user: User, conversation_id: UUID) -> None:
    """Delete a person's conversation with its messages; memory keeps what it learnt.

    In one transaction: lock it as a whole; delete it. Raises ConversationGone.
    """
    locked_as_a_whole(user, conversation_id).delete()


def locked_as_a_whole(user: User, conversation_id: UUID) -> Conversation:
    """Return a person's conversation, so locked that it can be deleted. Runs in the caller's transaction.

    Its memory first, as every writer does, so that nobody forgets pages of it meanwhile; the conversation, so that no
    turn begins in it; its messages, so that an answer that is just ending ends first, with all its rows.
    Raises ConversationGone.
    """
    lock_memory(Memory.objects.filter(conversations=conversation_id, user=user))
    conversation = locked_for(user, conversation_id)
    if conversation is None:
        raise ConversationGone
    list(conversation.messages.order_by("pk").select_for_update().values_list("pk"))
    return conversation


def locked_for(user: User, conversation_id: UUID) -> Conversation | None:
    """Return a person's conversation with its row locked until the transaction ends; None where there is none."""
    rows = Conversation.objects.for_user(user).select_for_update(of=("self",))
    return rows.filter(pk=conversation_id).first()


def lock_memory(found: MemoryQuerySet) -> None:
    """Lock a memory as every writer of it does, before any row of its conversations. None found locks nothing."""
    list(found.select_for_update(of=("self",), no_key=True).values_list("pk"))
