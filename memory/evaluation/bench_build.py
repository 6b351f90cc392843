"""Building what the benchmark measures: a memory of each size beside other people's pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction

from memory.embedding.base import Embedder
from memory.evaluation.bench_people import PersonaWriter, make_people
from memory.evaluation.bench_plan import USUAL, Shape
from memory.evaluation.bench_rows import Keys, MemoryWriter, Written
from memory.evaluation.bench_tables import bare, settle
from memory.evaluation.bench_text import (
    TERMS_A_PAGE,
    Ints,
    Vocabulary,
    make_question,
    make_talk,
    make_vocabulary,
    spelled,
)
from memory.models import Memory

Progress = Callable[[str], None]

OTHERS_A_MEMORY = 1000
OTHERS_TERMS = 12
"""Index terms of an average page of other people: shorter than the measured ones, so that building stays bearable."""
SEED = 20261124
LARGE_TABLES = (
    "memory_page",
    "memory_posting",
    "memory_segmentposting",
    "memory_segment",
    "memory_dialoguechain",
    "memory_memoryevent",
    "memory_knowledge_sources",
    "memory_profile_sources",
    "memory_trait_evidence",
)
TABLES = (*LARGE_TABLES, "memory_knowledge", "memory_profile", "memory_trait")


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured memory, what is asked of it, and what is told to it: (query, response)."""

    memory: Memory
    questions: list[str]
    news: list[tuple[str, str]]


def build(
    sizes: Sequence[int],
    others: int,
    questions: int,
    news: int,
    embedder: Embedder,
    now: datetime,
    progress: Progress,
    shape: Shape = USUAL,
) -> dict[int, Measured]:
    """Fill an empty database and return a measured memory for each size. The same arguments give the same rows.

    `questions` are asked of each memory and `news` pages held ready for it. Raises ModelError when the
    embedder fails.
    """
    rng = np.random.default_rng(SEED)
    vocabulary = make_vocabulary(embedder, rng)
    counts = [*(OTHERS_A_MEMORY for _ in range(others // OTHERS_A_MEMORY)), *filter(None, [others % OTHERS_A_MEMORY])]
    people = make_people(len(sizes) + len(counts), shape)
    keys = Keys()
    writer = MemoryWriter(vocabulary, keys, now, rng, shape.pages_a_segment)
    persona = PersonaWriter(vocabulary, now, rng)
    measured = {}
    with bare(LARGE_TABLES):
        done = 0
        for number, (memory, count) in enumerate(zip(people[len(sizes) :], counts, strict=True)):
            _fill(writer, persona, memory, count, OTHERS_TERMS, 0)
            done += count
            if number % 50 == 49 or done == others:
                progress(f"Other people's pages: {done:,} of {others:,}")
        for memory, size in zip(people, sizes, strict=False):
            written = _fill(writer, persona, memory, size, TERMS_A_PAGE, questions)
            measured[size] = _measured(vocabulary, written, questions, news, rng)
            progress(f"Measured memory of {size:,} pages")
        progress("Indexes and foreign keys")
    progress("VACUUM ANALYZE")
    settle(TABLES)
    return measured


def _fill(
    writer: MemoryWriter, persona: PersonaWriter, memory: Memory, pages: int, terms: int, samples: int
) -> Written:
    first = writer.keys.page
    with transaction.atomic():
        written = writer.write(memory, pages, terms, samples)
        persona.write(memory, first, pages)
    return written


def _measured(
    vocabulary: Vocabulary, written: Written, questions: int, news: int, rng: np.random.Generator
) -> Measured:
    asked = [make_question(vocabulary, written.samples[n % len(written.samples)], rng) for n in range(questions)]
    return Measured(written.memory, asked, make_news(vocabulary, written.topics, news, rng))


def make_news(vocabulary: Vocabulary, topics: Ints, count: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Return `count` exchanges about the topics of a memory, five in a row about the same one."""
    topic_of = np.repeat(rng.integers(0, len(topics), count // 5 + 1), 5)[:count]
    talk = make_talk(vocabulary, topics, topic_of, TERMS_A_PAGE, rng)
    return [
        (
            spelled(vocabulary, talk.words[start : start + asked].tolist()),
            spelled(vocabulary, talk.words[start + asked : start + length].tolist()),
        )
        for start, length, asked in zip(talk.starts, talk.lengths, talk.asked, strict=True)
    ]
