"""Facts written by hand: adding.py; traits: persona.add_trait."""

from __future__ import annotations

from datetime import timedelta

import pytest

from memory.domain.adding import add_knowledge
from memory.domain.persona import add_trait
from memory.enums import Actor, EventKind, KnowledgeStatus, Subject, TraitLevel
from memory.exceptions import DuplicateKnowledge, InvalidText, KnownTrait, ModelError, ModelUnreachable
from memory.models import Knowledge, Memory, MemoryEvent
from tests.memory.factories import EPOCH, AssistantKnowledgeFactory, KnowledgeFactory, MemoryFactory, TraitFactory
from tests.memory.fakes import WordEmbedder

pytestmark = pytest.mark.django_db


class AwayEmbedder(WordEmbedder):
    """Cannot be reached."""

    def embed(self, texts: object, *, timeout: float | None = None) -> object:  # type: ignore[override]
        raise ModelUnreachable


@pytest.fixture
def memory() -> Memory:
    made: Memory = MemoryFactory()
    return made


def test_a_fact_is_added_locked_with_its_vector_and_logged(memory: Memory) -> None:
    embedder = WordEmbedder()
    fact = add_knowledge(memory, " Likes tea. ", embedder, by=memory.user, valid_from=EPOCH)
    fresh = memory.knowledge.get()
    assert (fresh.pk, fresh.text, fresh.subject, fresh.status) == (
        fact.pk, "Likes tea.", Subject.USER, KnowledgeStatus.ACTIVE,
    )  # fmt: skip
    assert (fresh.locked, fresh.valid_from, fresh.embedding_model) == (True, EPOCH, embedder.name)
    assert embedder.calls == [["Likes tea."]]
    event = MemoryEvent.objects.get()
    assert (event.kind, event.actor, event.user, event.memory) == (
        EventKind.ADDED, Actor.PERSON, memory.user, memory,
    )  # fmt: skip
    assert (event.target_id, event.before, event.after) == (fact.pk, None, {"text": "Likes tea."})


def test_a_fact_about_the_assistant_belongs_to_all_its_members(memory: Memory) -> None:
    fact = add_knowledge(memory.assistant, "Knows the menu.", WordEmbedder(), by=memory.user)
    assert (fact.subject, fact.memory, fact.assistant) == (Subject.ASSISTANT, None, memory.assistant)
    event = MemoryEvent.objects.get()
    assert (event.memory, event.assistant) == (None, memory.assistant)


@pytest.mark.parametrize("text", ["", " \n ", "x" * 1001])
def test_nothing_and_too_much_are_refused_before_a_model_is_asked(memory: Memory, text: str) -> None:
    embedder = WordEmbedder()
    with pytest.raises(InvalidText):
        add_knowledge(memory, text, embedder, by=memory.user)
    assert (embedder.calls, Knowledge.objects.count(), MemoryEvent.objects.count()) == ([], 0, 0)


@pytest.mark.parametrize("status", KnowledgeStatus)
def test_what_is_known_in_whatever_state_is_not_added_twice(memory: Memory, status: KnowledgeStatus) -> None:
    KnowledgeFactory(memory=memory, text="Likes tea.", status=status)
    with pytest.raises(DuplicateKnowledge) as refusal:
        add_knowledge(memory, "likes  TEA", WordEmbedder(), by=memory.user)
    in_use = status in (KnowledgeStatus.ACTIVE, KnowledgeStatus.PROPOSED)
    assert (str(status.label) in str(refusal.value)) != in_use
    assert memory.knowledge.count() == 1


def test_the_same_fact_of_another_memory_hinders_nobody(memory: Memory) -> None:
    KnowledgeFactory(text="Likes tea.")
    AssistantKnowledgeFactory(assistant=memory.assistant, text="Likes tea.")
    assert add_knowledge(memory, "Likes tea.", WordEmbedder(), by=memory.user).memory == memory


def test_without_a_vector_nothing_is_stored(memory: Memory) -> None:
    with pytest.raises(ModelError):
        add_knowledge(memory, "Likes tea.", AwayEmbedder(), by=memory.user)  # type: ignore[arg-type]
    assert (Knowledge.objects.count(), MemoryEvent.objects.count()) == (0, 0)


def test_beyond_the_capacity_the_least_useful_makes_room(memory: Memory) -> None:
    memory.assistant.memory_settings = {"knowledge_capacity": 2}
    memory.assistant.save()
    old = KnowledgeFactory(memory=memory, confirmed_at=EPOCH - timedelta(days=9))
    KnowledgeFactory(memory=memory, times_confirmed=3)
    add_knowledge(memory, "Likes tea.", WordEmbedder(), by=memory.user)
    old.refresh_from_db()
    assert old.status == KnowledgeStatus.ARCHIVED
    assert memory.knowledge.active().count() == 2


def test_a_trait_is_added_locked_and_logged(memory: Memory) -> None:
    trait = add_trait(memory, "openness", "low", " Says so. ", by=memory.user)
    assert (trait.level, trait.reason, trait.locked) == (TraitLevel.LOW, "Says so.", True)
    event = MemoryEvent.objects.get()
    assert (event.kind, event.target_type, event.before) == (EventKind.ADDED, "trait", None)


@pytest.mark.parametrize(
    ("dimension", "level", "reason"),
    [("gender", "low", ""), ("nonsense", "low", ""), ("openness", "extreme", ""), ("openness", "low", "x" * 1001)],
)
def test_a_trait_that_cannot_be_is_refused(memory: Memory, dimension: str, level: str, reason: str) -> None:
    with pytest.raises(InvalidText):
        add_trait(memory, dimension, level, reason, by=memory.user)
    assert memory.traits.count() == 0


def test_a_known_trait_is_not_overwritten(memory: Memory) -> None:
    TraitFactory(memory=memory, dimension="openness", level="high", disabled=True)
    with pytest.raises(KnownTrait):
        add_trait(memory, "openness", "low", "", by=memory.user)
    assert memory.traits.get().level == "high"
