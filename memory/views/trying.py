"""Trying a question: why would the assistant answer that? What is found, what it is given, and the whole prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import push_url

from memory.domain.connections import model_connected
from memory.domain.recall import RecalledItem, Recollection
from memory.domain.trying import PROMPT_PARTS, Trial, try_question
from memory.domain.wording import PAGE_TIERS
from memory.enums import Tier
from memory.forms import QuestionForm
from memory.models import Memory
from memory.views.base import DashboardRequest, MemoryView
from memory.views.recalled import NAMES, PARTS, Bar, Words, positive, signal_bars, stacked

ADDRESS_LENGTH = 6000
"""Characters of a query beyond which servers refuse an address."""
EXAMPLES = 4
KINDS = {
    Tier.SHORT_TERM: "page",
    Tier.MID_TERM: "page",
    Tier.PROFILE: "profile-row",
    Tier.TRAIT: "traits-row",
    Tier.USER_KNOWLEDGE: "knowledge-row",
    Tier.ASSISTANT_KNOWLEDGE: "assistant-knowledge-row",
}
ROOM: dict[str, tuple[Words, tuple[Tier, ...]]] = {
    "profile": (_("Profile and traits"), (Tier.PROFILE, Tier.TRAIT)),
    "facts": (_("Facts"), (Tier.USER_KNOWLEDGE, Tier.ASSISTANT_KNOWLEDGE)),
    "latest": (_("Latest exchanges"), (Tier.SHORT_TERM,)),
    "earlier": (_("Earlier exchanges"), (Tier.MID_TERM,)),
}
STEPS: dict[str, Words] = {
    "question": _("Understanding the question"),
    "embedding": _("Its meaning as a vector"),
    "facts": _("Comparing facts"),
    "pages": _("Comparing pages"),
    "filling": _("Filling the room"),
    "prompt": _("Writing the prompt"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that recall found, as the page shows it."""

    item: RecalledItem
    why: tuple[Bar, ...]
    address: str
    page: int | None = None
    segment: tuple[str, str] | None = None
    """Title and address of the segment that holds the page."""

    @property
    def name(self) -> Words:
        return NAMES[self.item.tier]


