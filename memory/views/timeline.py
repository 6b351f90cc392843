"""The timeline: everything that happened in a memory, newest first, and the model calls that led to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from memory.enums import EventKind, Purpose
from memory.models import Memory, MemoryEvent, ModelCall
from memory.models.event import MemoryEventQuerySet
from memory.views.activity import imported_together, recorded_together
from memory.views.base import DashboardRequest, MemoryView
from memory.views.lines import Line, lines_of
from memory.views.runs import Run, runs_of
from memory.views.timeline_filter import LARGEST_KEY, TimelineForm

LINES = 30
"""Lines on a page."""
OF_ONE_CALL = 100

PURPOSES = {
    Purpose.REPLY: _("To answer in the chat"),
    Purpose.TRANSFER: _("To sort pages by topic, into mid-term memory"),
    Purpose.PROMOTION: _("To read pages for lasting facts"),
    Purpose.MERGE: _("To tell whether facts say the same"),
    Purpose.SUMMARY: _("To sum up what is left after something was forgotten"),
    Purpose.EMBEDDING: _("To make vectors, by which similar texts are found"),
    Purpose.TITLE: _("To find a title for a conversation"),
    Purpose.TEST: _("To test the connection to a model"),
}
"""What calls are for, in plain words."""


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
    """Return the newest lines before an event's key, pages that were recorded in one go as one (not with
    `together=False`).

    A glance at what could be shown makes runs, then the newest event of each is read. Nothing is counted, so that it
    takes the same however long the log is.
    """
    runs, older = runs_of(events, before, LINES, together=together)
    heads = MemoryEvent.objects.filter(pk__in=[run.newest.pk for run in runs]).select_related("user", "model_call")
    lines = lines_of(memory, list(heads.order_by("-pk")), person_id)
    return Stretch(list(_days(_gathered(lines, runs))), older)


def _gathered(lines: Iterable[Line], runs: Iterable[Run]) -> Iterator[Line]:
    of_line = {run.newest.pk: run for run in runs}
    for line in lines:
        run = of_line[line.event_id]
        if run.count == 1:
            yield line
        else:
            text = together_in_words(run)
            yield replace(
                line, text=text, count=run.count, first_id=run.oldest.pk, address=None, is_gone=False, changes=[]
            )


def together_in_words(run: Run) -> str:
    """Say what came in one go, and how much of it."""
    first = run.newest
    if first.kind == EventKind.IMPORTED:
        return imported_together(first.target_type, run.count, shared=first.memory_id is None)
    return recorded_together(str(first.source), run.count)


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
