"""What may be done to a conversation as a whole. One door per state change."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from chat.enums import Status, TitleSource
from chat.exceptions import ConversationGone, MemoryBusy
from chat.models import Conversation, Message
from memory.domain.activity import event, log
from memory.enums import EventKind
from memory.models import Memory
from memory.models.memory import MemoryQuerySet

PATIENCE = timedelta(seconds=2)
"""How long a person's act waits for a memory that an import, say, holds."""
PURGED_AT_ONCE = 200
"""The most conversations that one purge takes; what is left is for the next one."""


@transaction.atomic
def rename_conversation(user: User, conversation_id: UUID, title: str) -> None:
    """Give a person's conversation another title, which no model changes any more. Raises ConversationGone."""
    conversation = _locked_or_gone(user, conversation_id)
    conversation.title, conversation.title_source = title, TitleSource.PERSON
    conversation.save(update_fields=["title", "title_source"])


@transaction.atomic
def pin_conversation(user: User, conversation_id: UUID, pinned: bool) -> None:
    """Put a person's conversation on top of the list, or back to its date. Twice is once. Raises ConversationGone."""
    conversation = _locked_or_gone(user, conversation_id)
    conversation.pinned_at = (conversation.pinned_at or timezone.now()) if pinned else None
    conversation.save(update_fields=["pinned_at"])


@transaction.atomic
def archive_conversation(user: User, conversation_id: UUID, archived: bool) -> None:
    """Put a person's conversation into the archive, or back into the list. Twice is once. Raises ConversationGone."""
    conversation = _locked_or_gone(user, conversation_id)
    conversation.archived_at = (conversation.archived_at or timezone.now()) if archived else None
    conversation.save(update_fields=["archived_at"])


@transaction.atomic
def delete_conversation(user: User, conversation_id: UUID) -> None:
    """Delete a person's conversation so that it can be brought back for a while; memory keeps what it learnt.

    In one transaction: lock it as a whole; end a running answer as stopped, with what was written; hide it from
    everybody. `purge_deleted` makes it final. Raises ConversationGone.
    """
    conversation = locked_as_a_whole(user, conversation_id)
    conversation.messages.end(Status.STOPPED)
    conversation.deleted_at = timezone.now()
    conversation.save(update_fields=["deleted_at"])


@transaction.atomic
def restore_conversation(user: User, conversation_id: UUID) -> Conversation:
    """Bring back a person's deleted conversation, as it was. One that is not deleted stays as it is.

    Raises ConversationGone where it has been purged, or never was this person's.
    """
    rows = Conversation.objects.of_user(user).select_for_update(of=("self",))
    conversation = rows.filter(pk=conversation_id).first()
    if conversation is None:
        raise ConversationGone
    conversation.deleted_at = None
    conversation.save(update_fields=["deleted_at"])
    return conversation


@transaction.atomic
def delete_all_conversations(memory: Memory) -> tuple[list[UUID], datetime]:
    """Delete all conversations with a memory, archived ones included, so that they can be brought back for a while.

    In one transaction: lock the memory and its conversations; end running answers as stopped; hide them all. Returns
    their ids and the moment, by which `restore_all_conversations` brings back just these. Temporary conversations go
    by themselves.
    """
    lock_memory(Memory.objects.filter(pk=memory.pk))
    now = timezone.now()
    rows = Conversation.objects.filter(memory=memory, deleted_at__isnull=True).lasting()
    ids = list(rows.order_by("pk").select_for_update().values_list("pk", flat=True))
    Message.objects.filter(conversation__in=ids).end(Status.STOPPED)
    Conversation.objects.filter(pk__in=ids).update(deleted_at=now)
    return ids, now


@transaction.atomic
def restore_all_conversations(user: User, deleted_at: datetime) -> list[UUID]:
    """Bring back a person's conversations that were deleted together at a moment; return which were still there."""
    rows = Conversation.objects.of_user(user).filter(deleted_at=deleted_at)
    ids = list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    Conversation.objects.filter(pk__in=ids).update(deleted_at=None)
    return ids


