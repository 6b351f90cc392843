"""Who used how much of an assistant in a month."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pytest_django import DjangoAssertNumQueries

from memory.domain.costs import Cost
from memory.domain.months import Month
from memory.domain.usage import shares_of, usage_everywhere, usage_of, when_reached
from memory.enums import Outcome, Purpose
from memory.models import Membership, Memory, ModelCall
from tests.memory.factories import MemoryFactory, ModelCallFactory

pytestmark = pytest.mark.django_db
MONTH = Month(2026, 3)


def called(memory: Memory | None, at: datetime, tokens: int = 100, **fields: object) -> ModelCall:
    call: ModelCall = ModelCallFactory(memory=memory, tokens_in=tokens, tokens_out=10, **fields)
    ModelCall.objects.filter(pk=call.pk).update(created_at=at)
    return call


def test_a_month_begins_and_ends_at_midnight_in_utc() -> None:
    memory = MemoryFactory()
    called(memory, datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=UTC))
    called(memory, datetime(2026, 3, 1, tzinfo=UTC), 1)
    called(memory, datetime(2026, 3, 31, 23, 59, 59, 999999, tzinfo=UTC), 2)
    called(memory, datetime(2026, 4, 1, tzinfo=UTC))
    usage = usage_of(memory.assistant, MONTH)
    assert usage.parts == {
        (date(2026, 3, 1), Purpose.TRANSFER): Cost(1, 0, 1, 10),
        (date(2026, 3, 31), Purpose.TRANSFER): Cost(1, 0, 2, 10),
    }
    assert usage.total == Cost(2, 0, 3, 20)
    assert list(usage.by_day) == [date(2026, 3, 1), date(2026, 3, 31)]


def test_purposes_are_added_up_and_what_nobody_counted_is_nothing() -> None:
    memory = MemoryFactory()
    at = datetime(2026, 3, 5, tzinfo=UTC)
    called(memory, at, purpose=Purpose.REPLY)
    called(memory, at, purpose=Purpose.REPLY, outcome=Outcome.TIMED_OUT)
    built_in = called(memory, at, purpose=Purpose.PROMOTION)
    ModelCall.objects.filter(pk=built_in.pk).update(tokens_in=None, tokens_out=None)
    assert usage_of(memory.assistant, MONTH).purposes == [
        (Purpose.REPLY, Cost(2, 1, 200, 20)),
        (Purpose.PROMOTION, Cost(1, 0, 0, 0)),
    ]


def test_who_used_how_much_and_who_left_is_summed() -> None:
    memory = MemoryFactory(user__username="ann")
    bob = MemoryFactory(assistant=memory.assistant, user__username="bob")
    left = [MemoryFactory(assistant=memory.assistant), MemoryFactory(assistant=memory.assistant)]
    at = datetime(2026, 3, 5, tzinfo=UTC)
    for number, one in enumerate((memory, bob, *left), start=1):
        called(one, at, 100 * number)
        called(MemoryFactory(user=one.user), at, 7777)
    called(None, at, 5, assistant=memory.assistant)
    Membership.objects.filter(user__in=[one.user for one in left]).delete()
    shares = shares_of(memory.assistant, MONTH)
    assert [(share.place.user.username, share.cost) for share in shares.members] == [
        ("ann", Cost(1, 0, 100, 10)),
        ("bob", Cost(1, 0, 200, 10)),
    ]
    assert (shares.former, shares.shared) == (Cost(2, 0, 700, 20), Cost(1, 0, 5, 10))
    assert usage_of(memory.assistant, MONTH, bob.user).total == Cost(1, 0, 200, 10)


@pytest.mark.parametrize("count", [1, 3])
def test_usage_asks_the_database_equally_often(count: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    memory = MemoryFactory()
    for day in range(1, count + 1):
        called(MemoryFactory(assistant=memory.assistant), datetime(2026, 3, day, tzinfo=UTC))
    with django_assert_num_queries(4):
        usage_of(memory.assistant, MONTH)
        shares_of(memory.assistant, MONTH)
        usage_everywhere(memory.user, MONTH)


def test_a_person_over_all_their_assistants() -> None:
    memory = MemoryFactory(assistant__name="Beta")
    second = MemoryFactory(user=memory.user, assistant__name="Alpha")
    at = datetime(2026, 3, 5, tzinfo=UTC)
    called(memory, at, 1)
    called(second, at, 2)
    called(MemoryFactory(assistant=memory.assistant), at, 99)
    assert usage_everywhere(memory.user, MONTH) == [("Alpha", Cost(1, 0, 2, 10)), ("Beta", Cost(1, 0, 1, 10))]


def test_the_day_on_which_a_budget_was_reached() -> None:
    days = {date(2026, 3, 9): Cost(1, 0, 60, 0), date(2026, 3, 2): Cost(1, 0, 30, 10)}
    assert when_reached(days, 100) == date(2026, 3, 9)
    assert when_reached(days, 40) == date(2026, 3, 2)
    assert (when_reached(days, 101), when_reached(days, None), when_reached(days, 0)) == (None, None, None)
