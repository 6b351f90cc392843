"""Consolidation: everything that a memory has waiting in the background, run to its end."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from memory.domain.budgets import halted
from memory.domain.promotion import promote_reading
from memory.domain.reading import next_reading
from memory.domain.transfer import transfer
from memory.domain.vectors import direct_new_segments, embed_new_facts, embed_new_pages
from memory.embedding.base import Embedder
from memory.exceptions import LearningPaused, ModelError, ModelRateLimited, ModelUnauthorised, ModelUnreachable
from memory.llm.base import Consolidator
from memory.models import Assistant, Memory, Page, Segment

Progress = Callable[[int], None]

_OUTAGES = (ModelUnreachable, ModelUnauthorised, ModelRateLimited)
"""What has nothing to do with the pages at hand: another segment would fare no better."""


def transfer_all(
    memory: Memory, consolidator: Consolidator, embedder: Embedder, progress: Progress | None = None
) -> int:
    """Embed new pages and facts, then transfer batch after batch until the queue fits its capacity; return pages moved.

    While learning is paused nothing is moved; a batch that a model has just read when it is paused stays where it was.
    Nor does anything move while a budget is used up (`budgets.halted`, asked before each call).
    `progress` is called with each batch's size. Safe to run beside a worker: a batch that somebody else took
    raises TransferConflict and changes nothing. Raises ModelError.
    """
    _await_writers(memory)
    if not halted(memory, embedder):
        embed_new_pages(memory, embedder)
        embed_new_facts(memory, embedder)
        direct_new_segments(memory, embedder)
    moved = 0
    with suppress(LearningPaused):
        while (
            learns(memory)
            and not halted(memory, consolidator, embedder)
            and (batch := transfer(memory, consolidator, embedder, timezone.now()))
        ):
            moved += len(batch)
            if progress:
                progress(len(batch))
    return moved


def promote_due(memory: Memory, consolidator: Consolidator, embedder: Embedder) -> int | None:
    """Do what `promote_all` does once it is worth a model's call (`promotion_is_due`), before that only for segments
    that somebody has asked for; return pages read, None while it waits for more, while learning is paused or a budget
    is used up.
    """
    _await_writers(memory)
    if not learns(memory) or halted(memory, consolidator, embedder):
        return None
    if not consolidator.is_model or promotion_is_due(memory, timezone.now()):
        return promote_all(memory, consolidator, embedder)
    if memory.segments.asked_for().exists():
        return _promote(memory, consolidator, embedder, also_hot=False)
    return None


def promotion_is_due(memory: Memory, now: datetime) -> bool:
    """True when hot segments together hold `promotion_batch` unread pages, when one of these has waited for
    `promotion_patience`, and for the very first of a memory, so that a newcomer sees something learnt.

    A segment once visited stays over tau for ever, and each page it gains would be worth a call of its own.
    """
    conf = memory.conf
    hot = list(memory.segments.hot(now, conf))
    if not hot:
        return False
    if sum(segment.length for segment in hot) >= conf.promotion_batch:
        return True
    unread = memory.pages.unanalysed().filter(segment__in=[segment.pk for segment in hot])
    patient_since = now - timedelta(seconds=conf.promotion_patience)
    first = not memory.segments.filter(promoted_at__isnull=False).exists()
    return first or unread.filter(recorded_at__lte=patient_since).exists()


def memories_kept_waiting(now: datetime) -> list[int]:
    """Return the keys of memories with hot segments whose pages have waited for `promotion_patience`; not
    where learning is paused, or the person is no longer a member.
    """
    waiting: list[int] = []
    for assistant in Assistant.objects.filter(memories__segments__length__gt=0).distinct():
        since = now - timedelta(seconds=assistant.conf.promotion_patience)
        learning = Segment.objects.filter(memory__in=Memory.objects.filter(assistant=assistant).learning())
        hot = learning.hot(now, assistant.conf)
        pages = Page.objects.unanalysed().filter(segment__in=hot.values("pk"), recorded_at__lte=since)
        waiting += pages.order_by().values_list("memory_id", flat=True).distinct()
    return waiting


def promote_all(memory: Memory, consolidator: Consolidator, embedder: Embedder) -> int:
    """Promote every segment that somebody has asked for, then every hot one, hottest first, each until all its pages
    are read; return pages read. While learning is paused, or a budget is used up, none is.

    Small segments share a call. Where a model fails on what it is given, the segments of that call are tried one by
    one, those it fails on are left for the next run, all others get their turn, and only then the first failure is
    raised. A server that cannot be reached, refuses the key or asks to slow down ends the run at once.
    Raises ModelError and PromotionConflict.
    """
    _await_writers(memory)
    return _promote(memory, consolidator, embedder, also_hot=True)


def learns(memory: Memory) -> bool:
    """Tell whether a memory moves and analyses pages now: not while its person has paused learning, nor once they are
    no longer a member of the assistant.
    """
    return Memory.objects.filter(pk=memory.pk).learning().exists()


def _promote(memory: Memory, consolidator: Consolidator, embedder: Embedder, *, also_hot: bool) -> int:
    read = 0
    begun: set[int] = set()
    alone: set[int] = set()
    failed: dict[int, ModelError] = {}
    while learns(memory) and not halted(memory, consolidator, embedder):
        reading = next_reading(memory, _in_turn(memory, begun, failed, also_hot=also_hot), alone=alone)
        if reading is None:
            break
        keys = {segment.pk for segment in reading.segments}
        try:
            read += len(promote_reading(memory, reading, consolidator, embedder, timezone.now()))
        except LearningPaused:
            break
        except _OUTAGES:
            raise
        except ModelError as error:
            if len(keys) == 1:
                failed |= dict.fromkeys(keys, error)
            alone |= keys
        else:
            begun |= keys
    if failed:
        raise next(iter(failed.values()))
    return read


def _in_turn(memory: Memory, begun: Collection[int], failed: Collection[int], *, also_hot: bool) -> list[Segment]:
    """Segments with pages to read: those begun in this run, which may have cooled by it, those that somebody has asked
    for, then the hot ones.
    """
    unread = memory.segments.active().filter(length__gt=0).exclude(pk__in=failed)
    first = [
        *unread.filter(pk__in=begun).order_by("pk"),
        *memory.segments.asked_for().exclude(pk__in=[*failed, *begun]),
    ]
    if not also_hot:
        return first
    hot = memory.segments.hot(timezone.now(), memory.conf)
    return [*first, *hot.exclude(pk__in=[*failed, *(segment.pk for segment in first)])]


def _await_writers(memory: Memory) -> None:
    """Wait for transactions that hold this memory.

    A writer that found a job of its kind queued already added none of its own. That job must not start reading
    before the writer has committed, or what it wrote would wait for the next one.
    """
    with transaction.atomic():
        Memory.objects.locked(memory.pk)
