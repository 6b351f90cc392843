"""What the admin pages of the memory share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.exceptions import MemoryOSError

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    AnyAdmin = admin.ModelAdmin[Any]
else:
    AnyAdmin = admin.ModelAdmin

MEMORY_RELATED = ("memory__assistant", "memory__user")
"""What naming a memory needs."""


class MemoryAdmin(AnyAdmin):
    """Rows are neither added by hand nor deleted by themselves; they go with the memory or assistant they belong to.

    Columns that hold a vector are never loaded into a list nor rendered.
    """

    show_full_result_count = False
    list_per_page = 50

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write what was edited and nothing else: a job may have moved the row meanwhile."""
        obj.save(update_fields=form.changed_data) if change else super().save_model(request, obj, form, change)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        vectors = [field.name for field in self.model._meta.get_fields() if is_vector(field)]
        return super().get_queryset(request).defer(*vectors)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Asked on another model's page, the question is whether rows may go with what they belong to.
        here = request.resolver_match
        own = f"{self.opts.app_label}_{self.opts.model_name}_"
        if here and (here.url_name or "").startswith(own):
            return False
        return super().has_delete_permission(request, obj)

    @admin.display(description=_("Embedding"))
    def vector(self, obj: Any) -> str:
        """Say how long a vector is and what made it."""
        if obj.embedding is None:
            return gettext("None")
        numbers = {"count": len(obj.embedding), "model": obj.embedding_model}
        return gettext("%(count)d numbers by %(model)s") % numbers


class ReadOnlyAdmin(MemoryAdmin):
    """Rows that only the domain writes."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class DomainAdmin(MemoryAdmin):
    """Rows that are changed and deleted through the domain, so that locks and the activity log hold."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return AnyAdmin.has_delete_permission(self, request, obj)

    def remove(self, obj: Any, person: User) -> None:
        """Delete one row by its domain function."""
        raise NotImplementedError

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(obj, person_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for obj in queryset:
            self.remove(obj, person_of(request))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show what the domain refuses as a message."""
        try:
            return self.open_form(request, object_id, form_url, extra_context)
        except MemoryOSError as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.get_full_path())

    def open_form(
        self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: dict[str, Any] | None
    ) -> HttpResponse:
        return super().changeform_view(request, object_id, form_url, extra_context)


def is_vector(field: Any) -> bool:
    """Tell whether a column holds a vector."""
    return isinstance(field, Field) and field.name == "embedding"


def person_of(request: HttpRequest) -> User:
    """Return who is at work; the admin lets only signed-in people in."""
    person: User = request.user  # type: ignore[assignment]  # never anonymous here
    return person
