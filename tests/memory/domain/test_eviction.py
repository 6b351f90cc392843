"""What is coldest makes room, what is brought back stays."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from memory.domain.consolidation import transfer_all
from memory.domain.eviction import archive_segment, evict_segments, restore_segment
from memory.domain.transfer import transfer
from memory.enums import Actor, EventKind
from memory.models import Memory, Posting, Segment, SegmentPosting
from memory.signals import segment_heated
from tests.memory.domain.batches import record, remember, says, set_up
from tests.memory.factories import EPOCH, MemoryFactory, PageFactory, SegmentFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder, one_topic, topic_a_page

pytestmark = pytest.mark.django_db


def active(memory: Memory) -> list[str]:
    return list(memory.segments.active().order_by("pk").values_list("title", flat=True))


def kinds(memory: Memory, segment: Segment) -> list[tuple[str, str, int | None]]:
    events = memory.events.filter(target_type="segment", target_id=segment.pk).order_by("pk")
    return [(event.kind, event.actor, event.user_id) for event in events]


@pytest.fixture
def memory() -> Memory:
    """Three segments from cold to hot; room for two."""
    memory: Memory = set_up(MemoryFactory(), mid_term_capacity=2)
    for n, title in enumerate(["Cold", "Warm", "Hot"]):
        SegmentFactory(memory=memory, title=title, visits=n, last_visited_at=EPOCH)
    return memory


def test_beyond_the_capacity_the_coldest_is_archived_and_logged(memory: Memory) -> None:
    [cold] = evict_segments(memory, EPOCH)
    cold.refresh_from_db()
    assert (cold.title, cold.archived_at) == ("Cold", EPOCH)
    assert active(memory) == ["Warm", "Hot"]
    assert kinds(memory, cold) == [(EventKind.ARCHIVED, Actor.JOB, None)]
    assert evict_segments(memory, EPOCH) == []


def test_the_oldest_of_equally_cold_ones_goes_first() -> None:
    memory = set_up(MemoryFactory(), mid_term_capacity=1)
    SegmentFactory(memory=memory, title="Older", last_visited_at=EPOCH - timedelta(days=1))
    SegmentFactory(memory=memory, title="First", last_visited_at=EPOCH)
    SegmentFactory(memory=memory, title="Second", last_visited_at=EPOCH)
    assert [segment.title for segment in evict_segments(memory, EPOCH)] == ["Older", "First"]


@pytest.mark.parametrize("capacity", [1, 2, 4])
def test_a_transfer_never_evicts_what_it_has_just_opened_or_grown(capacity: int) -> None:
    memory, embedder = set_up(remember(8), segment_threshold=1.5, mid_term_capacity=capacity), WordEmbedder()
    transfer(memory, ScriptedConsolidator(one_topic), embedder, EPOCH)
    old = memory.segments.get()
    remember(5, memory)
    transfer(memory, ScriptedConsolidator(topic_a_page), embedder, EPOCH + timedelta(hours=1))
    assert memory.segments.active().count() == max(capacity, 5)
    assert memory.segments.active().exclude(pk=old.pk).count() == min(5, memory.segments.active().count())
    assert sum(segment.pages.count() for segment in memory.segments.all()) == 10


def test_a_page_joins_no_segment_that_was_put_away(memory: Memory) -> None:
    hot = memory.segments.get(title="Hot")
    archive_segment(hot, by=memory.user)
    set_up(memory, segment_threshold=0.0)
    remember(8, memory)
    transfer_all(memory, ScriptedConsolidator(says()), WordEmbedder())
    assert hot.pages.count() == 0


def test_restoring_counts_as_a_visit_and_makes_room_at_once(memory: Memory) -> None:
    [cold] = evict_segments(memory, EPOCH)
    before = timezone.now()
    restored = restore_segment(cold, by=memory.user)
    cold.refresh_from_db()
    assert cold == restored
    assert (cold.archived_at, cold.visits) == (None, 1)
    assert cold.last_visited_at >= before
    assert active(memory) == ["Cold", "Hot"], "the coldest other one had to go"
    assert kinds(memory, cold)[-1] == (EventKind.RESTORED, Actor.PERSON, memory.user.pk)


def test_restoring_never_evicts_what_it_brought_back() -> None:
    memory = set_up(MemoryFactory(), mid_term_capacity=1)
    SegmentFactory(memory=memory, title="Hottest", visits=99, length=99, last_visited_at=timezone.now())
    put_away = SegmentFactory(memory=memory, title="Old", last_visited_at=EPOCH, archived_at=EPOCH)
    restore_segment(put_away, by=memory.user)
    assert active(memory) == ["Old"]


def test_restoring_what_is_active_and_archiving_what_is_archived_change_nothing(memory: Memory) -> None:
    hot = memory.segments.get(title="Hot")
    assert restore_segment(hot, by=memory.user).visits == 2
    assert kinds(memory, hot) == []
    first = archive_segment(hot, by=memory.user)
    second = archive_segment(hot, by=memory.user)
    assert first.archived_at == second.archived_at
    assert kinds(memory, hot) == [(EventKind.ARCHIVED, Actor.PERSON, memory.user.pk)]


@pytest.mark.parametrize("door", [archive_segment, restore_segment])
def test_a_segment_that_is_gone_is_said_to_be_gone(door: object, memory: Memory) -> None:
    gone = memory.segments.get(title="Hot")
    Segment.objects.filter(pk=gone.pk).delete()
    with pytest.raises(Segment.DoesNotExist):
        door(gone, by=memory.user)  # type: ignore[operator]  # either of the two


def test_an_archived_segments_words_leave_the_index_and_come_back() -> None:
    memory, embedder = record(MemoryFactory(), [f"kangaroo {n}" for n in range(5)] + ["q"] * 3), WordEmbedder()
    transfer_all(memory, ScriptedConsolidator(), embedder)
    segment = memory.segments.get()

    def held() -> tuple[int, int, int, int]:
        fresh = Memory.objects.get(pk=memory.pk)
        pages = Posting.objects.filter(memory=memory, term__startswith="kangaroo").count()
        segments = SegmentPosting.objects.filter(memory=memory, term__startswith="kangaroo").count()
        return pages, segments, fresh.page_count, fresh.term_count

    before = held()
    archive_segment(segment, by=memory.user)
    assert held()[:3] == (0, 0, 3)
    restore_segment(segment, by=memory.user)
    assert held() == before
    assert before[:3] == (5, 1, 8)


def test_a_restored_segment_that_is_hot_is_announced() -> None:
    heated: list[int] = []

    def note(segment: Segment, **_: object) -> None:
        heated.append(segment.pk)

    put_away = SegmentFactory(visits=4, length=2, last_visited_at=EPOCH)
    PageFactory.create_batch(2, segment=put_away)
    archive_segment(put_away, by=put_away.memory.user)
    segment_heated.connect(note)
    try:
        restore_segment(put_away, by=put_away.memory.user)
    finally:
        segment_heated.disconnect(note)
    assert heated == [put_away.pk]


@pytest.mark.django_db(transaction=True)
def test_two_people_restoring_at_once_bring_it_back_once() -> None:
    put_away = SegmentFactory(last_visited_at=EPOCH, archived_at=EPOCH)
    person: User = put_away.memory.user
    start = Barrier(2)

    def restore() -> None:
        start.wait()
        restore_segment(Segment.objects.get(pk=put_away.pk), by=person)
        connection.close()

    threads = [Thread(target=restore) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    put_away.refresh_from_db()
    assert put_away.visits == 1
    assert [kind for kind, *_ in kinds(put_away.memory, put_away)] == [EventKind.RESTORED]
