"""What must hold of a memory whatever happened to its writers and workers."""

from collections import Counter
from typing import Any

from django.db.models import F, Q, Sum

from memory.enums import EventKind
from memory.models import Memory, Posting, SegmentPosting


def assert_whole(memory: Memory, *, pages: int) -> None:
    """Assert that `pages` pages are there, each once and in exactly one place, and that every count is right.

    Also that the activity log knows of one recording, one transfer and at most one promotion of each page.
    """
    memory = Memory.objects.get(pk=memory.pk)
    rows = memory.pages.order_by("position")
    assert list(rows.values_list("position", flat=True)) == list(range(1, pages + 1)), "no gap, no page twice"
    assert (memory.page_count, memory.last_position) == (pages, pages)
    assert_places(memory, pages)
    assert_counts(memory)
    assert_told_once(memory, pages)


def assert_places(memory: Memory, pages: int) -> None:
    """Assert that the queue is the newest pages, within its capacity, and that all others are in mid-term memory."""
    waiting = list(memory.pages.short_term().values_list("position", flat=True))
    assert len(waiting) <= memory.conf.short_term_capacity
    assert waiting == list(range(pages - len(waiting) + 1, pages + 1)), "the queue is the newest pages"
    moved = memory.pages.mid_term()
    assert not moved.filter(~Q(segment__memory=F("memory")) | ~Q(chain__memory=F("memory"))).exists()
    assert not memory.segments.filter(pages__isnull=True).exists(), "no segment of a lost transfer"
    assert not memory.chains.filter(pages__isnull=True).exists(), "no chain of a lost transfer"
    assert not moved.filter(embedding__isnull=True).exists()


def assert_counts(memory: Memory) -> None:
    """Assert that what is counted beside the rows agrees with the rows."""
    lengths = memory.pages.aggregate(total=Sum("length"))["total"]
    postings = Posting.objects.filter(memory=memory).aggregate(total=Sum("frequency"))["total"]
    assert memory.term_count == lengths == postings
    for segment in memory.segments.all():
        assert segment.term_count == segment.pages.aggregate(total=Sum("length"))["total"]
        of_pages = Posting.objects.filter(page__segment=segment).values_list("term").annotate(Sum("frequency"))
        assert dict(SegmentPosting.objects.filter(segment=segment).values_list("term", "frequency")) == dict(of_pages)
        assert segment.length == segment.pages.unanalysed().count(), "L_interaction: pages since the promotion"


def assert_told_once(memory: Memory, pages: int) -> None:
    """Assert that the log tells of each page once: recorded, transferred if it was, promoted if it was."""
    recorded = Counter(memory.events.filter(kind=EventKind.RECORDED).values_list("target_id", flat=True))
    assert recorded == Counter(memory.pages.values_list("pk", flat=True))
    assert _told(memory, EventKind.TRANSFERRED) == list(memory.pages.mid_term().values_list("position", flat=True))
    read = memory.pages.filter(analysed_at__isnull=False)
    assert _told(memory, EventKind.PROMOTED) == list(read.values_list("position", flat=True))


def _told(memory: Memory, kind: EventKind) -> list[int]:
    """The positions that events of a kind name, in order, as often as they are named."""
    notes: list[Any] = list(memory.events.filter(kind=kind).values_list("after", flat=True))
    return sorted(position for note in notes for position in note["pages"])
