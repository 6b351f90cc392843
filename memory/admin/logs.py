"""The activity log and the files that came in: to be read only, and what they quote only once it was opened."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from memory.admin.base import MEMORY_RELATED, OF_MEMORY, OF_MEMORY_HELP, ReadOnlyAdmin
from memory.admin.privacy import PrivateAdmin
from memory.models import Import, MemoryEvent


@admin.register(MemoryEvent)
class MemoryEventAdmin(PrivateAdmin, ReadOnlyAdmin):
    """What happened, to what, by whom. What it says is the person's; of what members share it is not."""

    list_display = ("created_at", "kind", "target_type", "target_id", "actor", "user", "assistant", "memory")
    list_filter = ("kind", "actor", "target_type", "created_at")
    list_select_related = (*MEMORY_RELATED, "assistant", "user")
    search_fields = ("=target_id", "user__username", "memory__user__username", "assistant__name")
    search_help_text = _("The number of what it happened to, a person or an assistant.")
    date_hierarchy = "created_at"
    fields = (
        "created_at", "kind", "target_type", "target_id", "actor", "user", "assistant", "memory", "model_call",
        "job_id", "before", "after",
    )  # fmt: skip
    private = ("before", "after")


@admin.register(Import)
class ImportAdmin(PrivateAdmin, ReadOnlyAdmin):
    """Uploaded files: whose, how big, how far."""

    list_display = ("id", "created_at", "memory", "format", "state", "size", "total", "added", "known", "finished_at")
    list_filter = ("state", "format", "created_at")
    list_select_related = MEMORY_RELATED
    search_fields = OF_MEMORY
    search_help_text = OF_MEMORY_HELP
    date_hierarchy = "created_at"
    # Not the preview: it quotes the file.
    fields = (
        "memory", "by", "file_name", "size", "sha256", "language", "format", "state", "confirmed", "total", "done",
        "added", "known", "outcome", "error", "created_at", "finished_at",
    )  # fmt: skip
    private = ("file_name", "sha256", "outcome", "error")
