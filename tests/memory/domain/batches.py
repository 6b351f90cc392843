"""Batches for the tests of transfer: pages to move, and what a model says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from memory.domain.recording import PageDraft, record_pages
from memory.enums import Source
from memory.llm.base import Continuation, PageNote, Topic, TransferRequest, TransferResult
from memory.models import Memory
from tests.memory.factories import EPOCH, MemoryFactory

Judge = Callable[[TransferRequest], TransferResult]


def remember(count: int, memory: Memory | None = None, gap: timedelta = timedelta(minutes=1)) -> Memory:
    """Record pages `q0`, `q1` ... a gap apart."""
    return record(memory or MemoryFactory(), [f"q{n}" for n in range(count)], EPOCH, gap)


def record(
    memory: Memory, queries: Sequence[str], start: datetime = EPOCH, gap: timedelta = timedelta(minutes=1)
) -> Memory:
    """Record a page a query, answered with `r0`, `r1` ..."""
    drafts = [PageDraft(query, f"r{n}", start + n * gap) for n, query in enumerate(queries)]
    record_pages(memory, drafts, Source.IMPORT)
    return memory


def set_up(memory: Memory, **settings: object) -> Memory:
    """Override settings of the memory's assistant."""
    memory.assistant.memory_settings = settings
    memory.assistant.save()
    return memory


def says(
    *groups: tuple[int, ...],
    keywords: Sequence[str] = ("common",),
    continues: bool = True,
    continuation: Continuation | None = None,
) -> Judge:
    """Judge that the batch falls into these groups; without any, that it is one topic."""

    def judge(request: TransferRequest) -> TransferResult:
        whole = (tuple(range(len(request.pages))),)
        notes = tuple(PageNote(continues, tuple(keywords), f"up to {page.query}") for page in request.pages)
        topics = tuple(
            Topic(f"Topic {n}", f"Summary of topic {n}.", (), group, continuation)
            for n, group in enumerate(groups or whole)
        )
        return TransferResult(notes, topics)

    return judge
