"""The short-term queue; and how warm a segment is, for every page that shows one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse

from memory.conf import MemorySettings
from memory.domain.heat import recency
from memory.domain.transfer import next_batch
from memory.models import Segment
from memory.views.base import DashboardRequest, MemoryView
from memory.views.charts.queue import HEIGHT, WIDTH, queue_of


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
        queue = self.memory.pages.short_term()
        shown = self.slice(queue.defer("embedding"))
        count = shown.paginator.count
        moving = self.moving(count - conf.short_term_capacity)
        context = {
            "pages": shown,
            "rows": [(page, page.pk in moving) for page in shown],
            "count": count,
            "capacity": conf.short_term_capacity,
            "batch": conf.transfer_batch,
            "overflow": max(0, count - conf.short_term_capacity),
            "room": max(0, conf.short_term_capacity - count),
            "places": self.places(list(queue.values_list("pk", "position")), conf.short_term_capacity, moving),
            "queue_width": WIDTH,
            "queue_height": HEIGHT,
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

    def places(self, queue: Sequence[tuple[int, int]], capacity: int, moving: Collection[int]) -> dict[str, Any]:
        """Return the places of the picture, each with key and position of its page, and whether that moves next."""
        drawn = queue_of(len(queue), capacity)
        rows = [
            (place, *queue[place.index], queue[place.index][0] in moving)
            if place.index is not None
            else (place, None, None, False)
            for place in drawn.places
        ]
        return {"rows": rows, "skipped_x": drawn.skipped_x}
