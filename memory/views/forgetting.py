"""Forgetting by hand: a page that says what would go, and the button that lets go of just that.

The one address answers to GET with the preview and to POST with the deed. A post without the fingerprint of a preview
is answered like one with an old one: with the preview.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from memory.domain.forgetting import EVERYTHING, Forgetting, Target, forget, preview
from memory.exceptions import ForgettingChanged, NothingToForget
from memory.forms import EverythingForm
from memory.models import Knowledge, Page, Profile, Segment, Trait
from memory.views.base import DashboardRequest, MemoryView, Row
from memory.views.items import ItemView
from memory.views.knowledge import AssistantKnowledgeView, KnowledgeView
from memory.views.persona import ProfileView, TraitView
from memory.views.previews import done_in_words, in_words

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

SOURCES_OFFERED = 25
"""A fact's pages are offered to be forgotten, too, as long as an address can name them all."""


class ForgetView(MemoryView):
    """Shows what a forgetting takes, and does it when it still is what the person has seen."""

    def preview_page(self, target: Target, status: int = 200, **context: Any) -> HttpResponse:
        """Render the preview of a target. Raises Http404 when it is not in the memory."""
        try:
            plan = preview(self.memory, target)
        except NothingToForget as error:
            raise Http404 from error
        context["preview"] = in_words(self.memory, plan, may_curate=self.may_curate)
        return self.page("memory/forget.html", context, status)

    def do(self, target: Target, back_to: str = "", **context: Any) -> HttpResponse:
        """Forget what the posted fingerprint stands for; lead to `back_to`, or to where what is left stands."""
        try:
            done = forget(self.memory, target, by=self.person, expected=self.request.POST.get("fingerprint", ""))
        except NothingToForget as error:
            raise Http404 from error
        except ForgettingChanged:
            return self.preview_page(target, 409, **context, changed=True)
        messages.success(self.request, gettext("Forgotten for good: %(what)s.") % {"what": done_in_words(done)})
        return redirect(back_to or self.whats_left(done))

    def whats_left(self, done: Forgetting) -> str:
        """Return the page of the segment that lost pages, if it is just one; else the list they were in."""
        slug = self.memory.assistant.slug
        if len(done.blanked_segments) == 1 and not done.segments:
            return reverse("memory:segment", args=[slug, done.blanked_segments[0].pk])
        in_segments = done.blanked_segments or done.segments
        return reverse("memory:segments" if in_segments else "memory:short-term", args=[slug])


class ForgetPage(ForgetView):
    """A page, and what rests on it alone."""

    section = "pages"

    def about(self, pk: int) -> dict[str, Any]:
        """Return what the preview says of the page."""
        page = get_object_or_404(self.memory.pages.defer("embedding"), pk=pk)
        back = reverse("memory:page", args=[self.memory.assistant.slug, pk])
        number = {"number": page.position}
        return {
            "heading": gettext("Forget page %(number)s") % number,
            "back": back,
            "back_label": gettext("Page %(number)s") % number,
        }

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        return self.preview_page(Target.pages([pk]), **self.about(pk))

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        return self.do(Target.pages([pk]), **self.about(pk))


class ForgetPages(ForgetView):
    """Pages chosen in a list, `?id=` each, all at once."""

    section = "pages"

    def target(self) -> Target:
        """Return the pages of the address. Raises Http404 for what cannot be a key."""
        wished = self.request.GET.getlist("id")
        if not all(key.isdecimal() and len(key) < 19 for key in wished):
            raise Http404
        return Target.pages(map(int, wished))

    def about(self, target: Target) -> dict[str, Any]:
        """Return what the preview says of the pages."""
        count = len(target.ids)
        heading = ngettext("Forget a page", "Forget %(count)d pages", count) % {"count": count}
        back = reverse("memory:short-term", args=[self.memory.assistant.slug])
        in_segments = self.memory.pages.mid_term().filter(pk__in=target.ids).values_list("segment", flat=True)
        if (segments := in_segments.order_by().distinct()[:2]) and len(segments) == 1:
            back = reverse("memory:segment", args=[self.memory.assistant.slug, segments[0]])
        return {"heading": heading, "back": back, "back_label": gettext("Back")}

    def get(self, request: DashboardRequest) -> HttpResponse:
        target = self.target()
        if not target.ids:
            return self.refuse(400, gettext("Choose at least one page: tick it in the list."))
        return self.preview_page(target, **self.about(target))

    def post(self, request: DashboardRequest) -> HttpResponse:
        target = self.target()
        return self.do(target, **self.about(target))


