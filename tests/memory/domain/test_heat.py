import random
from datetime import UTC, datetime, timedelta

import pytest

from memory.conf import MemorySettings
from memory.domain.heat import heat, recency
from memory.models import Segment
from tests.memory.factories import EPOCH, SegmentFactory

CONF = MemorySettings()


def test_recency_is_one_now_and_1_over_e_after_mu() -> None:
    assert recency(EPOCH, EPOCH, 1e7) == 1.0
    assert recency(EPOCH, EPOCH + timedelta(seconds=1e7), 1e7) == pytest.approx(0.36787944)


def test_recency_of_a_clock_that_runs_ahead_is_one() -> None:
    assert recency(EPOCH + timedelta(hours=1), EPOCH, 1e7) == 1.0


def test_heat_is_the_weighted_sum_of_equation_4() -> None:
    conf = MemorySettings(heat_alpha=2, heat_beta=3, heat_gamma=5)
    assert heat(7, 11, EPOCH, EPOCH, conf) == 2 * 7 + 3 * 11 + 5


AGES = [timedelta(), timedelta(days=1), timedelta(days=400), timedelta(days=900_000), -timedelta(days=1)]


@pytest.mark.django_db
@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("conf", [CONF, MemorySettings(heat_alpha=0.5, heat_beta=2.5, heat_gamma=9, heat_decay=3600)])
def test_heat_in_sql_equals_heat_in_python(age: timedelta, conf: MemorySettings) -> None:
    SegmentFactory(visits=3, length=2, last_visited_at=EPOCH)
    now = EPOCH + age
    [row] = Segment.objects.with_heat(now, conf)
    assert row.heat == pytest.approx(heat(3, 2, EPOCH, now, conf), abs=1e-12)


@pytest.mark.django_db
def test_heat_in_sql_equals_heat_in_python_for_any_values() -> None:
    """Random values and the ends of what the columns and the settings hold."""
    dice = random.Random(3)
    counts = [0, 1, 2**31 - 1, *(dice.randrange(1000) for _ in range(30))]
    moments = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), EPOCH]
    moments += [EPOCH + timedelta(seconds=dice.uniform(-1e9, 1e9)) for _ in range(30)]
    weights = [0.0, 1.0, 1e6, *(dice.uniform(0, 10) for _ in range(5))]
    SegmentFactory.create_batch(60)
    segments = list(Segment.objects.all())
    for segment in segments:
        segment.visits, segment.length = dice.choice(counts), dice.choice(counts)
        segment.last_visited_at = dice.choice(moments)
    Segment.objects.bulk_update(segments, ["visits", "length", "last_visited_at"])
    for decay in (1e-6, 1.0, 1e7, 1e12):
        alpha, beta, gamma = (dice.choice(weights) for _ in range(3))
        conf = MemorySettings(heat_alpha=alpha, heat_beta=beta, heat_gamma=gamma, heat_decay=decay)
        now = dice.choice(moments)
        for row in Segment.objects.with_heat(now, conf):
            expected = heat(row.visits, row.length, row.last_visited_at, now, conf)
            assert row.heat == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.django_db
def test_hot_leaves_out_cold_read_and_archived_segments_and_sorts_by_heat() -> None:
    hot = SegmentFactory(visits=4, length=2, last_visited_at=EPOCH)
    hottest = SegmentFactory(memory=hot.memory, visits=0, length=9, last_visited_at=EPOCH)
    SegmentFactory(memory=hot.memory, visits=50, length=0, last_visited_at=EPOCH)
    SegmentFactory(memory=hot.memory, visits=0, length=1, last_visited_at=EPOCH)
    SegmentFactory(memory=hot.memory, visits=9, length=9, last_visited_at=EPOCH, archived_at=EPOCH)
    assert [s.pk for s in hot.memory.segments.hot(EPOCH, CONF)] == [hottest.pk, hot.pk]


@pytest.mark.django_db
def test_heat_falls_below_tau_with_time_alone() -> None:
    """The paper's own code never let heat decay."""
    segment = SegmentFactory(visits=0, length=5, last_visited_at=EPOCH)
    conf = MemorySettings(heat_threshold=5.5)
    assert segment.memory.segments.hot(EPOCH, conf).exists()
    assert not segment.memory.segments.hot(EPOCH + timedelta(days=365), conf).exists()
