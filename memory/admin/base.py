"""What the admin pages of the memory share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Field, Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.domain.ending import lock_assistants, lock_memories
from memory.exceptions import MemoryOSError
from memory.models import Assistant, Memory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User

    AnyAdmin = admin.ModelAdmin[Any]
else:
    AnyAdmin = admin.ModelAdmin

MEMORY_RELATED = ("memory__assistant", "memory__user")
"""What naming a memory needs."""
OF_MEMORY = ("=id", "memory__user__username", "memory__assistant__name")
"""By what rows of memories may be searched for: never by what they say."""
OF_MEMORY_HELP = _("A number, a person or an assistant. What is remembered is not searched.")


class MemoryAdmin(AnyAdmin):
    """Rows are neither added by hand nor deleted by themselves; they go with the memory or assistant they belong to.

    Columns that hold a vector are never loaded into a list nor rendered. Lists are filtered by nothing but their
    filters and `open_lookups`: Django would take any column from the address, which guesses what a column says.
    """

    show_full_result_count = False
    list_per_page = 50
    view_on_site = False
    open_lookups: tuple[str, ...] = ("memory", "assistant")
    operators_may: tuple[str, ...] = ("view",)
    """What the group "Operators" is given (`memory.admin.operators`)."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        vectors = [field.name for field in self.model._meta.get_fields() if is_vector(field)]
        return super().get_queryset(request).defer(*vectors)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        known = {*self.open_lookups, *_filtered_by(self, request)}
        return lookup.split(LOOKUP_SEP, maxsplit=1)[0] in known and super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description=_("Marks"))
    def marks(self, obj: Any) -> str:
        """Say what a person has set it apart by."""
        marked = (("pinned", gettext("pinned")), ("locked", gettext("locked")), ("disabled", gettext("not used")))
        return ", ".join(said for name, said in marked if getattr(obj, name, False))

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
    """Rows that are changed and deleted through the domain, so that locks, invariants and the activity log hold.

    What the domain refuses is shown as a message, and nothing is changed.
    """

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return AnyAdmin.has_delete_permission(self, request, obj)

    def remove(self, obj: Any, person: User) -> None:
        """Delete one row by its domain function."""
        raise NotImplementedError

    def goes_with(self, objs: Iterable[Any]) -> dict[str, int]:
        """Count what goes with rows that are deleted, by what people call it."""
        return {}

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[Any], list[Any]]:
        """Name what is to be deleted and count what goes with it: Django would list every row, and it may be many."""
        named = [str(obj) for obj in objs]
        return named, {**self.goes_with(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(obj, person_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        # In one transaction, so all memories before any assistant, as everybody does.
        homes = {field.name for field in self.model._meta.get_fields()}
        rows = list(queryset)
        keys = self.model._default_manager.filter(pk__in=[obj.pk for obj in rows]).order_by()
        if "memory" in homes:
            lock_memories(Memory.objects.filter(pk__in=keys.values("memory")))
        if "assistant" in homes:
            lock_assistants(Assistant.objects.filter(pk__in=keys.values("assistant")))
        for obj in rows:
            self.remove(obj, person_of(request))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return self.open_form(request, object_id, form_url, extra_context)
        except MemoryOSError as refusal:
            return refused(request, refusal, request.get_full_path())

    def open_form(
        self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: dict[str, Any] | None
    ) -> HttpResponse:
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except MemoryOSError as refusal:
            return refused(request, refusal, self.address("change", object_id))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        try:
            if request.POST.get("action") != "delete_selected":
                return super().changelist_view(request, extra_context)
            # All or none, and with them Django's own log of what was done here.
            with transaction.atomic():
                return super().changelist_view(request, extra_context)
        except MemoryOSError as refusal:
            return refused(request, refusal, request.get_full_path())

    def address(self, page: str, *args: Any) -> str:
        """Return the address of one of this model's pages."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)


class ThoseInUse(admin.RelatedOnlyFieldListFilter):
    """The assistants, or whatever it is, that there are rows of; without one for "none"."""

    @property
    def include_empty_choice(self) -> bool:
        return False


def refused(request: HttpRequest, refusal: MemoryOSError, address: str) -> HttpResponseRedirect:
    """Show a refusal of the domain as a message on a page."""
    messages.error(request, str(refusal))
    return HttpResponseRedirect(address)


def is_vector(field: Any) -> bool:
    """Tell whether a column holds a vector."""
    return isinstance(field, Field) and field.name == "embedding"


def person_of(request: HttpRequest) -> User:
    """Return who is at work; the admin lets only signed-in people in."""
    person: User = request.user  # type: ignore[assignment]  # never anonymous here
    return person


def _filtered_by(model_admin: AnyAdmin, request: HttpRequest | None) -> set[str]:
    """Return the columns that the filters beside a list and its dates are about."""
    filters = model_admin.get_list_filter(request) if request is not None else model_admin.list_filter
    names = {str(model_admin.date_hierarchy).split(LOOKUP_SEP)[0]}
    for each in filters or ():
        if isinstance(each, (list, tuple)):
            names.add(str(each[0]).split(LOOKUP_SEP)[0])
        elif isinstance(each, str):
            names.add(each.split(LOOKUP_SEP)[0])
        else:
            names.add(str(getattr(each, "parameter_name", "")))
    return names
