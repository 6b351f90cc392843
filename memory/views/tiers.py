"""Short-term pages, mid-term segments, and single pages; a segment is put away and brought back here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from memory.conf import MemorySettings
from memory.domain.disabling import disable_page, enable_page
from memory.domain.eviction import archive_segment, restore_segment
from memory.domain.heat import recency
from memory.domain.transfer import next_batch
from memory.enums import KnowledgeStatus
from memory.models import Knowledge, Memory, Page, Segment
from memory.views.base import DashboardRequest, MemoryView


@dataclass(frozen=True, slots=True)
class Warmth:
    """A segment's heat in its three parts (Eq. 4), and how far a bar has to reach."""

    visits: float
    pages: float
    recency: float
    threshold: float
    scale: float

    @classmethod
    def of(cls, segment: Segment, now: datetime, conf: MemorySettings, hottest: float = 0.0) -> Warmth:
        """Return the parts; the bar's full length is the hottest segment's heat, and never just tau."""
        parts = (
            conf.heat_alpha * segment.visits,
            conf.heat_beta * segment.length,
            conf.heat_gamma * recency(segment.last_visited_at, now, conf.heat_decay),
        )
        scale = max(hottest, sum(parts), conf.heat_threshold * 1.25, 1e-9)
        return cls(*parts, threshold=conf.heat_threshold, scale=scale)

    @property
    def total(self) -> float:
        return self.visits + self.pages + self.recency


class ShortTerm(MemoryView):
    """The queue of the newest pages, oldest first, and what of it moves next."""

    section = "short-term"

    def get(self, request: DashboardRequest) -> HttpResponse:
        conf = self.memory.conf
        queue = self.memory.pages.short_term().defer("embedding")
        shown = self.slice(queue)
        count = shown.paginator.count
        overflow = count - conf.short_term_capacity
        moving = self.moving(overflow)
        context = {
            "pages": shown,
            "rows": [(page, page.pk in moving) for page in shown],
            "count": count,
            "capacity": conf.short_term_capacity,
            "batch": conf.transfer_batch,
            "overflow": max(0, overflow),
            "room": max(0, -overflow),
        }
        return self.page("memory/short_term.html", context)

    def moving(self, overflow: int) -> set[int]:
        """Return the pages that move now or, when the queue is just full, with the next page; else none."""
        if overflow > 0:
            return {page.pk for page in next_batch(self.memory)}
        if overflow < 0:
            return set()
        queue = self.memory.pages.short_term()
        return set(queue.values_list("pk", flat=True)[: self.memory.conf.transfer_batch])


class SegmentList(MemoryView):
    """The segments by heat; `?show=archived` lists those that had to make room."""

    section = "segments"

    def get(self, request: DashboardRequest) -> HttpResponse:
        now, conf = timezone.now(), self.memory.conf
        archived = request.GET.get("show") == "archived"
        segments = self.memory.segments.archived() if archived else self.memory.segments.active()
        warm = segments.with_heat(now, conf)
        hottest = warm.aggregate(Max("heat"))["heat__max"] or 0.0
        shown = self.slice(warm.annotate(page_count=Count("pages")).defer("embedding").order_by("-heat", "pk"))
        context = {
            "segments": shown,
            "rows": [(segment, Warmth.of(segment, now, conf, hottest)) for segment in shown],
            "archived": archived,
            "numbers": segment_numbers(self.memory),
            "threshold": conf.heat_threshold,
        }
        return self.page("memory/segments.html", context)


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

    def about(self, pk: int) -> dict[str, Any]:
        """Return what its page shows: its heat explained, and its pages by dialogue chain."""
        conf = self.memory.conf
        segment = get_object_or_404(self.memory.segments.defer("embedding"), pk=pk)
        pages = segment.pages.select_related("chain").defer("embedding").order_by("position")
        return {
            "segment": segment,
            "heat": Warmth.of(segment, timezone.now(), conf),
            "conf": conf,
            "pages": self.slice(pages),
        }


class ShowSegment(SegmentView):
    """A segment's page."""

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        return self.page("memory/segment.html", self.about(pk))


class MoveSegment(SegmentView):
    """A segment put away or brought back: its page is drawn anew, its row in the list says so."""

    http_method_names = ["post"]

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        segment = get_object_or_404(self.memory.segments.defer("embedding"), pk=pk)
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


class ShowPage(MemoryView):
    """A page: its words, where it stands, and what was learnt from it."""

    section = "pages"

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        pages = self.memory.pages.defer("embedding")
        page = get_object_or_404(pages.select_related("segment", "chain"), pk=pk)
        context = {
            "page": page,
            "previous": pages.filter(position__lt=page.position).order_by("-position").first(),
            "next": pages.filter(position__gt=page.position).order_by("position").first(),
            "profile": page.profile_attributes.filter(memory=self.memory),
            "traits": page.traits.filter(memory=self.memory),
            "facts": self.facts(page, Knowledge.objects.about_user(self.memory)),
            "assistant_facts": self.facts(page, Knowledge.objects.about_assistant(self.memory.assistant)),
        }
        return self.page("memory/page.html", context)

    def facts(self, page: Page, knowledge: QuerySet[Knowledge]) -> QuerySet[Knowledge]:
        """Return what rests on the page of `knowledge`; proposals are for those who may decide on them."""
        hidden = () if self.may_curate else (KnowledgeStatus.PROPOSED,)
        return knowledge.filter(sources=page).exclude(status__in=hidden).defer("embedding").order_by("pk")


class SwitchPage(MemoryView):
    """A page used or not; the button is drawn anew, wherever it stands."""

    http_method_names = ["post"]
    turn: ClassVar[Callable[..., Page]]

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        page = get_object_or_404(self.memory.pages.defer("embedding"), pk=pk)
        try:
            fresh = type(self).turn(page, by=self.person)
        except ObjectDoesNotExist:
            raise Http404 from None
        if request.htmx:
            return self.fragment("memory/_page_use.html", {"page": fresh, "focus": True})
        return redirect(f"{reverse('memory:page', args=[self.memory.assistant.slug, pk])}#page-use")


class DisablePage(SwitchPage):
    """Kept, and not used."""

    turn = staticmethod(disable_page)


class EnablePage(SwitchPage):
    """Used again."""

    turn = staticmethod(enable_page)
