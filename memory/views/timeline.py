"""The timeline: everything that happened in a memory, newest first, and the model calls that led to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KT
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from memory.enums import EventKind, Purpose, Source
from memory.models import Memory, MemoryEvent, ModelCall
from memory.models.event import MemoryEventQuerySet
from memory.views.activity import recorded_together
from memory.views.base import DashboardRequest, MemoryView
from memory.views.lines import Line, lines_of
from memory.views.timeline_filter import LARGEST_KEY, TimelineForm

LINES = 50
"""Lines on a page."""
WINDOW = 1000
"""Events that are looked at for one page: a longer run of pages recorded in one go is cut into several lines."""
GO = timedelta(minutes=1)
"""Pages recorded closer together than this came in one go."""
OF_ONE_CALL = 100

PURPOSES = {
    Purpose.REPLY: _("To answer in the chat"),
    Purpose.TRANSFER: _("To sort pages by topic, into mid-term memory"),
    Purpose.PROMOTION: _("To read pages for lasting facts"),
    Purpose.MERGE: _("To tell whether facts say the same"),
    Purpose.SUMMARY: _("To sum up what is left after something was forgotten"),
    Purpose.EMBEDDING: _("To make vectors, by which similar texts are found"),
    Purpose.TITLE: _("To find a title for a conversation"),
}
"""What calls are for, in plain words."""


class Glance(NamedTuple):
    """What it takes to tell whether two events belong together."""

    pk: int
    kind: str
    source: str | None
    user_id: int | None
    job_id: int | None
    created_at: datetime

    def belongs_with(self, newer: Glance) -> bool:
        """Whether both are pages that came in by one import, or the like; what was said in the chat stands alone."""
        if self.kind != EventKind.RECORDED or self.source in (None, Source.CHAT):
            return False
        same = (newer.kind, newer.source, newer.user_id, newer.job_id)
        return same == (self.kind, self.source, self.user_id, self.job_id) and newer.created_at - self.created_at < GO


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day, newest first."""

    at: datetime
    lines: list[Line]

    @property
    def date(self) -> date:
        return localtime(self.at).date()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A page of the timeline; `older` is the event before which the next page begins, None at the log's beginning."""

    days: list[Day]
    older: int | None

    @property
    def count(self) -> int:
        """How many lines it has."""
        return sum(len(day.lines) for day in self.days)


def stretch_of(
    memory: Memory, events: MemoryEventQuerySet, person_id: int, *, before: int, together: bool = True
) -> Stretch:
    """Return the newest lines before an event's key.

    Two steps, each a query: a glance at what could be shown groups pages that were recorded in one go (not with
    `together=False`), then the first event of each line is read. Nothing is counted, so that it takes the same however
    long the log is.
    """
    glances = _glances(events.filter(pk__lt=before))
    groups: list[list[Glance]] = []
    for glance in glances[:WINDOW]:
        if together and groups and glance.belongs_with(groups[-1][-1]):
            groups[-1].append(glance)
        elif len(groups) == LINES:
            break
        else:
            groups.append([glance])
    seen = sum(len(group) for group in groups)
    older = groups[-1][-1].pk if groups and seen < len(glances) else None
    heads = MemoryEvent.objects.filter(pk__in=[group[0].pk for group in groups]).select_related("user", "model_call")
    lines = lines_of(memory, list(heads.order_by("-pk")), person_id)
    return Stretch(list(_days(_gathered(lines, groups))), older)


def _glances(events: MemoryEventQuerySet) -> list[Glance]:
    rows = events.order_by("-pk").annotate(source=KT("after__source"))
    return [Glance(*row) for row in rows.values_list(*Glance._fields)[: WINDOW + 1]]


def _gathered(lines: Iterable[Line], groups: Iterable[list[Glance]]) -> Iterator[Line]:
    sizes = {group[0].pk: group for group in groups}
    for line in lines:
        group = sizes[line.event_id]
        if len(group) == 1:
            yield line
        else:
            text = recorded_together(str(group[0].source), len(group))
            yield replace(line, text=text, count=len(group), first_id=group[-1].pk, address=None, is_gone=False)


def _days(lines: Iterable[Line]) -> Iterator[Day]:
    day: Day | None = None
    for line in lines:
        if day is None or localtime(line.at).date() != day.date:
            if day is not None:
                yield day
            day = Day(line.at, [])
        day.lines.append(line)
    if day is not None:
        yield day


class Timeline(MemoryView):
    """The activity log of the memory; for those who curate the assistant also that of what its members share."""

    section = "timeline"

    def get(self, request: DashboardRequest) -> HttpResponse:
        form = TimelineForm(request.GET)
        events = MemoryEvent.objects.visible(self.memory, shared=self.may_curate)
        context: dict[str, Any] = {"form": form, "stretch": Stretch([], None), "wish": {}}
        if form.is_valid():
            wish = form.cleaned_data
            together = not wish["run"]
            before = self.before()
            found = stretch_of(self.memory, form.narrow(events), self.person.pk, before=before, together=together)
            context |= {"stretch": found, "wish": wish, "is_later": before <= LARGEST_KEY - 1}
        status = 200 if form.is_valid() else 422
        if request.htmx and not request.htmx.history_restore_request:
            return self.fragment("memory/_timeline.html", context, status)
        return self.page("memory/timeline.html", context, status)

    def before(self) -> int:
        """Return the event that the page ends before; nonsense means the newest page."""
        key = self.request.GET.get("before", "")
        return int(key) if key.isascii() and key.isdecimal() and len(key) < 19 and int(key) else LARGEST_KEY


class ShowCall(MemoryView):
    """A model call: what for, what it cost, how it ended, and what it led to."""

    section = "timeline"

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        call = get_object_or_404(self.calls(), pk=pk)
        events = MemoryEvent.objects.visible(self.memory, shared=self.may_curate).filter(model_call=call)
        led_to = list(events.select_related("user", "model_call").order_by("-pk")[: OF_ONE_CALL + 1])
        lines = lines_of(self.memory, led_to[:OF_ONE_CALL], self.person.pk)
        job = next((event.job_id for event in led_to if event.job_id), None)
        context = {
            "call": call,
            "purpose": PURPOSES[Purpose(call.purpose)],
            "lines": lines,
            "job": job,
            "has_more": len(led_to) > OF_ONE_CALL,
        }
        return self.page("memory/call.html", context)

    def calls(self) -> QuerySet[ModelCall]:
        """Return the calls of this memory; for those who curate also those that changed what the assistant's members
        share, whoever's memory they read.
        """
        mine = Q(memory=self.memory)
        if self.may_curate:
            shared = MemoryEvent.objects.filter(memory__isnull=True, assistant=self.memory.assistant_id)
            mine |= Q(pk__in=shared.filter(model_call__isnull=False).values("model_call"))
        return ModelCall.objects.filter(mine)
