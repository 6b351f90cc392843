"""What the writer of an answer does to its row: keeps its text, renews its lease, ends it. One door per state change.

An answer is alive as long as its lease, which its writer renews; times of leases are the database's clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from chat import wishes
from chat.conversations import lock_memory
from chat.enums import Status
from chat.models import Conversation, Message, RecalledItem
from chat.models.message import ended
from chat.titling import wish_title
from memory.domain import recall
from memory.domain.forgetting import Target, forget, still_there
from memory.domain.ledger import Told, note_call, note_where_it_stands
from memory.domain.recording import record_page
from memory.enums import Outcome, Purpose, Source
from memory.llm.base import Usage
from memory.models import Memory, Page

LEASE = timedelta(seconds=5)
_KEEP = """
    WITH free AS (
        SELECT id FROM chat_message
        WHERE id = ANY(%s::bigint[]) AND status = 'streaming' AND stop_requested_at IS NULL
        FOR UPDATE SKIP LOCKED
    )
    UPDATE chat_message AS message
    SET content = COALESCE(kept.content, message.content),
        lease_expires_at = statement_timestamp() + make_interval(secs => %s)
    FROM free JOIN unnest(%s::bigint[], %s::text[]) AS kept (id, content) USING (id)
    WHERE message.id = free.id
    RETURNING message.id"""


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer has to show at the end of an answer. `model` is blank when none was asked; `memory` is the one that
    it was asked for, with its assistant: it bears the cost also when the answer is gone.
    """

    answer_id: int
    text: str
    memory: Memory | None = None
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    prompt_tokens: Mapping[str, int] = field(default_factory=dict)
    duration_ms: int = 0
    recalled: Sequence[recall.RecalledItem] = ()
    left_out: Sequence[recall.RecalledItem] = ()
    visited_segments: Sequence[int] = ()


def keep_texts(texts: Mapping[int, str | None]) -> set[int]:
    """Store answers' texts so far, where there is a new one, and renew their leases; return those that are still the
    caller's to write.

    One statement for all. A row that somebody else holds just now is left to the next time: who writes many rows at
    once must not wait for one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [list(texts), LEASE.total_seconds(), list(texts), list(texts.values())])
        kept = {pk for (pk,) in cursor.fetchall()}
    if left := texts.keys() - kept:
        kept |= set(Message.objects.filter(pk__in=left).writable().values_list("pk", flat=True))
    return kept


@transaction.atomic
def end_answer(written: Written, status: Status, outcome: Outcome, error: str = "") -> bool:
    """End an answer and remember what was said.

    In one transaction: lock the memory, if there is something to remember or something of it was found for the answer,
    and the answer; when it is whole, or stopped with some text, record the page, the source of what the question wished
    to have remembered, in place of those of the turn's other versions that are still in short-term memory (a stopped
    one takes the place of no answer to the same question; nothing, then or later, while learning is paused), and count
    the visits of the segments it drew on; store text, status and what was found for it, but for what has been
    forgotten meanwhile; note the model call, if one was made, in the ledger; queue the naming of the conversation after
    its first whole answer. Failed and interrupted answers leave memory as it was. Returns False, having noted no more
    than the call, when someone else has ended the answer.
    """
    is_remembered = status in (Status.COMPLETE, Status.STOPPED) and bool(written.text.strip())
    if is_remembered or written.recalled or written.left_out:
        # Before the answer: whoever deletes a conversation, or forgets, takes the two in this order.
        lock_memory(Memory.objects.filter(conversations__messages=written.answer_id))
    answer = (
        Message.objects.select_for_update(of=("self",))
        .select_related("parent", "conversation__memory__assistant", "conversation__memory__user")
        .filter(pk=written.answer_id)
        .streaming()
        .first()
    )
    if answer is None:
        _note_call_of_lost_answer(written, outcome, error)
        return False
    memory = answer.conversation.memory
    answer.content = written.text
    if memory.learning_paused_at is not None:
        # Behind the memory's lock: whatever was the case when the question came, its answer ends in the pause.
        answer.off_record = True
    if is_remembered:
        answer.page = _remember(answer, status, written)
    answer.model = written.model
    answer.tokens_in, answer.tokens_out = written.usage.tokens_in, written.usage.tokens_out
    answer.prompt_tokens = dict(written.prompt_tokens)
    for name, value in ended(status, error).items():
        setattr(answer, name, value)
    answer.save()
    _store_recalled(written)
    _note_call(memory, written, outcome, error)
    if status == Status.COMPLETE:
        wish_title(answer.conversation)
    return True


def fail_answer(answer_id: int, text: str, error: str) -> bool:
    """Store an answer's whole text as that of a failed one, and nothing else: for when `end_answer` cannot be done.

    Returns False when someone else has ended the answer.
    """
    answer = Message.objects.filter(pk=answer_id).streaming()
    return answer.update(content=text, **ended(Status.FAILED, error)) == 1


@transaction.atomic
def interrupt_expired(alive: Collection[int] = ()) -> list[UUID]:
    """End every answer whose writer died, keeping the text it had stored; return the conversations concerned.

    `alive` are answers that the caller itself writes: it may be late to renew a lease, and knows better.
    """
    rows = Message.objects.expired().exclude(pk__in=alive).select_for_update(skip_locked=True)
    expired = list(rows.values_list("pk", "conversation_id"))
    Message.objects.filter(pk__in=[pk for pk, _ in expired]).end(Status.INTERRUPTED)
    return [conversation_id for _, conversation_id in expired]


def remember_shown(conversation: Conversation, path: Sequence[int]) -> None:
    """Record the answers on the shown branch that memory does not hold because another version took their place.

    Runs in the caller's transaction, which holds the memory's lock. While learning is paused, or the assistant is
    archived, memory stays as it is.
    """
    if not Memory.objects.filter(
        pk=conversation.memory_id, learning_paused_at=None, assistant__archived_at=None
    ).exists():
        return
    answers = conversation.messages.answers().filter(pk__in=path, page__isnull=True, off_record=False)
    told = answers.filter(status__in=(Status.COMPLETE, Status.STOPPED)).exclude(content="")
    for answer in told.select_related("parent", "conversation__memory__assistant", "conversation__memory__user"):
        if earlier := _pages_of_other_versions(answer):
            answer.page = _record(answer, earlier)
            answer.save(update_fields=["page"])


def _remember(answer: Message, status: Status, written: Written) -> Page | None:
    """Record an answer's turn, unless it was said off the record, or stopped where memory holds another answer."""
    if answer.off_record or answer.question.off_record:
        return None
    if status == Status.STOPPED and answer.question.children.filter(page__isnull=False).exists():
        return None
    earlier = _pages_of_other_versions(answer)
    page = _record(answer, earlier)
    recall.count_visits(answer.conversation.memory, written.visited_segments, timezone.now())
    return page


