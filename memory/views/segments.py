"""Mid-term segments: the list, and one of them, which is put away, brought back and analysed here."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Count, F, Max, Q, QuerySet
from django.db.models.functions import Lower
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.domain.analysing import analyse_now
from memory.domain.eviction import archive_segment, restore_segment
from memory.domain.heat_history import History, heat_history
from memory.domain.jobs import worker_alive
from memory.domain.learnings import learnings_of
from memory.domain.recording import whole_text
from memory.domain.segment_search import LONGEST, holding
from memory.exceptions import LearningPaused, SegmentArchived
from memory.models import Memory, Segment
from memory.views.base import DashboardRequest, MemoryView
from memory.views.charts.lines import Line, line_of
from memory.views.tiers import Warmth

SORTS = {
    "heat": (_("Hottest"), ("-heat", "pk")),
    "newest": (_("Newest page"), (F("newest_page").desc(nulls_last=True), "-heat", "pk")),
    "size": (_("Most pages"), ("-page_count", "-heat", "pk")),
    "title": (_("Title"), (Lower("title"), "pk")),
}
"""The ways to sort the list, by their name in the address."""
HAPPENINGS_SHOWN = 30


class SegmentList(MemoryView):
    """The active segments; `?show=archived` lists those that had to make room. `?search=` finds, `?sort=` sorts."""

    section = "segments"

    def get(self, request: DashboardRequest) -> HttpResponse:
        now, conf = timezone.now(), self.memory.conf
        archived = request.GET.get("show") == "archived"
        search = " ".join(whole_text(request.GET.get("search", "")[:LONGEST]).split())
        sort = request.GET.get("sort", "")
        sort = sort if sort in SORTS else "heat"
        segments = self.memory.segments.archived() if archived else self.memory.segments.active()
        hottest = segments.with_heat(now, conf).aggregate(Max("heat"))["heat__max"] or 0.0
        shown = self.slice(self.rows(holding(segments, self.memory, search).with_heat(now, conf), sort))
        context = {
            "segments": shown,
            "rows": [(segment, Warmth.of(segment, now, conf, hottest)) for segment in shown],
            "archived": archived,
            "search": search,
            "sort": sort,
            "sorts": [(name, label) for name, (label, _order) in SORTS.items()],
            "numbers": segment_numbers(self.memory),
            "threshold": conf.heat_threshold,
        }
        return self.page("memory/segments.html", context)

    def rows(self, segments: QuerySet[Any], sort: str) -> QuerySet[Any]:
        """Return segments with the number of their pages and the date of the newest, in an order of SORTS."""
        counted = segments.annotate(page_count=Count("pages"), newest_page=Max("pages__occurred_at"))
        in_order: QuerySet[Any] = counted.defer("embedding").order_by(*SORTS[sort][1])
        return in_order


def segment_numbers(memory: Memory) -> dict[str, int]:
    """Return how many segments are active and archived, and how many fit."""
    counted = memory.segments.aggregate(
        active=Count("pk", filter=Q(archived_at__isnull=True)),
        archived=Count("pk", filter=Q(archived_at__isnull=False)),
    )
    return {**counted, "capacity": memory.conf.mid_term_capacity}


class SegmentView(MemoryView):
    """One segment."""

    section = "segments"

    def segment(self, pk: int) -> Segment:
        """Return the segment of this memory; 404 for any other."""
        return get_object_or_404(self.memory.segments.defer("embedding"), pk=pk)

    def about(self, pk: int) -> dict[str, Any]:
        """Return what its page shows: how it stands, and its pages by dialogue chain."""
        segment = self.segment(pk)
        pages = segment.pages.select_related("chain").defer("embedding").order_by("position")
        return {**self.state(segment), "pages": self.slice(pages)}

    def state(self, segment: Segment) -> dict[str, Any]:
        """Return what changes by itself: its heat, now and until now, and what was learnt from it."""
        now, conf = timezone.now(), self.memory.conf
        segment.memory = self.memory
        history = heat_history(segment, conf, now)
        learnings = learnings_of(segment, self.memory, may_curate=self.may_curate)
        seen = (segment.length, segment.visits, segment.promoted_at, segment.analysis_asked_at, learnings.count)
        return {
            "segment": segment,
            "heat": Warmth.of(segment, now, conf),
            "conf": conf,
            "history": history,
            "happenings": history.happenings[:HAPPENINGS_SHOWN],
            "line": drawn(history, conf.heat_threshold),
            "learnings": learnings,
            "has_worker": not segment.waits_for_analysis or worker_alive(now),
            "digest": hashlib.sha256(repr(seen).encode()).hexdigest()[:16],
        }


def drawn(history: History, threshold: float) -> Line | None:
    """Return the line of a segment's heat."""
    samples = (
        (sample.at, sample.heat, sample.happening.change if sample.happening else "") for sample in history.samples
    )
    return line_of([(at, heat, str(kind)) for at, heat, kind in samples], threshold)


