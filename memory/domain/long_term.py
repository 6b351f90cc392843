"""What long-term memory adds to an answer: profile, traits and the facts nearest to the question. Read only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.db.models import Case, FloatField, Q, When
from pgvector.django import MaxInnerProduct

from memory.domain.languages import detect_language
from memory.domain.lexical import terms
from memory.domain.nearest import Floats
from memory.domain.question import Question
from memory.domain.vectors import Width, as_stored
from memory.embedding.base import Vectors
from memory.enums import Subject
from memory.models import Knowledge, Memory


@dataclass(frozen=True, slots=True)
class FactScore:
    """A fact and how well it fits the question, each signal in standard deviations over the subject's facts."""

    fact: Knowledge
    dense: float
    lexical: float

    @property
    def total(self) -> float:
        return self.dense + self.lexical

    def signals(self) -> dict[str, float]:
        return {"dense": self.dense, "lexical": self.lexical}


def score_facts(memory: Memory, question: Question, vectors: Mapping[str, Vectors]) -> dict[Subject, list[FactScore]]:
    """Return the active facts about the person and about the assistant, best first, in one query.

    They are few (the capacity bounds them), so their words are compared here.
    """
    about = Q(memory=memory) | Q(assistant=memory.assistant_id)
    entries = Knowledge.objects.active().filter(about).alias(width=Width("embedding"))
    entries = entries.annotate(product=_product(vectors)).order_by("-pinned", "pk")
    found: dict[Subject, list[Knowledge]] = {Subject.USER: [], Subject.ASSISTANT: []}
    for entry in entries.only("subject", "text", "valid_from"):
        found[Subject(entry.subject)].append(entry)
    return {subject: _scored(facts, question) for subject, facts in found.items()}


def _product(vectors: Mapping[str, Vectors]) -> Case:
    """The inner product of a fact's vector with the question's of the same model; null where there is none."""
    cases = [
        When(
            embedding_model=model,
            width=len(vector),
            then=-MaxInnerProduct("embedding", as_stored(vector)),
        )
        for model, vector in vectors.items()
        if np.any(vector)
    ]
    return Case(*cases, default=None, output_field=FloatField())


def _scored(facts: Sequence[Knowledge], question: Question) -> list[FactScore]:
    if not facts:
        return []
    products = [fact.product for fact in facts]  # type: ignore[attr-defined]
    known = [product for product in products if product is not None]
    mean = float(np.mean(known)) if known else 0.0
    dense = _z(np.array([mean if product is None else product for product in products]))
    lexical = _z(_overlap([_terms(fact.text) for fact in facts], question))
    scores = [FactScore(fact, float(d), float(w)) for fact, d, w in zip(facts, dense, lexical, strict=True)]
    return sorted(scores, key=lambda score: -score.total)


def _overlap(facts: Sequence[frozenset[str]], question: Question) -> Floats:
    """Sum of the rarity of shared words, rarity taken over these facts."""
    shared = np.array([[not word.isdisjoint(fact) for word in question.words] for fact in facts], dtype=np.float64)
    if not question.words:
        return np.zeros(len(facts))
    rarity = np.log1p(len(facts) / np.maximum(shared.sum(axis=0), 1))
    overlap: Floats = shared @ rarity
    return overlap


@lru_cache(maxsize=4096)
def _terms(text: str) -> frozenset[str]:
    return frozenset(terms(text, detect_language(text)))


def _z(values: Floats) -> Floats:
    deviation = values.std()
    return (values - values.mean()) / deviation if deviation > 1e-9 else np.zeros_like(values)
