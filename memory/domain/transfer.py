"""Transfer: the oldest short-term pages move to mid-term memory, a batch at a time (paper, section 3.2).

One structured model call a batch says which pages continue each other and what they are about; the F-score
decides which segment each page joins. The call is made outside any transaction; the result is applied in one
short transaction that first checks that nobody else has moved the pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction

from memory.conf import MemorySettings
from memory.domain import chaining
from memory.domain.activity import event, log
from memory.domain.eviction import evict_segments
from memory.domain.ledger import noted
from memory.domain.similarity import f_score
from memory.domain.vectors import as_array, as_stored, mean_direction, page_vector
from memory.embedding.base import Embedder, Vectors
from memory.enums import EventKind, Purpose
from memory.exceptions import InvalidConsolidation, TransferConflict
from memory.llm.base import Consolidator, Topic, TransferResult
from memory.models import Memory, MemoryEvent, ModelCall, Page, Segment
from memory.signals import pages_transferred, segment_heated

KEYWORDS_KEPT = 16
SUMMARY_LENGTH = 1000


def next_batch(memory: Memory) -> list[Page]:
    """Return the oldest short-term pages that have to move, oldest first; [] while the queue fits its capacity.

    A live chat moves `transfer_batch` pages at once, so a model is called once for several pages; a backlog
    moves up to `transfer_batch_limit` a call.
    """
    conf = memory.conf
    waiting = memory.pages.short_term().count()
    overflow = waiting - conf.short_term_capacity
    if overflow <= 0:
        return []
    size = min(max(conf.transfer_batch, min(overflow, conf.transfer_batch_limit)), waiting)
    return list(memory.pages.short_term()[:size])


def transfer(memory: Memory, consolidator: Consolidator, embedder: Embedder, now: datetime) -> list[Page]:
    """Move one batch and return its pages; [] when nothing has to move.

    Effects, in order: the model call and its ledger row; then, in one transaction: chains, segments opened or
    grown, pages moved, coldest segments archived beyond capacity, events, `pages_transferred`, `segment_heated`
    for each hot segment. Raises ModelError or InvalidConsolidation (nothing but the ledger changed) and
    TransferConflict (another worker moved the pages first).
    """
    batch = next_batch(memory)
    if not batch:
        return []
    request = chaining.transfer_request(memory, batch)
    result, call = noted(memory, Purpose.TRANSFER, consolidator.name, lambda: consolidator.transfer(request))
    check_result(result, len(batch))
    with transaction.atomic():
        Memory.objects.locked(memory.pk)
        queue = memory.pages.short_term().values_list("pk", flat=True)[: len(batch)]
        if list(queue) != [page.pk for page in batch]:
            raise TransferConflict
        _apply(memory, batch, result, call, request.pauses, embedder, now)
    return batch


def check_result(result: TransferResult, count: int) -> None:
    """Raise InvalidConsolidation unless there is a note for each of `count` pages and topics partition them."""
    if len(result.pages) != count:
        raise InvalidConsolidation(f"{len(result.pages)} notes for {count} pages.")
    indexes = sorted(index for topic in result.topics for index in topic.page_indexes)
    if indexes != list(range(count)):
        raise InvalidConsolidation(f"The topics hold the pages {indexes}, not each of {count} once.")


@dataclass(slots=True)
class Draft:
    """A segment being filled: its row, its direction and how many pages that direction stands for."""

    segment: Segment
    vector: Vectors | None
    page_count: int
    keywords: Counter[str]
    joined: list[Page]
    topics: list[Topic]

    def take(self, page: Page, topic: Topic, vector: Vectors | None) -> None:
        """Let a page join: direction and keywords follow it, so that the segment never freezes."""
        if vector is not None:
            if self.vector is None or self.vector.shape != vector.shape:
                self.vector = vector
            else:
                self.vector = mean_direction(np.stack([self.vector * self.page_count, vector]))
        self.page_count += 1
        self.keywords.update(page.keywords)
        self.joined.append(page)
        if topic not in self.topics:
            self.topics.append(topic)


def _apply(
    memory: Memory,
    batch: Sequence[Page],
    result: TransferResult,
    call: ModelCall,
    pauses: Sequence[float],
    embedder: Embedder,
    now: datetime,
) -> None:
    chaining.link(memory, batch, result.pages, pauses)
    for page, note in zip(batch, result.pages, strict=True):
        page.keywords = list(note.keywords)
    grown = _assign(memory, batch, result.topics, embedder, now)
    for draft in grown:
        _save_segment(draft, embedder, now)
    for draft in grown:
        for page in draft.joined:
            page.segment = draft.segment
    Page.objects.bulk_update(batch, ["segment", "chain", "keywords"])
    segments = [draft.segment for draft in grown]
    log(*(_moved(memory, draft, call) for draft in grown))
    evict_segments(memory, now, keep=[segment.pk for segment in segments])
    pages_transferred.send(Segment, memory=memory, pages=list(batch), segments=segments)
    announce_hot(memory, segments, now)


def announce_hot(memory: Memory, segments: Sequence[Segment], now: datetime) -> None:
    """Send `segment_heated` for each of these segments that passed tau and has pages to analyse."""
    hot = memory.segments.hot(now, memory.conf).filter(pk__in=[segment.pk for segment in segments])
    for segment in hot:
        segment_heated.send(Segment, memory=memory, segment=segment)


def _assign(
    memory: Memory, batch: Sequence[Page], topics: Sequence[Topic], embedder: Embedder, now: datetime
) -> list[Draft]:
    """Give each page, in order, the segment with the best F-score over theta, else its topic's new segment."""
    conf = memory.conf
    drafts = _existing(memory, embedder)
    topic_of = {index: topic for topic in topics for index in topic.page_indexes}
    opened: dict[int, Draft] = {}
    for index, page in enumerate(batch):
        topic = topic_of[index]
        vector = page_vector(page, embedder)
        draft = _best(drafts, page, vector, conf) or opened.get(id(topic))
        if draft is None:
            draft = _open(memory, topic, now)
            opened[id(topic)] = draft
            drafts.append(draft)
        draft.take(page, topic, vector)
    return [draft for draft in drafts if draft.joined]


