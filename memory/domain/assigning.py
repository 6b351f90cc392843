"""Assigning: which segment each page of a batch joins, by the F-score (paper, section 3.2, Eq. 3)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from django.db import connection

from memory.conf import MemorySettings
from memory.domain.similarity import cosine, f_score, folded
from memory.domain.vectors import alike, as_array, mean_direction, page_vector
from memory.embedding.base import Embedder, Vectors
from memory.llm.base import Topic
from memory.models import Memory, Page, Segment

KEYWORDS_KEPT = 16
NEAREST_SHOWN = 4
"""Segments that a consolidator sees as those a batch may join."""
NEAR = 0.75
"""Of theta: the least cosine with a page for a segment to be worth showing. With both, 88 % of the segments that grow
in a live chat are shown and all that grow by an import, for 2.8 summaries a call."""

_COSINES = """
    SELECT segment.id, page.id, 1 - (segment.embedding <=> page.embedding)
    FROM memory_segment segment JOIN memory_page page
        ON page.embedding_model = segment.embedding_model
        AND vector_dims(page.embedding) = vector_dims(segment.embedding)
    WHERE segment.memory_id = %s AND segment.archived_at IS NULL AND segment.embedding_model = %s
        AND page.id = ANY(%s)"""


@dataclass(slots=True)
class Draft:
    """A segment being filled: its row, its direction, its keywords and the pages and topics that join it."""

    segment: Segment
    vector: Vectors | None
    page_count: int
    """Pages the direction stands for."""
    keywords: Counter[str]
    joined: list[Page] = field(default_factory=list)
    topics: dict[int, Topic] = field(default_factory=dict)
    """By the place of the topic in the consolidator's answer, in the order they joined."""

    def take(self, page: Page, number: int, topic: Topic, vector: Vectors | None) -> None:
        """Let a page join: direction and keywords follow it, so that the segment never freezes."""
        if vector is not None:
            if self.vector is None or self.vector.shape != vector.shape:
                self.vector, self.page_count = vector, 0
            else:
                self.vector = mean_direction(np.stack([self.vector * self.page_count, vector]))
            self.page_count += 1
        self.keywords.update(page.keywords)
        self.joined.append(page)
        self.topics.setdefault(number, topic)


@dataclass(slots=True)
class Standing:
    """A segment as the F-score sees it: its cosine with each page of the batch, its keywords, its draft once filled.

    `pk` is 0 while it is only a draft.
    """

    pk: int
    cosines: Mapping[int, float]
    keywords: frozenset[str]
    draft: Draft | None = None

    def score(self, page: Page, vector: Vectors | None, words: frozenset[str]) -> float:
        dense = self.cosines.get(page.pk, 0.0) if self.draft is None else cosine(self.draft.vector, vector)
        return f_score(dense, self.keywords, words)


def nearest_segments(memory: Memory, batch: Sequence[Page], embedder: Embedder) -> list[Segment]:
    """Return the few active segments that pages of the batch most probably join, nearest first, by vectors alone."""
    least = NEAR * memory.conf.segment_threshold
    near = {pk: max(cosines.values()) for pk, cosines in _cosines(memory, batch, embedder.name).items()}
    best = sorted((pk for pk in near if near[pk] > least), key=lambda pk: (-near[pk], pk))[:NEAREST_SHOWN]
    rows = memory.segments.defer("embedding").in_bulk(best)
    return [rows[pk] for pk in best if pk in rows]


def assign(
    memory: Memory, batch: Sequence[Page], topics: Sequence[Topic], embedder: Embedder, now: datetime
) -> list[Draft]:
    """Give each page, in order, the segment with the best F-score over theta, else its topic's new segment.

    `page.keywords` are the new ones. Returns the segments that grew or opened, unsaved, in order of their keys.
    """
    standings = _standings(memory, batch, embedder)
    topic_of = {index: (number, topic) for number, topic in enumerate(topics) for index in topic.page_indexes}
    opened: dict[int, Standing] = {}
    for index, page in enumerate(batch):
        number, topic = topic_of[index]
        vector = page_vector(page, embedder)
        chosen = _best(standings, page, vector, memory.conf) or opened.get(number)
        if chosen is None:
            chosen = opened[number] = Standing(0, {}, frozenset(), _opened(memory, topic, now))
            standings.append(chosen)
        if chosen.draft is None:
            chosen.draft = _grown(memory, chosen, embedder)
        chosen.draft.take(page, number, topic, vector)
        chosen.keywords = folded(keywords_of(chosen.draft.keywords))
    return [standing.draft for standing in standings if standing.draft is not None]


def keywords_of(counts: Counter[str]) -> list[str]:
    """Return the most frequent keywords, the earliest first among equals."""
    return [word for word, _ in counts.most_common(KEYWORDS_KEPT)]


def _standings(memory: Memory, batch: Sequence[Page], embedder: Embedder) -> list[Standing]:
    """Return the active segments with their cosines, in order of their keys."""
    cosines = _cosines(memory, batch, embedder.name)
    return [
        Standing(pk, cosines.get(pk, {}), folded(keywords))
        for pk, keywords in memory.segments.active().order_by("pk").values_list("pk", "keywords")
    ]


def _cosines(memory: Memory, batch: Sequence[Page], model: str) -> dict[int, dict[int, float]]:
    """Return segment -> page -> cosine where both have a vector of this model, computed where the vectors are."""
    with connection.cursor() as cursor:
        cursor.execute(_COSINES, [memory.pk, model, [page.pk for page in batch]])
        found: dict[int, dict[int, float]] = defaultdict(dict)
        for segment_id, page_id, value in cursor.fetchall():
            # A vector of zeros has no direction.
            found[segment_id][page_id] = 0.0 if math.isnan(value) else value
    return found


def _best(standings: Sequence[Standing], page: Page, vector: Vectors | None, conf: MemorySettings) -> Standing | None:
    words = folded(page.keywords)
    scores = [standing.score(page, vector, words) for standing in standings]
    best = max(range(len(scores)), key=scores.__getitem__, default=None)
    return standings[best] if best is not None and scores[best] > conf.segment_threshold else None


def _opened(memory: Memory, topic: Topic, now: datetime) -> Draft:
    return Draft(Segment(memory=memory, title=topic.title, last_visited_at=now), None, 0, Counter())


def _grown(memory: Memory, standing: Standing, embedder: Embedder) -> Draft:
    """Load the segment that a page joins, with the number of pages its direction stands for."""
    segment = memory.segments.with_page_count().get(pk=standing.pk)
    if segment.embedding_model == embedder.name:
        vector, count = as_array(segment.embedding), segment.page_count
    else:
        # Its direction is of another model, or it has none: begin with what this model has seen of its pages.
        vector, count = _direction(segment, embedder)
    return Draft(segment, vector, count, Counter(segment.keywords))


def _direction(segment: Segment, embedder: Embedder) -> tuple[Vectors | None, int]:
    seen = segment.pages.filter(embedding_model=embedder.name).order_by("position")
    stored = (as_array(row) for row in seen.values_list("embedding", flat=True).iterator())
    vectors = alike([vector for vector in stored if vector is not None])
    return (None, 0) if vectors is None else (mean_direction(vectors), len(vectors))
