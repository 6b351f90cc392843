"""Near duplicates among facts: what is plainly the same, what is plainly another thing, and what has to be judged.

How near two facts are is Eq. 3 of the paper over them: cosine of their vectors + Jaccard of their words. Below
`NEAR_FROM` they are different. Above it only equal words in equal order (articles aside) are the same without asking:
"has two cats" and "has three cats", "from Rome to Oslo" and "from Oslo to Rome" are as near as any paraphrase. The rest
goes to the consolidator, in one call for all of an answer's pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from memory.domain.lexical import words
from memory.domain.provenance import content
from memory.domain.showing import Room
from memory.domain.tokens import count_tokens
from memory.domain.vectors import as_array
from memory.embedding.base import Vectors
from memory.llm.base import FactPair, Verdict
from memory.models import Knowledge
from memory.models.knowledge import fingerprint

NEAR_FROM = 1.0
"""F-score below which two facts have nothing to do with each other; calibrated (docs/decisions.md)."""
PAIRS_A_FACT = 3
PAIRS_A_CALL = 30
"""Nearest first: what a call is asked of one fact, and in all."""

_LIGHT = frozenset({"a", "an", "the", "their", "his", "her", "its", "this", "that", "who", "which"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A fact on its way into knowledge: its text as it will be stored, its vector (d,), when it was last said.

    `settled` holds keys of entries that the consolidator has named as superseded by it already.
    """

    text: str
    vector: Vectors
    said_at: datetime
    settled: frozenset[int] = frozenset()


@dataclass(slots=True)
class Relation:
    """What draft number `new` is to an entry, or to an earlier draft of the same answer (by its number).

    Without a verdict it has to be judged.
    """

    new: int
    old: Knowledge | int
    f_score: float
    verdict: Verdict | None = None


def relations(drafts: Sequence[Draft], entries: Sequence[Knowledge], model: str) -> list[Relation]:
    """Return how drafts relate to entries and to each other where they are near: a draft of known words has one "same",
    any other its nearest few, undecided. `model` names the embedder of the drafts' vectors.
    """
    if not drafts:
        return []
    scores = _f_scores(drafts, entries, model)
    stored = [_wording(entry.text) for entry in entries]
    found: list[Relation] = []
    settled: set[int] = set()
    for new, draft in enumerate(drafts):
        olds: list[Knowledge | int] = [*entries, *range(new)]
        wordings = [*stored, *(_wording(other.text) for other in drafts[:new])]
        near = sorted(
            (at for at in range(len(olds)) if scores[new, at] >= NEAR_FROM and not _decided(olds[at], draft, settled)),
            key=lambda at: -scores[new, at],
        )
        mine = _wording(draft.text)
        same = next((at for at in near if _same_words(mine, wordings[at])), None)
        if same is not None:
            settled.add(new)
            found.append(Relation(new, olds[same], float(scores[new, same]), "same"))
        else:
            found += [Relation(new, olds[at], float(scores[new, at])) for at in near[:PAIRS_A_FACT]]
    return found


def undecided(found: Iterable[Relation], drafts: Sequence[Draft], token_limit: int) -> list[Relation]:
    """Return the relations one call is asked about, nearest first; what goes beyond the call counts as different."""
    open_ones = sorted((relation for relation in found if relation.verdict is None), key=lambda each: -each.f_score)
    room = Room(token_limit, PAIRS_A_CALL)
    asked = list(takewhile(lambda relation: room.take(_pair_tokens(relation, drafts)), open_ones))
    for relation in open_ones[len(asked) :]:
        relation.verdict = "different"
    return asked


def pair_of(number: int, relation: Relation, drafts: Sequence[Draft]) -> FactPair:
    """Return a relation as the consolidator sees it."""
    new, old = drafts[relation.new], relation.old
    text, said_at = (
        (old.text, old.confirmed_at) if isinstance(old, Knowledge) else (drafts[old].text, drafts[old].said_at)
    )
    return FactPair(number, text, new.text, said_at, new.said_at, relation.f_score)


def _pair_tokens(relation: Relation, drafts: Sequence[Draft]) -> int:
    pair = pair_of(0, relation, drafts)
    return count_tokens(pair.old) + count_tokens(pair.new)


def more_precise(old: str, new: str) -> bool:
    """True when the new wording says all that the old one says, and more."""
    return content(old) < content(new)


def _decided(old: Knowledge | int, draft: Draft, settled: set[int]) -> bool:
    # A draft that is a known fact in the same words is compared by that fact.
    return old in settled if isinstance(old, int) else old.pk in draft.settled


def _wording(text: str) -> tuple[str, ...]:
    return tuple(word for word in words(text) if word not in _LIGHT)


def _same_words(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Equal but for the light words, also where one puts its end first ("Every evening the user plays")."""
    if len(left) != len(right):
        return False
    return any(left[at:] + left[:at] == right for at in range(max(len(left), 1)))


def _f_scores(drafts: Sequence[Draft], entries: Sequence[Knowledge], model: str) -> NDArray[np.float32]:
    """Eq. 3 of each draft with each entry and each draft, shape (n, m + n). A missing vector counts by the words."""
    width = drafts[0].vector.shape
    vectors = [_comparable(entry, model, width) for entry in entries] + [draft.vector for draft in drafts]
    jaccard = _jaccard([draft.text for draft in drafts], [*(e.text for e in entries), *(d.text for d in drafts)])
    known = np.array([vector is not None for vector in vectors])
    stacked = np.stack([np.zeros(width, dtype=np.float32) if vector is None else vector for vector in vectors])
    cosine = np.stack([draft.vector for draft in drafts]) @ stacked.T
    scores: NDArray[np.float32] = jaccard + np.where(known, cosine, jaccard)
    for new, draft in enumerate(drafts):
        prints = [entry.fingerprint for entry in entries] + [fingerprint(other.text) for other in drafts]
        scores[new, [at for at, each in enumerate(prints) if each == fingerprint(draft.text)]] = 2.0
    return scores


def _comparable(entry: Knowledge, model: str, width: tuple[int, ...]) -> Vectors | None:
    vector = as_array(entry.embedding) if entry.embedding_model == model else None
    return vector if vector is not None and vector.shape == width else None


def _jaccard(left: Sequence[str], right: Sequence[str]) -> NDArray[np.float32]:
    """Jaccard of the contents of each text with each, shape (n, m), by one product of incidence matrices."""
    sets = [content(text) for text in (*left, *right)]
    places = {term: at for at, term in enumerate(frozenset().union(*sets))}
    incidence = np.zeros((len(sets), max(len(places), 1)), dtype=np.float32)
    for row, terms in enumerate(sets):
        incidence[row, [places[term] for term in terms]] = 1.0
    rows, columns = incidence[: len(left)], incidence[len(left) :]
    shared = rows @ columns.T
    union = rows.sum(axis=1)[:, None] + columns.sum(axis=1)[None, :] - shared
    result: NDArray[np.float32] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return result
