"""All 90 dimensions of a person, and a trait set by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext

from memory.domain.persona import add_trait
from memory.domain.traits import DIMENSIONS, TRAIT_DIMENSIONS, label_of
from memory.exceptions import InvalidText, KnownTrait
from memory.forms import NewTraitForm
from memory.views.base import DashboardRequest
from memory.views.persona import TraitView
from memory.views.trait_groups import MARK_WIDTH, PICTURE_HEIGHT, SHOWN, demographics, group_traits


class TraitList(TraitView):
    """The dimensions of a person in their groups; `?show=` narrows them to the known, the unknown or a level."""

    def get(self, request: DashboardRequest) -> HttpResponse:
        wish = request.GET.get("show", "")
        show = wish if wish in SHOWN else ""
        traits = list(self.with_sources(self.items()))
        stated = demographics(self.memory.profile.all())
        context = {
            "groups": group_traits(traits, stated, show),
            "show": show,
            "count": len(traits) + len(stated),
            "total": len(DIMENSIONS),
            "mark_width": MARK_WIDTH - 2,
            "picture_height": PICTURE_HEIGHT,
        }
        return self.page("memory/traits.html", context)


class AddTrait(TraitView):
    """A dimension of which nothing is known, set by hand."""

    def get(self, request: DashboardRequest) -> HttpResponse:
        dimension = request.GET.get("dimension", "")
        if dimension not in TRAIT_DIMENSIONS:
            return HttpResponseRedirect(self.list_address())
        return self.form_page(dimension, NewTraitForm(initial={"dimension": dimension}))

    def post(self, request: DashboardRequest) -> HttpResponse:
        form = NewTraitForm(request.POST)
        dimension = request.POST.get("dimension", "")
        if dimension not in TRAIT_DIMENSIONS:
            raise Http404
        if not form.is_valid():
            return self.form_page(dimension, form, 422)
        said = form.cleaned_data
        try:
            added = add_trait(self.memory, dimension, said["level"], said["reason"], by=self.person)
        except (InvalidText, KnownTrait) as refusal:
            form.add_error("level", str(refusal))
            return self.form_page(dimension, form, 409 if isinstance(refusal, KnownTrait) else 422)
        messages.success(request, gettext("Added “%(name)s”.") % {"name": added.label})
        address = reverse("memory:traits", args=[self.memory.assistant.slug])
        return HttpResponseRedirect(f"{address}#traits-{added.pk}")

    def form_page(self, dimension: str, form: NewTraitForm, status: int = 200) -> HttpResponse:
        context: dict[str, Any] = {"form": form, "name": gettext(label_of(dimension)), "back": self.list_address()}
        return self.page("memory/trait_add.html", context, status)
