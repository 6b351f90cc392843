"""Which pages of a memory fit a question, and how well: dense + words + chain + segment + date. Read only.

Each signal is in standard deviations over the memory, so that their sum means something. Candidates come from every
side, so a page that only its words can find wins over all that are merely near. docs/decisions.md has the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import or_

import numpy as np
from django.db.models import Q

from memory.domain.bm25 import Collection, PageWords, Scores, match_pages, match_segments
from memory.domain.columns import Column, read_columns
from memory.domain.dates import Span, boost
from memory.domain.holdings import Holdings
from memory.domain.nearest import (
    Floats,
    Ids,
    Nearest,
    Probe,
    nearest_pages,
    product_case,
    products,
    read_segments,
)
from memory.domain.question import Question
from memory.enums import Subject
from memory.models import Memory

LEXICAL_CANDIDATES = 100
DATED_CANDIDATES = 100
NEWEST = 20
DENSE_WEIGHT = 1.25
CHAIN_WEIGHT = 0.4
SEGMENT_WEIGHT = 0.6
DATE_WEIGHT = 1.0
SPEAKER_BIAS = 1.0
"""How much better, in raw BM25, the half that the question does not ask about must match to be the one that fits."""
_CANDIDATES = """
    WITH seed AS (
        SELECT position FROM memory_page WHERE id = ANY(%s) UNION SELECT unnest(%s::bigint[])
    ), near AS (
        SELECT DISTINCT position + step AS position FROM seed, (VALUES (-1), (0), (1)) AS steps (step)
    )
    SELECT id, position, coalesce(chain_id, 0), coalesce(segment_id, 0),
        date_part('epoch', occurred_at), CASE {products} ELSE 'NaN'::float8 END, CASE {numbers} ELSE -1 END
    FROM near JOIN memory_page USING (position) WHERE memory_id = %s"""


@dataclass(frozen=True, slots=True)
class PageScore:
    """A page's place in the ranking: its signals in standard deviations, and which half of it fits the question.

    `said` is when it was said, in seconds since 1970.
    `fits` is USER for what the person said, ASSISTANT for the answer, None where neither fits better.
    """

    page_id: int
    position: int
    segment_id: int | None
    said: float
    dense: float
    lexical: float
    chain: float
    segment: float
    date: float
    fits: Subject | None

    @property
    def total(self) -> float:
        return self.dense + self.lexical + self.chain + self.segment + self.date

    def signals(self) -> dict[str, float]:
        parts = {"dense": self.dense, "lexical": self.lexical, "chain": self.chain, "segment": self.segment}
        return parts | {"date": self.date} if self.date else parts


def score_pages(
    memory: Memory, holdings: Holdings, question: Question, probes: Sequence[Probe], limit: int
) -> list[PageScore]:
    """Return the `limit` best pages and the short-term ones, best first and newest first among equals.

    `probes` holds the question's vector for each embedding model that can be asked. Without any, or without words,
    that signal is zero for all pages.
    """
    segments = read_segments(memory, probes)
    words = match_pages(memory, question, Collection(holdings.page_count, holdings.average_length))
    in_segments = match_segments(memory, question, Scores(segments.ids, segments.lengths))
    near = [nearest_pages(memory, probe, segments, holdings.average_length) for probe in probes]
    # The newest, so that a question that says nothing, such as an emoji, still finds what was said last.
    newest = np.arange(max(holdings.last_position - NEWEST, 0), holdings.last_position) + 1
    seeds = np.concatenate([newest, _dated(memory, question.times), *(found.positions for found in near)])
    rows = _candidates(memory, words.relevance.best(LEXICAL_CANDIDATES), seeds, probes)
    active = (rows["segment"] == 0) | np.isin(rows["segment"], segments.ids)
    by_position = np.argsort(rows["position"])
    kept = by_position[active[by_position]]
    rows = {name: column[kept] for name, column in rows.items()}
    return _ranked(rows, near, words, in_segments, question, limit)


def _candidates(memory: Memory, page_ids: Ids, positions: Ids, probes: Sequence[Probe]) -> dict[str, Column]:
    """Read the pages with these ids and at these positions, and the page before and after each."""
    of_products, product_params = products(probes)
    of_numbers, number_params = product_case(probes, [str(number) for number in range(len(probes))])
    return read_columns(
        _CANDIDATES.format(products=of_products, numbers=of_numbers),
        [page_ids.tolist(), positions.tolist(), *product_params, *number_params, memory.pk],
        page="int8",
        position="int8",
        chain="int8",
        segment="int8",
        said="float8",
        product="float8",
        probe="int4",
    )


def _ranked(
    rows: Mapping[str, Column],
    near: Sequence[Nearest],
    words: PageWords,
    in_segments: Scores,
    question: Question,
    limit: int,
) -> list[PageScore]:
    dense = np.zeros(len(rows["page"]))
    for number, found in enumerate(near):
        compared = rows["probe"] == number
        dense[compared] = DENSE_WEIGHT * found.z(rows["product"][compared])
    lexical = words.relevance.of(rows["page"])
    chain = CHAIN_WEIGHT * _beside(dense + lexical, rows["position"], rows["chain"])
    short_term = rows["segment"] == 0
    segment = np.where(short_term, 0.0, SEGMENT_WEIGHT * in_segments.of(rows["segment"]))
    date = DATE_WEIGHT * _timely(rows["said"], question.times)
    order = np.lexsort((-rows["position"], -(dense + lexical + chain + segment + date)))
    order = order[(np.arange(len(order)) < limit) | short_term[order]]
    columns = (rows["page"], rows["position"], rows["segment"], rows["said"], dense, lexical, chain, segment, date)
    fits = _better_half(words, rows["page"][order], question.speaker)
    values = zip(*(column[order].tolist() for column in columns), fits, strict=True)
    return [PageScore(page, position, held or None, *rest) for page, position, held, *rest in values]


def _beside(scores: Floats, positions: Ids, chains: Ids) -> Floats:
    """Return, for each page, the sum of the scores of the pages right before and after it on its dialogue chain.

    `positions` ascend.
    """
    total = np.zeros(len(scores))
    linked = np.flatnonzero((np.diff(positions) == 1) & (np.diff(chains) == 0))
    total[linked] += scores[linked + 1]
    total[linked + 1] += scores[linked]
    return total


def _dated(memory: Memory, times: Sequence[Span]) -> Ids:
    """The positions of the newest pages said in the periods of which the question speaks."""
    if not times:
        return np.zeros(0, dtype=np.int64)
    within = [Q(occurred_at__gte=span.start, occurred_at__lt=span.end) for span in times]
    pages = memory.pages.filter(reduce(or_, within)).order_by("-occurred_at")
    return np.array(pages.values_list("position", flat=True)[:DATED_CANDIDATES], dtype=np.int64)


def _timely(said: Floats, times: Sequence[Span]) -> Floats:
    """Return how near each moment is to the periods of which the question speaks, 0..1."""
    if not times:
        return np.zeros(len(said))
    return np.array([boost(datetime.fromtimestamp(moment, UTC), times) for moment in said.tolist()])


def _better_half(words: PageWords, pages: Ids, speaker: Subject | None) -> list[Subject | None]:
    asked, told = words.asked.of(pages), words.told.of(pages)
    difference = asked - told
    if speaker is not None:
        difference = difference + (SPEAKER_BIAS if speaker is Subject.USER else -SPEAKER_BIAS)
    return [Subject.USER if d > 0 else Subject.ASSISTANT if d < 0 else None for d in difference.tolist()]
