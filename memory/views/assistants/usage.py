"""What an assistant cost in a month, who used how much of it, and the budgets that an owner sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from memory.domain.budgets import set_budget
from memory.domain.costs import Cost
from memory.domain.months import Month
from memory.domain.proposing import name_of
from memory.domain.usage import Share, Usage, shares_of, together, usage_everywhere, usage_of, when_reached
from memory.enums import Purpose, Role
from memory.forms import BudgetForm
from memory.views.assistants.base import AssistantView
from memory.views.base import DashboardRequest
from memory.views.charts.columns import columns_of
from memory.views.costs import PURPOSES


@dataclass(frozen=True, slots=True)
class Bar:
    """A budget beside what was used of it, and its field where the person may set it."""

    name: str
    used: int
    limit: int | None
    reached: date | None
    form: BudgetForm | None
    person: int | None

    @property
    def left(self) -> int:
        return max(0, (self.limit or 0) - self.used)

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.used >= self.limit

    @property
    def key(self) -> str:
        """Name the row in the page."""
        return f"budget-{self.person or 'all'}"


class UsageView(AssistantView):
    """What the page of usage and its part about budgets show."""

    section = "usage"

    def month(self) -> Month:
        """Return the month that `?month=` asks for, never one to come; this one for nonsense."""
        now = Month.at(timezone.now())
        wish = Month.parse(self.request.GET.get("month", ""))
        return wish if wish is not None and Month(2000, 1) <= wish <= now else now

    def address(self) -> str:
        return reverse("assistants:usage", args=[self.assistant.slug])

    def budgets(
        self, whole: Usage, own: Usage, members: tuple[Share, ...], fault: BudgetForm | None = None
    ) -> list[Bar]:
        """Return the budgets that the person may see: the assistant's, and an owner all members', else their own."""
        bars = [self.bar(gettext("All together"), None, self.assistant.monthly_budget, whole.by_day, fault)]
        for share in members or (Share(self.membership, own.by_day),):
            place = share.place
            bars.append(self.bar(name_of(place.user), place.user_id, place.monthly_budget, share.days, fault))
        return bars

    def bar(
        self, name: str, person: int | None, limit: int | None, days: Mapping[date, Cost], fault: BudgetForm | None
    ) -> Bar:
        form = None
        if self.is_owner:
            form = BudgetForm(person, initial={"tokens": limit})
        if fault is not None and fault.person == person:
            form = fault
            form.fields["tokens"].widget.attrs["autofocus"] = True
        return Bar(name, together(days.values()).tokens, limit, when_reached(days, limit), form, person)


class UsagePage(UsageView):
    """A month as a picture and as tables: all of it for an owner; the sum and one's own for everybody else."""

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.page("assistants/usage.html", self.shown())

    def shown(self, fault: BudgetForm | None = None) -> dict[str, Any]:
        """Return what the page shows."""
        month, now = self.month(), Month.at(timezone.now())
        own = usage_of(self.assistant, month, self.person)
        whole = usage_of(self.assistant, month)
        shares = shares_of(self.assistant, month) if self.is_owner else None
        drawn = whole if self.is_owner else own
        context = {
            "month": month,
            "month_name": date_format(month.start.date(), "F Y"),
            "is_now": month == now,
            "previous": month.previous,
            "next": month.next if month < now else None,
            "total": whole.total,
            "own": own.total,
            "drawn": drawn.total,
            "shares": shares,
            "everywhere": usage_everywhere(self.person, month),
            **self.picture(drawn),
        }
        if month == now:
            context["bars"] = self.budgets(whole, own, shares.members if shares else (), fault)
        return context

    def picture(self, usage: Usage) -> dict[str, Any]:
        """Return the columns by day and the table by purpose; without any tokens it is calls that are drawn."""
        unit = "tokens" if usage.total.tokens else "calls"
        amounts = {(day, what.value): int(getattr(cost, unit)) for (day, what), cost in usage.parts.items()}
        purposes = [(purpose, PURPOSES[purpose], cost) for purpose, cost in usage.purposes]
        chart = columns_of(usage.month.days, amounts, [purpose.value for purpose in Purpose])
        by_day = list(usage.by_day.items())[::-1]
        return {"unit": unit, "chart": chart, "purposes": purposes, "by_day": by_day}


class SetBudget(UsagePage):
    """An owner sets the assistant's budget, or a member's."""

    at_least = Role.OWNER
    http_method_names = ["post"]

    def post(self, request: DashboardRequest) -> HttpResponse:
        key = request.POST.get("person", "")
        person = self.member(int(key)) if key.isdecimal() and len(key) < 10 else None
        if key and person is None:
            return self.refuse(404, gettext("This person is not a member (any more)."))
        form = BudgetForm(person.pk if person else None, request.POST)
        if not form.is_valid():
            return self.answer(form, 422)
        set_budget(self.assistant, form.cleaned_data["tokens"], by=self.person, person=person)
        self.assistant.refresh_from_db()
        self.membership.refresh_from_db()
        messages.success(request, gettext("The budget is set."))
        if not request.htmx:
            return redirect(f"{self.address()}#budgets")
        return self.answer(None, 200, focus=f"budget-{person.pk if person else 'all'}")

    def member(self, pk: int) -> User | None:
        place = self.assistant.memberships.select_related("user").filter(user=pk).first()
        return place.user if place else None

    def answer(self, fault: BudgetForm | None, status: int, focus: str = "") -> HttpResponse:
        context = {**self.shown(fault), "focus": focus}
        if self.request.htmx:
            return self.fragment("assistants/_budgets.html", context, status)
        return self.page("assistants/usage.html", context, status)


urlpatterns = [
    path("<slug:assistant>/usage/", UsagePage.as_view(), name="usage"),
    path("<slug:assistant>/usage/budget/", SetBudget.as_view(), name="budget"),
]
