"""Eviction: what is coldest or least useful makes room. It is archived, never deleted, and can be brought back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from memory.domain.activity import event, log
from memory.domain.heating import announce_hot
from memory.domain.indexing import reindex_segment, unindex_segment
from memory.enums import EventKind, KnowledgeStatus
from memory.models import Knowledge, Memory, Segment
from memory.models.knowledge import KnowledgeQuerySet


def evict_segments(memory: Memory, now: datetime, keep: Collection[int] = ()) -> list[Segment]:
    """Archive the coldest active segments beyond the capacity and log each; return them, coldest first.

    Those in `keep` (just opened or grown) are never taken. Runs in the caller's transaction.
    """
    conf = memory.conf
    excess = memory.segments.active().count() - conf.mid_term_capacity
    if excess <= 0:
        return []
    coldest = memory.segments.active().exclude(pk__in=keep).with_heat(now, conf).order_by("heat", "pk")[:excess]
    evicted: list[Segment] = list(coldest)
    _archive(memory, evicted, now)
    return evicted


def archive_segment(segment: Segment, *, by: User) -> Segment:
    """Put a segment away by hand: out of recall and of transfer until somebody restores it. Nothing is deleted.

    An archived one stays as it is. Raises Segment.DoesNotExist when it is gone.
    """
    with transaction.atomic():
        memory = Memory.objects.locked(segment.memory_id)
        fresh = memory.segments.get(pk=segment.pk)
        if fresh.archived_at is None:
            _archive(memory, [fresh], timezone.now(), by)
    return fresh


def restore_segment(segment: Segment, *, by: User) -> Segment:
    """Bring an archived segment back. An active one stays as it is.

    In one transaction: it is active and counts as visited now, so that it is not the coldest at once; its pages are
    back in the index; `restored` is logged; beyond the capacity the coldest of the others is archived; when it is hot
    and has unread pages, `segment_heated`. Raises Segment.DoesNotExist when it is gone.
    """
    now = timezone.now()
    with transaction.atomic():
        memory = Memory.objects.locked(segment.memory_id)
        fresh = memory.segments.get(pk=segment.pk)
        if fresh.archived_at is None:
            return fresh
        fresh.archived_at, fresh.last_visited_at = None, now
        fresh.visits += 1
        fresh.save(update_fields=["archived_at", "last_visited_at", "visits"])
        reindex_segment(fresh)
        log(event(EventKind.RESTORED, fresh, memory=memory, by=by, after={"title": fresh.title}))
        evict_segments(memory, now, keep=[fresh.pk])
        announce_hot(memory, [fresh], now)
    return fresh


def _archive(memory: Memory, segments: Sequence[Segment], now: datetime, by: User | None = None) -> None:
    for segment in segments:
        unindex_segment(segment)
        segment.archived_at = now
        segment.analysis_asked_at = None
    memory.segments.filter(pk__in=[segment.pk for segment in segments]).update(archived_at=now, analysis_asked_at=None)
    events = (
        event(EventKind.ARCHIVED, segment, memory=memory, by=by, after={"title": segment.title}) for segment in segments
    )
    log(*events)


def archive_excess_knowledge(active: KnowledgeQuerySet, capacity: int, keep: Collection[int] = ()) -> list[Knowledge]:
    """Archive the least useful active entries beyond the capacity and log each.

    Pinned and hand-written ones and those in `keep` (just learnt) are never taken. `active` is the active knowledge
    of one subject. Runs in the caller's transaction, behind the lock of the entries' home.
    """
    excess = active.count() - capacity
    if excess <= 0:
        return []
    takeable = active.filter(pinned=False, locked=False).exclude(pk__in=keep)
    homes = ("memory__assistant", "assistant")
    archived = list(takeable.select_related(*homes).defer("embedding").least_useful_first()[:excess])
    Knowledge.objects.filter(pk__in=[entry.pk for entry in archived]).update(
        status=KnowledgeStatus.ARCHIVED, updated_at=timezone.now()
    )
    log(
        *(
            event(
                EventKind.ARCHIVED,
                entry,
                memory=entry.memory,
                assistant=entry.assistant,
                before={"text": entry.text},
            )
            for entry in archived
        )
    )
    return archived
