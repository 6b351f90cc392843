"""What a memory cost: calls and tokens by day and by purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from memory.domain.costs import DAYS, Cost, Costs, costs_of
from memory.enums import Purpose
from memory.views.base import DashboardRequest, MemoryView
from memory.views.charts.columns import columns_of

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

PURPOSES: dict[Purpose, StrPromise] = {
    Purpose.REPLY: _("Answers in the chat"),
    Purpose.TRANSFER: _("Sorting pages by topic"),
    Purpose.PROMOTION: _("Learning from segments"),
    Purpose.MERGE: _("Comparing new facts with known ones"),
    Purpose.SUMMARY: _("Summing up after forgetting"),
    Purpose.EMBEDDING: _("Finding by meaning"),
    Purpose.TITLE: _("Naming conversations"),
    Purpose.TEST: _("Testing the connection"),
}
"""What calls are for, in words of the dashboard."""


class CostsPage(MemoryView):
    """The last 30 days as a picture and as tables; `?show=calls` draws calls instead of tokens."""

    section = "costs"

    def get(self, request: DashboardRequest) -> HttpResponse:
        costs = costs_of(self.memory, timezone.localdate())
        return self.page("memory/costs.html", self.shown(costs, request.GET.get("show", "")))

    def shown(self, costs: Costs, wish: str) -> dict[str, Any]:
        """Return the picture and the tables; without any tokens it is calls that are drawn."""
        unit = "calls" if wish == "calls" or not costs.total.tokens else "tokens"
        amounts = {key: getattr(cost, unit) for key, cost in costs.parts.items()}
        names = [purpose.value for purpose in Purpose]
        return {
            "unit": unit,
            "days": DAYS,
            "total": costs.total,
            "chart": columns_of(costs.days, {(day, what.value): n for (day, what), n in amounts.items()}, names),
            "purposes": [(purpose, PURPOSES[purpose], costs.of(purpose)) for purpose in costs.purposes],
            "by_day": [(day, cost, self.parts(costs, day)) for day, cost in self.used_days(costs)],
        }

    def used_days(self, costs: Costs) -> list[tuple[Any, Cost]]:
        """Return the days on which there was any call, newest first."""
        return [(day, cost) for day in reversed(costs.days) if (cost := costs.on(day)).calls]

    def parts(self, costs: Costs, day: Any) -> list[tuple[StrPromise, Cost]]:
        """Return what each purpose cost on a day."""
        found = ((purpose, costs.parts.get((day, purpose))) for purpose in costs.purposes)
        return [(PURPOSES[purpose], cost) for purpose, cost in found if cost]