@transaction.atomic
def rename_for_operator(conversation: Conversation, title: str, *, by: User) -> None:
    """Give anybody's conversation another title from the administration; noted in its person's timeline without words.

    In one transaction: lock its memory and it; rename it; log `edited`. Raises DoesNotExist when either is gone.
    """
    memory = Memory.objects.locked(conversation.memory_id)
    row = Conversation.objects.select_for_update().get(pk=conversation.pk)
    row.title, row.title_source = title, TitleSource.PERSON
    row.save(update_fields=["title", "title_source"])
    log(event(EventKind.EDITED, memory, memory=memory, by=by, after={"what": "conversation"}))


@transaction.atomic
def delete_for_operator(conversation: Conversation, *, by: User) -> None:
    """Delete anybody's conversation from the administration, for good; noted in its person's timeline.

    In one transaction: lock its memory, it and its messages; delete it; log `deleted`. Memory keeps what it learnt.
    Raises DoesNotExist when either is gone.
    """
    memory = Memory.objects.locked(conversation.memory_id)
    row = Conversation.objects.select_for_update().get(pk=conversation.pk)
    _lock_messages(row)
    row.delete()
    log(event(EventKind.DELETED, memory, memory=memory, by=by, after={"what": "conversation"}))


def purge_deleted(now: datetime) -> int:
    """Delete for good what was deleted more than UNDO_MINUTES before `now`; return how many conversations.

    Each in a transaction of its own. What somebody else holds just now is left to the next time.
    """
    due = Conversation.objects.to_be_purged(now).order_by("deleted_at").values_list("pk", "memory_id")
    return sum(_purge(conversation_id, memory_id, now) for conversation_id, memory_id in due[:PURGED_AT_ONCE])


@transaction.atomic
def _purge(conversation_id: UUID, memory_id: int, now: datetime) -> bool:
    memory = Memory.objects.filter(pk=memory_id).select_for_update(no_key=True, skip_locked=True)
    if not list(memory.values_list("pk")):
        return False
    rows = Conversation.objects.filter(pk=conversation_id).to_be_purged(now).select_for_update(skip_locked=True)
    conversation = rows.first()
    if conversation is None:
        return False
    _lock_messages(conversation)
    conversation.delete()
    return True


def locked_as_a_whole(user: User, conversation_id: UUID) -> Conversation:
    """Return a person's conversation, so locked that it can be deleted. Runs in the caller's transaction.

    Its memory first, as every writer does, so that nobody forgets pages of it meanwhile; the conversation, so that no
    turn begins in it; its messages, so that an answer that is just ending ends first, with all its rows.
    Raises ConversationGone.
    """
    lock_memory(Memory.objects.filter(conversations=conversation_id, user=user))
    conversation = _locked_or_gone(user, conversation_id)
    _lock_messages(conversation)
    return conversation


def locked_for(user: User, conversation_id: UUID) -> Conversation | None:
    """Return a person's conversation, and its memory and assistant with it, with its row locked until the transaction
    ends; None where there is none.
    """
    rows = Conversation.objects.for_user(user).select_related("memory__assistant").select_for_update(of=("self",))
    return rows.filter(pk=conversation_id).first()


def lock_memory(found: MemoryQuerySet) -> None:
    """Lock a memory as every writer of it does, before any row of its conversations. None found locks nothing."""
    list(found.select_for_update(of=("self",), no_key=True).values_list("pk"))


def lock_memory_soon(found: MemoryQuerySet) -> None:
    """Do so for a person who waits, on a thread that others need. Raises MemoryBusy after `PATIENCE`."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = %s", [f"{PATIENCE.total_seconds() * 1000:.0f}ms"])
        try:
            lock_memory(found)
        except OperationalError as error:
            raise MemoryBusy from error
        cursor.execute("SET LOCAL lock_timeout = 0")


def _locked_or_gone(user: User, conversation_id: UUID) -> Conversation:
    conversation = locked_for(user, conversation_id)
    if conversation is None:
        raise ConversationGone
    return conversation


def _lock_messages(conversation: Conversation) -> None:
    list(conversation.messages.order_by("pk").select_for_update().values_list("pk"))
