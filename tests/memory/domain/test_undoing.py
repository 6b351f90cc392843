"""A deletion is taken back: undoing.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.forms.models import model_to_dict

from memory.domain.consolidation import transfer_all
from memory.domain.forgetting import EVERYTHING, Target, forget
from memory.domain.knowledge import delete_knowledge
from memory.domain.persona import delete_profile, delete_trait, set_profile
from memory.domain.remembering import remember
from memory.domain.undoing import undelete_knowledge, undelete_persona
from memory.enums import EventKind, KnowledgeStatus, Role, Subject
from memory.exceptions import DuplicateKnowledge, NothingToRestore
from memory.models import Knowledge, Memory, MemoryEvent, Page, Profile, Trait
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    TraitFactory,
)
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder
from tests.memory.traces import traces_of

pytestmark = pytest.mark.django_db

USER, ASSISTANT = Subject.USER, Subject.ASSISTANT
PERSONA: list[Any] = [Profile, Trait]


@pytest.fixture
def memory() -> Memory:
    memory: Memory = MemoryFactory()
    return memory


def fields_of(row: Any) -> dict[str, Any]:
    """Return all that a row says, but for its vector and the time of its last change."""
    said = model_to_dict(row, exclude=["embedding", "embedding_model"]) | {"created_at": row.created_at}
    pages = row.evidence if isinstance(row, Trait) else row.sources
    return said | {"sources": None, "evidence": None, "pages": sorted(pages.values_list("pk", flat=True))}


def a_fact(memory: Memory, **values: Any) -> Knowledge:
    """Make a fact that has something in every field."""
    entry: Knowledge = KnowledgeFactory(
        memory=memory,
        text="Lives in Lund.",
        pinned=True,
        locked=True,
        times_confirmed=4,
        valid_from=EPOCH,
        valid_to=EPOCH + timedelta(days=9),
        **values,
    )
    entry.sources.set([PageFactory(memory=memory), PageFactory(memory=memory)])
    Knowledge.objects.filter(pk=entry.pk).update(created_at=EPOCH)
    return Knowledge.objects.get(pk=entry.pk)


@pytest.mark.parametrize("status", [status for status in KnowledgeStatus if status != KnowledgeStatus.PROPOSED])
def test_a_fact_comes_back_as_it_was(memory: Memory, status: KnowledgeStatus) -> None:
    entry = a_fact(memory, status=status)
    before = fields_of(entry)
    delete_knowledge(Knowledge.objects.get(pk=entry.pk), by=memory.user)
    assert not Knowledge.objects.exists()
    back = undelete_knowledge(memory, entry.pk, USER, by=memory.user)
    assert fields_of(Knowledge.objects.get(pk=back.pk)) == before
    event = memory.events.latest("pk")
    assert (event.kind, event.user_id, event.target_id) == (EventKind.RESTORED, memory.user_id, entry.pk)
    assert (event.after or {})["text"] == "Lives in Lund."


def test_an_attribute_and_a_trait_come_back_as_they_were(memory: Memory) -> None:
    page = PageFactory(memory=memory)
    attribute = ProfileFactory(memory=memory, name="city", value="Lund", disabled=True)
    trait = TraitFactory(memory=memory, locked=True)
    attribute.sources.add(page)
    trait.evidence.add(page)
    before = [fields_of(row) for row in (attribute, trait)]
    keys = attribute.pk, trait.pk
    delete_profile(attribute, by=memory.user)
    delete_trait(trait, by=memory.user)
    back = [undelete_persona(memory, kind, pk, by=memory.user) for kind, pk in zip(PERSONA, keys, strict=True)]
    assert [fields_of(type(row).objects.get(pk=row.pk)) for row in back] == before
    kinds = memory.events.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == [EventKind.DELETED, EventKind.DELETED, EventKind.RESTORED, EventKind.RESTORED]


def test_undoing_twice_is_once(memory: Memory) -> None:
    fact, attribute = a_fact(memory), ProfileFactory(memory=memory)
    keys = fact.pk, attribute.pk
    delete_knowledge(fact, by=memory.user)
    delete_profile(attribute, by=memory.user)
    for _ in range(2):
        assert undelete_knowledge(memory, keys[0], USER, by=memory.user).pk == keys[0]
        assert undelete_persona(memory, Profile, keys[1], by=memory.user).pk == keys[1]
    assert memory.events.filter(kind=EventKind.RESTORED).count() == 2


def test_what_was_deleted_again_is_brought_back_as_it_was_last(memory: Memory) -> None:
    attribute = ProfileFactory(memory=memory, name="city", value="Rome")
    pk = attribute.pk
    delete_profile(attribute, by=memory.user)
    undelete_persona(memory, Profile, pk, by=memory.user)
    set_profile(memory, "city", "Oslo", by=memory.user)
    delete_profile(Profile.objects.get(pk=pk), by=memory.user)
    assert undelete_persona(memory, Profile, pk, by=memory.user).value == "Oslo"


def test_several_deleted_facts_come_back_one_by_one_and_point_to_each_other_again(memory: Memory) -> None:
    new = KnowledgeFactory(memory=memory, text="Lives in Oslo.")
    old = KnowledgeFactory(memory=memory, text="Lives in Rome.", status=KnowledgeStatus.SUPERSEDED, superseded_by=new)
    keys = new.pk, old.pk
    delete_knowledge(new, by=memory.user)
    delete_knowledge(Knowledge.objects.get(pk=old.pk), by=memory.user)
    undelete_knowledge(memory, keys[1], USER, by=memory.user)
    assert Knowledge.objects.get(pk=keys[1]).superseded_by_id is None, "what replaced it is not there"
    undelete_knowledge(memory, keys[0], USER, by=memory.user)
    assert set(memory.knowledge.values_list("pk", flat=True)) == set(keys)


def test_what_a_deleted_fact_had_replaced_is_replaced_by_it_again(memory: Memory) -> None:
    new = KnowledgeFactory(memory=memory, text="Lives in Oslo.")
    old = KnowledgeFactory(memory=memory, text="Lives in Rome.", status=KnowledgeStatus.SUPERSEDED, superseded_by=new)
    pk = new.pk
    delete_knowledge(new, by=memory.user)
    undelete_knowledge(memory, pk, USER, by=memory.user)
    old.refresh_from_db()
    assert old.superseded_by_id == pk


def test_pages_that_are_gone_meanwhile_stay_gone(memory: Memory) -> None:
    entry = a_fact(memory)
    pk, [first, second] = entry.pk, list(entry.sources.order_by("pk"))
    delete_knowledge(entry, by=memory.user)
    first.delete()
    back = undelete_knowledge(memory, pk, USER, by=memory.user)
    assert list(back.sources.all()) == [second]


def test_what_was_learnt_anew_is_not_doubled(memory: Memory) -> None:
    fact, attribute, trait = a_fact(memory), ProfileFactory(memory=memory, name="city"), TraitFactory(memory=memory)
    keys = fact.pk, attribute.pk, trait.pk
    delete_knowledge(fact, by=memory.user)
    delete_profile(attribute, by=memory.user)
    delete_trait(trait, by=memory.user)
    remember(memory, "lives in LUND", by=memory.user)
    set_profile(memory, "City", "Oslo", by=memory.user)
    TraitFactory(memory=memory)
    with pytest.raises(DuplicateKnowledge):
        undelete_knowledge(memory, keys[0], USER, by=memory.user)
    for kind, pk in zip(PERSONA, keys[1:], strict=True):
        with pytest.raises(DuplicateKnowledge):
            undelete_persona(memory, kind, pk, by=memory.user)
    assert (memory.knowledge.count(), memory.profile.count(), memory.traits.count()) == (1, 1, 1)
    assert not memory.events.filter(kind=EventKind.RESTORED).exists()


def test_what_was_forgotten_does_not_come_back(memory: Memory) -> None:
    entry = a_fact(memory)
    pk = entry.pk
    delete_knowledge(entry, by=memory.user)
    undelete_knowledge(memory, pk, USER, by=memory.user)
    forget(memory, Target("knowledge", (pk,)), by=memory.user)
    with pytest.raises(NothingToRestore):
        undelete_knowledge(memory, pk, USER, by=memory.user)
    assert traces_of("Lund") == {}


def test_what_was_deleted_is_forgotten_with_the_page_it_rested_on(memory: Memory) -> None:
    """Also where no model has read the page: a person wrote the fact, or had it remembered."""
    page = PageFactory(memory=memory, query="Remember that I live in Lund", response="Noted.")
    fact = remember(memory, "I live in Lund", by=memory.user, page=page).fact
    attribute, trait = (
        ProfileFactory(memory=memory, name="city", value="Lund"),
        TraitFactory(memory=memory, reason="Lund."),
    )
    attribute.sources.add(page)
    trait.evidence.add(page)
    keys = fact.pk, attribute.pk, trait.pk
    delete_knowledge(fact, by=memory.user)
    delete_profile(attribute, by=memory.user)
    delete_trait(trait, by=memory.user)
    forget(memory, Target.pages([page.pk]), by=memory.user)
    assert traces_of("Lund") == {}
    with pytest.raises(NothingToRestore):
        undelete_knowledge(memory, keys[0], USER, by=memory.user)
    for kind, pk in zip(PERSONA, keys[1:], strict=True):
        with pytest.raises(NothingToRestore):
            undelete_persona(memory, kind, pk, by=memory.user)


def test_nothing_comes_back_after_everything_was_forgotten(memory: Memory) -> None:
    entry, shared = a_fact(memory), AssistantKnowledgeFactory(assistant=memory.assistant, text="Recommended Lund.")
    shared.sources.add(PageFactory(memory=memory))
    keys = entry.pk, shared.pk
    delete_knowledge(entry, by=memory.user)
    delete_knowledge(shared, by=memory.user)
    forget(memory, EVERYTHING, by=memory.user)
    for pk, subject in zip(keys, (USER, ASSISTANT), strict=True):
        with pytest.raises(NothingToRestore):
            undelete_knowledge(memory, pk, subject, by=memory.user)


def test_what_was_deleted_before_the_log_kept_enough_cannot_come_back(memory: Memory) -> None:
    entry = a_fact(memory)
    pk = entry.pk
    delete_knowledge(entry, by=memory.user)
    MemoryEvent.objects.update(before={"text": "Lives in Lund."})
    with pytest.raises(NothingToRestore):
        undelete_knowledge(memory, pk, USER, by=memory.user)


def test_nobody_brings_back_what_was_somebody_elses(memory: Memory) -> None:
    other = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    fact, attribute, kept = a_fact(other), ProfileFactory(memory=other), a_fact(other, status=KnowledgeStatus.DISABLED)
    keys = fact.pk, attribute.pk
    delete_knowledge(fact, by=other.user)
    delete_profile(attribute, by=other.user)
    for pk in (keys[0], kept.pk):
        for subject in Subject:
            with pytest.raises(NothingToRestore):
                undelete_knowledge(memory, pk, subject, by=memory.user)
    with pytest.raises(NothingToRestore):
        undelete_persona(memory, Profile, keys[1], by=memory.user)


def test_a_fact_that_comes_back_makes_room_for_itself(memory: Memory) -> None:
    memory.assistant.memory_settings = {"knowledge_capacity": 1}
    memory.assistant.save()
    entry = KnowledgeFactory(memory=memory)
    pk = entry.pk
    delete_knowledge(entry, by=memory.user)
    other = KnowledgeFactory(memory=memory)
    undelete_knowledge(memory, pk, USER, by=memory.user)
    other.refresh_from_db()
    assert (other.status, memory.knowledge.get(pk=pk).status) == (KnowledgeStatus.ARCHIVED, KnowledgeStatus.ACTIVE)


def test_what_comes_back_gets_its_vector_from_the_next_job(memory: Memory) -> None:
    entry = KnowledgeFactory(memory=memory)
    shared = AssistantKnowledgeFactory(assistant=memory.assistant)
    keys = entry.pk, shared.pk
    delete_knowledge(entry, by=memory.user)
    delete_knowledge(shared, by=memory.user)
    undelete_knowledge(memory, keys[0], USER, by=memory.user)
    back = undelete_knowledge(memory, keys[1], ASSISTANT, by=memory.user)
    assert (back.subject, back.memory, back.assistant) == (ASSISTANT, None, memory.assistant)
    assert set(Knowledge.objects.values_list("embedding_model", flat=True)) == {""}
    transfer_all(memory, ScriptedConsolidator(), WordEmbedder())
    assert set(Knowledge.objects.values_list("embedding_model", flat=True)) == {WordEmbedder().name}
    assert Page.objects.count() == 0
