"""Profile and traits: what the assistant takes the person to be."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django_htmx.http import reswap, retarget

from memory.domain.disabling import disable_persona, enable_persona
from memory.domain.locking import lock_persona, unlock_persona
from memory.domain.persona import (
    NAME_LENGTH,
    delete_profile,
    delete_trait,
    edit_profile,
    edit_trait,
    set_profile,
)
from memory.domain.traits import DEMOGRAPHICS, label_of
from memory.domain.undoing import undelete_persona
from memory.forms import AttributeForm, NewAttributeForm, TraitForm
from memory.models import Profile, Trait
from memory.views.base import DashboardRequest
from memory.views.items import DeleteItem, DisableItem, EditItem, EnableItem, ItemView, ShowItem
from memory.views.trait_groups import demographics


class ProfileView(ItemView[Profile]):
    """A profile attribute."""

    kind = "profile"
    section = "profile"
    row_template = "memory/_profile_row.html"
    form_class = AttributeForm
    main_field = "value"

    def items(self) -> QuerySet[Profile]:
        return self.memory.profile.all()

    def name_of(self, item: Profile) -> str:
        return item.name

    def initial(self, item: Profile) -> dict[str, Any]:
        return {"value": item.value}

    def save(self, item: Profile, data: dict[str, Any]) -> Profile:
        return edit_profile(item, data["value"], by=self.person, expected=data["expected"])

    def remove(self, item: Profile) -> None:
        delete_profile(item, by=self.person)

    def bring_back(self, pk: int) -> Profile:
        return undelete_persona(self.memory, Profile, pk, by=self.person)

    def turn_lock(self, item: Profile, *, locked: bool) -> None:
        (lock_persona if locked else unlock_persona)(item, by=self.person)


class ShowProfile(ProfileView, ShowItem[Profile]):
    """A profile attribute and the pages it was learnt from."""


class EditProfile(ProfileView, EditItem[Profile]):
    """Change an attribute's value."""


class DeleteProfile(ProfileView, DeleteItem[Profile]):
    """Delete an attribute."""


class DisableProfile(ProfileView, DisableItem[Profile]):
    """Keep an attribute without using it."""

    def turn(self, item: Profile) -> None:
        disable_persona(item, by=self.person)


class EnableProfile(ProfileView, EnableItem[Profile]):
    """Use an attribute again."""

    def turn(self, item: Profile) -> None:
        enable_persona(item, by=self.person)


class ProfileList(ProfileView):
    """All profile attributes."""

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.page("memory/profile.html", self.context())

    def context(self) -> dict[str, Any]:
        rows = list(self.with_sources(self.items()))
        stated = demographics(rows)
        unknown = [(label_of(key).lower(), gettext(label_of(key))) for key in DEMOGRAPHICS if key not in stated]
        return {"items": rows, "count": len(rows), "unstated": unknown}


class AddProfile(ProfileList):
    """A new attribute: a form above the list, or on a page of its own."""

    def get(self, request: DashboardRequest) -> HttpResponse:
        if request.htmx and request.GET.get("cancel"):
            return self.fragment("memory/_profile_add.html", {"focus": True})
        named = {"name": request.GET.get("name", "")[:NAME_LENGTH]}
        return self.form_page(NewAttributeForm(initial=named, auto_id="new-attribute-%s"))

    def post(self, request: DashboardRequest) -> HttpResponse:
        form = NewAttributeForm(request.POST, auto_id="new-attribute-%s")
        if form.is_valid() and self.items().filter(name__iexact=form.cleaned_data["name"]).exists():
            form.add_error("name", gettext("There is an attribute of this name already: edit that one."))
        if not form.is_valid():
            return self.form_page(form, status=422)
        added = set_profile(self.memory, form.cleaned_data["name"], form.cleaned_data["value"], by=self.person)
        messages.success(request, gettext("Added “%(name)s”.") % {"name": added.name})
        if not request.htmx:
            return redirect(self.list_address(added))
        response = self.fragment("memory/_profile_list.html", {**self.context(), "focus_on": added.pk})
        return reswap(retarget(response, "#profile-region"), "outerHTML")

    def form_page(self, form: NewAttributeForm, status: int = 200) -> HttpResponse:
        if self.request.htmx:
            return self.fragment("memory/_profile_form.html", {"form": form}, status)
        return self.page("memory/profile_add.html", {"form": form, "back": self.list_address()}, status)


class TraitView(ItemView[Trait]):
    """A trait that was observed."""

    kind = "traits"
    section = "traits"
    row_template = "memory/_trait_row.html"
    source_field = "evidence"
    form_class = TraitForm
    main_field = "level"

    def items(self) -> QuerySet[Trait]:
        return self.memory.traits.all()

    def name_of(self, item: Trait) -> str:
        return item.label

    def initial(self, item: Trait) -> dict[str, Any]:
        return {"level": item.level, "reason": item.reason}

    def save(self, item: Trait, data: dict[str, Any]) -> Trait:
        return edit_trait(item, data["level"], data["reason"], by=self.person, expected=data["expected"])

    def remove(self, item: Trait) -> None:
        delete_trait(item, by=self.person)

    def bring_back(self, pk: int) -> Trait:
        return undelete_persona(self.memory, Trait, pk, by=self.person)

    def turn_lock(self, item: Trait, *, locked: bool) -> None:
        (lock_persona if locked else unlock_persona)(item, by=self.person)


class ShowTrait(TraitView, ShowItem[Trait]):
    """A trait and its evidence."""


class EditTrait(TraitView, EditItem[Trait]):
    """Change a trait's level and reason."""


class DeleteTrait(TraitView, DeleteItem[Trait]):
    """Delete a trait: the dimension is unknown again."""


class DisableTrait(TraitView, DisableItem[Trait]):
    """Keep a trait without using it."""

    def turn(self, item: Trait) -> None:
        disable_persona(item, by=self.person)


class EnableTrait(TraitView, EnableItem[Trait]):
    """Use a trait again."""

    def turn(self, item: Trait) -> None:
        enable_persona(item, by=self.person)
