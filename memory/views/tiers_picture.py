"""What the picture of the three tiers shows of a memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.db.models.functions import Left
from django.utils.translation import gettext

from memory.conf import MemorySettings
from memory.domain.traits import DIMENSIONS
from memory.enums import KnowledgeStatus
from memory.models import Knowledge, Memory
from memory.views.charts.tiers import (
    NAMED,
    PLACES,
    THIN,
    Contents,
    Held,
    Picture,
    Waiting,
    Warm,
    one_below_the_other,
    side_by_side,
)

EXCERPT = 160
"""Characters of a page that are read for the picture, more than one line holds."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """How full the tiers are."""

    short_term: int
    pages: int
    segments: int
    segments_archived: int
    profile: int
    traits: int
    knowledge: int
    assistant_knowledge: int

    @classmethod
    def of(cls, memory: Memory) -> Numbers:
        """Count each tier; archived segments and their pages are out of recall and counted apart."""
        segments = memory.segments.aggregate(
            active=Count("pk", filter=Q(archived_at__isnull=True)),
            archived=Count("pk", filter=Q(archived_at__isnull=False)),
        )
        facts = Knowledge.objects.filter(
            Q(memory=memory) | Q(assistant=memory.assistant_id), status=KnowledgeStatus.ACTIVE
        ).aggregate(user=Count("memory"), assistant=Count("assistant"))
        return cls(
            short_term=memory.pages.short_term().count(),
            pages=memory.pages.mid_term().recallable().count(),
            segments=segments["active"],
            segments_archived=segments["archived"],
            profile=memory.profile.count(),
            traits=memory.traits.count(),
            knowledge=facts["user"],
            assistant_knowledge=facts["assistant"],
        )


def contents_of(memory: Memory, numbers: Numbers, now: datetime, conf: MemorySettings) -> Contents:
    """Read the newest pages and the hottest segments. Two queries."""
    newest = memory.pages.short_term().reverse().annotate(asked=Left("query", EXCERPT), told=Left("response", EXCERPT))
    warm = memory.segments.active().with_heat(now, conf).order_by("-heat", "pk")
    first_to_stay = _moving(numbers.short_term, conf)
    pages = list(newest.values_list("pk", "asked", "told")[:PLACES])
    return Contents(
        waiting=[
            Waiting(pk, asked or told, moves=numbers.short_term - 1 - index < first_to_stay)
            for index, (pk, asked, told) in enumerate(pages)
        ],
        waiting_count=numbers.short_term,
        waiting_capacity=conf.short_term_capacity,
        segments=[
            Warm(pk, title or gettext("Untitled"), heat)
            for pk, title, heat in warm.values_list("pk", "title", "heat")[: NAMED + THIN]
        ],
        segment_count=numbers.segments,
        threshold=conf.heat_threshold,
        held=_held(numbers, conf),
        transfer=gettext("The oldest pages move on, sorted by topic"),
        promotion=gettext("Hot topics are read for what lasts"),
    )


def pictures_of(contents: Contents) -> Sequence[Picture]:
    """Return the same picture for a wide page and for a narrow one; the style sheet shows the one that fits."""
    return (side_by_side(contents), one_below_the_other(contents))


def _moving(waiting: int, conf: MemorySettings) -> int:
    """Return how many of the oldest pages move now or, when the queue is just full, with the next page."""
    overflow = waiting - conf.short_term_capacity
    if overflow < 0:
        return 0
    return min(max(conf.transfer_batch, min(overflow, conf.transfer_batch_limit)), waiting)


def _held(numbers: Numbers, conf: MemorySettings) -> list[Held]:
    return [
        Held("profile", numbers.profile, None),
        Held("traits", numbers.traits, len(DIMENSIONS)),
        Held("knowledge", numbers.knowledge, conf.knowledge_capacity),
        Held("assistant-knowledge", numbers.assistant_knowledge, conf.knowledge_capacity),
    ]