class TryQuestion(MemoryView):
    """A question field, and what a question would get. A question that fits into an address has one."""

    section = "try"
    changes = False

    def get(self, request: DashboardRequest) -> HttpResponse:
        if not request.GET.get("q"):
            return self.show(QuestionForm(initial={"budget": self.memory.conf.recall_budget}))
        return self.tried(request.GET)

    def post(self, request: DashboardRequest) -> HttpResponse:
        fields = {name: request.POST[name] for name in QuestionForm.base_fields if request.POST.get(name)}
        if len(query := urlencode(fields)) <= ADDRESS_LENGTH and QuestionForm(fields).is_valid():
            address = f"{reverse('memory:try', args=[self.memory.assistant.slug])}?{query}"
            return push_url(self.tried(request.POST), address) if request.htmx else redirect(address)
        return self.tried(request.POST)

    def tried(self, data: QueryDict) -> HttpResponse:
        form = QuestionForm(data)
        if not form.is_valid():
            return self.show(form, status=422)
        asked = form.cleaned_data
        left_out = self.memory.pages.only("pk", "position").filter(pk=asked["without"]).first()
        trial = try_question(
            self.memory,
            asked["q"],
            now=moment_of(asked["at"]),
            budget=asked["budget"],
            exclude_pages=frozenset([left_out.pk] if left_out else []),
        )
        return self.show(form, {"trial": trial, "exchange": left_out, **shown_of(self.memory, trial)})

    def show(self, form: QuestionForm, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        if context is None:
            # With an answer on the page, that is where the keyboard goes.
            form.fields["q"].widget.attrs["autofocus"] = True
        shown = {
            "form": form,
            "examples": [] if context else examples(self.memory),
            "model_connected": model_connected(self.memory.assistant),
            **(context or {}),
        }
        if self.request.htmx and not self.request.htmx.history_restore_request:
            return self.fragment("memory/_trying.html", shown, status)
        return self.page("memory/trying.html", shown, status)


def moment_of(day: date | None) -> datetime:
    """Return now, or the noon of another day."""
    now = timezone.now()
    if day is None or day == timezone.localdate(now):
        return now
    return timezone.make_aware(datetime.combine(day, time(12)))


def examples(memory: Memory) -> list[str]:
    """Return questions about what this memory holds: about its warmest segments."""
    warm = memory.segments.active().exclude(title="").with_heat(timezone.now(), memory.conf).order_by("-heat", "pk")
    titles = warm.values_list("title", flat=True)[:EXAMPLES]
    return [gettext("What did I say about “%(title)s”?") % {"title": title} for title in titles]


def shown_of(memory: Memory, trial: Trial) -> dict[str, Any]:
    """Return what the page shows of a trial."""
    recollection = trial.prepared.recollection
    given = sorted(recollection.items, key=lambda item: (not item.signals, -item.score))
    longest = max((positive(item.signals) for item in (*given, *recollection.left_out)), default=0.0)
    places = places_of(memory, (*given, *recollection.left_out))
    tokens: dict[str, int] = {}
    for piece in trial.pieces:
        tokens[piece.part] = tokens.get(piece.part, 0) + piece.tokens
    parts = {**PARTS, "profile": _("Profile and traits"), "memory": _("Facts and exchanges")}
    return {
        "given": [found(memory, item, places, longest) for item in given],
        "left_out": [found(memory, item, places, longest) for item in recollection.left_out],
        "without_meaning": recollection.without_meaning,
        "used": recollection.tokens,
        "room": room_of(recollection, trial.budget),
        "pieces": [(piece, parts[piece.part], piece.part == "history") for piece in trial.pieces],
        "prompt": stacked([(name, parts[name], tokens.get(name, 0)) for name in PROMPT_PARTS]),
        "prompt_total": sum(tokens.values()),
        "steps": [(label, trial.milliseconds.get(name, 0.0)) for name, label in STEPS.items()],
        "milliseconds": sum(trial.milliseconds.values()),
    }


Places = dict[int, tuple[int, int | None, str | None]]


def places_of(memory: Memory, items: Sequence[RecalledItem]) -> Places:
    """Return where the pages among these stand: position, segment, its title. One query."""
    keys = [item.object_id for item in items if item.tier in PAGE_TIERS]
    rows = memory.pages.filter(pk__in=keys).values_list("pk", "position", "segment_id", "segment__title")
    return {pk: (position, segment, title) for pk, position, segment, title in rows}


def found(memory: Memory, item: RecalledItem, places: Places, longest: float) -> Found:
    """Return an item with its addresses."""
    slug = memory.assistant.slug
    address = reverse(f"memory:{KINDS[item.tier]}", args=[slug, item.object_id])
    why = signal_bars(item.signals, longest)
    if item.tier not in PAGE_TIERS or item.object_id not in places:
        return Found(item, why, address)
    position, segment_id, title = places[item.object_id]
    segment = None
    if segment_id is not None:
        segment = (title or gettext("Untitled"), reverse("memory:segment", args=[slug, segment_id]))
    return Found(item, why, address, position, segment)


def room_of(recollection: Recollection, budget: int) -> tuple[Bar, ...]:
    """Return the room for memory as a bar: what each tier takes of it, and what is left."""
    parts: list[tuple[str, Words, float]] = [
        (name, label, sum(item.tokens for item in recollection.of(*tiers))) for name, (label, tiers) in ROOM.items()
    ]
    taken = sum(part[2] for part in parts)
    parts.append(("headings", _("Headings"), recollection.tokens - taken))
    parts.append(("free", _("Free"), max(0, budget - recollection.tokens)))
    return stacked(parts, float(max(budget, recollection.tokens)))
