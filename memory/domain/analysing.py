"""Analysing by wish: a person wants a segment's pages read for lasting facts now, hot or not."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from memory.domain.activity import event, log
from memory.enums import EventKind
from memory.exceptions import LearningPaused, SegmentArchived
from memory.models import Memory, Segment
from memory.signals import analysis_asked


def analyse_now(segment: Segment, *, by: User) -> Segment:
    """Let a segment's unread pages be analysed as soon as a worker is free. Twice is once.

    In one transaction: lock the memory; note the wish on the segment, which a promotion that reads its last page
    clears; log `asked`; send `analysis_asked`, whose receiver queues the job. A segment without unread pages stays as
    it is. A wish that waits already is only queued again, in case that its job was given up.
    Raises LearningPaused, SegmentArchived and Segment.DoesNotExist.
    """
    with transaction.atomic():
        memory = Memory.objects.locked(segment.memory_id)
        fresh = memory.segments.defer("embedding").get(pk=segment.pk)
        if fresh.archived_at is not None:
            raise SegmentArchived
        if not fresh.length:
            return fresh
        if memory.learning_paused_at is not None:
            raise LearningPaused
        if fresh.analysis_asked_at is None:
            fresh.analysis_asked_at = timezone.now()
            fresh.save(update_fields=["analysis_asked_at"])
            after = {"title": fresh.title, "unread": fresh.length}
            log(event(EventKind.ASKED, fresh, memory=memory, by=by, after=after))
        analysis_asked.send(Segment, memory=memory, segment=fresh)
    return fresh
