"""A conversation's mode: normal, read-only, temporary. A temporary one lives as long as somebody shows it.

Open pages renew its time by the database's clock, as a writer renews the lease of an answer; what is closed, or out of
touch for `TEMPORARY_LEASE`, is deleted with all its rows. So no process has to be told that a page was closed.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Least, Now

from chat.conversations import locked_as_a_whole, locked_for
from chat.enums import Mode
from chat.exceptions import ConversationGone, ModeFixed
from chat.models import Conversation
from chat.models.conversation import ConversationQuerySet

TEMPORARY_LEASE = timedelta(minutes=10)
"""How long a temporary conversation waits for a page that lost its network."""
CLOSING = timedelta(seconds=15)
"""How long it waits for a page that went away to come back: a reload does."""
_TOLERANCE = timedelta(seconds=1)


@transaction.atomic
def change_mode(user: User, conversation_id: UUID, mode: Mode) -> None:
    """Let a conversation go on as a normal or as a read-only one; what has been recorded stays recorded.

    Raises ConversationGone, and ModeFixed where either is temporary: what was said on that condition keeps it.
    """
    conversation = locked_for(user, conversation_id)
    if conversation is None:
        raise ConversationGone
    if Mode.TEMPORARY in (mode, conversation.mode):
        raise ModeFixed
    conversation.mode = mode
    conversation.save(update_fields=["mode"])


def keep_open(conversation_id: UUID) -> None:
    """Say that a page shows the conversation; means something for temporary ones only."""
    _temporary(conversation_id).update(closes_at=Now() + TEMPORARY_LEASE)


def leave(conversation_id: UUID, looked_ago: timedelta) -> None:
    """Say that a page was closed which has last renewed the conversation's time `looked_ago`: it goes soon, unless
    another page has renewed it since then, or does.

    A page that is loaded again is asked for before the old one's socket closes.
    """
    renewed_by_it = Now() + TEMPORARY_LEASE - looked_ago + _TOLERANCE
    alone = _temporary(conversation_id).filter(closes_at__lte=renewed_by_it)
    alone.update(closes_at=Least("closes_at", Now() + CLOSING))


def close_abandoned() -> list[UUID]:
    """Delete the temporary conversations that nobody shows any more, each in a transaction of its own; return them.

    An answer that is being written there ends unrecorded.
    """
    due = Conversation.objects.filter(closes_at__lt=Now()).select_related("memory__user")
    return [row.pk for row in due if _close(row)]


@transaction.atomic
def _close(row: Conversation) -> bool:
    try:
        conversation = locked_as_a_whole(row.memory.user, row.pk)
    except ConversationGone:
        # Somebody was quicker, or the person has left the assistant: then nobody can open it again.
        deleted, _ = Conversation.objects.filter(pk=row.pk, closes_at__lt=Now()).delete()
        return bool(deleted)
    if not Conversation.objects.filter(pk=conversation.pk, closes_at__lt=Now()).exists():
        return False
    conversation.delete()
    return True


def _temporary(conversation_id: UUID) -> ConversationQuerySet:
    return Conversation.objects.filter(pk=conversation_id, mode=Mode.TEMPORARY)
