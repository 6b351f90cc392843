"""The benchmark: how long recording and recall take beside a bare exact scan, and what the worker gets done.

All operations take turns in one run on the same rows, so that a busy machine slows down all alike and the ratios hold.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from django.db import connection
from django.utils import timezone
from pgvector import HalfVector

from memory.domain.consolidation import transfer_all
from memory.domain.recall import recall
from memory.domain.recording import PageDraft, record_page, record_pages
from memory.embedding import get_embedder
from memory.embedding.base import Embedder
from memory.enums import Source
from memory.evaluation.bench_build import Measured, build
from memory.evaluation.bench_model import InstantConsolidator
from memory.evaluation.bench_report import Figures
from memory.models import Memory

PASSES = 3
"""How often each question is asked; each time a page is recorded, too."""
WARM_UP = 5
WORKER_PAGES, WORKER_PAGES_A_QUERY = 500, 20
"""Fresh pages for the worker, fewer where there are few questions."""
EXACT_SCAN = "SELECT id FROM memory_page WHERE memory_id = %s ORDER BY embedding <#> %s LIMIT 10"

Timings = dict[tuple[int, str], list[float]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: pages of each measured memory, pages of other people, questions to each memory."""

    sizes: Sequence[int]
    others: int
    queries: int


def run(plan: Plan, progress: Callable[[str], None]) -> Figures:
    """Build the memories in the default database, which must be empty, and measure. Raises ModelError."""
    embedder = get_embedder()
    began = time.perf_counter()
    rounds = WARM_UP + plan.queries * PASSES
    measured = build(plan.sizes, plan.others, plan.queries, rounds, embedder, timezone.now(), progress)
    build_s = time.perf_counter() - began
    build_memory = peak_memory_mb()
    _forget_peak()
    timings = _measure(measured, plan.queries, embedder, progress)
    progress("The worker")
    fresh = min(WORKER_PAGES, WORKER_PAGES_A_QUERY * plan.queries)
    throughput = _worker_throughput(measured[sorted(measured)[len(measured) // 2]], fresh, embedder)
    return Figures(
        sizes={size: _percentiles(timings, size) for size in plan.sizes},
        others=plan.others,
        worker_pages_per_s=round(throughput, 1),
        peak_memory_mb=round(peak_memory_mb(), 1),
        build_memory_mb=round(build_memory, 1),
        build_s=round(build_s, 1),
        database_mb=round(_database_bytes() / 2**20, 1),
    )


def peak_memory_mb() -> float:
    """Return the most this process has held in memory, in MB (2**20 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _forget_peak() -> None:
    """Let the peak count from here on, where the system can (Linux); elsewhere it includes the building."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _measure(
    measured: Mapping[int, Measured], queries: int, embedder: Embedder, progress: Callable[[str], None]
) -> Timings:
    """Time each operation on each memory in turn; the worker keeps up between turns, unmeasured."""
    timings: Timings = defaultdict(list)
    for number in range(WARM_UP + queries * PASSES):
        if number % 50 == 0:
            progress(f"Round {number} of {WARM_UP + queries * PASSES}")
        for size, one in measured.items():
            question = one.questions[number % queries]
            query, response = one.news[number]
            vector = HalfVector(embedder.embed([question])[0]).to_text()
            memory = Memory.objects.select_related("assistant").get(pk=one.memory.pk)
            operations: list[tuple[str, Callable[[], object]]] = [
                ("recall", partial(recall, memory, question, now=timezone.now())),
                ("exact_scan", partial(_exact_scan, memory.pk, vector)),
                ("record", partial(record_page, memory, query=query, response=response)),
            ]
            # Whoever comes second finds the rows in the processor's cache: each comes first as often as the others.
            first = number % len(operations)
            for name, operation in operations[first:] + operations[:first]:
                milliseconds = _timed(operation)
                if number >= WARM_UP:
                    timings[size, name].append(milliseconds)
            _keep_up(memory, embedder)
    return timings


def _timed(operation: Callable[[], object]) -> float:
    began = time.perf_counter()
    operation()
    return (time.perf_counter() - began) * 1000


def _exact_scan(memory_id: int, vector: str) -> None:
    with connection.connection.cursor() as cursor:
        cursor.execute(EXACT_SCAN, [memory_id, vector])
        cursor.fetchall()


def _keep_up(memory: Memory, embedder: Embedder) -> None:
    """Do what the worker does between two answers: take the job, give vectors, move what overflows."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    transfer_all(memory, InstantConsolidator(), embedder)


def _worker_throughput(one: Measured, pages: int, embedder: Embedder) -> float:
    """Return pages a second through vectors and transfers when the model takes no time."""
    now = timezone.now()
    drafts = [PageDraft(*one.news[n % len(one.news)], now) for n in range(pages)]
    record_pages(one.memory, drafts, Source.IMPORT)
    began = time.perf_counter()
    moved = transfer_all(one.memory, InstantConsolidator(), embedder)
    return moved / (time.perf_counter() - began)


def _percentiles(timings: Timings, size: int) -> dict[str, float]:
    return {
        f"{name}_ms_p{percent}": round(float(np.percentile(timings[size, name], percent)), 2)
        for name in ("record", "recall", "exact_scan")
        for percent in (50, 95)
    }


def _database_bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])
