"""Costs: what a memory's calls to models came to, by day and by purpose. Read only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils.timezone import make_aware

from memory.enums import Outcome, Purpose
from memory.models import Memory, ModelCall

DAYS = 30
_UNHURT = (Outcome.OK, Outcome.STOPPED)
"""How a call ends that did what it was for, or that a person has ended."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Calls, those of them that failed, and tokens, as far as the model's server counted them."""

    calls: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.calls + other.calls,
            self.failed + other.failed,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
        )


NOTHING = Cost()


@dataclass(frozen=True, slots=True)
class Costs:
    """What each purpose cost on each of the `days`, oldest day first."""

    days: tuple[date, ...]
    parts: dict[tuple[date, Purpose], Cost]

    def on(self, day: date) -> Cost:
        return _sum(cost for (at, _), cost in self.parts.items() if at == day)

    def of(self, purpose: Purpose) -> Cost:
        return _sum(cost for (_, what), cost in self.parts.items() if what == purpose)

    @property
    def total(self) -> Cost:
        return _sum(self.parts.values())

    @property
    def purposes(self) -> list[Purpose]:
        """The purposes for which there was any call, in the order of the vocabulary."""
        used = {purpose for _, purpose in self.parts}
        return [purpose for purpose in Purpose if purpose in used]


def costs_of(memory: Memory, today: date) -> Costs:
    """Return what a memory cost in the last DAYS days, today among them; days are those of the active time zone.

    One query. Calls for what all members of the assistant share are no memory's.
    """
    days = tuple(today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1))
    rows = (
        memory.model_calls.annotate(day=TruncDate("created_at"))
        .filter(created_at__gte=_midnight(days[0]), created_at__lt=_midnight(today + timedelta(days=1)))
        .order_by()
        .values_list("day", "purpose")
        .annotate(**AMOUNTS)
    )
    return Costs(days, {(day, Purpose(purpose)): Cost(*amounts) for day, purpose, *amounts in rows})


def total_since(memory: Memory, since: datetime) -> Cost:
    """Return what a memory cost since a moment. One query."""
    return Cost(**ModelCall.objects.filter(memory=memory, created_at__gte=since).aggregate(**AMOUNTS))


AMOUNTS = {
    "calls": Count("pk"),
    "failed": Count("pk", filter=~Q(outcome__in=_UNHURT)),
    "tokens_in": Coalesce(Sum("tokens_in"), 0),
    "tokens_out": Coalesce(Sum("tokens_out"), 0),
}


def _midnight(day: date) -> datetime:
    return make_aware(datetime.combine(day, time.min))


def _sum(costs: Iterable[Cost]) -> Cost:
    return sum(costs, NOTHING)
