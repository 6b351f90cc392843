"""The usage ledger: what was asked of models, what it cost and how it ended."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from memory.admin.base import MEMORY_RELATED, ReadOnlyAdmin, ThoseInUse
from memory.admin.privacy import PrivateAdmin
from memory.models import ModelCall
from memory.views.exporting import download

_COLUMNS = {
    "created_at": "created_at",
    "purpose": "purpose",
    "model": "model",
    "outcome": "outcome",
    "tokens_in": "tokens_in",
    "tokens_out": "tokens_out",
    "duration_ms": "duration_ms",
    "assistant": "assistant__slug",
    "person": "memory__user__username",
}
"""The columns of the file, and where they come from."""
BATCH = 2000
"""Lines that are in memory at once."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""


class _Line:
    """A file of one line: what is written is returned."""

    def write(self, line: str) -> str:
        return line


@admin.register(ModelCall)
class ModelCallAdmin(PrivateAdmin, ReadOnlyAdmin):
    """Calls, with the sum of those that are listed and a file of them."""

    list_display = (
        "created_at", "assistant", "person", "purpose", "model", "outcome", "tokens",
    )  # fmt: skip
    list_filter = (
        "purpose", "outcome", ("assistant", ThoseInUse), "model", "created_at",
    )  # fmt: skip
    list_select_related = (*MEMORY_RELATED, "assistant")
    search_fields = ("=id", "model", "memory__user__username", "assistant__name")
    search_help_text = _("A number, a model, a person or an assistant.")
    date_hierarchy = "created_at"
    ordering = ("-pk",)
    fields = (
        "created_at", "assistant", "memory", "purpose", "model", "outcome", "detail", "tokens_in", "tokens_out",
        "duration_ms",
    )  # fmt: skip
    # What a server says of a failure may quote what it was sent.
    private = ("detail",)
    change_list_template = "admin/model_calls.html"

    @admin.display(description=_("Person"), ordering="memory__user__username")
    def person(self, obj: ModelCall) -> str:
        """Return whose memory it was for."""
        return str(obj.memory.user) if obj.memory else ""

    @admin.display(description=_("Tokens"))
    def tokens(self, obj: ModelCall) -> str:
        """Add up what went in and came out."""
        return number_format((obj.tokens_in or 0) + (obj.tokens_out or 0), force_grouping=True)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = super().get_fields(request, obj)
        # Of a memory that is gone nobody can see who looks.
        return names if obj is None or obj.memory_id else [name for name in names if name not in self.private]

    def get_urls(self) -> list[URLPattern]:
        exported = self.admin_site.admin_view(self.export_view)
        return [path("export/", exported, name="memory_modelcall_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer = super().changelist_view(request, extra_context)
        listed = getattr(answer, "context_data", None) or {}
        if "cl" in listed:
            rows: QuerySet[ModelCall] = listed["cl"].queryset
            listed["totals"] = rows.order_by().aggregate(
                calls=Count("pk"), tokens_in=Sum("tokens_in"), tokens_out=Sum("tokens_out")
            )
        return answer

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse:
        """Return the calls that are listed as a CSV file: figures and names, nothing that was said."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.get_changelist_instance(request).get_queryset(request).order_by("pk")
        return download(lines_of(rows), "text/csv; charset=utf-8", "model-calls.csv")


def lines_of(rows: QuerySet[ModelCall]) -> Iterator[bytes]:
    """Yield a file of these calls, which are in the order of their keys, a batch at a time.

    Each batch is a query of its own: no connection is kept while the browser takes what it was sent.
    """
    writer = csv.writer(_Line())
    yield writer.writerow(_COLUMNS).encode()
    told, last = rows.values_list("pk", *_COLUMNS.values()), 0
    while batch := list(told.filter(pk__gt=last)[:BATCH]):
        yield "".join(writer.writerow([_cell(value) for value in row[1:]]) for row in batch).encode()
        last = batch[-1][0]


def _cell(value: Any) -> Any:
    """Return a value as no spreadsheet takes it for a formula."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
