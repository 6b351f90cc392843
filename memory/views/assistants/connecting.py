"""Connecting a language model: to an assistant by its owners, to the whole installation by superusers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters

from memory import outbound
from memory.domain import probing
from memory.domain.connections import (
    connect_model,
    disconnect_model,
    endpoint_at,
    key_of,
    own_connection,
    source_of,
)
from memory.enums import Role
from memory.exceptions import (
    EditConflict,
    InvalidAddress,
    InvalidText,
    KeyOfAnotherAddress,
    KeyUnreadable,
    NotAllowed,
    PrivateAddress,
    TooManyTests,
)
from memory.llm import Endpoint
from memory.models import Assistant, ModelConnection
from memory.views.assistants.base import AssistantView, PersonView
from memory.views.assistants.connection_form import SERVERS, ConnectionForm
from memory.views.assistants.probe_words import listing_in_words, rows_of, verdict_of

FIELDS = {InvalidAddress: "base_url", PrivateAddress: "base_url", InvalidText: "model", KeyOfAnotherAddress: "key"}
"""At which field a refusal is told."""


@method_decorator(sensitive_post_parameters("key"), name="dispatch")
class Connecting(PersonView):
    """What the pages of both kinds share: `subject` is the assistant, or None for the installation."""

    template = ""

    @property
    def subject(self) -> Assistant | None:
        raise NotImplementedError

    @property
    def may_change(self) -> bool:
        """Whether the person gets a form."""
        return True

    def address(self) -> str:
        """Return the page's own address; those of its parts lie below it."""
        raise NotImplementedError

    def stored(self) -> ModelConnection | None:
        return own_connection(self.subject)

    def show(self, form: ConnectionForm | None, status: int = 200, **more: Any) -> HttpResponse:
        """Render the whole page; without a form for those who may only look."""
        context = {
            "form": form,
            "stored": form.stored if form else None,
            "key_unreadable": form is not None and _is_unreadable(form.stored),
            "address": self.address(),
            "servers": SERVERS,
            "allows_private": outbound.private_addresses_allowed(),
            **self.around(),
            **more,
        }
        return self.render(self.template, context, status)

    def around(self) -> dict[str, Any]:
        """Return what the page shows beside its form."""
        raise NotImplementedError

    def render(self, template: str, context: dict[str, Any], status: int) -> HttpResponse:
        return render(self.request, template, context, status=status)

    def part(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """Render a part of the page for HTMX."""
        return render(self.request, template, {"address": self.address(), **context}, status=status)


class ForAssistant(Connecting, AssistantView):
    """The page of an assistant: members see which model answers, owners change it."""

    section = "model"
    template = "assistants/model.html"

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST":
            self.at_least = Role.OWNER
        return super().serve(request, *args, **kwargs)

    @property
    def subject(self) -> Assistant:
        return self.assistant

    @property
    def may_change(self) -> bool:
        return self.is_owner

    def address(self) -> str:
        return reverse("assistants:model", args=[self.assistant.slug])

    def around(self) -> dict[str, Any]:
        return {"source": source_of(self.assistant), "is_superuser": self.person.is_superuser}

    def render(self, template: str, context: dict[str, Any], status: int) -> HttpResponse:
        return self.page(template, context, status)


class ForInstallation(Connecting):
    """The page of the installation: for superusers; to others it does not exist."""

    template = "assistants/installation_model.html"

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.person.is_superuser:
            raise Http404
        try:
            return super().serve(request, *args, **kwargs)
        except NotAllowed:
            raise Http404 from None

    @property
    def subject(self) -> None:
        return None

    def address(self) -> str:
        return reverse("installation-model")

    def around(self) -> dict[str, Any]:
        return {"source": source_of(None), "installation": True}


class ShowAndSave(Connecting):
    """The page, and its form saved."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(ConnectionForm(stored=self.stored()) if self.may_change else None)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ConnectionForm(request.POST, stored=self.stored())
        if not form.is_valid():
            return self.show(form, 422)
        told = form.cleaned_data
        try:
            row = connect_model(
                self.subject,
                base_url=told["base_url"],
                model=told["model"],
                key=form.key_to_store(),
                by=self.person,
                expected=form.seen(),
            )
        except EditConflict:
            return self.conflict()
        except (InvalidAddress, PrivateAddress, InvalidText, KeyOfAnotherAddress) as error:
            form.add_error(FIELDS[type(error)], str(error))
            return self.show(form, 422)
        said = gettext("Saved. From the next message on, %(model)s answers.")
        messages.success(request, said % {"model": row.model})
        return redirect(self.address())

    def conflict(self) -> HttpResponse:
        """Show what the other person has saved, with what was typed still in the form: saving once more replaces it."""
        stored = self.stored()
        data = self.request.POST.copy()
        data["version"] = stored.updated_at.isoformat() if stored else ""
        return self.show(ConnectionForm(data, stored=stored), 409, conflict=True)


class Disconnect(Connecting):
    """A connection forgotten, with its key."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ConnectionForm(request.POST, stored=self.stored(), needs_model=False)
        form.is_valid()
        try:
            disconnect_model(self.subject, by=self.person, expected=form.seen())
        except EditConflict:
            return self.show(ConnectionForm(stored=self.stored()), 409, conflict=True)
        messages.success(request, gettext("Disconnected. The stored key is deleted."))
        return redirect(self.address())


class Trying(Connecting):
    """What is asked of the server as it is typed, before anything is saved."""

    http_method_names = ["post"]
    needs_model = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ConnectionForm(request.POST, stored=self.stored(), needs_model=self.needs_model)
        if not form.is_valid():
            return self.answer(form, {"faults": _faults(form)}, 422)
        told = form.cleaned_data
        key, held_back = probing.key_to_try(form.stored, told["base_url"], told["key"], no_key=told["no_key"])
        endpoint = endpoint_at(told["base_url"], told["model"], key)
        try:
            return self.answer(form, self.tried(form, endpoint, held_back))
        except TooManyTests as error:
            return self.answer(form, {"faults": [str(error)]}, 429)

    def tried(self, form: ConnectionForm, endpoint: Endpoint, held_back: bool) -> dict[str, Any]:
        """Ask the server; return what there is to show."""
        raise NotImplementedError

    def answer(self, form: ConnectionForm, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """Answer with the part, or without HTMX with the whole page."""
        raise NotImplementedError


class Test(Trying):
    """Test connection."""

    def tried(self, form: ConnectionForm, endpoint: Endpoint, held_back: bool) -> dict[str, Any]:
        found = probing.try_connection(self.subject, endpoint, form.cleaned_data["embedding_model"], self.person)
        rows = rows_of(found, key_held_back=held_back)
        return {"rows": rows, "verdict": verdict_of(found), "model": endpoint.model}

    def answer(self, form: ConnectionForm, context: dict[str, Any], status: int = 200) -> HttpResponse:
        if self.request.htmx:
            return self.part("assistants/_model_test.html", context, status)
        return self.show(form, status, tested=True, **context)


class Models(Trying):
    """The field for the model as a list of those that the server has; or, `typed`, as a field again."""

    needs_model = False

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "typed" in request.POST:
            form = ConnectionForm(request.POST, stored=self.stored(), needs_model=False)
            return self.answer(form, {})
        return super().post(request, *args, **kwargs)

    def tried(self, form: ConnectionForm, endpoint: Endpoint, held_back: bool) -> dict[str, Any]:
        step = probing.models_at(endpoint, self.person)
        form.listed = step.models
        return {"told": listing_in_words(step, key_held_back=held_back), "told_mark": step.mark}

    def answer(self, form: ConnectionForm, context: dict[str, Any], status: int = 200) -> HttpResponse:
        if self.request.htmx:
            return self.part("assistants/_model_field.html", {"form": form, **context}, status)
        return self.show(form, status, **context)


def _is_unreadable(stored: ModelConnection | None) -> bool:
    if stored is None:
        return False
    try:
        key_of(stored)
    except KeyUnreadable:
        return True
    return False


def _faults(form: ConnectionForm) -> list[str]:
    """Return what is wrong with what was typed, each with its field's name."""
    return [f"{form[name].label}: {fault}" for name, faults in form.errors.items() for fault in faults]


class AssistantModel(ShowAndSave, ForAssistant):
    """`/assistants/<slug>/model/`."""


class AssistantModelTest(Test, ForAssistant):
    """`/assistants/<slug>/model/test/`."""


class AssistantModels(Models, ForAssistant):
    """`/assistants/<slug>/model/models/`."""


class AssistantModelDisconnect(Disconnect, ForAssistant):
    """`/assistants/<slug>/model/disconnect/`."""


class InstallationModel(ShowAndSave, ForInstallation):
    """`/settings/model/`."""


class InstallationModelTest(Test, ForInstallation):
    """`/settings/model/test/`."""


class InstallationModels(Models, ForInstallation):
    """`/settings/model/models/`."""


class InstallationModelDisconnect(Disconnect, ForInstallation):
    """`/settings/model/disconnect/`."""
