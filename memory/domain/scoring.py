"""Scoring pages for a query: the four signals of recall and how they are fused. Read only.

    score = z(dense) + z(BM25)
            + CHAIN_WEIGHT * (the same sum of each neighbouring page on the same dialogue chain)
            + SEGMENT_WEIGHT * z(BM25 of the segment's whole text)

z is over all recallable pages of the memory, so that the weights mean the same for any query. Candidates come from
every side: the nearest by vector and the best by words; a hit of one side alone can win.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db.models import Avg, Q, StdDev, Sum, Window
from numpy.typing import NDArray
from pgvector.django import MaxInnerProduct

from memory.domain.lexical import bm25_term, idf, term_counts
from memory.domain.vectors import as_stored
from memory.embedding.base import Vectors
from memory.models import Memory, Page, Posting
from memory.models.page import PageQuerySet

CANDIDATES = 1000
CHAIN_WEIGHT = 0.4
SEGMENT_WEIGHT = 0.6

Scores = NDArray[np.float64]


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

    def at(self, row: tuple[int, int, int | None, int | None]) -> PageScore:
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
    found = Candidates()
    if vector is not None and np.any(vector):
        _add_dense(found, recallable, vector, model)
    segment_z = _add_lexical(found, memory, query)
    _add_newest(found, recallable)
    _add_neighbours(found, recallable, vector, model)
    _fuse(found, segment_z)
    return sorted(found.by_id.values(), key=lambda score: (-score.total, -score.position))


def _add_dense(found: Candidates, recallable: PageQuerySet, vector: Vectors, model: str) -> None:
    """The nearest pages, and mean and deviation over all of them, in one scan."""
    rows = (
        recallable.filter(embedding_model=model)
        .annotate(negative=MaxInnerProduct("embedding", as_stored(vector)))
        .annotate(mean=Window(Avg("negative")), deviation=Window(StdDev("negative")))
        .order_by("negative")
        .values_list(*_ROW, "negative", "mean", "deviation")[:CANDIDATES]
    )
    for *row, negative, mean, deviation in rows:
        found.dense_mean, found.dense_deviation = -mean, deviation or 0.0
        found.at(tuple(row)).dense = found.dense_z(-negative)


def _add_lexical(found: Candidates, memory: Memory, query: str) -> dict[int, float]:
    """The pages that share words with the query; return z(BM25) of each segment that does, by segment id."""
    wanted = term_counts(query)
    rows: list[tuple[Any, ...]] = list(
        Posting.objects.filter(memory=memory, term__in=wanted)
        .filter(Q(page__segment__isnull=True) | Q(page__segment__archived_at__isnull=True))
        .values_list(
            "page_id", "page__position", "page__chain_id", "page__segment_id", "term", "frequency", "page__length"
        )
    )
    if not rows:
        return {}
    page_scores, segment_scores = _bm25(memory, rows)
    z_of_page = _standardised(page_scores, memory.page_count)
    best = sorted(z_of_page, key=z_of_page.__getitem__, reverse=True)[:CANDIDATES]
    row_of = {row[0]: row[:4] for row in rows}
    for page_id in best:
        found.at(row_of[page_id])
    floor = _z_of_nothing(page_scores, memory.page_count)
    for score in found.by_id.values():
        score.lexical = z_of_page.get(score.page_id, floor)
    segment_count = memory.segments.active().count()
    return _standardised(segment_scores, segment_count)


def _bm25(memory: Memory, rows: list[tuple[Any, ...]]) -> tuple[dict[int, float], dict[int, float]]:
    """BM25 of pages and of segments, from one set of postings."""
    by_term: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        by_term[row[4]].append(row)
    pages: dict[int, float] = defaultdict(float)
    segments: dict[int, float] = defaultdict(float)
    average_page = memory.term_count / max(memory.page_count, 1)
    lengths = dict(
        memory.segments.active()
        .filter(pk__in={row[3] for row in rows if row[3] is not None})
        .values_list("pk", "term_count")
    )
    totals = memory.segments.active().aggregate(terms=Sum("term_count"))
    segment_count = memory.segments.active().count()
    average_segment = (totals["terms"] or 0) / max(segment_count, 1)
    for postings in by_term.values():
        tf = np.array([row[5] for row in postings], dtype=np.float64)
        length = np.array([row[6] for row in postings], dtype=np.float64)
        shares = bm25_term(tf, length, average_page, idf(memory.page_count, len(postings)))
        for row, share in zip(postings, shares, strict=True):
            pages[row[0]] += float(share)
        in_segment: dict[int, int] = defaultdict(int)
        for row in postings:
            if row[3] is not None:
                in_segment[row[3]] += row[5]
        ids = list(in_segment)
        shares = bm25_term(
            np.array([in_segment[pk] for pk in ids], dtype=np.float64),
            np.array([lengths[pk] for pk in ids], dtype=np.float64),
            average_segment,
            idf(segment_count, len(ids)),
        )
        for pk, share in zip(ids, shares, strict=True):
            segments[pk] += float(share)
    return pages, segments


def _moments(scores: dict[int, float], population: int) -> tuple[float, float]:
    """Mean and deviation over a population in which everything unnamed scores 0."""
    values = np.fromiter(scores.values(), dtype=np.float64, count=len(scores))
    count = max(population, len(values), 1)
    mean = float(values.sum()) / count
    variance = float((values**2).sum()) / count - mean**2
    return mean, float(np.sqrt(max(variance, 0.0)))


def _standardised(scores: dict[int, float], population: int) -> dict[int, float]:
    mean, deviation = _moments(scores, population)
    return {pk: (score - mean) / deviation if deviation > 1e-9 else 0.0 for pk, score in scores.items()}


def _z_of_nothing(scores: dict[int, float], population: int) -> float:
    mean, deviation = _moments(scores, population)
    return -mean / deviation if deviation > 1e-9 else 0.0


def _add_newest(found: Candidates, recallable: PageQuerySet) -> None:
    """So that a query that says nothing, such as an emoji, still finds what was said last."""
    for row in recallable.order_by("-position").values_list(*_ROW)[:50]:
        found.at(row)


def _add_neighbours(found: Candidates, recallable: PageQuerySet, vector: Vectors | None, model: str) -> None:
    """Bring in the page before and after each candidate, then the vectors' verdict on whoever lacks one."""
    positions = {score.position for score in found.by_id.values()}
    missing = {p + step for p in positions for step in (-1, 1)} - positions
    for row in recallable.filter(position__in=missing).values_list(*_ROW):
        found.at(row)
    if vector is None or not found.dense_deviation:
        return
    unscored = [score.page_id for score in found.by_id.values() if score.dense == 0.0]
    rows = (
        Page.objects.filter(pk__in=unscored, embedding_model=model)
        .annotate(negative=MaxInnerProduct("embedding", as_stored(vector)))
        .values_list("pk", "negative")
    )
    for pk, negative in rows:
        found.by_id[pk].dense = found.dense_z(-negative)


def _fuse(found: Candidates, segment_z: dict[int, float]) -> None:
    by_position = {score.position: score for score in found.by_id.values()}
    for score in found.by_id.values():
        for step in (-1, 1):
            neighbour = by_position.get(score.position + step)
            if neighbour is not None and neighbour.chain_id == score.chain_id:
                score.chain += CHAIN_WEIGHT * neighbour.base
        if score.segment_id is not None:
            score.segment = SEGMENT_WEIGHT * segment_z.get(score.segment_id, 0.0)
