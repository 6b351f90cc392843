"""A memory for the benchmark: rows as the product would have written them, made in bulk.

A memory is planned whole (which page is in which chain and segment, said when) and written a thousand pages at a
time, so that a million pages need no more of this process's memory than a thousand.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from memory.domain.languages import ENGLISH
from memory.embedding.base import Vectors
from memory.enums import Actor, EventKind, Source
from memory.evaluation.bench_columns import CHAIN, EVENT, PAGE, POSTING, SEGMENT, SEGMENT_POSTING
from memory.evaluation.bench_plan import PAGES_A_SEGMENT, Plan, make_plan
from memory.evaluation.bench_tables import Row, copy_array, copy_rows
from memory.evaluation.bench_text import (
    Ints,
    Talk,
    Vocabulary,
    directions,
    directions_near,
    make_talk,
    make_topics,
    spelled,
    units,
)
from memory.models import Memory

PAGES_AT_ONCE = 1000
KEYWORDS_A_PAGE, KEYWORDS_A_SEGMENT = 5, 16


@dataclass(slots=True)
class Keys:
    """The next free key of each table whose rows others refer to."""

    page: int = 1
    chain: int = 1
    segment: int = 1


@dataclass(slots=True)
class _Gathered:
    """What the segments of a memory add up to as its pages are written."""

    frequencies: NDArray[np.int32]
    """How often a segment holds a word, shape (segments, words)."""
    directions: Vectors
    keywords: list[Counter[str]]
    terms: int = 0
    samples: list[Ints] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Written:
    """A memory as written: the topics of its segments, and the words of some of its pages."""

    memory: Memory
    topics: Ints
    samples: list[Ints]


class MemoryWriter:
    """Writes memories with their short-term and mid-term tiers, their index and their log."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        keys: Keys,
        now: datetime,
        rng: np.random.Generator,
        pages_a_segment: int = PAGES_A_SEGMENT,
    ) -> None:
        self.vocabulary, self.keys, self.now, self.rng = vocabulary, keys, now, rng
        self._pages_a_segment = pages_a_segment
        self._codes = np.array([word.encode() for word in vocabulary.words])

    def write(self, memory: Memory, pages: int, terms: int, samples: int = 0) -> Written:
        """Fill an empty memory with `pages` pages of `terms` index terms on average; remember `samples` of them.

        Pages of which samples are wanted get the vectors of their own words; those of other people's memories get
        one near their segment's, which is ten times as fast to make.
        """
        plan = make_plan(pages, memory.conf, self.rng, self._pages_a_segment)
        topics = make_topics(self.vocabulary, max(plan.segments, 1), self.rng)
        wanted = set(self.rng.choice(pages, min(samples, pages), replace=False).tolist())
        width = self.vocabulary.vectors.shape[1]
        gathered = _Gathered(
            np.zeros((plan.segments, len(self.vocabulary.words)), dtype=np.int32),
            np.zeros((plan.segments, width), dtype=np.float32),
            [Counter() for _ in range(plan.segments)],
        )
        for start in range(0, pages, PAGES_AT_ONCE):
            at = np.arange(start, min(start + PAGES_AT_ONCE, pages))
            self._write_pages(memory, plan, topics, at, terms, wanted, gathered)
        self._write_chains(memory, plan)
        self._write_segments(memory, plan, gathered)
        memory.page_count = memory.last_position = pages
        memory.term_count = gathered.terms
        memory.languages = [ENGLISH]  # as the function words between the made-up ones say
        memory.save(update_fields=["page_count", "last_position", "term_count", "languages"])
        self.keys.page += pages
        self.keys.chain += int(plan.chain.max(initial=-1)) + 1
        self.keys.segment += plan.segments
        return Written(memory, topics, gathered.samples)

    def _when(self, age: int) -> datetime:
        return self.now - timedelta(seconds=int(age))

    def _write_pages(
        self, memory: Memory, plan: Plan, topics: Ints, at: Ints, terms: int, wanted: set[int], gathered: _Gathered
    ) -> None:
        """Write the pages numbered `at`, their words and their log; add them up for their segments."""
        segment = plan.segment[at]
        topic = np.maximum(segment, 0)
        talk = make_talk(self.vocabulary, topics, topic, terms, self.rng)
        vectors = (
            directions(self.vocabulary, talk) if wanted else directions_near(self.vocabulary, topics, topic, self.rng)
        )
        copy_rows("memory_page", PAGE, self._page_rows(memory, plan, at, talk, vectors, gathered))
        copy_rows("memory_memoryevent", EVENT, self._recorded(memory, plan, at))
        self._write_postings(memory, at, segment, talk, gathered)
        held = segment >= 0
        np.add.at(gathered.directions, segment[held], vectors[held])
        gathered.terms += int(talk.lengths.sum())
        gathered.samples += [
            talk.words[talk.starts[i] : talk.starts[i] + talk.lengths[i]]
            for i in range(len(at))
            if int(at[i]) in wanted
        ]

    def _page_rows(
        self, memory: Memory, plan: Plan, at: Ints, talk: Talk, vectors: Vectors, gathered: _Gathered
    ) -> Iterator[Row]:
        places = zip(
            at.tolist(),
            talk.starts.tolist(),
            talk.lengths.tolist(),
            talk.asked.tolist(),
            plan.segment[at].tolist(),
            plan.chain[at].tolist(),
            plan.age[at].tolist(),
            plan.read[at].tolist(),
            stored_vectors(vectors),
            strict=True,
        )
        words = talk.words.tolist()
        for number, start, length, asked, segment, chain, age, read, vector in places:
            said = words[start : start + length]
            when = self._when(age)
            keywords: list[str] = []
            if segment >= 0:
                keywords = [self.vocabulary.words[n] for n in list(dict.fromkeys(said))[:KEYWORDS_A_PAGE]]
                gathered.keywords[segment].update(keywords)
            yield (
                self.keys.page + number,
                memory.pk,
                number + 1,
                spelled(self.vocabulary, said[:asked]),
                spelled(self.vocabulary, said[asked:]),
                when,
                when,
                Source.CHAT.value,
                {},
                self.keys.chain + chain if chain >= 0 else None,
                self.keys.segment + segment if segment >= 0 else None,
                keywords,
                self.now if read else None,
                False,
                vector,
                self.vocabulary.model,
                length,
            )

    def _recorded(self, memory: Memory, plan: Plan, at: Ints) -> Iterator[Row]:
        after = {"source": Source.CHAT.value}
        for number, age in zip(at.tolist(), plan.age[at].tolist(), strict=True):
            yield self._event(memory, EventKind.RECORDED, "page", self.keys.page + number, after, self._when(age))

    def _event(
        self, memory: Memory, kind: EventKind, target: str, key: int, after: Mapping[str, object], when: datetime
    ) -> Row:
        return (memory.assistant_id, memory.pk, kind.value, Actor.JOB.value, target, key, after, when)

    def _write_postings(self, memory: Memory, at: Ints, segment: Ints, talk: Talk, gathered: _Gathered) -> None:
        size = len(self.vocabulary.words)
        page = np.repeat(np.arange(len(at)), talk.lengths)
        asked = np.arange(len(talk.words)) - np.repeat(talk.starts, talk.lengths) < np.repeat(talk.asked, talk.lengths)
        pairs, where, counts = np.unique(page * size + talk.words, return_inverse=True, return_counts=True)
        of_page, word = np.divmod(pairs, size)
        rows = np.zeros(len(pairs), dtype=POSTING)
        rows["memory_id"] = memory.pk
        rows["page_id"] = self.keys.page + at[of_page]
        rows["term"] = self._codes[word]
        rows["frequency"] = counts
        rows["query_frequency"] = np.bincount(where, weights=asked)
        rows["length"] = talk.lengths[of_page]
        copy_array("memory_posting", rows)
        held = segment[of_page] >= 0
        np.add.at(gathered.frequencies, (segment[of_page[held]], word[held]), counts[held])

    def _write_chains(self, memory: Memory, plan: Plan) -> None:
        numbers, first, sizes = np.unique(plan.chain[plan.chain >= 0], return_index=True, return_counts=True)
        copy_rows(
            "memory_dialoguechain",
            CHAIN,
            (
                (
                    self.keys.chain + number,
                    memory.pk,
                    f"Chain {number + 1}.",
                    self._when(plan.age[start]),
                    self._when(plan.age[start + size - 1]),
                )
                for number, start, size in zip(numbers.tolist(), first.tolist(), sizes.tolist(), strict=True)
            ),
        )

    def _write_segments(self, memory: Memory, plan: Plan, gathered: _Gathered) -> None:
        members = [np.flatnonzero(plan.segment == number) for number in range(plan.segments)]
        copy_rows("memory_segment", SEGMENT, self._segment_rows(memory, plan, members, gathered))
        copy_rows("memory_memoryevent", EVENT, self._moved(memory, plan, members))
        segment, word = np.nonzero(gathered.frequencies)
        rows = np.zeros(len(segment), dtype=SEGMENT_POSTING)
        rows["memory_id"] = memory.pk
        rows["segment_id"] = self.keys.segment + segment
        rows["term"] = self._codes[word]
        rows["frequency"] = gathered.frequencies[segment, word]
        copy_array("memory_segmentposting", rows)

    def _segment_rows(self, memory: Memory, plan: Plan, members: list[Ints], gathered: _Gathered) -> Iterator[Row]:
        vectors = stored_vectors(units(gathered.directions))
        for number, (pages, vector) in enumerate(zip(members, vectors, strict=True)):
            read = plan.read[pages]
            keywords = [word for word, _ in gathered.keywords[number].most_common(KEYWORDS_A_SEGMENT)]
            yield (
                self.keys.segment + number,
                memory.pk,
                f"Topic {number + 1}",
                f"About {', '.join(keywords[:5])}.",
                keywords,
                number % 2,
                int((~read).sum()),
                self._when(plan.age[pages[-1]]),
                int(gathered.frequencies[number].sum()),
                self._when(plan.age[pages[0]]),
                self.now if read.any() else None,
                vector,
                self.vocabulary.model,
            )

    def _moved(self, memory: Memory, plan: Plan, members: list[Ints]) -> Iterator[Row]:
        """The log of transfers and promotions, one of each a segment."""
        for number, pages in enumerate(members):
            positions = {EventKind.TRANSFERRED: pages + 1, EventKind.PROMOTED: pages[plan.read[pages]] + 1}
            for kind, of_kind in positions.items():
                if len(of_kind):
                    after: dict[str, object] = {"title": f"Topic {number + 1}", "pages": of_kind.tolist()}
                    yield self._event(memory, kind, "segment", self.keys.segment + number, after, self.now)


def stored_vectors(vectors: Vectors) -> Iterator[bytes]:
    """Yield each row as Postgres receives a halfvec: its width, a spare number, its half-precision values."""
    head = struct.pack(">HH", vectors.shape[1], 0)
    return (head + row.tobytes() for row in vectors.astype(">f2"))
