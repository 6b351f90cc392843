"""The activity log, the usage ledger and the files that came in: to be read only."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from memory.admin.base import MEMORY_RELATED, ReadOnlyAdmin
from memory.models import Import, MemoryEvent, ModelCall


@admin.register(MemoryEvent)
class MemoryEventAdmin(ReadOnlyAdmin):
    """What happened, to what, by whom."""

    list_display = ("created_at", "kind", "target_type", "target_id", "actor", "user", "assistant", "memory")
    list_filter = ("kind", "actor", "target_type", "created_at")
    list_select_related = (*MEMORY_RELATED, "assistant", "user")
    search_fields = ("=target_id", "user__username", "memory__user__username", "assistant__name")
    search_help_text = _("The number of what it happened to, a person or an assistant.")
    date_hierarchy = "created_at"


@admin.register(ModelCall)
class ModelCallAdmin(ReadOnlyAdmin):
    """What was asked of a model, what it cost and how it ended."""

    list_display = ("created_at", "purpose", "model", "outcome", "tokens_in", "tokens_out", "duration_ms", "memory")
    list_filter = ("purpose", "outcome", "model", "created_at")
    list_select_related = MEMORY_RELATED
    search_fields = ("model", "detail", "memory__user__username", "assistant__name")
    date_hierarchy = "created_at"


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    """Uploaded files: whose, how big, how far. What is in them is nobody else's business."""

    list_display = ("created_at", "file_name", "format", "state", "size", "total", "added", "memory")
    list_filter = ("state", "format", "created_at")
    list_select_related = MEMORY_RELATED
    search_fields = ("file_name", "memory__user__username")
    date_hierarchy = "created_at"
    exclude = ("preview",)
