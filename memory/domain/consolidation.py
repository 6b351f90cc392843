"""Consolidation: everything that a memory has waiting in the background, run to its end."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from memory.domain.promotion import promote
from memory.domain.transfer import transfer
from memory.domain.vectors import embed_new_pages
from memory.embedding.base import Embedder
from memory.llm.base import Consolidator
from memory.models import Memory

Progress = Callable[[int], None]


def transfer_all(
    memory: Memory, consolidator: Consolidator, embedder: Embedder, progress: Progress | None = None
) -> int:
    """Embed new pages, then transfer batch after batch until the queue fits its capacity; return pages moved.

    `progress` is called with each batch's size. Safe to run beside a worker: a batch that somebody else took
    raises TransferConflict and changes nothing. Raises ModelError.
    """
    _await_writers(memory)
    embed_new_pages(memory, embedder)
    moved = 0
    while batch := transfer(memory, consolidator, embedder, timezone.now()):
        moved += len(batch)
        if progress:
            progress(len(batch))
    return moved


def promote_all(memory: Memory, consolidator: Consolidator, embedder: Embedder) -> int:
    """Promote every hot segment, hottest first, each until all its pages are read; return pages read.

    Raises ModelError and PromotionConflict.
    """
    _await_writers(memory)
    conf = memory.conf
    read = 0
    while (segment := memory.segments.hot(timezone.now(), conf).first()) is not None:
        while pages := promote(segment, consolidator, embedder, timezone.now()):
            read += len(pages)
    return read


def _await_writers(memory: Memory) -> None:
    """Wait for transactions that hold this memory.

    A writer that found a job of its kind queued already added none of its own. That job must not start reading
    before the writer has committed, or what it wrote would wait for the next one.
    """
    with transaction.atomic():
        Memory.objects.locked(memory.pk)