class ForgetSegment(ForgetView):
    """A segment with all its pages, and what rests on them alone."""

    section = "segments"

    def about(self, segment: Segment) -> dict[str, Any]:
        """Return what the preview says of the segment."""
        back = reverse("memory:segment", args=[self.memory.assistant.slug, segment.pk])
        title = segment.title or gettext("Untitled segment")
        return {"heading": gettext("Forget a segment"), "words": title, "back": back, "back_label": title}

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        segment = get_object_or_404(self.memory.segments.defer("embedding"), pk=pk)
        return self.preview_page(Target("segment", (pk,)), **self.about(segment))

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        segment = get_object_or_404(self.memory.segments.defer("embedding"), pk=pk)
        slug = self.memory.assistant.slug
        back_to = reverse("memory:segments", args=[slug]) + ("?show=archived" if segment.archived_at else "")
        return self.do(Target("segment", (pk,)), back_to, **self.about(segment))


class ForgetItem(ForgetView, ItemView[Row]):
    """A fact, an attribute or a trait; the pages it was learnt from stay, and can be forgotten as well."""

    target_kind: ClassVar[Any]
    heading: ClassVar[StrPromise]

    def about(self, item: Row) -> dict[str, Any]:
        """Return what the preview says of the row."""
        own = getattr(item, self.source_field).filter(memory=self.memory).only("pk", "position").order_by("position")
        sources: list[Page] = list(own[: SOURCES_OFFERED + 1])
        back = self.list_address(item)
        return {
            "heading": self.heading,
            "back": back,
            "back_label": gettext("Back to the list"),
            "sources": sources,
            "source_query": "?" + "&".join(f"id={page.pk}" for page in sources),
            "too_many_sources": len(sources) > SOURCES_OFFERED,
            "item": item,
        }

    def found(self, pk: int) -> Row:
        """Return the row, if the person may forget it."""
        item = get_object_or_404(self.items(), pk=pk)
        self.require_right(item)
        return item

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        item = self.found(pk)
        return self.preview_page(Target(self.target_kind, (pk,)), **self.about(item))

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        item = self.found(pk)
        return self.do(Target(self.target_kind, (pk,)), self.list_address(), **self.about(item))


class ForgetProfile(ProfileView, ForgetItem[Profile]):
    """A profile attribute."""

    target_kind = "profile"
    heading = _("Forget a profile attribute")


class ForgetTrait(TraitView, ForgetItem[Trait]):
    """A trait."""

    target_kind = "trait"
    heading = _("Forget a trait")


class ForgetKnowledge(KnowledgeView, ForgetItem[Knowledge]):
    """A fact about the person."""

    target_kind = "knowledge"
    heading = _("Forget a fact about you")


class ForgetAssistantKnowledge(AssistantKnowledgeView, ForgetItem[Knowledge]):
    """A fact about the assistant, for all its members."""

    target_kind = "assistant_knowledge"
    heading = _("Forget a fact about the assistant")


class ForgetEverything(ForgetView):
    """All that the assistant remembers of the person, confirmed by typing the assistant's name."""

    section = "overview"

    def about(self, form: EverythingForm) -> dict[str, Any]:
        """Return what the preview says of the memory."""
        heading = gettext("Forget everything %(name)s remembers of you") % {"name": self.memory.assistant.name}
        back = reverse("memory:overview", args=[self.memory.assistant.slug])
        return {"heading": heading, "back": back, "back_label": gettext("Overview"), "everything": True, "form": form}

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.preview_page(EVERYTHING, **self.about(EverythingForm(self.memory.assistant.name)))

    def post(self, request: DashboardRequest) -> HttpResponse:
        form = EverythingForm(self.memory.assistant.name, request.POST)
        if not form.is_valid():
            return self.preview_page(EVERYTHING, 422, **self.about(form))
        return self.do(EVERYTHING, reverse("memory:overview", args=[self.memory.assistant.slug]), **self.about(form))
