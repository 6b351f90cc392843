"""Words: which pages and segments share words with a question, and how much, by BM25 over the postings. Read only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memory.domain.columns import Column, read_columns
from memory.domain.question import Question
from memory.enums import Subject
from memory.models import Memory

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

# Okapi BM25 with the constants that measured best (design notes: R@10 71.4 alone on LoCoMo).
K1 = 1.2
B = 0.75
OTHER_SPEAKER = 0.4
"""How much a word counts in the half of a page said by the one whom the question does not ask about."""
_POSTINGS = """
    SELECT wanted.word, page_id, frequency, query_frequency, length
    FROM unnest(%s::text[], %s::int[]) AS wanted (term, word)
    JOIN memory_posting ON memory_posting.memory_id = %s AND memory_posting.term = wanted.term"""
_SEGMENT_POSTINGS = """
    SELECT wanted.word, segment_id, frequency
    FROM unnest(%s::text[], %s::int[]) AS wanted (term, word)
    JOIN memory_segmentposting ON memory_segmentposting.memory_id = %s AND memory_segmentposting.term = wanted.term"""


@dataclass(frozen=True, slots=True)
class Scores:
    """A value for each of a population, by id: `ids` ascending and `values`, shape (n,); all others have `rest`."""

    ids: Ids
    values: Floats
    rest: float = 0.0

    def of(self, ids: Ids) -> Floats:
        """Return the values of these ids, in their order."""
        found = np.full(len(ids), self.rest)
        if len(self.ids):
            at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
            known = self.ids[at] == ids
            found[known] = self.values[at[known]]
        return found

    def best(self, count: int) -> Ids:
        """Return the ids with the highest values, in no order."""
        if len(self.ids) <= count:
            return self.ids
        return self.ids[np.argpartition(-self.values, count)[:count]]


NOTHING = Scores(np.zeros(0, dtype=np.int64), np.zeros(0))


@dataclass(frozen=True, slots=True)
class PageWords:
    """What the words say of pages: `relevance` in standard deviations over the memory, and the part of the raw score
    that comes from the person's half (`asked`) and from the assistant's (`told`)."""

    relevance: Scores = NOTHING
    asked: Scores = NOTHING
    told: Scores = NOTHING


@dataclass(frozen=True, slots=True)
class Collection:
    """What BM25 knows of a collection as a whole: how many documents it holds, and how long they are on average."""

    size: int
    average_length: float


def match_pages(memory: Memory, question: Question, pages: Collection) -> PageWords:
    """Score the indexed pages of a memory; nothing matches a question without words.

    Where the question asks about one of the two speakers, what the other said counts less.
    """
    terms, numbers = _flat(question.words)
    if not terms:
        return PageWords()
    rows = read_columns(
        _POSTINGS,
        [terms, numbers, memory.pk],
        word="int4",
        page="int8",
        frequency="int4",
        query_frequency="int4",
        length="int4",
    )
    ids, at = np.unique(rows["page"], return_inverse=True)
    asked = rows["query_frequency"].astype(np.float64)
    told = rows["frequency"] - asked
    weights = idf(pages.size, _holders(rows["word"], at, len(question.words)))[rows["word"]]
    of_user, of_assistant = _speaker_weights(question.speaker)
    norm = length_norm(rows["length"], pages.average_length)
    whole = weights * saturated(of_user * asked + of_assistant * told, norm)
    relevance = standardised(ids, _summed(at, whole, len(ids)), pages.size)
    return PageWords(
        relevance,
        Scores(ids, _summed(at, weights * saturated(asked, norm), len(ids))),
        Scores(ids, _summed(at, weights * saturated(told, norm), len(ids))),
    )


def match_segments(memory: Memory, question: Question, segments: Scores) -> Scores:
    """Score the active segments, each as one text; `segments` holds their lengths in terms."""
    terms, numbers = _flat(question.words)
    count = len(segments.ids)
    if not terms or not count:
        return NOTHING
    rows = read_columns(_SEGMENT_POSTINGS, [terms, numbers, memory.pk], word="int4", segment="int8", frequency="int4")
    ids, at = np.unique(rows["segment"], return_inverse=True)
    weights = idf(count, _holders(rows["word"], at, len(question.words)))[rows["word"]]
    norm = length_norm(segments.of(rows["segment"]), float(segments.values.mean()))
    return standardised(ids, _summed(at, weights * saturated(rows["frequency"], norm), len(ids)), count)


def idf(documents: int, holders: Column) -> Floats:
    """Robertson-Sparck Jones weights, 1 added inside the logarithm so that none is below zero; shape of `holders`."""
    weights: Floats = np.log1p((np.maximum(documents - holders, 0) + 0.5) / (holders + 0.5))
    return weights


def length_norm(lengths: Column, average: float) -> Floats:
    """The denominator's share that grows with a document's length, in terms."""
    norm: Floats = K1 * (1 - B + B * lengths / max(average, 1e-9))
    return norm


def saturated(frequencies: Column, norm: Floats) -> Floats:
    """A term's frequency as BM25 counts it: it grows ever more slowly."""
    value: Floats = frequencies * (K1 + 1) / (frequencies + norm)
    return value


def standardised(ids: Ids, values: Floats, population: int) -> Scores:
    """Return z over a population in which everything unnamed scored zero; all 0 where nothing differs."""
    count = max(population, len(values), 1)
    mean = float(values.sum()) / count
    deviation = float(np.sqrt(max(float((values**2).sum()) / count - mean**2, 0.0)))
    if deviation <= 1e-9:
        return Scores(ids, np.zeros(len(ids)))
    return Scores(ids, (values - mean) / deviation, -mean / deviation)


def _flat(words: Sequence[frozenset[str]]) -> tuple[list[str], list[int]]:
    pairs = [(term, number) for number, stems in enumerate(words) for term in sorted(stems)]
    return [term for term, _ in pairs], [number for _, number in pairs]


def _speaker_weights(speaker: Subject | None) -> tuple[float, float]:
    if speaker is None:
        return 1.0, 1.0
    return (1.0, OTHER_SPEAKER) if speaker is Subject.USER else (OTHER_SPEAKER, 1.0)


def _holders(word: Column, document: Column, words: int) -> Column:
    """In how many documents each word stands; one that stands there in two of its forms counts once."""
    pairs = np.unique(word.astype(np.int64) * (int(document.max(initial=0)) + 1) + document)
    return np.bincount(pairs // (int(document.max(initial=0)) + 1), minlength=words)


def _summed(at: Column, shares: Floats, count: int) -> Floats:
    return np.bincount(at, weights=shares, minlength=count).astype(np.float64)
