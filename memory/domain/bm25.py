"""Words: which pages and segments share words with a query, and how much, by BM25 over the postings. Read only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from django.db.models import Q

from memory.domain.lexical import bm25_term, idf, term_counts
from memory.models import Memory, Posting

PageRow = tuple[int, int, int | None, int | None]
"""A page's key, position, chain and segment."""


@dataclass(frozen=True, slots=True)
class ZScores:
    """Scores in standard deviations over a population in which everything unnamed scored zero."""

    by_id: Mapping[int, float] = field(default_factory=dict)
    unnamed: float = 0.0

    def of(self, pk: int) -> float:
        return self.by_id.get(pk, self.unnamed)

    def best(self, count: int) -> list[int]:
        return sorted(self.by_id, key=self.by_id.__getitem__, reverse=True)[:count]


@dataclass(frozen=True, slots=True)
class WordMatch:
    """What the words of a query found: pages, the segments as whole texts, and the rows of the pages."""

    pages: ZScores = field(default_factory=ZScores)
    segments: ZScores = field(default_factory=ZScores)
    rows: Mapping[int, PageRow] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Hit:
    """A posting of a query term: which page holds it, how often, and how long that page is."""

    page: PageRow
    frequency: int
    length: int


def match_words(memory: Memory, query: str) -> WordMatch:
    """Score the recallable pages and active segments of a memory; nothing matches a query without words."""
    hits = _hits(memory, query)
    if not hits:
        return WordMatch()
    # Read now: the caller's instance may be older than the newest page.
    page_count, term_count = Memory.objects.values_list("page_count", "term_count").get(pk=memory.pk)
    lengths = dict(memory.segments.active().values_list("pk", "term_count"))
    pages: dict[int, float] = defaultdict(float)
    segments: dict[int, float] = defaultdict(float)
    for postings in hits.values():
        of_pages = {hit.page[0]: (hit.frequency, hit.length) for hit in postings}
        _add_term(pages, of_pages, page_count, term_count)
        of_segments = {pk: (tf, lengths[pk]) for pk, tf in _in_segments(postings).items() if pk in lengths}
        _add_term(segments, of_segments, len(lengths), sum(lengths.values()))
    rows = {hit.page[0]: hit.page for postings in hits.values() for hit in postings}
    return WordMatch(standardised(pages, page_count), standardised(segments, len(lengths)), rows)


def standardised(scores: Mapping[int, float], population: int) -> ZScores:
    """Return z over `population` things, those not named having scored 0; all 0 where nothing differs."""
    values = np.fromiter(scores.values(), dtype=np.float64, count=len(scores))
    count = max(population, len(values), 1)
    mean = float(values.sum()) / count
    deviation = float(np.sqrt(max(float((values**2).sum()) / count - mean**2, 0.0)))
    if deviation <= 1e-9:
        return ZScores(dict.fromkeys(scores, 0.0))
    return ZScores({pk: (score - mean) / deviation for pk, score in scores.items()}, -mean / deviation)


def _hits(memory: Memory, query: str) -> dict[str, list[_Hit]]:
    recallable = Q(page__segment__isnull=True) | Q(page__segment__archived_at__isnull=True)
    rows = Posting.objects.filter(recallable, memory=memory, term__in=term_counts(query)).values_list(
        "term",
        "frequency",
        "page__length",
        "page_id",
        "page__position",
        "page__chain_id",
        "page__segment_id",
    )
    hits: dict[str, list[_Hit]] = defaultdict(list)
    for term, frequency, length, *page in rows:
        hits[term].append(_Hit((page[0], page[1], page[2], page[3]), frequency, length))
    return hits


def _in_segments(postings: Iterable[_Hit]) -> dict[int, int]:
    """A segment's frequency of a term is the sum over its pages."""
    frequency: dict[int, int] = defaultdict(int)
    for hit in postings:
        if hit.page[3] is not None:
            frequency[hit.page[3]] += hit.frequency
    return frequency


def _add_term(
    scores: dict[int, float], holders: Mapping[int, tuple[int, int]], population: int, total_length: int
) -> None:
    """Add one term's share to each document that holds it: `holders` maps it to (frequency, length)."""
    if not holders:
        return
    numbers = np.array(list(holders.values()), dtype=np.float64)
    average = total_length / max(population, 1)
    shares = bm25_term(numbers[:, 0], numbers[:, 1], average, idf(population, len(holders)))
    for pk, share in zip(holders, shares, strict=True):
        scores[pk] += float(share)
