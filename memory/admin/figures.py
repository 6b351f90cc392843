"""Counts beside the rows of a list: asked for in the list's own query, and only for the rows that are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from memory.models import ModelCall

TOKENS = Coalesce(F("tokens_in"), 0) + Coalesce(F("tokens_out"), 0)


def month_began(now: datetime | None = None) -> datetime:
    """Return the beginning of the calendar month (UTC), from which tokens are counted."""
    moment = (now or timezone.now()).astimezone(timezone.get_default_timezone())
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def count_of(rows: QuerySet[Any], by: str) -> Coalesce:
    """Count rows whose column `by` is the key of the row that is shown."""
    counted = rows.order_by().filter(**{by: OuterRef("pk")}).values(by).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def tokens_of(by: str) -> Coalesce:
    """Add up the tokens this month of the model calls whose column `by` is the key of the row that is shown."""
    calls = ModelCall.objects.filter(created_at__gte=month_began()).order_by()
    added = calls.filter(**{by: OuterRef("pk")}).values(by).annotate(number=Sum(TOKENS)).values("number")
    return Coalesce(Subquery(added, output_field=IntegerField()), 0)


def calls_of(by: str) -> Coalesce:
    """Count this month's model calls whose column `by` is the key of the row that is shown."""
    return count_of(ModelCall.objects.filter(created_at__gte=month_began()), by)
