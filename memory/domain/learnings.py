"""Learnings: what of long-term memory rests on the pages of a segment. Read only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case, IntegerField, Value, When

from memory.enums import KnowledgeStatus
from memory.models import Knowledge, Memory, Page, Profile, Segment, Trait
from memory.models.knowledge import KnowledgeQuerySet

SHOWN = 100
"""Facts of a segment that are listed; a memory has room for as many."""


@dataclass(frozen=True, slots=True)
class Learnings:
    """What was learnt from a segment, what is in use first. `more` facts are not listed."""

    profile: list[Profile]
    traits: list[Trait]
    facts: list[Knowledge]
    assistant_facts: list[Knowledge]
    more: int = 0

    @property
    def count(self) -> int:
        """How many there are, listed or not."""
        return len(self.profile) + len(self.traits) + len(self.facts) + len(self.assistant_facts) + self.more


def learnings_of(segment: Segment, memory: Memory, *, may_curate: bool) -> Learnings:
    """Return what rests on a segment's pages; proposals are for those who may decide on them. Four queries."""
    pages = Page.objects.filter(segment=segment).values("pk")
    hidden = () if may_curate else (KnowledgeStatus.PROPOSED,)

    def listed(facts: KnowledgeQuerySet) -> list[Knowledge]:
        found = facts.filter(pk__in=Knowledge.sources.through.objects.filter(page__in=pages).values("knowledge"))
        unused = Case(When(status=KnowledgeStatus.ACTIVE, then=Value(0)), default=Value(1), output_field=IntegerField())
        return list(found.exclude(status__in=hidden).defer("embedding").order_by(unused, "-confirmed_at", "-pk"))

    facts = listed(Knowledge.objects.about_user(memory))
    assistant_facts = listed(Knowledge.objects.about_assistant(memory.assistant))
    return Learnings(
        profile=list(memory.profile.filter(sources__in=pages).distinct()),
        traits=list(memory.traits.filter(evidence__in=pages).distinct()),
        facts=facts[:SHOWN],
        assistant_facts=assistant_facts[:SHOWN],
        more=len(facts[SHOWN:]) + len(assistant_facts[SHOWN:]),
    )
