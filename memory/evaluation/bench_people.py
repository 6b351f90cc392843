"""The people of the benchmark: who they are, and what is known of them for long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.contrib.auth.models import User

from memory.domain.traits import TRAIT_DIMENSIONS
from memory.enums import KnowledgeStatus, Role, Subject, TraitLevel
from memory.evaluation.bench_columns import KNOWLEDGE, PROFILE, TRAIT
from memory.evaluation.bench_plan import Shape
from memory.evaluation.bench_rows import stored_vectors
from memory.evaluation.bench_tables import Row, copy_rows
from memory.evaluation.bench_text import Vocabulary, spelled, units
from memory.models import Assistant, Membership, Memory
from memory.models.knowledge import fingerprint

ATTRIBUTES = 10
TRAITS = 20
WORDS_A_FACT = 6


def make_people(count: int, shape: Shape) -> list[Memory]:
    """Return the empty memories of `count` people at one shared assistant."""
    assistant = Assistant.objects.create(name="Benchmark", slug="benchmark", memory_settings=shape.memory_settings)
    users = User.objects.bulk_create([User(username=f"person-{n}", password="!") for n in range(1, count + 1)])
    Membership.objects.bulk_create([Membership(assistant=assistant, user=user, role=Role.MEMBER) for user in users])
    return Memory.objects.bulk_create([Memory(assistant=assistant, user=user) for user in users])


@dataclass(slots=True)
class PersonaWriter:
    """Writes long-term memory: a profile, traits and as much knowledge as the capacity allows, each with its source."""

    vocabulary: Vocabulary
    now: datetime
    rng: np.random.Generator
    knowledge: int = 1
    profile: int = 1
    trait: int = 1

    def write(self, memory: Memory, first_page: int, pages: int) -> None:
        """Fill the long-term tier of a memory whose pages have the keys from `first_page` on."""
        facts = memory.conf.knowledge_capacity
        copy_rows("memory_knowledge", KNOWLEDGE, self._facts(memory, facts))
        copy_rows("memory_profile", PROFILE, self._attributes(memory))
        copy_rows("memory_trait", TRAIT, self._traits(memory))
        for table, key, first, count in (
            ("memory_knowledge_sources", "knowledge_id", self.knowledge, facts),
            ("memory_profile_sources", "profile_id", self.profile, ATTRIBUTES),
            ("memory_trait_evidence", "trait_id", self.trait, TRAITS),
        ):
            source = (first_page + self.rng.integers(0, pages, count)).tolist()
            copy_rows(table, {key: "int8", "page_id": "int8"}, zip(range(first, first + count), source, strict=True))
        self.knowledge += facts
        self.profile += ATTRIBUTES
        self.trait += TRAITS

    def _facts(self, memory: Memory, count: int) -> Iterator[Row]:
        words = self.vocabulary.draw(count * WORDS_A_FACT, self.rng).reshape(count, WORDS_A_FACT)
        vectors = stored_vectors(units(self.vocabulary.vectors[words].sum(axis=1)))
        for number, (said, vector) in enumerate(zip(words.tolist(), vectors, strict=True)):
            text = f"Fact {number + 1}: {spelled(self.vocabulary, said)}."
            yield (
                self.knowledge + number,
                Subject.USER.value,
                memory.pk,
                text,
                fingerprint(text),
                KnowledgeStatus.ACTIVE.value,
                False,
                False,
                1,
                self.now,
                self.now,
                vector,
                self.vocabulary.model,
                self.now,
                self.now,
            )

    def _attributes(self, memory: Memory) -> Iterator[Row]:
        for number, word in enumerate(self.vocabulary.draw(ATTRIBUTES, self.rng).tolist()):
            value = self.vocabulary.words[word]
            yield (self.profile + number, memory.pk, f"attribute {number + 1}", value, False, False, self.now, self.now)

    def _traits(self, memory: Memory) -> Iterator[Row]:
        for number, dimension in enumerate(TRAIT_DIMENSIONS[:TRAITS]):
            level = TraitLevel.values[number % len(TraitLevel.values)]
            yield (self.trait + number, memory.pk, dimension, level, "Said so.", False, False, self.now, self.now)
