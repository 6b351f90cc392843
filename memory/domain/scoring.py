"""Scoring pages for a query: the four signals of recall and how they are fused. Read only.

    score = z(dense) + z(BM25)
            + CHAIN_WEIGHT * (the same sum of each neighbouring page on the same dialogue chain)
            + SEGMENT_WEIGHT * z(BM25 of the segment's whole text)

z is over all pages of the memory (segments: over the active ones), so that the weights mean the same for any query;
whatever a query's words do not touch stands below the mean, not at it. Candidates come from every side: the nearest by
vector and the best by words; a hit of one side alone can win.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db.models import Avg, QuerySet, StdDev, Value, Window
from pgvector.django import MaxInnerProduct

from memory.domain.bm25 import PageRow, WordMatch, match_words
from memory.domain.vectors import Width, as_stored
from memory.embedding.base import Vectors
from memory.models import Memory
from memory.models.page import PageQuerySet

CANDIDATES = 1000
NEWEST = 50
CHAIN_WEIGHT = 0.4
SEGMENT_WEIGHT = 0.6


@dataclass(slots=True)
class PageScore:
    """One candidate: where it stands in the memory, and its signals in standard deviations."""

    page_id: int
    position: int
    chain_id: int | None
    segment_id: int | None
    dense: float = 0.0
    lexical: float = 0.0
    chain: float = 0.0
    segment: float = 0.0

    @property
    def base(self) -> float:
        return self.dense + self.lexical

    @property
    def total(self) -> float:
        return self.base + self.chain + self.segment

    def signals(self) -> dict[str, float]:
        return {"dense": self.dense, "lexical": self.lexical, "chain": self.chain, "segment": self.segment}


@dataclass(slots=True)
class Candidates:
    """Candidates by page id, and the moments that turn raw dense scores into z."""

    by_id: dict[int, PageScore] = field(default_factory=dict)
    dense_mean: float = 0.0
    dense_deviation: float = 0.0

    def at(self, row: PageRow) -> PageScore:
        return self.by_id.setdefault(row[0], PageScore(*row))

    def dense_z(self, inner_product: float) -> float:
        return (inner_product - self.dense_mean) / self.dense_deviation if self.dense_deviation > 1e-9 else 0.0


_ROW = ("pk", "position", "chain_id", "segment_id")


def score_pages(memory: Memory, query: str, vector: Vectors | None, model: str) -> list[PageScore]:
    """Return candidates best first, newest first among equals.

    `vector` is the query's, float32 of shape (d,), None when there is none; `model` names its embedding model,
    since only vectors of that model are comparable. A query without words or without a vector leaves that
    signal at zero for all.
    """
    recallable = memory.pages.recallable()
    comparable = _comparable(recallable, vector, model)
    words = match_words(memory, query)
    found = Candidates()
    _add_nearest(found, comparable)
    for page_id in words.pages.best(CANDIDATES):
        found.at(words.rows[page_id])
    # The newest, so that a query that says nothing, such as an emoji, still finds what was said last.
    for row in recallable.order_by("-position").values_list(*_ROW)[:NEWEST]:
        found.at(row)
    _add_neighbours(found, recallable)
    _complete_dense(found, comparable)
    _fuse(found, words)
    return sorted(found.by_id.values(), key=lambda score: (-score.total, -score.position))


def _comparable(recallable: PageQuerySet, vector: Vectors | None, model: str) -> QuerySet[Any]:
    """Pages with a vector of this model and width, annotated with `negative`, the negative inner product."""
    if vector is None or not np.any(vector):
        return recallable.none().annotate(negative=Value(0.0))
    fitting = recallable.filter(embedding_model=model).alias(width=Width("embedding")).filter(width=len(vector))
    return fitting.annotate(negative=MaxInnerProduct("embedding", as_stored(vector)))


def _add_nearest(found: Candidates, comparable: QuerySet[Any]) -> None:
    """The nearest pages, and mean and deviation over all of them, in one scan."""
    rows = (
        comparable.annotate(mean=Window(Avg("negative")), deviation=Window(StdDev("negative")))
        .order_by("negative")
        .values_list(*_ROW, "negative", "mean", "deviation")[:CANDIDATES]
    )
    for pk, position, chain_id, segment_id, negative, mean, deviation in rows:
        found.dense_mean, found.dense_deviation = -mean, deviation or 0.0
        found.at((pk, position, chain_id, segment_id)).dense = found.dense_z(-negative)


def _add_neighbours(found: Candidates, recallable: PageQuerySet) -> None:
    """Bring in the page before and after each candidate."""
    positions = {score.position for score in found.by_id.values()}
    missing = {p + step for p in positions for step in (-1, 1)} - positions
    for row in recallable.filter(position__in=missing).values_list(*_ROW):
        found.at(row)


def _complete_dense(found: Candidates, comparable: QuerySet[Any]) -> None:
    """Ask for the vectors' verdict on candidates that came from another side."""
    unscored = [score.page_id for score in found.by_id.values() if score.dense == 0.0]
    if unscored and found.dense_deviation:
        for pk, negative in comparable.filter(pk__in=unscored).values_list("pk", "negative"):
            found.by_id[pk].dense = found.dense_z(-negative)


def _fuse(found: Candidates, words: WordMatch) -> None:
    for score in found.by_id.values():
        score.lexical = words.pages.of(score.page_id)
        if score.segment_id is not None:
            score.segment = SEGMENT_WEIGHT * words.segments.of(score.segment_id)
    by_position = {score.position: score for score in found.by_id.values()}
    for score in found.by_id.values():
        for step in (-1, 1):
            neighbour = by_position.get(score.position + step)
            if neighbour is not None and neighbour.chain_id == score.chain_id:
                score.chain += CHAIN_WEIGHT * neighbour.base
