"""Single rows of long-term memory: shown, edited and deleted in place by HTMX, on pages of their own without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, cast

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.domain.snapshots import LongTerm
from memory.exceptions import (
    DuplicateKnowledge,
    EditConflict,
    InvalidText,
    KnowledgeChanged,
    ModelError,
    ProposalDecided,
)
from memory.forms import CorrectionForm
from memory.models import Memory, Page
from memory.views.activity import ended
from memory.views.base import DashboardRequest, MemoryView, Row
from memory.views.conflicts import Conflict, as_seen, conflict_of
from memory.views.lines import Line, history_lines

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

LATEST_SOURCES = 3


class ItemView(MemoryView, Generic[Row]):
    """One row of a kind; a subclass says how that kind is found, named, written and deleted."""

    kind: ClassVar[str]
    """Names its addresses (`profile`, `profile-row`, `profile-edit`, `profile-delete`) and the ids of its rows."""
    row_template: ClassVar[str]
    source_field: ClassVar[str] = "sources"
    form_class: ClassVar[type[CorrectionForm]]
    main_field: ClassVar[str]

    def items(self) -> QuerySet[Row]:
        """Return the rows of this kind that the person may see."""
        raise NotImplementedError

    def name_of(self, item: Row) -> str:
        """Return what messages call the row."""
        raise NotImplementedError

    def initial(self, item: Row) -> dict[str, Any]:
        """Return what the form shows at first."""
        raise NotImplementedError

    def save(self, item: Row, data: dict[str, Any]) -> Row:
        """Write the person's words through the domain; return the row as it is now."""
        raise NotImplementedError

    def remove(self, item: Row) -> None:
        """Delete the row through the domain."""
        raise NotImplementedError

    def bring_back(self, pk: int) -> Row:
        """Bring a deleted row back through the domain."""
        raise NotImplementedError

    def turn_lock(self, item: Row, *, locked: bool) -> None:
        """Lock the row against the model, or give it free, through the domain."""
        raise NotImplementedError

    def require_right(self, item: Row | None = None) -> None:
        """Raise PermissionDenied where the person may see rows of this kind but not change them."""

    def place(self) -> dict[str, Any]:
        return {**super().place(), "kind": self.kind, "may_edit": True}

    def numbers(self) -> dict[str, Any]:
        """Return what the heading of the list counts."""
        return {"count": self.items().count()}

    def list_address(self, item: Row | None = None) -> str:
        """Return the list the person came from, at the row."""
        address = reverse(f"memory:{self.kind}", args=[self.memory.assistant.slug])
        return f"{address}{self.place()['query']}" + (f"#{self.kind}-{item.pk}" if item else "")

    def with_sources(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """Annotate `source_count` and attach `latest_sources`: pages of this memory only, whoever shares the row."""
        return with_sources(rows, self.memory, self.source_field)

    def drawn_anew(self, pk: int) -> Row:
        """Return a row with all that it shows in its list. Raises Http404."""
        return get_object_or_404(self.with_sources(self.items()), pk=pk)

    def row(self, item: Row, **context: Any) -> HttpResponse:
        """Render the row as it stands in its list."""
        return self.fragment(self.row_template, {"item": item, **context})


def with_sources(rows: QuerySet[Row], memory: Memory, field: str) -> QuerySet[Row]:
    """Annotate `source_count` and attach `latest_sources`, as rows show them: pages of this memory only."""
    own = Page.objects.filter(memory=memory).only("pk", "position", "occurred_at")
    counted = rows.annotate(source_count=Count(field, filter=Q(**{f"{field}__memory": memory}), distinct=True))
    latest = own.order_by("-occurred_at", "-pk")[:LATEST_SOURCES]
    traced = counted.prefetch_related(Prefetch(field, queryset=latest, to_attr="latest_sources"))
    return cast("QuerySet[Row]", traced)


class ShowItem(ItemView[Row]):
    """The row; without HTMX a page that also lists every page of the dialogue it rests on."""

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        item = self.drawn_anew(pk)
        if request.htmx:
            return self.row(item, focus=True)
        sources = getattr(item, self.source_field).filter(memory=self.memory).defer("embedding")
        return self.page(
            "memory/item.html",
            {
                "item": item,
                "name": self.name_of(item),
                "row_template": self.row_template,
                "back": self.list_address(item),
                "pages": self.slice(sources.order_by("-occurred_at", "-pk")),
                "target_type": item._meta.model_name,
                "history": self.history(item),
            },
        )

    def history(self, item: Row) -> list[Line] | None:
        """Return what was done to the row; None where that is for others to see, who may change it."""
        if not self.place()["may_edit"]:
            return None
        return history_lines(self.memory, as_long_term(item), self.person.pk)


class EditItem(ItemView[Row]):
    """The row as a form. A row that changed under the form is not overwritten unseen: 409 and the form again."""

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(self.items(), pk=pk)
        self.require_right(item)
        seen = self.initial(item)
        carried = {"version": version_of(item), "was": as_seen(seen)}
        return self.form_page(item, self.form(item, initial={**seen, **carried}))

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(self.items(), pk=pk)
        self.require_right(item)
        form = self.form(item, data=request.POST)
        if not form.is_valid():
            return self.form_page(item, form, status=422)
        seen = form.cleaned_data["version"]
        if seen not in ("", version_of(item)) and form.cleaned_data["was"] != as_seen(self.initial(item)):
            return self.conflict(item, form)
        try:
            # No transaction here: saving a fact may ask an embedding server.
            saved = self.save(item, {**form.cleaned_data, "expected": as_long_term(item).updated_at if seen else None})
        except ObjectDoesNotExist:
            raise Http404 from None
        except EditConflict:
            return self.conflict(get_object_or_404(self.items(), pk=pk), form)
        except (InvalidText, DuplicateKnowledge, ModelError) as refusal:
            form.add_error(self.main_field, str(refusal))
            return self.form_page(item, form, status=503 if isinstance(refusal, ModelError) else 422)
        messages.success(request, ended(gettext("Saved “%(name)s”.") % {"name": self.name_of(saved)}))
        return self.saved(pk)

    def form(self, item: Row, **kwargs: Any) -> CorrectionForm:
        return self.form_class(auto_id=f"{self.kind}-{item.pk}-%s", **kwargs)

    def conflict(self, item: Row, form: CorrectionForm) -> HttpResponse:
        """Keep the person's words, show what stands there now, and let them decide."""
        now = self.initial(item)
        conflict = conflict_of(form, now)
        sent = {key: form.data[key] for key in form.data}
        form.data = {**sent, "version": version_of(item), "was": as_seen(now)}
        return self.form_page(item, form, status=409, conflict=conflict)

    def form_page(
        self, item: Row, form: CorrectionForm, status: int = 200, conflict: Conflict | None = None
    ) -> HttpResponse:
        context = {"item": item, "form": form, "name": self.name_of(item), "conflict": conflict}
        context["back"] = self.list_address(item)
        if self.request.htmx:
            return self.fragment("memory/_edit_row.html", context, status)
        return self.page("memory/edit.html", context, status)

    def saved(self, pk: int) -> HttpResponse:
        item = self.drawn_anew(pk)
        return self.row(item, focus=True) if self.request.htmx else redirect(self.list_address(item))


class DeleteItem(ItemView[Row]):
    """Asks first; then the row is gone and its place says so."""

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(self.items(), pk=pk)
        self.require_right(item)
        context = {"item": item, "name": self.name_of(item), "back": self.list_address(item)}
        if request.htmx:
            return self.fragment("memory/_delete_row.html", context)
        return self.page("memory/delete.html", context)

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(self.items(), pk=pk)
        self.require_right(item)
        name = self.name_of(item)
        try:
            self.remove(item)
        except ObjectDoesNotExist:
            raise Http404 from None
        told = ended(gettext("Deleted “%(name)s”.") % {"name": name})
        context = {**self.place(), "item": item, "name": name, "told": told}
        messages.success(request, render_to_string("memory/_undo_message.html", context, request))
        if not request.htmx:
            return HttpResponseRedirect(self.list_address())
        return self.fragment("memory/_deleted_row.html", {**context, "oob": True, **self.numbers()})


class SwitchItem(ItemView[Row]):
    """A row used or not, pinned or not: the same button brings it back."""

    http_method_names = ["post"]
    switch: ClassVar[str]
    """Names the button that is drawn anew and keeps the focus."""
    told: ClassVar[StrPromise]
    """What to tell the person, with a place for the row's `name`."""

    def turn(self, item: Row) -> None:
        """Change the row through the domain."""
        raise NotImplementedError

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(self.items(), pk=pk)
        self.require_right(item)
        status = 200
        try:
            self.turn(item)
        except ObjectDoesNotExist:
            raise Http404 from None
        except DuplicateKnowledge as refusal:
            messages.error(request, str(refusal))
        except (ProposalDecided, KnowledgeChanged) as refusal:
            status = 409
            messages.error(request, str(refusal))
        else:
            messages.success(request, self.told % {"name": self.name_of(item)})
        if not request.htmx:
            return redirect(self.list_address(item))
        context = {"item": self.drawn_anew(pk), "focus_switch": self.switch, "oob": True, **self.numbers()}
        return self.fragment("memory/_switched_row.html", {"row_template": self.row_template, **context}, status)


class DisableItem(SwitchItem[Row]):
    """Kept, and shown to no model."""

    switch = "use"
    told = _("“%(name)s” is kept, and not used any more.")


class EnableItem(SwitchItem[Row]):
    """Used again."""

    switch = "use"
    told = _("“%(name)s” is used again.")


def version_of(item: Row) -> str:
    """Return what tells two states of a row apart."""
    return as_long_term(item).updated_at.isoformat()


def as_long_term(item: Row) -> LongTerm:
    """Return a row as what it is: each kind of row is one of the three."""
    return cast("LongTerm", item)
