"""What long-term memory adds to an answer: profile, traits and the facts nearest to the question. Read only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from django.db import connection

from memory.domain.languages import detect_language
from memory.domain.lexical import terms
from memory.domain.nearest import Floats, Probe, products
from memory.domain.question import Question
from memory.enums import KnowledgeStatus, Subject
from memory.models import Memory

# Moments as seconds: of all that are read, few are shown.
_FACTS = """
    SELECT subject, id, text, date_part('epoch', valid_from), CASE {cases} END
    FROM memory_knowledge WHERE {which} ORDER BY pinned DESC, id"""
_IN_USE = "status = %s AND (memory_id = %s OR assistant_id = %s)"
_NAMED = "id = ANY(%s)"
FEW = 5
"""Facts that may all have a word which tells them from others."""

_PERSONA = """
    SELECT 'profile', id, name, value FROM memory_profile WHERE memory_id = %s AND NOT disabled
    UNION ALL SELECT 'trait', id, dimension, level FROM memory_trait WHERE memory_id = %s AND NOT disabled
    ORDER BY 1, 3"""


class Said(NamedTuple):
    """What recall reads of a profile attribute, or of a trait and its level."""

    pk: int
    name: str
    value: str


class Fact(NamedTuple):
    """What recall reads of a fact; `product` is its vector's inner product with the question's, None without one."""

    pk: int
    text: str
    since: float | None
    product: float | None

    @property
    def valid_from(self) -> datetime | None:
        return None if self.since is None else datetime.fromtimestamp(self.since, UTC)


@dataclass(frozen=True, slots=True)
class FactScore:
    """A fact and how well it fits the question, each signal in standard deviations over the subject's facts.

    `shares` says whether it has a word of the question that not most of them have.
    """

    fact: Fact
    dense: float
    lexical: float
    shares: bool = False

    @property
    def total(self) -> float:
        return self.dense + self.lexical

    def signals(self) -> dict[str, float]:
        return {"dense": self.dense, "lexical": self.lexical}


def read_persona(memory: Memory) -> tuple[list[Said], list[Said]]:
    """Return the profile's attributes and the traits that are in use, each by name, in one query."""
    found: dict[str, list[Said]] = {"profile": [], "trait": []}
    with connection.cursor() as cursor:
        cursor.execute(_PERSONA, [memory.pk, memory.pk])
        for kind, *said in cursor.fetchall():
            found[kind].append(Said(*said))
    return found["profile"], found["trait"]


def score_facts(memory: Memory, question: Question, probes: Sequence[Probe]) -> dict[Subject, list[FactScore]]:
    """Return the active facts about the person and about the assistant, best first, in one query.

    They are few (the capacity bounds them), so their words are compared here.
    """
    found = _read_facts(_IN_USE, [KnowledgeStatus.ACTIVE.value, memory.pk, memory.assistant_id], probes)
    return {subject: _scored(facts, question) for subject, facts in found.items()}


def score_named_facts(keys: Sequence[int], question: Question, probes: Sequence[Probe]) -> list[FactScore]:
    """Return facts of one subject, best first, scored against each other as recall scores those in use. One query.

    The active facts of a subject get just the scores that recall gives them.
    """
    found = _read_facts(_NAMED, [list(keys)], probes)
    return _scored([fact for facts in found.values() for fact in facts], question)


def _read_facts(which: str, arguments: Sequence[Any], probes: Sequence[Probe]) -> dict[Subject, list[Fact]]:
    cases, params = products(probes)
    found: dict[Subject, list[Fact]] = {Subject.USER: [], Subject.ASSISTANT: []}
    with connection.cursor() as cursor:
        cursor.execute(_FACTS.format(cases=cases, which=which), [*params, *arguments])
        for subject, *fact in cursor.fetchall():
            found[Subject(subject)].append(Fact(*fact))
    return found


def _scored(facts: Sequence[Fact], question: Question) -> list[FactScore]:
    if not facts:
        return []
    products = [fact.product for fact in facts]
    known = [product for product in products if product is not None]
    mean = float(np.mean(known)) if known else 0.0
    dense = _z(np.array([mean if product is None else product for product in products]))
    overlap, telling = _overlap([_terms(fact.text) for fact in facts], question)
    columns = zip(facts, dense.tolist(), _z(overlap).tolist(), telling, strict=True)
    scores = [FactScore(*column) for column in columns]
    return sorted(scores, key=lambda score: -score.total)


def _overlap(facts: Sequence[frozenset[str]], question: Question) -> tuple[Floats, list[bool]]:
    """Sum of the rarity of shared words, rarity taken over these facts; and whether a word that tells is among them."""
    if not question.words:
        return np.zeros(len(facts)), [False] * len(facts)
    shared = np.array([[not word.isdisjoint(fact) for word in question.words] for fact in facts], dtype=np.float64)
    holders = shared.sum(axis=0)
    overlap: Floats = shared @ np.log1p(len(facts) / np.maximum(holders, 1))
    # Facts about the person begin with "The user": of a word that most of them have, none is the one that is meant.
    telling = shared[:, holders <= max(len(facts) / 2, FEW)]
    return overlap, [bool(row.any()) for row in telling]


@lru_cache(maxsize=4096)
def _terms(text: str) -> frozenset[str]:
    return frozenset(terms(text, detect_language(text)))


def _z(values: Floats) -> Floats:
    deviation = values.std()
    return (values - values.mean()) / deviation if deviation > 1e-9 else np.zeros_like(values)
