"""The settings of an assistant, and what else its owner does with it as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.domain.configuring import configure_assistant, setup_of
from memory.domain.connections import own_connection, source_of
from memory.domain.duplicating import duplicate_assistant
from memory.domain.retiring import archive_assistant, restore_assistant
from memory.enums import Role
from memory.exceptions import AssistantIsArchived, EditConflict, InvalidText, NotAllowed
from memory.forms import CorrectionForm
from memory.models import Assistant
from memory.views.assistants.base import AssistantView
from memory.views.assistants.forms import DuplicateForm, SetupForm
from memory.views.base import DashboardRequest
from memory.views.conflicts import Conflict, as_seen, conflict_of

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


def conflict_in(form: CorrectionForm, now: dict[str, Any]) -> Conflict:
    """Compare what was sent with what stands there now, and let the form carry the latter along."""
    conflict = replace(conflict_of(form, now), told="")
    form.data = {**{key: form.data[key] for key in form.data}, "was": as_seen(now)}
    return conflict


class Settings(AssistantView):
    """Name, instructions and model: for owners to set, for members to read."""

    http_method_names = ["get", "head", "post"]
    section = "settings"

    def get(self, request: DashboardRequest) -> HttpResponse:
        seen = setup_of(self.assistant)
        return self.show(SetupForm(initial={**seen, "was": as_seen(seen)}))

    def post(self, request: DashboardRequest) -> HttpResponse:
        if not self.is_owner:
            raise NotAllowed
        form, now = SetupForm(request.POST), setup_of(self.assistant)
        if not form.is_valid():
            return self.show(form, 422)
        if form.cleaned_data["was"] not in ("", as_seen(now)):
            return self.show(form, 409, conflict_in(form, now))
        try:
            configure_assistant(self.assistant, form.cleaned_data, by=self.person, expected=now)
        except EditConflict:
            return self.show(form, 409, conflict_in(form, setup_of(Assistant.objects.get(pk=self.assistant.pk))))
        except AssistantIsArchived as refusal:
            return self.refuse(409, refusal)
        except InvalidText as refusal:
            form.add_error("name", str(refusal))
            return self.show(form, 422)
        messages.success(request, gettext("Saved. It holds from the next answer on."))
        return redirect("assistants:settings", self.assistant.slug)

    def show(self, form: SetupForm, status: int = 200, conflict: Conflict | None = None) -> HttpResponse:
        context = {
            "form": form,
            "conflict": conflict,
            "setup": setup_of(self.assistant),
            "may_edit": self.is_owner and self.assistant.archived_at is None,
            "duplicate": DuplicateForm.fresh(),
            "source": source_of(self.assistant),
        }
        return self.page("assistants/settings.html", context, status)


class Duplicate(AssistantView):
    """A copy that belongs to the person who makes it."""

    http_method_names = ["post"]
    section = "settings"

    def post(self, request: DashboardRequest) -> HttpResponse:
        form = DuplicateForm(request.POST)
        wish = form.cleaned_data if form.is_valid() else {"once": "", "with_knowledge": False}
        memory = duplicate_assistant(self.assistant, by=self.person, **wish)
        told = gettext("“%(name)s” is there, and yours alone.") % {"name": memory.assistant.name}
        connection = own_connection(self.assistant)
        if connection is not None and connection.sealed_key:
            address = reverse("assistants:model", args=[memory.assistant.slug])
            told = format_html(
                '{} {} <a href="{}">{}</a>',
                told, gettext("A connection with a key is not copied."), address, gettext("Connect a model"),
            )  # fmt: skip
        messages.success(request, told)
        return redirect("assistants:settings", memory.assistant.slug)


class OwnersDeed(AssistantView):
    """Something an owner does with one button."""

    http_method_names = ["post"]
    at_least = Role.OWNER
    section = "settings"
    deed: ClassVar[Callable[..., Assistant]]
    said: ClassVar[StrPromise]

    def post(self, request: DashboardRequest) -> HttpResponse:
        assistant = type(self).deed(self.assistant, by=self.person)
        messages.success(request, self.said % {"name": assistant.name})
        return redirect("assistants:settings", assistant.slug)


class Archive(OwnersDeed):
    """Nobody talks to it any more."""

    deed = staticmethod(archive_assistant)
    said = _("“%(name)s” is archived. Its members can read and export; nobody talks to it.")


class Restore(OwnersDeed):
    """Everything as it was."""

    deed = staticmethod(restore_assistant)
    said = _("“%(name)s” is back. Its members can talk to it again.")
