"""Eviction: what is coldest or least useful makes room. It is archived, never deleted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.utils import timezone

from memory.domain.activity import event, log
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
    memory.segments.filter(pk__in=[segment.pk for segment in evicted]).update(archived_at=now)
    log(*(event(EventKind.ARCHIVED, segment, memory=memory, after={"title": segment.title}) for segment in evicted))
    return evicted


def archive_excess_knowledge(memory: Memory, active: KnowledgeQuerySet, keep: Collection[int] = ()) -> list[Knowledge]:
    """Archive the least useful active entries beyond the capacity and log each.

    Pinned and hand-written ones and those in `keep` (just learnt) are never taken. `active` is the active knowledge
    of one subject. Runs in the caller's transaction, behind the lock of the entries' home.
    """
    excess = active.count() - memory.conf.knowledge_capacity
    if excess <= 0:
        return []
    takeable = active.filter(pinned=False, locked=False).exclude(pk__in=keep)
    archived = list(takeable.least_useful_first()[:excess])
    Knowledge.objects.filter(pk__in=[entry.pk for entry in archived]).update(
        status=KnowledgeStatus.ARCHIVED, updated_at=timezone.now()
    )
    log(
        *(
            event(
                EventKind.ARCHIVED,
                entry,
                memory=memory if entry.memory_id else None,
                assistant=memory.assistant,
                before={"text": entry.text},
            )
            for entry in archived
        )
    )
    return archived
