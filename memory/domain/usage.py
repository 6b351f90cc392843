"""Usage: what an assistant cost in a month, by person, purpose and day; what a person cost at all their assistants.

Only numbers: who used how much, never for what words. Months and days are those of UTC, as budgets are. Read only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.db.models.functions import TruncDate

from memory.domain.costs import AMOUNTS, NOTHING, Cost
from memory.domain.months import Month
from memory.enums import Purpose
from memory.models import Assistant, Membership, ModelCall


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls of one month came to: by day and purpose, and in all by purpose."""

    month: Month
    parts: dict[tuple[date, Purpose], Cost]

    @property
    def total(self) -> Cost:
        return together(self.parts.values())

    @property
    def by_day(self) -> dict[date, Cost]:
        """Return what each day cost on which there was any call, oldest first."""
        found: dict[date, Cost] = {}
        for day, purpose in sorted(self.parts):
            found[day] = found.get(day, NOTHING) + self.parts[day, purpose]
        return found

    @property
    def purposes(self) -> list[tuple[Purpose, Cost]]:
        """Return what each purpose cost for which there was any call, in the order of the vocabulary."""
        used = {purpose for _, purpose in self.parts}
        return [
            (purpose, together(cost for (_, what), cost in self.parts.items() if what == purpose))
            for purpose in Purpose
            if purpose in used
        ]


@dataclass(frozen=True, slots=True)
class Share:
    """What one member used, beside their budget."""

    place: Membership
    days: Mapping[date, Cost]

    @property
    def cost(self) -> Cost:
        return together(self.days.values())


@dataclass(frozen=True, slots=True)
class Shares:
    """Who used how much of an assistant: members by name, those who left together, and what was for all."""

    members: tuple[Share, ...]
    former: Cost
    shared: Cost
    """Calls for what all members share, and those of memories that were deleted."""


def usage_of(assistant: Assistant, month: Month, person: User | None = None) -> Usage:
    """Return what an assistant cost in a month, or one of its members alone. One query."""
    calls = _within(ModelCall.objects.filter(assistant=assistant), month)
    if person is not None:
        calls = calls.filter(memory__user=person)
    rows = (
        calls.annotate(day=TruncDate("created_at", tzinfo=UTC))
        .order_by()
        .values_list("day", "purpose")
        .annotate(**AMOUNTS)
    )
    return Usage(month, {(day, Purpose(purpose)): Cost(*amounts) for day, purpose, *amounts in rows})


def shares_of(assistant: Assistant, month: Month) -> Shares:
    """Return who used how much of an assistant in a month. Two queries, however many members."""
    places = list(assistant.memberships.select_related("user").order_by("user__username"))
    calls = _within(ModelCall.objects.filter(assistant=assistant), month)
    rows = calls.annotate(day=TruncDate("created_at", tzinfo=UTC)).order_by().values_list("memory__user", "day")
    costs: dict[int | None, dict[date, Cost]] = {}
    for user, day, *amounts in rows.annotate(**AMOUNTS):
        costs.setdefault(user, {})[day] = Cost(*amounts)
    shared = costs.pop(None, {})
    members = tuple(Share(place, costs.pop(place.user_id, {})) for place in places)
    former = together(cost for days in costs.values() for cost in days.values())
    return Shares(members, former, together(shared.values()))


def usage_everywhere(person: User, month: Month) -> list[tuple[str, Cost]]:
    """Return what a person cost at each assistant that remembers them, by its name. One query."""
    calls = _within(ModelCall.objects.filter(memory__user=person), month)
    rows = calls.order_by("assistant__name", "assistant").values_list("assistant", "assistant__name")
    return [(name, Cost(*amounts)) for _, name, *amounts in rows.annotate(**AMOUNTS)]


def when_reached(days: Mapping[date, Cost], limit: int | None) -> date | None:
    """Return the day on which so many tokens had been used; None while they are not, and for a budget of nothing."""
    used = 0
    for day in sorted(days):
        used += days[day].tokens
        if limit and used >= limit:
            return day
    return None


def together(costs: Iterable[Cost]) -> Cost:
    return sum(costs, NOTHING)


def _within(calls: QuerySet[ModelCall], month: Month) -> QuerySet[ModelCall]:
    return calls.filter(created_at__gte=month.start, created_at__lt=month.end)
