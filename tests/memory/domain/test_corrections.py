"""A person corrects what is remembered: persona.py and knowledge.py."""

import pytest

from memory.domain.knowledge import delete_knowledge, edit_knowledge
from memory.domain.persona import delete_profile, delete_trait, edit_profile, edit_trait, set_profile
from memory.enums import Actor, EventKind
from memory.exceptions import DuplicateKnowledge, InvalidText
from memory.models import Knowledge, Memory, MemoryEvent, Profile
from tests.memory.factories import KnowledgeFactory, MemoryFactory, ProfileFactory, TraitFactory
from tests.memory.fakes import WordEmbedder

pytestmark = pytest.mark.django_db


def fact_of(memory: Memory, text: str = "Likes tea.") -> Knowledge:
    return KnowledgeFactory(memory=memory, text=text)


def last_event() -> MemoryEvent:
    return MemoryEvent.objects.latest("pk")


def test_set_profile_adds_locks_and_logs() -> None:
    memory = MemoryFactory()
    attribute = set_profile(memory, " name ", " Tom ", by=memory.user)
    assert (attribute.name, attribute.value, attribute.locked) == ("name", "Tom", True)
    event = last_event()
    assert (event.kind, event.actor, event.user, event.before) == (EventKind.ADDED, Actor.PERSON, memory.user, None)
    assert event.after == {"name": "name", "value": "Tom", "locked": True}


def test_set_profile_of_a_known_name_changes_it() -> None:
    memory = MemoryFactory()
    set_profile(memory, "name", "Tom", by=memory.user)
    set_profile(memory, "Name", "Tomas", by=memory.user)
    assert list(memory.profile.values_list("name", "value")) == [("name", "Tomas")]


def test_edit_profile_keeps_the_previous_value_in_the_log() -> None:
    attribute = ProfileFactory(name="city", value="Rome")
    edit_profile(attribute, "Oslo", by=attribute.memory.user)
    event = last_event()
    assert event.before == {"name": "city", "value": "Rome", "locked": False, "sources": []}
    assert event.after == {"name": "city", "value": "Oslo", "locked": True}


@pytest.mark.parametrize("value", ["", "  ", "x" * 501])
def test_edit_profile_refuses_nothing_and_too_much(value: str) -> None:
    attribute = ProfileFactory(value="Rome")
    with pytest.raises(InvalidText):
        edit_profile(attribute, value, by=attribute.memory.user)
    attribute.refresh_from_db()
    assert attribute.value == "Rome"


def test_editing_what_is_gone_says_so() -> None:
    attribute = ProfileFactory()
    user = attribute.memory.user
    delete_profile(Profile.objects.get(pk=attribute.pk), by=user)
    with pytest.raises(Profile.DoesNotExist):
        edit_profile(attribute, "x", by=user)


def test_edit_trait_locks_and_refuses_other_levels() -> None:
    trait = TraitFactory(level="low")
    user = trait.memory.user
    assert edit_trait(trait, "high", "says so", by=user).locked
    with pytest.raises(InvalidText):
        edit_trait(trait, "extreme", "", by=user)


def test_deleted_things_are_gone_and_logged() -> None:
    trait = TraitFactory()
    memory = trait.memory
    attribute, fact = ProfileFactory(memory=memory), fact_of(memory)
    delete_trait(trait, by=memory.user)
    delete_profile(attribute, by=memory.user)
    delete_knowledge(fact, by=memory.user)
    assert (memory.traits.count(), memory.profile.count(), memory.knowledge.count()) == (0, 0, 0)
    assert (last_event().before or {})["text"] == "Likes tea."
    assert memory.events.filter(kind=EventKind.DELETED).count() == 3


def test_deleting_twice_logs_once() -> None:
    memory = MemoryFactory()
    fact, user = fact_of(memory), memory.user
    stale = Knowledge.objects.get(pk=fact.pk)
    delete_knowledge(fact, by=user)
    with pytest.raises(Knowledge.DoesNotExist):
        delete_knowledge(stale, by=user)
    assert MemoryEvent.objects.filter(kind=EventKind.DELETED).count() == 1


def test_edit_knowledge_changes_words_vector_and_lock() -> None:
    memory = MemoryFactory()
    fact = fact_of(memory)
    edited = edit_knowledge(fact, "Likes coffee.", WordEmbedder(), by=memory.user)
    edited.refresh_from_db()
    assert (edited.text, edited.locked, edited.embedding_model, edited.pk) == (
        "Likes coffee.",
        True,
        "words-64",
        fact.pk,
    )
    assert last_event().before == {"text": "Likes tea.", "sources": []}


def test_edit_knowledge_refuses_what_another_entry_says() -> None:
    memory = MemoryFactory()
    fact_of(memory)
    other = fact_of(memory, "Likes coffee.")
    with pytest.raises(DuplicateKnowledge):
        edit_knowledge(other, "likes TEA", WordEmbedder(), by=memory.user)
    assert Knowledge.objects.get(pk=other.pk).text == "Likes coffee."


def test_the_log_is_append_only() -> None:
    memory = MemoryFactory()
    set_profile(memory, "name", "Tom", by=memory.user)
    with pytest.raises(TypeError):
        last_event().save()
