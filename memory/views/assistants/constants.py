"""The constants of an assistant's memory: what each does, the installation's value, the assistant's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.forms import BoundField
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from memory.conf import MemorySettings, installation_settings
from memory.constants import BY_NAME, CONSTANTS, DAY, HOUR, TIERS, Constant, Tier
from memory.domain.configuring import constants_of, set_constants
from memory.exceptions import AssistantIsArchived, EditConflict, NotAllowed
from memory.models import Assistant
from memory.views.assistants.base import AssistantView
from memory.views.assistants.forms import ConstantsForm, shown_overrides
from memory.views.assistants.settings import conflict_in
from memory.views.base import DashboardRequest
from memory.views.charts.decay import decay_of
from memory.views.conflicts import Conflict, as_seen

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True, slots=True)
class Row:
    """A constant as the page shows it."""

    constant: Constant
    field: BoundField
    default: str
    in_force: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The constants of a tier."""

    tier: Tier
    label: StrPromise
    text: StrPromise
    rows: list[Row]


class Constants(AssistantView):
    """A form for owners, a table for everybody else."""

    http_method_names = ["get", "head", "post"]
    section = "constants"

    def get(self, request: DashboardRequest) -> HttpResponse:
        seen = shown_overrides(constants_of(self.assistant))
        return self.show(self.form(initial={**seen, "was": as_seen(seen)}))

    def post(self, request: DashboardRequest) -> HttpResponse:
        if not self.is_owner:
            raise NotAllowed
        own = constants_of(self.assistant)
        form, now = self.form(request.POST), shown_overrides(own)
        if not form.is_valid():
            return self.show(form, 422)
        if form.cleaned_data["was"] not in ("", as_seen(now)):
            return self.show(form, 409, conflict_in(form, now))
        try:
            set_constants(self.assistant, form.cleaned_data["own"], by=self.person, expected=own)
        except EditConflict:
            fresh = Assistant.objects.get(pk=self.assistant.pk)
            return self.show(form, 409, conflict_in(form, shown_overrides(constants_of(fresh))))
        except AssistantIsArchived as refusal:
            return self.refuse(409, refusal)
        messages.success(request, gettext("Saved. The memory goes by it from now on."))
        return redirect("assistants:constants", self.assistant.slug)

    def form(self, *args: Any, **kwargs: Any) -> ConstantsForm:
        return ConstantsForm(installation_settings(), *args, auto_id="constant-%s", **kwargs)

    def show(self, form: ConstantsForm, status: int = 200, conflict: Conflict | None = None) -> HttpResponse:
        conf = self.assistant.conf
        context = {
            "form": form,
            "conflict": conflict,
            "groups": list(_groups(form, installation_settings(), conf)),
            "faults": [form[name] for name in form.errors if name in form.fields],
            "may_edit": self.is_owner and self.assistant.archived_at is None,
            "threshold": in_words(conf.heat_threshold),
            "decay": decay_of(conf.heat_decay),
            "decay_in_words": with_unit(BY_NAME["heat_decay"], conf),
            "has_own": bool(constants_of(self.assistant)),
        }
        return self.page("assistants/constants.html", context, status)


class ResetConstants(AssistantView):
    """All of them as the installation has them."""

    http_method_names = ["post"]
    section = "constants"

    def post(self, request: DashboardRequest) -> HttpResponse:
        if not self.is_owner:
            raise NotAllowed
        try:
            set_constants(self.assistant, {}, by=self.person)
        except AssistantIsArchived as refusal:
            return self.refuse(409, refusal)
        messages.success(request, gettext("All settings of the memory are the installation’s again."))
        return redirect("assistants:constants", self.assistant.slug)


def _groups(form: ConstantsForm, base: MemorySettings, conf: MemorySettings) -> Iterator[Group]:
    for tier, (label, text) in TIERS.items():
        rows = [
            Row(
                constant,
                form[constant.name],
                with_unit(constant, base),
                with_unit(constant, conf),
                getattr(base, constant.name) != getattr(conf, constant.name),
            )
            for constant in CONSTANTS
            if constant.tier is tier
        ]
        yield Group(tier, label, text, rows)


def in_words(number: float) -> str:
    """Return a number as people read it."""
    whole = number == int(number)
    return number_format(int(number) if whole else number, force_grouping=True)


def with_unit(constant: Constant, conf: MemorySettings) -> str:
    """Return a constant's value with its unit; seconds that are many also as hours or days."""
    number = getattr(conf, constant.name)
    told = f"{in_words(number)} {constant.unit}".strip()
    if not constant.is_time or number < HOUR:
        return told
    if number >= 2 * DAY:
        rounded = round(number / DAY)
        longer = ngettext("%(count)d day", "%(count)d days", rounded) % {"count": rounded}
    else:
        rounded = round(number / HOUR)
        longer = ngettext("%(count)d hour", "%(count)d hours", rounded) % {"count": rounded}
    return f"{told} ({longer})"
