"""Searching what is known: facts by words and by meaning, scored as recall scores them. Read only."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from memory.domain.long_term import FactScore, score_named_facts
from memory.domain.recall import inquire
from memory.models import Knowledge, Memory

NEAR_FROM = 0.9
"""Standard deviations from which a fact that shares no word counts as near; the better of two has 1."""
ALONE_FROM = 0.15
"""Cosine from which a fact that stands alone counts as near."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A fact that fits, and why. `contains`: the words asked for stand in it just so."""

    score: FactScore
    contains: bool

    @property
    def pk(self) -> int:
        return self.score.fact.pk


@dataclass(frozen=True, slots=True)
class Search:
    """What was found, best first. `without_meaning`: the embedding model could not be asked, so words alone count."""

    hits: tuple[Hit, ...]
    without_meaning: bool


def search_knowledge(memory: Memory, entries: QuerySet[Knowledge], query: str, *, now: datetime) -> Search:
    """Find facts of one subject for a query, all that fit, with the scores that recall would give them.

    A fact fits when the query stands in it word for word, when they share a word that tells it from most, or when it is
    much nearer to it than most. Those that contain it come first. `entries` are scored against each other: give all of
    a status, not a part of it, where the scores are to be those of recall. Four queries, however many facts.
    """
    asked = inquire(memory, query, now)
    scores = score_named_facts(list(entries.order_by().values_list("pk", flat=True)), asked.question, asked.probes)
    wanted = _plain(query)
    hits = [Hit(score, bool(wanted) and wanted in _plain(score.fact.text)) for score in scores]
    fitting = (hit for hit in hits if hit.contains or hit.score.shares or _is_near(hit.score, scores))
    return Search(tuple(sorted(fitting, key=lambda hit: not hit.contains)), asked.without_meaning)


def _is_near(score: FactScore, scores: Sequence[FactScore]) -> bool:
    # Of one alone nothing is "nearer than most": its direction alone has to say it.
    alone = len(scores) == 1 and (score.fact.product or 0.0) >= ALONE_FROM
    return alone or score.dense >= NEAR_FROM


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
