"""What memory holds of the things that answers and notes name: looked up by tier and key, in bulk. Read only.

Only what the memory's owner may see is found. What has been deleted or forgotten meanwhile is not found, and its words
stand nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from memory.domain.foreseeing import text_of
from memory.enums import Tier
from memory.models import Knowledge, Memory, Page, Profile, Segment, Trait
from memory.views.items import with_sources

Key = tuple[Tier, int]

PAGE_TIERS = (Tier.SHORT_TERM, Tier.MID_TERM)
KINDS = {
    Tier.SHORT_TERM: "page",
    Tier.MID_TERM: "page",
    Tier.PROFILE: "profile",
    Tier.TRAIT: "traits",
    Tier.USER_KNOWLEDGE: "knowledge",
    Tier.ASSISTANT_KNOWLEDGE: "assistant-knowledge",
}
"""How the dashboard's addresses name them."""
_ROWS = {
    "page": "chat/_memory_page.html",
    "profile": "memory/_profile_row.html",
    "traits": "memory/_trait_row.html",
    "knowledge": "memory/_knowledge_row.html",
    "assistant-knowledge": "memory/_knowledge_row.html",
}


@dataclass(frozen=True, slots=True)
class Known:
    """One thing that memory holds: its row, as the dashboard knows it, and whether the person may change it."""

    kind: str
    row: Any
    address: str
    may_edit: bool = True

    @property
    def text(self) -> str:
        """The words by which a person knows it."""
        return str(self.row.title or _("Untitled")) if isinstance(self.row, Segment) else text_of(self.row)

    @property
    def row_template(self) -> str:
        """The template that draws its row with what may be done to it."""
        return _ROWS[self.kind]


def look_up(memory: Memory, keys: Iterable[Key], *, may_curate: bool, traced: bool = True) -> Mapping[Key, Known]:
    """Return what is still there of these things, pages among them; a few queries, however many.

    `traced`: with the pages that each of long-term memory rests on, as its row shows them.
    """
    found: dict[Key, Known] = {}
    wanted: dict[str, dict[int, list[Tier]]] = {}
    for tier, pk in keys:
        wanted.setdefault(KINDS[tier], {}).setdefault(pk, []).append(tier)
    for kind, tiers in wanted.items():
        rows = _rows(memory, kind, may_curate).filter(pk__in=tiers)
        if traced and kind != "page":
            rows = with_sources(rows, memory, "evidence" if kind == "traits" else "sources")
        for row in rows:
            may_edit = may_curate or kind != "assistant-knowledge"
            known = Known(kind, row, _address(memory, kind, row.pk), may_edit)
            found |= {(tier, row.pk): known for tier in tiers[row.pk]}
    return found


def look_up_segments(memory: Memory, ids: Iterable[int]) -> Mapping[int, Known]:
    """Return the segments of a memory that are still there."""
    rows = memory.segments.filter(pk__in=list(ids)).only("pk", "title", "memory")
    return {row.pk: Known("segment", row, _address(memory, "segment", row.pk)) for row in rows}


def _rows(memory: Memory, kind: str, may_curate: bool) -> QuerySet[Any]:
    match kind:
        case "page":
            return Page.objects.filter(memory=memory).select_related("segment").defer("embedding", "segment__embedding")
        case "profile":
            return Profile.objects.filter(memory=memory)
        case "traits":
            return Trait.objects.filter(memory=memory)
        case "knowledge":
            facts = Knowledge.objects.about_user(memory)
        case _:
            facts = Knowledge.objects.about_assistant(memory.assistant)
            facts = facts if may_curate else facts.active()
    return facts.select_related("superseded_by").defer("embedding", "superseded_by__embedding")


def _address(memory: Memory, kind: str, pk: int) -> str:
    name = kind if kind in ("page", "segment") else f"{kind}-row"
    return reverse(f"memory:{name}", args=[memory.assistant.slug, pk])
