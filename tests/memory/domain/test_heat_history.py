"""The heat of a segment over time: worked out from what happened, ending where it is now."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from memory.conf import MemorySettings
from memory.domain import heat_history as module
from memory.domain.heat import heat
from memory.domain.heat_history import Change, Sample, heat_history
from memory.domain.recall import count_visits
from memory.enums import EventKind
from memory.models import Memory, MemoryEvent, Segment, SegmentVisit
from tests.memory.factories import EPOCH, MemoryEventFactory, MemoryFactory, SegmentFactory
from tests.memory.remembering import memory_of

pytestmark = pytest.mark.django_db

CONF = MemorySettings()


def happened(segment: Segment, kind: EventKind, at: datetime, after: object = None) -> None:
    event = MemoryEventFactory(
        memory=segment.memory, kind=kind, target_type="segment", target_id=segment.pk, after=after
    )
    MemoryEvent.objects.filter(pk=event.pk).update(created_at=at)


def told(samples: list[Sample] | tuple[Sample, ...]) -> list[tuple[str, float]]:
    return [(str(sample.happening.change), round(sample.heat, 1)) for sample in samples if sample.happening]


def test_a_segment_of_the_real_pipeline_ends_where_it_is() -> None:
    memory = memory_of([f"tea {n}" for n in range(6)])
    segment = memory.segments.get()
    count_visits(memory, [segment.pk], timezone.now())
    count_visits(memory, [segment.pk], timezone.now())
    segment.refresh_from_db()
    now = timezone.now()
    history = heat_history(segment, memory.conf, now)
    changes = [name for name, _ in told(history.samples)]
    assert changes == ["joined", "read", "visited", "visited"]
    assert history.unnoted_visits == 0
    expected = heat(segment.visits, segment.length, segment.last_visited_at, now, memory.conf)
    assert history.samples[-1].heat == pytest.approx(expected)
    # What the log alone says comes to the same: there is no step at the end.
    assert history.samples[-2].happening is not None
    assert history.samples[-2].heat == pytest.approx(expected, abs=0.01)


def test_pages_visits_and_readings_move_it_up_and_down(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    segment = SegmentFactory(visits=2, length=1, last_visited_at=EPOCH + timedelta(hours=4))
    other = SegmentFactory(memory=segment.memory)
    happened(segment, EventKind.TRANSFERRED, EPOCH, {"title": "Tea", "pages": [1, 2, 3]})
    happened(segment, EventKind.PROMOTED, EPOCH + timedelta(hours=2), {"pages": [1, 2, 3]})
    happened(segment, EventKind.TRANSFERRED, EPOCH + timedelta(hours=3), {"pages": [4]})
    happened(segment, EventKind.ARCHIVED, EPOCH + timedelta(hours=5), {"title": "Tea"})
    happened(other, EventKind.TRANSFERRED, EPOCH, {"pages": [9]})
    for hours in (1, 4):
        SegmentVisit.objects.create(segment=segment, visited_at=EPOCH + timedelta(hours=hours))
    SegmentVisit.objects.create(segment=other, visited_at=EPOCH)
    segment = Segment.objects.get(pk=segment.pk)
    with django_assert_num_queries(2):
        history = heat_history(segment, CONF, EPOCH + timedelta(hours=6))
    assert told(history.samples) == [
        ("joined", 4.0),
        ("visited", 5.0),
        ("read", 2.0),
        ("joined", 3.0),
        ("visited", 4.0),
        ("archived", 4.0),
    ]
    assert [sample.happening.change for sample in history.happenings if sample.happening][:2] == [
        Change.ARCHIVED,
        Change.VISITED,
    ]
    assert [sample.at for sample in history.samples] == sorted(sample.at for sample in history.samples)


def test_a_stranger_s_event_about_the_same_key_is_no_event_of_it() -> None:
    segment = SegmentFactory()
    MemoryEventFactory(
        memory=MemoryFactory(),
        kind=EventKind.TRANSFERRED,
        target_type="segment",
        target_id=segment.pk,
        after={"pages": [1]},
    )
    assert heat_history(segment, CONF, timezone.now()).happenings == []


def test_visits_whose_time_nobody_noted_are_where_the_line_begins() -> None:
    segment = SegmentFactory(visits=5, length=0, last_visited_at=EPOCH)
    happened(segment, EventKind.RESTORED, EPOCH, {"title": "Tea"})
    SegmentVisit.objects.create(segment=segment, visited_at=EPOCH + timedelta(hours=1))
    history = heat_history(segment, CONF, EPOCH + timedelta(hours=2))
    assert history.unnoted_visits == 3
    assert told(history.samples) == [("restored", 5.0), ("visited", 6.0)]


def test_a_segment_nothing_is_known_of_has_its_beginning_and_its_now() -> None:
    segment = SegmentFactory(last_visited_at=timezone.now())
    now = segment.created_at + timedelta(seconds=1)
    history = heat_history(segment, CONF, now)
    assert [(sample.at, sample.happening) for sample in history.samples] == [(segment.created_at, None), (now, None)]


def test_a_log_whose_words_are_forgotten_still_counts_its_pages() -> None:
    segment = SegmentFactory(length=2, last_visited_at=EPOCH)
    happened(segment, EventKind.TRANSFERRED, EPOCH, {"pages": [1, 2]})
    happened(segment, EventKind.PROMOTED, EPOCH + timedelta(hours=1), None)
    assert told(heat_history(segment, CONF, EPOCH + timedelta(hours=2)).samples) == [("joined", 3.0), ("read", 3.0)]


def test_what_the_log_does_not_tell_is_a_step_at_the_end() -> None:
    segment = SegmentFactory(length=1, last_visited_at=EPOCH)
    happened(segment, EventKind.TRANSFERRED, EPOCH, {"pages": [1, 2, 3]})
    now = EPOCH + timedelta(hours=1)
    samples = heat_history(segment, CONF, now).samples
    assert [(sample.at, round(sample.heat, 1)) for sample in samples] == [(EPOCH, 4.0), (now, 4.0), (now, 2.0)]


def test_a_long_rest_is_drawn_bent() -> None:
    segment = SegmentFactory(length=2, last_visited_at=EPOCH)
    happened(segment, EventKind.TRANSFERRED, EPOCH, {"pages": [1, 2]})
    samples = heat_history(segment, CONF, EPOCH + timedelta(days=365)).samples
    assert len(samples) == 9
    heats = [sample.heat for sample in samples]
    assert heats == sorted(heats, reverse=True)
    assert heats[0] - heats[1] > heats[-2] - heats[-1]


def test_of_a_very_long_log_the_latest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LATEST", 2)
    segment = SegmentFactory(length=5, last_visited_at=EPOCH)
    for hour in range(5):
        happened(segment, EventKind.TRANSFERRED, EPOCH + timedelta(hours=hour), {"pages": [hour]})
    history = heat_history(segment, CONF, EPOCH + timedelta(hours=5))
    assert told(history.samples) == [("joined", 5.0), ("joined", 6.0)]


def test_a_visit_is_noted_with_its_time_and_only_of_segments_that_are_recalled() -> None:
    memory: Memory = MemoryFactory()
    active = SegmentFactory(memory=memory)
    archived = SegmentFactory(memory=memory, archived_at=EPOCH)
    foreign = SegmentFactory()
    count_visits(memory, [active.pk, archived.pk, foreign.pk], EPOCH)
    assert list(SegmentVisit.objects.values_list("segment", "visited_at")) == [(active.pk, EPOCH)]