class ShowSegment(SegmentView):
    """A segment's page."""

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        return self.page("memory/segment.html", self.about(pk))


class SegmentState(SegmentView):
    """How a segment stands, asked for while an analysis is waited for; 204 while nothing has changed."""

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        segment = self.segment(pk)
        if not request.htmx:
            return redirect("memory:segment", self.memory.assistant.slug, pk)
        state = self.state(segment)
        if request.GET.get("seen") == state["digest"]:
            return HttpResponse(status=204)
        return self.fragment("memory/_segment_state.html", state)


class AnalyseSegment(SegmentView):
    """Its unread pages are read for lasting facts as soon as a worker is free."""

    http_method_names = ["post"]

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        status = 200
        try:
            segment = analyse_now(self.segment(pk), by=self.person)
        except ObjectDoesNotExist:
            raise Http404 from None
        except (LearningPaused, SegmentArchived) as refusal:
            status, segment = 409, self.segment(pk)
            messages.error(request, str(refusal))
        else:
            messages.success(request, self.said(segment))
        if request.htmx:
            return self.changed(segment, status)
        if status != 200:
            return self.page("memory/segment.html", self.about(pk), status)
        return redirect(f"{reverse('memory:segment', args=[self.memory.assistant.slug, pk])}#learnt")

    def changed(self, segment: Segment, status: int) -> HttpResponse:
        """Draw what was pressed anew: the button in the list, else how the segment stands on its page."""
        if (self.request.htmx.target or "").startswith("analyse-"):
            return self.fragment("memory/_segment_analyse.html", {"segment": segment, "focus": True}, status)
        return self.fragment("memory/_segment_state.html", {**self.state(segment), "focus_state": True}, status)

    def said(self, segment: Segment) -> str:
        """Return what to tell the person."""
        if not segment.length:
            return gettext("All its pages have been read already.")
        return gettext("Its unread pages are read next.")


class MoveSegment(SegmentView):
    """A segment put away or brought back: its page is drawn anew, its row in the list says so."""

    http_method_names = ["post"]

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        segment = self.segment(pk)
        try:
            said = self.move(segment)
        except ObjectDoesNotExist:
            raise Http404 from None
        messages.success(request, said)
        if request.htmx and request.htmx.target == "segment":
            return self.fragment("memory/_segment.html", {**self.about(pk), "focus": True})
        if request.htmx:
            numbers = segment_numbers(self.memory)
            return self.fragment(
                "memory/_moved_segment.html", {"segment": segment, "said": said, "numbers": numbers, "archived": True}
            )
        return redirect(self.back(pk))

    def move(self, segment: Segment) -> str:
        """Move it through the domain; return what to tell the person."""
        raise NotImplementedError

    def back(self, pk: int) -> str:
        """Return the page the person came from: the list of archived ones, else the segment's own, at the button that
        was pressed. A fragment takes the keyboard there without any script, also where htmx has not been loaded yet.
        """
        slug = self.memory.assistant.slug
        if self.request.GET.get("show") == "archived":
            return f"{reverse('memory:segments', args=[slug])}{self.place()['query']}"
        return f"{reverse('memory:segment', args=[slug, pk])}#segment-move"


class ArchiveSegment(MoveSegment):
    """Out of recall, until somebody restores it."""

    def move(self, segment: Segment) -> str:
        archive_segment(segment, by=self.person)
        return gettext("Archived “%(title)s”. The assistant does not look here any more.") % {"title": segment.title}


class RestoreSegment(MoveSegment):
    """Back into recall; when there was no room, the coldest other one is archived."""

    def move(self, segment: Segment) -> str:
        archived = self.memory.segments.archived()
        before = archived.count()
        restore_segment(segment, by=self.person)
        made_room = before and archived.count() >= before and segment.archived_at is not None
        said = gettext("Restored “%(title)s”.") % {"title": segment.title}
        room = gettext("The coldest segment was archived to make room.")
        return f"{said} {room}" if made_room else said