def _existing(memory: Memory, embedder: Embedder) -> list[Draft]:
    segments = memory.segments.active().with_page_count().order_by("pk")
    return [
        Draft(
            segment=segment,
            vector=as_array(segment.embedding) if segment.embedding_model == embedder.name else None,
            page_count=segment.page_count,
            keywords=Counter(segment.keywords),
            joined=[],
            topics=[],
        )
        for segment in segments
    ]


def _best(drafts: Sequence[Draft], page: Page, vector: Vectors | None, conf: MemorySettings) -> Draft | None:
    scored = [
        (f_score(draft.vector, keywords_of(draft.keywords), vector, page.keywords), -n, draft)
        for n, draft in enumerate(drafts)
    ]
    best, _, draft = max(scored, key=lambda row: row[:2], default=(0.0, 0, None))
    return draft if best > conf.segment_threshold else None


def keywords_of(counts: Counter[str]) -> list[str]:
    """Return the most frequent keywords, the earliest first among equals."""
    return [word for word, _ in counts.most_common(KEYWORDS_KEPT)]


def _open(memory: Memory, topic: Topic, now: datetime) -> Draft:
    segment = Segment(memory=memory, title=topic.title[:120], last_visited_at=now)
    return Draft(segment, None, 0, Counter(), [], [])


def _save_segment(draft: Draft, embedder: Embedder, now: datetime) -> None:
    """Refresh title, summary, keywords, direction and counters of a segment that grew."""
    segment = draft.segment
    before = draft.page_count - len(draft.joined)
    if len(draft.joined) >= before:
        segment.title = draft.topics[-1].title[:120]
    segment.summary = merged_summary(segment.summary, [topic.summary for topic in draft.topics])
    segment.keywords = keywords_of(_keyword_counts(draft))
    if draft.vector is not None:
        segment.embedding = as_stored(draft.vector)
        segment.embedding_model = embedder.name
    segment.length += len(draft.joined)
    segment.term_count += sum(page.length for page in draft.joined)
    segment.last_visited_at = now
    segment.save()


def _keyword_counts(draft: Draft) -> Counter[str]:
    """How often each keyword stands on the segment's pages, so that new subjects can displace old ones."""
    stored = [] if draft.segment._state.adding else draft.segment.pages.values_list("keywords", flat=True)
    return Counter(word for keywords in [*stored, *(page.keywords for page in draft.joined)] for word in keywords)


def merged_summary(old: str, new: Sequence[str]) -> str:
    """Append new summaries to the old one; beyond 1,000 characters the oldest sentences go first."""
    parts = [old, *(text for text in new if text and text not in old)]
    sentences = [part.strip() for text in parts for part in text.replace("\n", " ").split(". ") if part.strip()]
    text = ". ".join(sentence.rstrip(".") for sentence in sentences)
    while len(text) > SUMMARY_LENGTH and len(sentences) > 1:
        sentences.pop(0)
        text = ". ".join(sentence.rstrip(".") for sentence in sentences)
    return f"{text[: SUMMARY_LENGTH - 1]}." if text else ""


def _moved(memory: Memory, draft: Draft, call: ModelCall) -> MemoryEvent:
    return event(
        EventKind.TRANSFERRED,
        draft.segment,
        memory=memory,
        model_call=call,
        after={"title": draft.segment.title, "pages": [page.position for page in draft.joined]},
    )
