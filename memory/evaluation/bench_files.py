"""How fast files come into a memory, and how much of it is held while one goes out."""

from __future__ import annotations

import io
import json
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from django.contrib.auth.models import User
from django.utils import timezone

from memory.domain.assistants import create_assistant
from memory.domain.exporting import json_of
from memory.domain.imports import confirm, read_upload, receive, run
from memory.embedding import get_embedder
from memory.evaluation.bench_text import TERMS_A_PAGE, make_talk, make_topics, make_vocabulary, spelled
from memory.models import Memory

TOPICS = 50
_MB = 2**20


@dataclass(frozen=True, slots=True)
class FileFigures:
    """Rates and sizes; MB are 2**20 bytes."""

    import_pages: int
    import_mb: float
    read_s: float
    """Reading and checking the file, and its preview."""
    import_pages_per_s: float
    export_pages: int
    export_mb: float
    export_s: float
    export_growth_mb: float
    """What the process held at most for the file, which is made piece by piece."""

    def as_json(self) -> dict[str, float]:
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the figures as people read them."""
        return [
            f"Import of {self.import_pages:,} pages ({self.import_mb:.1f} MB): read in {self.read_s:.1f} s, "
            f"{self.import_pages_per_s:,.0f} pages a second recorded (goal: 100).",
            f"Export of {self.export_pages:,} pages: {self.export_mb:.1f} MB in {self.export_s:.1f} s, "
            f"the process grows by {self.export_growth_mb:.0f} MB (goal: below 50).",
        ]


def measure_files(imported: int, exported: int, progress: Callable[[str], None]) -> FileFigures:
    """Import a file of made-up pages into a new memory, then export one of `exported` pages.

    Works on the default database, in which it makes a person of its own.
    """
    memory = create_assistant(User.objects.create(username="bench-files"), "Files")
    progress(f"Import of {imported:,} pages")
    entries = _entries(max(imported, exported))
    size, read_s, rate = _import(memory, entries[:imported])
    if exported > imported:
        progress(f"{exported - imported:,} pages more for the export")
        _import(memory, entries[imported:exported])
    progress(f"Export of {memory.pages.count():,} pages")
    written, export_s, growth = _export(memory)
    return FileFigures(
        import_pages=imported,
        import_mb=round(size / _MB, 1),
        read_s=round(read_s, 2),
        import_pages_per_s=round(rate, 1),
        export_pages=memory.pages.count(),
        export_mb=round(written / _MB, 1),
        export_s=round(export_s, 2),
        export_growth_mb=round(growth, 1),
    )


def _entries(count: int) -> list[dict[str, str]]:
    """Return pages in the demo format of the paper."""
    rng = np.random.default_rng(0)
    vocabulary = make_vocabulary(get_embedder(), rng)
    topics = make_topics(vocabulary, TOPICS, rng)
    talk = make_talk(vocabulary, topics, rng.integers(0, TOPICS, count), TERMS_A_PAGE, rng)
    begun = datetime(2026, 1, 1, tzinfo=UTC)

    def entry(page: int) -> dict[str, str]:
        start, asked, length = talk.starts[page], talk.asked[page], talk.lengths[page]
        words = talk.words[start : start + length].tolist()
        return {
            "user_input": spelled(vocabulary, words[:asked]),
            "agent_response": spelled(vocabulary, words[asked:]),
            "timestamp": (begun + timedelta(minutes=10 * page)).isoformat(),
        }

    return [entry(page) for page in range(count)]


def _import(memory: Memory, entries: list[dict[str, str]]) -> tuple[int, float, float]:
    """Return the bytes of the file, the seconds until its preview stood, and pages recorded in a second."""
    data = json.dumps(entries).encode()
    began = time.perf_counter()
    upload = read_upload(receive(memory, io.BytesIO(data), "bench.json", by=memory.user))
    read_s = time.perf_counter() - began
    confirm(upload, by=memory.user)
    upload.refresh_from_db()
    began = time.perf_counter()
    done = run(upload)
    return len(data), read_s, done.added / (time.perf_counter() - began)


def _export(memory: Memory) -> tuple[int, float, float]:
    """Return the bytes of the file, the seconds it took and how many MB it held at most.

    Made twice: what the import has left in the process would hide its growth, and to follow each allocation takes time.
    """
    began = time.perf_counter()
    written = sum(map(len, json_of(memory, timezone.now(), shared=True)))
    took = time.perf_counter() - began
    tracemalloc.start()
    try:
        # Taken as a browser takes them, one at a time.
        for _ in json_of(memory, timezone.now(), shared=True):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return written, took, peak / _MB
