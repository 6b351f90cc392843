"""What operators want to know first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import template
from django.contrib.auth.models import User
from django.db.models import QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext

from memory.admin.figures import TOKENS, month_began
from memory.models import Assistant, BackgroundJob, ModelCall, SharedKnowledge

register = template.Library()


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its name, and the list behind it."""

    label: str
    number: int
    address: str
    is_trouble: bool = False


@register.simple_tag
def operators_figures(person: User) -> list[Figure]:
    """Return the figures of the installation that this operator may see; one query each."""
    month = ModelCall.objects.filter(created_at__gte=month_began())
    people, assistants = User.objects.filter(is_active=True), Assistant.objects.active()
    failed = BackgroundJob.objects.filter(status="failed")
    proposed = SharedKnowledge.objects.filter(assistant__isnull=False, status="proposed")
    figures = [
        _counted(person, gettext("Active people"), people, "is_active__exact=1"),
        _counted(person, gettext("Assistants in use"), assistants, "state=in_use"),
        _counted(person, gettext("Failed jobs"), failed, "status=failed", is_trouble=True),
        _counted(person, gettext("Proposals waiting"), proposed, "status__exact=proposed"),
    ]
    if person.has_perm("memory.view_modelcall"):
        tokens = int(month.aggregate(tokens=Sum(TOKENS))["tokens"] or 0)
        since = urlencode({"created_at__gte": month_began().isoformat()})
        figures.append(
            Figure(gettext("Tokens this month"), tokens, f"{reverse('admin:memory_modelcall_changelist')}?{since}")
        )
    return [figure for figure in figures if figure is not None]


def _counted(person: User, label: str, rows: QuerySet[Any], query: str, *, is_trouble: bool = False) -> Figure | None:
    """Count rows where this operator may see their list."""
    app, name = rows.model._meta.app_label, rows.model._meta.model_name
    if not person.has_perm(f"{app}.view_{name}"):
        return None
    number = rows.count()
    return Figure(label, number, f"{reverse(f'admin:{app}_{name}_changelist')}?{query}", is_trouble and number > 0)
