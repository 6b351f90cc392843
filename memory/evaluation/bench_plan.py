"""Where the pages of a memory of the benchmark stand: their chains, their segments, their dates. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memory.conf import MemorySettings
from memory.evaluation.bench_text import Ints

PAGES_A_CHAIN = 5
PAGES_A_SEGMENT = 25
ROOM_FOR_SEGMENTS = 0.9
"""Of the capacity: what the largest memories start with, so that new pages archive no segment while we measure."""
UNREAD = 3
"""Pages of a segment that no promotion has read: too few to heat it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How finely pages are divided into segments, and how many of them the assistant may keep."""

    pages_a_segment: int = PAGES_A_SEGMENT
    mid_term_capacity: int | None = None
    """None: what the installation says."""

    @property
    def memory_settings(self) -> dict[str, int]:
        return {} if self.mid_term_capacity is None else {"mid_term_capacity": self.mid_term_capacity}


USUAL = Shape()


@dataclass(frozen=True, slots=True)
class Plan:
    """Where each page stands, arrays of shape (n,): its chain and its segment, numbered from 0 and -1 in short-term
    memory, when it was said, in seconds before now, and whether a promotion has read it."""

    chain: Ints
    segment: Ints
    age: Ints
    read: NDArray[np.bool_]

    @property
    def segments(self) -> int:
        return int(self.segment.max(initial=-1)) + 1


def make_plan(
    pages: int, conf: MemorySettings, rng: np.random.Generator, pages_a_segment: int = PAGES_A_SEGMENT
) -> Plan:
    """Lay out `pages` pages, oldest first: the newest in short-term memory, the others in chains of about five, each
    chain about one topic."""
    settled = max(pages - conf.short_term_capacity, 0)
    sizes = 1 + rng.poisson(PAGES_A_CHAIN - 1, settled)
    chain = np.repeat(np.arange(settled), sizes)[:settled]
    chains = int(chain[-1]) + 1 if settled else 0
    most = min(int(conf.mid_term_capacity * ROOM_FOR_SEGMENTS), chains)
    segments = min(max(settled // pages_a_segment, 1), most)
    segment_of = np.concatenate([np.arange(segments), rng.integers(0, max(segments, 1), chains - segments)])
    segment = segment_of[chain]
    waiting = np.full(pages - settled, -1)
    # Two minutes between pages; eight hours between chains, or less where that would be more than two years.
    pause = min(8 * 3600, 2 * 365 * 86400 // (chains + 1))
    sitting = np.concatenate([chain, np.full(pages - settled, chains)])
    age = (pages - np.arange(pages)) * 120 + (chains - sitting) * pause
    return Plan(
        np.concatenate([chain, waiting]), np.concatenate([segment, waiting]), age, _read(segment, pages - settled)
    )


def _read(segment: Ints, waiting: int) -> NDArray[np.bool_]:
    """All mid-term pages but the newest three of each segment."""
    order = np.argsort(segment, kind="stable")
    counts = np.bincount(segment)
    rank = np.arange(len(segment)) - np.repeat(np.cumsum(counts) - counts, counts)
    read = np.zeros(len(segment) + waiting, dtype=bool)
    read[order] = rank < np.repeat(counts, counts) - UNREAD
    return read
