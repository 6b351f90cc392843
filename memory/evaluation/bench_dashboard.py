"""How long the dashboard's pages take on a large memory: each is loaded by turns, in this process, by Django's client.

The network and the server in front are left out: what is measured is what a page costs in queries and rendering.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

import numpy as np
from django.core.management import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from memory.domain.ledger import note_call
from memory.embedding import get_embedder
from memory.enums import EventKind, Outcome, Purpose
from memory.evaluation.bench_build import build
from memory.evaluation.bench_plan import ROOM_FOR_SEGMENTS, Shape
from memory.llm.base import Usage
from memory.models import Memory, ModelCall

GOAL_MS = 150.0
WARM_UP = 2
CALLS = 2000
"""In the ledger, over the last thirty days."""
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: the memory's pages and segments, and how often each page of the dashboard is loaded."""

    pages: int = 10_000
    segments: int = 1_000
    loads: int = 40

    @property
    def shape(self) -> Shape:
        """Segments as asked for, all of them active."""
        return Shape(max(self.pages // self.segments, 1), round(self.segments / ROOM_FOR_SEGMENTS) + 1)


@dataclass(frozen=True, slots=True)
class View:
    """One page of the dashboard: milliseconds, and the size of what is sent."""

    p50: float
    p95: float
    kilobytes: float

    @property
    def is_met(self) -> bool:
        return self.p95 <= GOAL_MS


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run found: how much the memory holds, and each view by its name."""

    held: Mapping[str, int]
    views: Mapping[str, View]

    def as_json(self) -> dict[str, object]:
        """Return what `json.dumps` takes."""
        return asdict(self)


def run(plan: Plan, progress: Progress) -> Figures:
    """Build the memory in the default database, which must be empty, and measure.

    Raises ModelError when the embedder fails and CommandError when a page is not answered with 200.
    """
    built = build([plan.pages], 0, 1, 5, get_embedder(), timezone.now(), progress, plan.shape)
    memory = built[plan.pages].memory
    _note_calls(memory)
    client = Client(SERVER_NAME="localhost")
    client.force_login(memory.user)
    addresses = addresses_of(memory)
    times: dict[str, list[float]] = defaultdict(list)
    sizes: dict[str, int] = {}
    for turn in range(WARM_UP + plan.loads):
        if turn % 10 == 0:
            progress(f"Round {turn} of {WARM_UP + plan.loads}")
        for name, address in addresses.items():
            began = time.perf_counter()
            answer = client.get(address)
            elapsed = (time.perf_counter() - began) * 1000
            if answer.status_code != 200:
                raise CommandError(f"{address} was answered with {answer.status_code}.")
            if turn >= WARM_UP:
                times[name].append(elapsed)
                sizes[name] = len(answer.content)
    return Figures(_held(memory), {name: _view(times[name], sizes[name]) for name in addresses})


def addresses_of(memory: Memory) -> dict[str, str]:
    """Return the dashboard's lists and pages by what they are called in the table."""
    slug = memory.assistant.slug
    largest = memory.segments.order_by("-term_count").values_list("pk", flat=True)[0]
    page = memory.pages.mid_term().order_by("position").values_list("pk", flat=True)[memory.page_count // 2]
    lists = {name: reverse(f"memory:{name}", args=[slug]) for name in LISTS}
    return {
        **{f"{name}{query}": lists[name] + query for name, queries in LISTS.items() for query in ("", *queries)},
        "segment": reverse("memory:segment", args=[slug, largest]),
        "page": reverse("memory:page", args=[slug, page]),
    }


LISTS: Mapping[str, tuple[str, ...]] = {
    "overview": (),
    "timeline": ("?kind=moved", "?who=job", "?since=2020-01-01&until=2020-01-31", "?before=5000"),
    "try": ("?q=What+was+new+in+topic+7%3F",),
    "costs": (),
    "short-term": (),
    "segments": ("?page=40", "?sort=title", "?search=topic", "?show=archived"),
    "profile": (),
    "traits": ("?show=known",),
    "knowledge": ("?q=fact+7", "?status=archived", "?pinned=yes"),
    "assistant-knowledge": (),
    "export": (),
}
"""Names of addresses, each with further queries to measure."""


def _note_calls(memory: Memory) -> None:
    """Fill the ledger as a month of use does."""
    purposes = list(Purpose)
    calls = [
        note_call(
            memory,
            purpose=purposes[number % len(purposes)],
            model="benchmark",
            usage=Usage(1000, 100),
            duration_ms=500,
            outcome=Outcome.OK,
        ).pk
        for number in range(CALLS)
    ]
    now = timezone.now()
    for number, pk in enumerate(calls):
        ModelCall.objects.filter(pk=pk).update(created_at=now - timedelta(days=number * 30 / CALLS))


def _held(memory: Memory) -> dict[str, int]:
    return {
        "pages": memory.pages.count(),
        "segments": memory.segments.count(),
        "events": memory.events.count(),
        "transfers and promotions": memory.events.exclude(kind=EventKind.RECORDED).count(),
        "facts": memory.knowledge.count(),
        "model calls": memory.model_calls.count(),
    }


def _view(times: list[float], size: int) -> View:
    p50, p95 = (round(float(value), 1) for value in np.percentile(times, (50, 95)))
    return View(p50, p95, round(size / 1024, 1))


def table(figures: Figures) -> str:
    """Return the figures as people read them."""
    held = ", ".join(f"{count:,} {name}" for name, count in figures.held.items())
    lines = [f"A memory of {held}.", "", f"{'view':<44}{'p50':>10}{'p95':>10}{'size':>10}   at most {GOAL_MS:g} ms"]
    for name, view in figures.views.items():
        verdict = "met" if view.is_met else "MISSED"
        lines.append(f"{name:<44}{view.p50:>7.1f} ms{view.p95:>7.1f} ms{view.kilobytes:>7.0f} kB   {verdict}")
    return "\n".join(lines)