def _record(answer: Message, earlier: Sequence[int]) -> Page:
    """Record a turn as a page in place of the pages of its other versions; facts that rest on both stay."""
    memory = answer.conversation.memory
    page = record_page(
        memory,
        query=answer.question.content,
        response=answer.content,
        occurred_at=answer.question.created_at,
        external_id=answer.external_id,
        metadata={"conversation": str(answer.conversation_id)},
        source=Source.CHAT,
    )
    wishes.trace(answer.question, page)
    if earlier:
        forget(memory, Target.pages(earlier), by=memory.user)
    return page


def _pages_of_other_versions(answer: Message) -> list[int]:
    """Return the pages of the same turn's other versions that are still in short-term memory.

    What was said anew, or answered anew, takes their place, or memory would hold the same turn several times over.
    Later tiers rest on theirs by then: a person forgets those by hand.
    """
    question = answer.question
    asked = Message.objects.filter(conversation_id=answer.conversation_id, parent=question.parent_id)
    others = Message.objects.filter(parent__in=asked, page__segment__isnull=True, page__isnull=False)
    return [pk for pk in others.exclude(pk=answer.pk).values_list("page_id", flat=True) if pk is not None]


def _store_recalled(written: Written) -> None:
    found = [*written.recalled, *written.left_out]
    there = still_there((item.tier, item.object_id) for item in found)
    RecalledItem.objects.bulk_create(
        RecalledItem(
            message_id=written.answer_id,
            rank=rank,
            tier=item.tier,
            object_id=item.object_id,
            score=item.score,
            signals=item.signals,
            tokens=item.tokens,
            in_prompt=rank <= len(written.recalled),
        )
        for rank, item in enumerate(found, start=1)
        if (item.tier, item.object_id) in there
    )


def _note_call(memory: Memory, written: Written, outcome: Outcome, error: str) -> None:
    if written.model:
        note_call(memory, **_told(written, outcome, error))


def _told(written: Written, outcome: Outcome, error: str) -> Told:
    return {
        "purpose": Purpose.REPLY,
        "model": written.model,
        "usage": written.usage,
        "duration_ms": written.duration_ms,
        "outcome": outcome,
        "detail": error,
    }


def _note_call_of_lost_answer(written: Written, outcome: Outcome, error: str) -> None:
    """Note the call on the memory it was made for, whatever became of the answer and its conversation."""
    if written.memory is None or not written.model:
        return
    # A memory that is gone as well has left the cost to its assistant.
    with suppress(Memory.DoesNotExist):
        note_where_it_stands(written.memory, **_told(written, outcome, error))
