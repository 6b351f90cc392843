"""What may happen to a turn, a question and its answer: begun, kept, stopped, ended. One door per state change.

An answer is alive as long as its lease, which its writer renews; times of leases are the database's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from chat.access import Seat
from chat.conversations import lock_memory, locked_for
from chat.enums import MessageRole, Mode, Status
from chat.exceptions import Busy, ConversationGone, MessageNotFound, NotRetryable
from chat.models import Conversation, Message, RecalledItem
from chat.text import accept_message, title_from
from memory.domain import recall
from memory.domain.forgetting import still_there
from memory.domain.ledger import note_call
from memory.domain.recording import record_page
from memory.enums import Outcome, Purpose, Source
from memory.llm.base import Usage
from memory.models import Memory, Page

LEASE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Turn:
    """A question's answer to be written. `repeated` is the question when it had been sent before."""

    conversation_id: UUID
    answer_id: int
    repeated: Message | None = None

    @property
    def is_new(self) -> bool:
        """Tell whether the answer is still to be begun."""
        return self.repeated is None


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer has to show at the end of an answer. `model` is blank when none was asked."""

    answer_id: int
    text: str
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    duration_ms: int = 0
    recalled: Sequence[recall.RecalledItem] = ()
    visited_segments: Sequence[int] = ()


@transaction.atomic
def begin_turn(seat: Seat, text: str, client_id: str) -> Turn:
    """Take what a person says and open its answer.

    In one transaction: lock the conversation, or create it named after this message; return the turn of a
    `client_id` seen before; end an answer whose writer died; store the question; open the answer with a lease.
    Raises EmptyMessage, MessageTooLong, ConversationGone, and Busy while another answer is being written.
    """
    text = accept_message(text, settings.CHAT_MESSAGE_MAX_CHARACTERS)
    now = timezone.now()
    conversation = _locked(seat) or _created(seat, text, now)
    if sent := conversation.messages.filter(client_id=client_id).first():
        answer = sent.children.order_by("pk").last()
        return Turn(conversation.pk, answer.pk if answer else sent.pk, repeated=sent)
    _make_room(conversation)
    question = Message.objects.create(
        conversation=conversation,
        parent=conversation.messages.order_by("pk").last(),
        role=MessageRole.USER,
        content=text,
        client_id=client_id,
        created_at=now,
    )
    return _open_answer(conversation, question, now)


@transaction.atomic
def begin_retry(seat: Seat, message_id: int) -> Turn:
    """Open another answer to the question of a failed or interrupted one.

    A new attempt is a sibling row: the partial text of the earlier one stays where it is, and the tree is ready for
    more than one version of an answer. Only the newest answer can be tried again; further up it would be a branch.
    Raises ConversationGone, MessageNotFound, NotRetryable, Busy.
    """
    conversation = _locked(seat)
    if conversation is None:
        raise ConversationGone
    _make_room(conversation)
    answer = conversation.messages.answers().filter(pk=message_id).select_related("parent").first()
    if answer is None:
        raise MessageNotFound
    newer = conversation.messages.filter(pk__gt=answer.pk)
    if not answer.is_retryable or newer.exists():
        raise NotRetryable
    return _open_answer(conversation, answer.question, timezone.now())


def request_stop(seat: Seat, message_id: int) -> None:
    """Flag a running answer; its writer, in whichever process, sees the flag at its next write.

    An answer that has ended meanwhile stays as it is. Raises ConversationGone and MessageNotFound.
    """
    if not seat.exists():
        raise ConversationGone
    answers = Message.objects.answers().filter(conversation_id=seat.conversation_id, pk=message_id)
    if not answers.exists():
        raise MessageNotFound
    answers.writable().update(stop_requested_at=timezone.now())


def keep_text(answer_id: int, text: str) -> bool:
    """Store an answer's text so far and renew its lease; False when it is no longer the caller's to write."""
    answer = Message.objects.filter(pk=answer_id).writable()
    return answer.update(content=text, lease_expires_at=Now() + LEASE) == 1


def renew_lease(answer_id: int) -> bool:
    """Say that the writer of an answer is alive; False when it is no longer the caller's to write."""
    return Message.objects.filter(pk=answer_id).writable().update(lease_expires_at=Now() + LEASE) == 1


