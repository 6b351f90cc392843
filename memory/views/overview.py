"""The overview: three tiers, background jobs and what happened lately."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.generic import View

from memory.domain.assistants import current_memory
from memory.domain.connections import source_of
from memory.domain.costs import total_since
from memory.domain.jobs import job_state, retry_job
from memory.domain.traits import DIMENSIONS
from memory.exceptions import JobNotFound
from memory.views.activity import recent_activity
from memory.views.base import DashboardRequest, MemoryView
from memory.views.budget_stop import budget_stop
from memory.views.tiers_picture import Numbers, contents_of, pictures_of

LATELY = timedelta(days=30)
"""How far back the overview adds up what the memory cost."""


class Home(LoginRequiredMixin, View):
    """`/memory/`: on to the person's first assistant."""

    def get(self, request: HttpRequest) -> HttpResponse:
        assert isinstance(request.user, User)
        return redirect("memory:overview", current_memory(request.user, None).assistant.slug)


class OverviewView(MemoryView):
    """What the overview and its live part show."""

    section = "overview"

    def live(self) -> dict[str, Any]:
        """Return everything that changes by itself, with a `digest` that is the same while nothing has changed."""
        now, conf = timezone.now(), self.memory.conf
        numbers = Numbers.of(self.memory)
        jobs = job_state(self.memory)
        activity = recent_activity(self.memory, self.person.pk, shared=self.may_curate)
        contents = contents_of(self.memory, numbers, now, conf)
        costs = total_since(self.memory, now - LATELY)
        stop = budget_stop(self.memory, self.membership)
        waits = stop is not None and self.memory.budget_stopped_at is not None
        state = (
            numbers,
            jobs,
            waits,
            [line.event_id for line in activity],
            [warm.segment_id for warm in contents.segments],
        )
        return {
            "numbers": numbers,
            "conf": conf,
            "dimensions": len(DIMENSIONS),
            "jobs": jobs,
            "stop": stop,
            "waits_for_budget": waits,
            "busy": bool(jobs.queued or jobs.running),
            "activity": activity,
            "pictures": pictures_of(contents),
            "costs": costs,
            "digest": hashlib.sha256(repr((state, costs)).encode()).hexdigest()[:16],
        }


class Overview(OverviewView):
    """The whole page."""

    def get(self, request: DashboardRequest) -> HttpResponse:
        source = source_of(self.memory.assistant)
        model = {"model_connected": source.connected, "model_name": source.model}
        return self.page("memory/overview.html", {**self.live(), **model})


class Live(OverviewView):
    """The live part, asked for every few seconds; 204 while nothing has changed, so that nothing is disturbed."""

    def get(self, request: DashboardRequest) -> HttpResponse:
        if not request.htmx:
            return redirect("memory:overview", self.memory.assistant.slug)
        live = self.live()
        if request.GET.get("seen") == live["digest"]:
            return HttpResponse(status=204)
        return self.fragment("memory/_live.html", {**live, "oob": True})


class RetryJob(OverviewView):
    """A failed job again."""

    http_method_names = ["post"]

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        status, gone = 200, gettext("That job is not among the failed ones (any more).")
        try:
            retry_job(self.memory, pk)
            messages.success(request, gettext("The job runs again."))
        except JobNotFound:
            status = 404
            messages.error(request, gone)
        if request.htmx:
            return self.fragment("memory/_live.html", {**self.live(), "oob": True}, status)
        if status == 404:
            return self.refuse(404, gone)
        return redirect("memory:overview", self.memory.assistant.slug)
