"""Pages, chains and segments. Their words are indexed and embedded, so they are read here, not rewritten."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.admin.base import MEMORY_RELATED, MemoryAdmin, ReadOnlyAdmin
from memory.models import DialogueChain, Page, Posting, Segment, SegmentPosting, SegmentVisit


@admin.register(Page)
class PageAdmin(MemoryAdmin):
    """Pages. Only what nothing else is computed from can be changed."""

    list_display = ("position", "excerpt", "memory", "tier", "source", "occurred_at", "analysed_at")
    list_display_links = ("position", "excerpt")
    list_filter = (("segment", admin.EmptyFieldListFilter), "source", "occurred_at")
    list_select_related = MEMORY_RELATED
    search_fields = ("query", "response", "external_id", "memory__user__username")
    search_help_text = _("Words of the page, its external id, or the person's name.")
    date_hierarchy = "occurred_at"
    ordering = ("-pk",)
    fields = (
        "memory", "position", "query", "response", "occurred_at", "recorded_at", "source", "external_id", "metadata",
        "segment", "chain", "keywords", "analysed_at", "vector", "length",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name not in ("external_id", "metadata"))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if "external_id" in form.base_fields:
            # Blank means "no id": an empty string would be an id, and the next one a duplicate.
            form.base_fields["external_id"].empty_value = None  # type: ignore[attr-defined]  # a CharField
        return form

    @admin.display(description=_("Said"))
    def excerpt(self, obj: Page) -> str:
        """Return the beginning of what was said."""
        return (obj.query or obj.response)[:80]

    @admin.display(description=_("Tier"), ordering="segment")
    def tier(self, obj: Page) -> str:
        """Return where the page is."""
        return gettext("Mid-term") if obj.segment_id else gettext("Short-term")


@admin.register(Posting)
class PostingAdmin(ReadOnlyAdmin):
    """The inverted index."""

    list_display = ("term", "frequency", "page", "memory")
    list_select_related = ("page", *MEMORY_RELATED)
    search_fields = ("=term",)
    search_help_text = _("A whole index term (a word's stem).")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Posting]:
        return super().get_queryset(request).defer("page__embedding")


@admin.register(SegmentPosting)
class SegmentPostingAdmin(ReadOnlyAdmin):
    """The inverted index over segments."""

    list_display = ("term", "frequency", "segment", "memory")
    list_select_related = ("segment", *MEMORY_RELATED)
    search_fields = ("=term",)
    search_help_text = _("A whole index term (a word's stem).")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SegmentPosting]:
        return super().get_queryset(request).defer("segment__embedding")


@admin.register(DialogueChain)
class DialogueChainAdmin(MemoryAdmin):
    """Dialogue chains; the running summary may be mended."""

    list_display = ("started_at", "excerpt", "memory", "last_page_at")
    list_filter = ("started_at",)
    list_select_related = MEMORY_RELATED
    search_fields = ("summary", "memory__user__username")
    date_hierarchy = "started_at"
    ordering = ("-pk",)
    readonly_fields = ("memory", "started_at", "last_page_at")

    @admin.display(description=_("Summary"))
    def excerpt(self, obj: DialogueChain) -> str:
        """Return the beginning of the summary."""
        return obj.summary[:80]


@admin.register(Segment)
class SegmentAdmin(MemoryAdmin):
    """Segments; title and summary may be mended, counters and vectors are the domain's."""

    list_display = ("title", "memory", "pages", "visits", "length", "last_visited_at", "promoted_at", "archived_at")
    list_filter = (("archived_at", admin.EmptyFieldListFilter), "last_visited_at")
    list_select_related = MEMORY_RELATED
    search_fields = ("title", "summary", "memory__user__username")
    date_hierarchy = "created_at"
    ordering = ("-pk",)
    fields = (
        "memory", "title", "summary", "keywords", "visits", "length", "last_visited_at", "created_at", "promoted_at",
        "analysis_asked_at", "archived_at", "vector",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name not in ("title", "summary"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        counted: QuerySet[Segment] = super().get_queryset(request).with_page_count()  # type: ignore[attr-defined]
        return counted

    @admin.display(description=_("Pages"), ordering="page_count")
    def pages(self, obj: Any) -> int:
        """Count the pages."""
        return int(obj.page_count)


@admin.register(SegmentVisit)
class SegmentVisitAdmin(ReadOnlyAdmin):
    """When answers recalled segments."""

    list_display = ("visited_at", "segment", "person", "assistant")
    list_select_related = ("segment__memory__assistant", "segment__memory__user")
    search_fields = ("segment__title", "segment__memory__user__username")
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
