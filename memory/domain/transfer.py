"""Transfer: the oldest short-term pages move to mid-term memory, a batch at a time (paper, section 3.2).

One structured model call a batch says which pages continue each other and what they are about; the F-score
decides which segment each page joins. The call is made outside any transaction; the result is applied in one
short transaction that first checks that nobody else has moved the pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from django.db import transaction

from memory.domain import chaining, indexing
from memory.domain.activity import event, last_forgetting, log
from memory.domain.assigning import Draft, assign, nearest_segments
from memory.domain.eviction import evict_segments
from memory.domain.heating import announce_hot
from memory.domain.ledger import noted
from memory.domain.pausing import lock_learning
from memory.domain.refreshing import refresh
from memory.domain.showing import Room, shown, tokens_of
from memory.embedding.base import Embedder
from memory.enums import EventKind, Purpose
from memory.exceptions import InvalidConsolidation, TransferConflict
from memory.llm.base import Consolidator, KnownSegment, TransferRequest, TransferResult
from memory.models import Memory, MemoryEvent, ModelCall, Page, Segment
from memory.signals import pages_transferred

KEYWORD_LENGTH = 64


def next_batch(memory: Memory) -> list[Page]:
    """Return the oldest short-term pages that have to move, oldest first; [] while the queue fits its capacity.

    A live chat moves `transfer_batch` pages at once, so a model is called once for several pages; a backlog
    moves up to `transfer_batch_limit` a call. Pages that one call cannot show together (`transfer_tokens`) wait for
    the next.
    """
    conf = memory.conf
    waiting = memory.pages.short_term().count()
    overflow = waiting - conf.short_term_capacity
    if overflow <= 0:
        return []
    size = min(max(conf.transfer_batch, min(overflow, conf.transfer_batch_limit)), waiting)
    room = Room(conf.transfer_tokens, size)
    oldest = memory.pages.short_term()[:size]
    return list(takewhile(lambda page: room.take(tokens_of(shown(page, 0, conf.transfer_tokens))), oldest))


def transfer(memory: Memory, consolidator: Consolidator, embedder: Embedder, now: datetime) -> list[Page]:
    """Move one batch and return its pages; [] when nothing has to move.

    Effects, in order: the model call and its ledger row; then, in one transaction: chains, segments opened or
    grown, pages moved, coldest segments archived beyond capacity, events, `pages_transferred`, `segment_heated`
    for each hot segment. Raises ModelError, InvalidConsolidation or LearningPaused (nothing but the ledger changed) and
    TransferConflict (another worker moved the pages first, or something the model was shown has been forgotten or
    disabled).
    """
    forgotten = last_forgetting(memory)
    batch = next_batch(memory)
    if not batch:
        return []
    work = _prepared(memory, batch, embedder)
    result, call = noted(memory, Purpose.TRANSFER, consolidator.name, lambda: consolidator.transfer(work.request))
    check_result(result, len(batch))
    with transaction.atomic():
        lock_learning(memory)
        queue = memory.pages.short_term().values_list("pk", "disabled")[: len(batch)]
        if list(queue) != [(page.pk, page.disabled) for page in batch]:
            raise TransferConflict
        if forgotten != last_forgetting(memory):
            raise TransferConflict("Something was forgotten while the model was reading; nothing was changed.")
        _apply(work, result, call, embedder, now)
    return batch


@dataclass(frozen=True, slots=True)
class _Work:
    """One batch and what the consolidator is shown of it; `shown` are the segments by their numbers in the request."""

    memory: Memory
    batch: Sequence[Page]
    request: TransferRequest
    shown: Mapping[int, Segment]


def _prepared(memory: Memory, batch: Sequence[Page], embedder: Embedder) -> _Work:
    # One without a summary waits for its own: there is nothing yet to go on with.
    near = [segment for segment in nearest_segments(memory, batch, embedder) if segment.summary]
    shown = dict(enumerate(near, start=1))
    known = [KnownSegment(number, segment.title, segment.summary) for number, segment in shown.items()]
    return _Work(memory, batch, chaining.transfer_request(memory, batch, known), shown)


def check_result(result: TransferResult, count: int) -> None:
    """Raise InvalidConsolidation unless there is a note for each of `count` pages and topics partition them."""
    if len(result.pages) != count:
        raise InvalidConsolidation(f"{len(result.pages)} notes for {count} pages.")
    indexes = sorted(index for topic in result.topics for index in topic.page_indexes)
    if indexes != list(range(count)):
        raise InvalidConsolidation(f"The topics hold the pages {indexes}, not each of {count} once.")


def _apply(work: _Work, result: TransferResult, call: ModelCall, embedder: Embedder, now: datetime) -> None:
    memory, batch = work.memory, work.batch
    chaining.link(memory, batch, result.pages, work.request)
    for page, note in zip(batch, result.pages, strict=True):
        page.keywords = [word[:KEYWORD_LENGTH] for word in note.keywords]
    grown = assign(memory, batch, result.topics, embedder, now)
    for draft in grown:
        refresh(draft, work.shown, embedder, now)
        for page in draft.joined:
            page.segment = draft.segment
    Page.objects.bulk_update(batch, ["segment", "chain", "keywords"])
    for draft in grown:
        indexing.grow_segment(draft.segment, draft.joined)
    segments = [draft.segment for draft in grown]
    log(*(_moved(memory, draft, call) for draft in grown))
    evict_segments(memory, now, keep=[segment.pk for segment in segments])
    pages_transferred.send(Segment, memory=memory, pages=list(batch), segments=segments)
    announce_hot(memory, segments, now)


def _moved(memory: Memory, draft: Draft, call: ModelCall) -> MemoryEvent:
    return event(
        EventKind.TRANSFERRED,
        draft.segment,
        memory=memory,
        model_call=call,
        after={"title": draft.segment.title, "pages": [page.position for page in draft.joined]},
    )
