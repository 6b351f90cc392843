"""A page: its words, where it stands, what rests on it and where it was used; it is used or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from memory.domain.disabling import disable_page, enable_page
from memory.domain.uses import uses_of
from memory.enums import KnowledgeStatus
from memory.models import Knowledge, Page
from memory.views.base import DashboardRequest, MemoryView


class ShowPage(MemoryView):
    """A page: its words, where it stands, what was learnt from it, and which answers were given it."""

    section = "pages"

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        pages = self.memory.pages.defer("embedding")
        page = get_object_or_404(pages.select_related("segment", "chain"), pk=pk)
        page.memory = self.memory
        context = {
            "page": page,
            "previous": pages.filter(position__lt=page.position).order_by("-position").first(),
            "next": pages.filter(position__gt=page.position).order_by("position").first(),
            "uses": uses_of(page),
            "profile": page.profile_attributes.filter(memory=self.memory),
            "traits": page.traits.filter(memory=self.memory),
            "facts": self.facts(page, Knowledge.objects.about_user(self.memory)),
            "assistant_facts": self.facts(page, Knowledge.objects.about_assistant(self.memory.assistant)),
        }
        return self.page("memory/page.html", context)

    def facts(self, page: Page, knowledge: QuerySet[Knowledge]) -> QuerySet[Knowledge]:
        """Return what rests on the page of `knowledge`; proposals are for those who may decide on them."""
        hidden = () if self.may_curate else (KnowledgeStatus.PROPOSED,)
        return knowledge.filter(sources=page).exclude(status__in=hidden).defer("embedding").order_by("pk")


class SwitchPage(MemoryView):
    """A page used or not; the button is drawn anew, wherever it stands."""

    http_method_names = ["post"]
    turn: ClassVar[Callable[..., Page]]

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        page = get_object_or_404(self.memory.pages.defer("embedding"), pk=pk)
        try:
            fresh = type(self).turn(page, by=self.person)
        except ObjectDoesNotExist:
            raise Http404 from None
        if request.htmx:
            return self.fragment("memory/_page_use.html", {"page": fresh, "focus": True})
        return redirect(f"{reverse('memory:page', args=[self.memory.assistant.slug, pk])}#page-use")


class DisablePage(SwitchPage):
    """Kept, and not used."""

    turn = staticmethod(disable_page)


class EnablePage(SwitchPage):
    """Used again."""

    turn = staticmethod(enable_page)
