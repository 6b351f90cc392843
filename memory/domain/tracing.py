"""Tracing: what of long-term memory rests on a page. Read only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from django.db import connection

from memory.enums import KnowledgeStatus, Subject, Tier

# Of the assistant's knowledge only what is in use: proposals are for those who decide on them.
_LEARNT = """
    SELECT link.page_id, 'profile', link.profile_id FROM memory_profile_sources AS link
    WHERE link.page_id = ANY(%(pages)s)
    UNION ALL SELECT link.page_id, 'trait', link.trait_id FROM memory_trait_evidence AS link
    WHERE link.page_id = ANY(%(pages)s)
    UNION ALL SELECT link.page_id, fact.subject, fact.id FROM memory_knowledge_sources AS link
    JOIN memory_knowledge AS fact ON fact.id = link.knowledge_id
    WHERE link.page_id = ANY(%(pages)s) AND (fact.subject = %(user)s OR fact.status = %(active)s)
    ORDER BY 1, 2, 3"""

_TIERS = {
    "profile": Tier.PROFILE,
    "trait": Tier.TRAIT,
    Subject.USER.value: Tier.USER_KNOWLEDGE,
    Subject.ASSISTANT.value: Tier.ASSISTANT_KNOWLEDGE,
}


def learnt_from(page_ids: Collection[int]) -> Mapping[int, list[tuple[Tier, int]]]:
    """Return, for each page that something rests on, what rests on it: tier and key. One query, none without pages.

    Profile attributes, traits and facts about the person in any state, and what is known of the assistant and in use.
    Rows rest on pages of their own memory, so whoever may see the pages may see them.
    """
    found: dict[int, list[tuple[Tier, int]]] = defaultdict(list)
    if not page_ids:
        return found
    with connection.cursor() as cursor:
        names = {"user": Subject.USER.value, "active": KnowledgeStatus.ACTIVE.value}
        cursor.execute(_LEARNT, {"pages": list(page_ids), **names})
        for page_id, kind, pk in cursor.fetchall():
            found[page_id].append((_TIERS[kind], pk))
    return found
