"""Background jobs: what waits, runs and has failed, in words; to be tried again or taken out of the queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import BigIntegerField, Case, Model, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob

from memory.admin.base import MemoryAdmin
from memory.domain.jobs import LABELS, cancel_waiting, retry_failed
from memory.models import BackgroundJob, Import, Memory

_OTHERS = {
    "chat.title": _("Naming a conversation"),
    "chat.purge_deleted": _("Deleting for good what was deleted"),
    "memory.recover_stalled_jobs": _("Queueing again what was left in the middle"),
    "memory.promote_waiting": _("Looking for pages that wait to be read"),
    "memory.drop_stale_imports": _("Dropping uploads that nobody went on with"),
}
"""Jobs that people never see."""
_STATES = {
    "todo": _("Waiting"),
    "doing": _("Running"),
    "succeeded": _("Done"),
    "failed": _("Failed"),
    "cancelled": _("Cancelled"),
    "aborted": _("Aborted"),
}

# The library's own page speaks of call strings and lets nobody find a memory's jobs.
admin.site.unregister(ProcrastinateJob)


class StatusFilter(admin.SimpleListFilter):
    """How far a job is, in words."""

    title = _("state")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(_STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[BackgroundJob]) -> QuerySet[BackgroundJob]:
        return queryset.filter(status=self.value()) if self.value() in _STATES else queryset


@admin.register(BackgroundJob)
class JobAdmin(MemoryAdmin):
    """The queue. Jobs that have ended well are not kept."""

    list_display = ("id", "task", "state", "attempt", "memory", "scheduled_at", "age")
    list_filter = (StatusFilter, "task_name")
    search_fields = ("=id", "task_name")
    search_help_text = _("A job’s number, or its name in the server’s log.")
    ordering = ("-id",)
    fields = ("task", "task_name", "state", "attempt", "memory", "queue_name", "scheduled_at", "age")
    readonly_fields = fields
    actions = ("retry", "cancel")
    open_lookups = ()
    operators_may = ("view", "change")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BackgroundJob]:
        upload = Import.objects.filter(pk=OuterRef("import_key")).values("memory")[:1]
        memory = Memory.objects.filter(pk=OuterRef("memory_key"))
        events = ProcrastinateEvent.objects.filter(job=OuterRef("pk")).order_by("pk")
        told: QuerySet[BackgroundJob] = (
            super()
            .get_queryset(request)
            .annotate(import_key=_number("import_id"))
            .annotate(memory_key=Coalesce(_number("memory_id"), Subquery(upload), output_field=BigIntegerField()))
            .annotate(
                person=Subquery(memory.values("user__username")[:1]),
                assistant=Subquery(memory.values("assistant__name")[:1]),
                queued_at=Subquery(events.values("at")[:1]),
            )
        )
        return told

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Of the whole list: to retry and to cancel. No single row is edited.
        return obj is None and super().has_change_permission(request)

    @admin.action(description=_("Try the chosen failed jobs again"), permissions=["change"])
    def retry(self, request: HttpRequest, queryset: QuerySet[BackgroundJob]) -> None:
        """Queue failed jobs again."""
        self._each(request, queryset.filter(status="failed"), retry_failed)

    @admin.action(description=_("Cancel the chosen waiting jobs"), permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[BackgroundJob]) -> None:
        """Take waiting jobs out of the queue."""
        self._each(request, queryset.filter(status="todo"), cancel_waiting)

    def _each(
        self, request: HttpRequest, jobs: QuerySet[BackgroundJob], door: Callable[[ProcrastinateJob], bool]
    ) -> None:
        done = sum(door(job) for job in jobs.order_by("id"))
        messages.info(request, ngettext("%d job was changed.", "%d jobs were changed.", done) % done)

    @admin.display(description=_("Task"), ordering="task_name")
    def task(self, obj: BackgroundJob) -> str:
        """Say what it does."""
        return str({**LABELS, **_OTHERS}.get(obj.task_name, obj.task_name))

    @admin.display(description=_("State"), ordering="status")
    def state(self, obj: BackgroundJob) -> str:
        """Say how far it is; a failed one stands out."""
        said = str(_STATES.get(obj.status, obj.status))
        return format_html('<strong class="failed">{}</strong>', said) if obj.status == "failed" else said

    @admin.display(description=_("Attempt"))
    def attempt(self, obj: BackgroundJob) -> int:
        """Count the attempts, this one among them."""
        return int(obj.args.get("attempt", 1))

    @admin.display(description=_("Memory"))
    def memory(self, obj: Any) -> str:
        """Say for whom it works, where it works for somebody."""
        if obj.person is None:
            return ""
        return gettext("%(assistant)s remembering %(person)s") % {"assistant": obj.assistant, "person": obj.person}

    @admin.display(description=_("Age"))
    def age(self, obj: Any) -> str:
        """Say how long ago it was queued."""
        return timesince(obj.queued_at, timezone.now()) if obj.queued_at else ""


def _number(key: str) -> Case:
    """Return what a job was given under a key as a number; nothing where it was given none."""
    return Case(
        When(**{f"args__{key}__isnull": False}, then=Cast(KT(f"args__{key}"), BigIntegerField())),
        default=Value(None),
        output_field=BigIntegerField(),
    )
