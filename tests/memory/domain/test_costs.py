"""What a memory cost, by day and by purpose."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from memory.domain.costs import DAYS, NOTHING, Cost, costs_of, total_since
from memory.enums import Outcome, Purpose
from memory.models import Memory, ModelCall
from tests.memory.factories import MemoryFactory, ModelCallFactory

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 31)


def call(memory: Memory, day: date, purpose: Purpose = Purpose.TRANSFER, hour: int = 12, **fields: object) -> None:
    made = ModelCallFactory(memory=memory, purpose=purpose, **fields)
    at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    ModelCall.objects.filter(pk=made.pk).update(created_at=at)


def test_calls_are_added_up_by_day_and_purpose(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    memory = MemoryFactory()
    call(memory, TODAY, tokens_in=10, tokens_out=1)
    call(memory, TODAY, tokens_in=20, tokens_out=2)
    call(memory, TODAY, Purpose.EMBEDDING, tokens_in=5, tokens_out=None)
    call(memory, TODAY - timedelta(days=2), outcome=Outcome.TIMED_OUT, tokens_in=None, tokens_out=None)
    call(memory, TODAY - timedelta(days=2), outcome=Outcome.STOPPED, tokens_in=1, tokens_out=1)
    call(MemoryFactory(assistant=memory.assistant), TODAY)
    with django_assert_num_queries(1):
        costs = costs_of(memory, TODAY)
    assert costs.parts == {
        (TODAY, Purpose.TRANSFER): Cost(2, 0, 30, 3),
        (TODAY, Purpose.EMBEDDING): Cost(1, 0, 5, 0),
        (TODAY - timedelta(days=2), Purpose.TRANSFER): Cost(2, 1, 1, 1),
    }
    assert costs.on(TODAY) == Cost(3, 0, 35, 3)
    assert costs.of(Purpose.TRANSFER) == Cost(4, 1, 31, 4)
    assert (costs.total, costs.total.tokens) == (Cost(5, 1, 36, 4), 40)
    assert costs.purposes == [Purpose.TRANSFER, Purpose.EMBEDDING]


def test_thirty_days_to_their_edges() -> None:
    memory = MemoryFactory()
    first = TODAY - timedelta(days=DAYS - 1)
    call(memory, first, hour=0)
    call(memory, TODAY, hour=23)
    call(memory, first - timedelta(days=1), hour=23)
    call(memory, TODAY + timedelta(days=1), hour=0)
    costs = costs_of(memory, TODAY)
    assert (len(costs.days), costs.days[0], costs.days[-1]) == (30, first, TODAY)
    assert {day for day, _ in costs.parts} == {first, TODAY}


def test_days_are_those_of_the_reader() -> None:
    memory = MemoryFactory()
    call(memory, TODAY, hour=23)
    with timezone.override("Asia/Jakarta"):
        assert {day for day, _ in costs_of(memory, TODAY + timedelta(days=1)).parts} == {TODAY + timedelta(days=1)}
        assert costs_of(memory, TODAY).parts == {}


def test_a_memory_that_cost_nothing_adds_up_to_nothing() -> None:
    memory = MemoryFactory()
    assert costs_of(memory, TODAY).total == NOTHING
    assert total_since(memory, timezone.now()) == NOTHING
    call(memory, timezone.now().date(), tokens_in=3, tokens_out=None, outcome=Outcome.EMPTY)
    assert total_since(memory, timezone.now() - timedelta(days=2)) == Cost(1, 1, 3, 0)
