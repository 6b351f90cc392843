"""Memories: how big they are, what they cost, when they were last used, and the one door to what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.admin.base import DomainAdmin
from memory.admin.figures import calls_of, count_of, tokens_of
from memory.admin.privacy import ask_why, links_to_lists, may_open, open_address, open_until, until_of
from memory.domain.ending import delete_memories
from memory.models import Knowledge, Memory, MemoryEvent, Page, Segment

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class PausedFilter(admin.SimpleListFilter):
    """What a person has paused."""

    title = _("what is paused")
    parameter_name = "paused"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("learning", _("Learning")), ("recall", _("Use in answers"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Memory]) -> QuerySet[Memory]:
        match self.value():
            case "learning":
                return queryset.filter(learning_paused_at__isnull=False)
            case "recall":
                return queryset.filter(recall_paused_at__isnull=False)
        return queryset


@admin.register(Memory)
class MemoriesAdmin(DomainAdmin):
    """What an assistant remembers of a person, in figures. Deleting one deletes all it holds."""

    list_display = ("user", "assistant", "pages", "tokens", "paused", "opening")
    list_display_links = ("user", "assistant")
    list_select_related = ("user", "assistant")
    list_filter = (PausedFilter, "created_at")
    open_lookups = ("user", "assistant")
    search_fields = ("=id", "user__username", "assistant__name", "assistant__slug")
    search_help_text = _("A number, a person or an assistant.")
    ordering = ("-pk",)
    fields = (
        "assistant", "user", "pages", "segments", "facts", "tokens", "calls", "last_activity", "learning_paused_at",
        "recall_paused_at", "created_at", "lists", "opening",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Memory]:
        events = MemoryEvent.objects.filter(memory=OuterRef("pk")).order_by("-pk")
        counted: QuerySet[Memory] = (
            super()
            .get_queryset(request)
            .annotate(
                pages_held=count_of(Page.objects.all(), "memory"),
                segments_held=count_of(Segment.objects.all(), "memory"),
                facts_held=count_of(Knowledge.objects.active(), "memory"),
                tokens_used=tokens_of("memory"),
                calls_made=calls_of("memory"),
                open_until=until_of(request),
                active_at=Subquery(events.values("created_at")[:1]),
            )
        )
        return counted

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        return self.list_display if may_open(request) else self.list_display[:-1]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        return self.fields if may_open(request) else self.fields[:-1]

    def get_urls(self) -> list[URLPattern]:
        asked = self.admin_site.admin_view(self.open_view)
        return [path("<int:pk>/open/", asked, name="memory_memory_open"), *super().get_urls()]

    def open_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why, then open."""
        return ask_why(request, pk, self.admin_site.each_context(request))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_open(request)

    def remove(self, obj: Memory, person: User) -> None:
        delete_memories([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Memory]) -> None:
        delete_memories(queryset)

    def goes_with(self, objs: Iterable[Memory]) -> dict[str, int]:
        return what_memories_hold(Memory.objects.filter(pk__in=[obj.pk for obj in objs]))

    @admin.display(description=_("Pages"))
    def pages(self, obj: Any) -> str:
        """Count the pages, archived ones too."""
        return _linked("page", obj, obj.pages_held)

    @admin.display(description=_("Segments"))
    def segments(self, obj: Any) -> str:
        """Count the segments, archived ones too."""
        return _linked("segment", obj, obj.segments_held)

    @admin.display(description=_("Active facts"))
    def facts(self, obj: Any) -> str:
        """Count the facts in use."""
        return _linked("knowledge", obj, obj.facts_held)

    @admin.display(description=_("Tokens this month"))
    def tokens(self, obj: Any) -> str:
        """Add up what the memory cost."""
        return number_format(obj.tokens_used, force_grouping=True)

    @admin.display(description=_("Calls this month"))
    def calls(self, obj: Any) -> str:
        """Count what models were asked for."""
        return _linked("modelcall", obj, obj.calls_made)

    @admin.display(description=_("Last activity"))
    def last_activity(self, obj: Any) -> str:
        """Return the day on which anything last happened in it."""
        return date_format(localtime(obj.active_at), "DATE_FORMAT") if obj.active_at else ""

    @admin.display(description=_("Paused"))
    def paused(self, obj: Memory) -> str:
        """Say what the person has paused."""
        paused = ((obj.learning_paused_at, gettext("learning")), (obj.recall_paused_at, gettext("use in answers")))
        return ", ".join(what for since, what in paused if since)

    @admin.display(description=_("Lists"))
    def lists(self, obj: Memory) -> str:
        """Link the lists of what it holds."""
        return links_to_lists(obj.pk)

    @admin.display(description=_("What is private"))
    def opening(self, obj: Any) -> str:
        """Link the form that asks why; where it is open already, say until when."""
        if obj.open_until is not None:
            return open_until(obj.open_until)
        return format_html('<a href="{}">{}</a>', open_address(obj), gettext("Open"))


def _linked(model: str, memory: Memory, number: int) -> str:
    """Return a number that leads to the list of what it counts."""
    address = reverse(f"admin:memory_{model}_changelist")
    return format_html(
        '<a href="{}?memory__id__exact={}">{}</a>', address, memory.pk, number_format(number, force_grouping=True)
    )


def what_memories_hold(memories: QuerySet[Memory]) -> dict[str, int]:
    """Count what goes with memories that are deleted."""
    held = {
        gettext("Memories"): memories,
        gettext("Pages"): Page.objects.filter(memory__in=memories),
        gettext("Segments"): Segment.objects.filter(memory__in=memories),
        gettext("Facts about people"): Knowledge.objects.filter(memory__in=memories),
    }
    return {label: rows.count() for label, rows in held.items()}
