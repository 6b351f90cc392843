"""Pages, chains and segments. What they say is private; it is indexed and embedded, so that little can be changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.admin.base import MEMORY_RELATED, OF_MEMORY, OF_MEMORY_HELP, ReadOnlyAdmin, person_of
from memory.admin.figures import count_of
from memory.admin.privacy import PrivateAdmin
from memory.domain.mending import mend_row
from memory.models import DialogueChain, Page, Posting, Segment, SegmentPosting, SegmentVisit


class MendedAdmin(PrivateAdmin):
    """Rows of which a few fields can be put right."""

    list_select_related = MEMORY_RELATED
    search_fields = OF_MEMORY
    search_help_text = OF_MEMORY_HELP
    ordering = ("-pk",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        mend_row(obj, form.changed_data, by=person_of(request))


@admin.register(Page)
class PageAdmin(MendedAdmin):
    """Pages. Only what nothing else is computed from can be changed."""

    list_display = ("id", "memory", "position", "tier", "source", "occurred_at", "analysed_at", "length", "marks")
    list_filter = (("segment", admin.EmptyFieldListFilter), "source", "disabled", "occurred_at")
    date_hierarchy = "occurred_at"
    fields = (
        "memory", "position", "query", "response", "occurred_at", "recorded_at", "source", "external_id", "metadata",
        "segment", "chain", "keywords", "analysed_at", "disabled", "vector", "length",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name not in ("external_id", "metadata"))
    private = ("query", "response", "keywords", "external_id", "metadata")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if "external_id" in form.base_fields:
            # Blank means "no id": an empty string would be an id, and the next one a duplicate.
            form.base_fields["external_id"].empty_value = None  # type: ignore[attr-defined]  # a CharField
        return form

    @admin.display(description=_("Tier"), ordering="segment")
    def tier(self, obj: Page) -> str:
        """Return where the page is."""
        return gettext("Mid-term") if obj.segment_id else gettext("Short-term")


class PostingsAdmin(PrivateAdmin, ReadOnlyAdmin):
    """The inverted index: its terms are what somebody has said."""

    search_fields = OF_MEMORY
    search_help_text = OF_MEMORY_HELP
    ordering = ("-pk",)
    private = ("term",)


@admin.register(Posting)
class PostingAdmin(PostingsAdmin):
    """The index over pages."""

    list_display = ("id", "memory", "page", "frequency", "length")
    fields = ("memory", "page", "term", "frequency", "query_frequency", "length")
    list_select_related = ("page", *MEMORY_RELATED)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Posting]:
        return super().get_queryset(request).defer("page__embedding")


@admin.register(SegmentPosting)
class SegmentPostingAdmin(PostingsAdmin):
    """The index over segments."""

    list_display = ("id", "memory", "segment", "frequency")
    fields = ("memory", "segment", "term", "frequency")
    list_select_related = ("segment", *MEMORY_RELATED)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SegmentPosting]:
        return super().get_queryset(request).defer("segment__embedding")


@admin.register(DialogueChain)
class DialogueChainAdmin(MendedAdmin):
    """Dialogue chains; the running summary may be mended."""

    list_display = ("id", "memory", "started_at", "last_page_at")
    list_filter = ("started_at",)
    date_hierarchy = "started_at"
    fields = ("memory", "started_at", "last_page_at", "summary")
    readonly_fields = ("memory", "started_at", "last_page_at")
    private = ("summary",)


@admin.register(Segment)
class SegmentAdmin(MendedAdmin):
    """Segments; title and summary may be mended, counters and vectors are the domain's."""

    list_display = (
        "id", "memory", "pages", "visits", "length", "last_visited_at", "promoted_at", "archived_at",
    )  # fmt: skip
    list_filter = (("archived_at", admin.EmptyFieldListFilter), "last_visited_at")
    date_hierarchy = "created_at"
    fields = (
        "memory", "title", "summary", "keywords", "visits", "length", "last_visited_at", "created_at", "promoted_at",
        "analysis_asked_at", "archived_at", "vector",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name not in ("title", "summary"))
    private = ("title", "summary", "keywords")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        counted: QuerySet[Segment] = (
            super().get_queryset(request).annotate(page_count=count_of(Page.objects.all(), "segment"))
        )
        return counted

    @admin.display(description=_("Pages"))
    def pages(self, obj: Any) -> int:
        """Count the pages."""
        return int(obj.page_count)


@admin.register(SegmentVisit)
class SegmentVisitAdmin(ReadOnlyAdmin):
    """When answers recalled segments."""

    list_display = ("visited_at", "segment", "person", "assistant")
    list_select_related = ("segment__memory__assistant", "segment__memory__user")
    search_fields = ("=segment__id", "segment__memory__user__username", "segment__memory__assistant__name")
    search_help_text = OF_MEMORY_HELP
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SegmentVisit]:
        return super().get_queryset(request).defer("segment__embedding")

    @admin.display(description=_("Person"))
    def person(self, obj: SegmentVisit) -> str:
        """Return whose memory it is."""
        return str(obj.segment.memory.user)

    @admin.display(description=_("Assistant"))
    def assistant(self, obj: SegmentVisit) -> str:
        """Return who remembers."""
        return obj.segment.memory.assistant.name