@transaction.atomic
def end_answer(written: Written, status: Status, outcome: Outcome, error: str = "") -> bool:
    """End an answer and remember what was said.

    In one transaction: lock the memory, if there is something to remember or it was given something of it, and the
    answer; when it is whole, or stopped with some text, record the page and count the visits of the segments it drew
    on; store text, status and what it was given, but for what has been forgotten meanwhile; note the model call, if one
    was made, in the ledger. Failed and interrupted answers leave memory as it was. Returns False, having noted no more
    than the call, when someone else has ended the answer.
    """
    is_remembered = status in (Status.COMPLETE, Status.STOPPED) and bool(written.text.strip())
    if is_remembered or written.recalled:
        # Before the answer: whoever deletes a conversation, or forgets, takes the two in this order.
        lock_memory(Memory.objects.filter(conversations__messages=written.answer_id))
    answer = (
        Message.objects.select_for_update(of=("self",))
        .select_related("parent", "conversation__memory__assistant")
        .filter(pk=written.answer_id)
        .streaming()
        .first()
    )
    if answer is None:
        _note_call_of_lost_answer(written, outcome, error)
        return False
    memory = answer.conversation.memory
    answer.content = written.text
    if is_remembered:
        answer.page = _remember(answer, memory, written)
    answer.model = written.model
    answer.tokens_in, answer.tokens_out = written.usage.tokens_in, written.usage.tokens_out
    for name, value in _ended(status, error).items():
        setattr(answer, name, value)
    answer.save()
    _store_recalled(written)
    _note_call(memory, written, outcome, error)
    return True


def fail_answer(answer_id: int, text: str, error: str) -> bool:
    """Store an answer's whole text as that of a failed one, and nothing else: for when `end_answer` cannot be done.

    Returns False when someone else has ended the answer.
    """
    answer = Message.objects.filter(pk=answer_id).streaming()
    return answer.update(content=text, **_ended(Status.FAILED, error)) == 1


@transaction.atomic
def interrupt_expired() -> list[UUID]:
    """End every answer whose writer died, keeping the text it had stored; return the conversations concerned."""
    expired = list(Message.objects.expired().select_for_update(skip_locked=True).values_list("pk", "conversation_id"))
    Message.objects.filter(pk__in=[pk for pk, _ in expired]).update(**_ended(Status.INTERRUPTED))
    return [conversation_id for _, conversation_id in expired]


def _locked(seat: Seat) -> Conversation | None:
    conversation = locked_for(seat.user, seat.conversation_id)
    if conversation is None and seat.new_in is None:
        raise ConversationGone
    return conversation


def _created(seat: Seat, text: str, now: datetime) -> Conversation:
    memory = Memory.objects.for_user(seat.user).filter(pk=seat.new_in or 0).first()
    if memory is None:
        raise ConversationGone
    Conversation.objects.get_or_create(
        pk=seat.conversation_id,
        defaults={
            "memory": memory,
            "title": title_from(text),
            "created_at": now,
            "last_message_at": now,
        },
    )
    conversation = _locked(seat)
    if conversation is None:
        raise ConversationGone
    return conversation


def _make_room(conversation: Conversation) -> None:
    conversation.messages.expired().update(**_ended(Status.INTERRUPTED))
    if conversation.messages.streaming().exists():
        raise Busy


def _open_answer(conversation: Conversation, question: Message, now: datetime) -> Turn:
    answer = Message.objects.create(
        conversation=conversation,
        parent=question,
        role=MessageRole.ASSISTANT,
        status=Status.STREAMING,
        lease_expires_at=Now() + LEASE,
        created_at=now,
    )
    conversation.last_message_at = now
    conversation.save(update_fields=["last_message_at"])
    return Turn(conversation.pk, answer.pk)


def _ended(status: Status, error: str = "") -> dict[str, Any]:
    return {
        "status": status,
        "error": error[:500],
        "lease_expires_at": None,
        "stop_requested_at": None,
        "finished_at": timezone.now(),
    }


def _remember(answer: Message, memory: Memory, written: Written) -> Page | None:
    if answer.conversation.mode != Mode.NORMAL:
        return None
    page = record_page(
        memory,
        query=answer.question.content,
        response=written.text,
        occurred_at=answer.question.created_at,
        external_id=answer.external_id,
        metadata={"conversation": str(answer.conversation_id)},
        source=Source.CHAT,
    )
    recall.count_visits(memory, written.visited_segments, timezone.now())
    return page


def _store_recalled(written: Written) -> None:
    there = still_there((item.tier, item.object_id) for item in written.recalled)
    RecalledItem.objects.bulk_create(
        RecalledItem(
            message_id=written.answer_id,
            rank=rank,
            tier=item.tier,
            object_id=item.object_id,
            score=item.score,
            signals=item.signals,
            tokens=item.tokens,
        )
        for rank, item in enumerate(written.recalled, start=1)
        if (item.tier, item.object_id) in there
    )


def _note_call(memory: Memory, written: Written, outcome: Outcome, error: str) -> None:
    if written.model:
        note_call(
            memory,
            purpose=Purpose.REPLY,
            model=written.model,
            usage=written.usage,
            duration_ms=written.duration_ms,
            outcome=outcome,
            detail=error,
        )


def _note_call_of_lost_answer(written: Written, outcome: Outcome, error: str) -> None:
    answer = Message.objects.select_related("conversation__memory").filter(pk=written.answer_id).first()
    if answer is not None:
        _note_call(answer.conversation.memory, written, outcome, error)
