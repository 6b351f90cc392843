"""The activity log and the files that came in: to be read only, and what they quote only once it was opened."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
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
    exclude = ("preview",)
    private = ("file_name", "sha256", "outcome", "error")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in super().get_fields(request, obj) if name != "preview"]
