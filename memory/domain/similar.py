"""Similar entries: what an assistant knows already beside each proposal, so that who decides sees it. Read only.

How near two entries are is Eq. 3 of the paper over them, as for near duplicates: cosine of their vectors + Jaccard of
their words; where the vectors cannot be compared, the words count twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memory.domain.provenance import content
from memory.domain.vectors import as_array
from memory.embedding.base import Vectors
from memory.enums import KnowledgeStatus
from memory.models import Assistant

ALIKE_FROM = 0.6
"""F-score from which an entry is worth a look; a person weighs more than `duplicates.NEAR_FROM` lets pass."""
SHOWN = 3
_COMPARED = (KnowledgeStatus.ACTIVE, KnowledgeStatus.PROPOSED, KnowledgeStatus.DISABLED)


@dataclass(frozen=True, slots=True)
class Similar:
    """An entry near to a proposal."""

    pk: int
    text: str
    status: str
    score: float

    @property
    def in_use(self) -> bool:
        """Whether it could be replaced."""
        return self.status == KnowledgeStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class _Known:
    pk: int
    text: str
    status: str
    vector: Vectors | None
    model: str
    words: frozenset[str]


def similar_to(assistant: Assistant, keys: Sequence[int]) -> dict[int, list[Similar]]:
    """Return what is known of an assistant that is near to each of these entries, nearest first. One query."""
    if not keys:
        return {}
    rows = assistant.knowledge.filter(status__in=_COMPARED).order_by("pk")
    columns = rows.values_list("pk", "text", "status", "embedding", "embedding_model")
    known = [
        _Known(pk, text, status, as_array(stored), model, content(text)) for pk, text, status, stored, model in columns
    ]
    by_key = {entry.pk: entry for entry in known}
    return {key: _near(by_key[key], known) for key in keys if key in by_key}


def _near(entry: _Known, known: Sequence[_Known]) -> list[Similar]:
    found = [Similar(o.pk, o.text, o.status, _f_score(entry, o)) for o in known if o.pk != entry.pk]
    near = [similar for similar in found if similar.score >= ALIKE_FROM]
    return sorted(near, key=lambda similar: (-similar.score, similar.pk))[:SHOWN]


def _f_score(one: _Known, other: _Known) -> float:
    union = len(one.words | other.words)
    jaccard = len(one.words & other.words) / union if union else 0.0
    a, b = one.vector, other.vector
    if a is None or b is None or one.model != other.model or a.shape != b.shape:
        return 2 * jaccard
    return jaccard + float(np.dot(a, b))
