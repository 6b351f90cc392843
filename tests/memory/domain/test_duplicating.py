"""A copy has what makes the assistant, and nothing of anybody."""

from __future__ import annotations

import pytest

from memory.domain.duplicating import duplicate_assistant
from memory.domain.vectors import as_stored
from memory.enums import EventKind, KnowledgeStatus, Role
from memory.exceptions import NotAllowed, NotAMember
from memory.models import Assistant, Knowledge, Membership, Memory, MemoryEvent, ModelConnection, Page, Profile, Trait
from tests.memory.factories import (
    EPOCH,
    AssistantFactory,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    TraitFactory,
    UserFactory,
)
from tests.memory.fakes import WordEmbedder

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Memory:
    """An assistant with everything that must not go along."""
    assistant = AssistantFactory(
        name="Helper",
        instructions="Be kind.",
        model_settings={"model": "tiny", "secret": "x"},
        memory_settings={"recall_pages": 3},
        monthly_budget=1000,
    )
    memory: Memory = MemoryFactory(assistant=assistant)
    ModelConnection.objects.create(assistant=assistant, base_url="http://x", model="y", sealed_key="key")
    page = PageFactory(memory=memory)
    for factory in (KnowledgeFactory, ProfileFactory, TraitFactory):
        factory(memory=memory)
    vector = as_stored(WordEmbedder().embed(["Knows cheese."])[0])
    known = AssistantKnowledgeFactory(
        assistant=assistant, text="Knows cheese.", pinned=True, embedding=vector, embedding_model="words"
    )
    known.sources.add(page)
    for status in (KnowledgeStatus.PROPOSED, KnowledgeStatus.ARCHIVED, KnowledgeStatus.DISABLED):
        AssistantKnowledgeFactory(assistant=assistant, status=status, proposed_by=memory.user)
    return memory


def test_a_copy_has_the_setup_and_nothing_else(owner: Memory) -> None:
    MemoryFactory(assistant=owner.assistant, role=Role.MEMBER)
    copy = duplicate_assistant(owner.assistant, by=owner.user).assistant
    assert (copy.name, copy.instructions) == ("Helper (copy)", "Be kind.")
    assert (copy.model_settings, copy.memory_settings) == ({"model": "tiny"}, {"recall_pages": 3})
    assert (copy.monthly_budget, copy.archived_at, copy.created_by) == (None, None, owner.user)
    assert list(Membership.objects.filter(assistant=copy).values_list("user", "role")) == [(owner.user.pk, Role.OWNER)]
    assert not ModelConnection.objects.filter(assistant=copy).exists()
    assert not Knowledge.objects.filter(assistant=copy).exists()
    new = Memory.objects.get(assistant=copy)
    for kind in (Page, Profile, Trait, Knowledge):
        assert not kind._default_manager.filter(memory=new).exists()
    event = MemoryEvent.objects.get(assistant=copy)
    assert (event.kind, event.after) == (EventKind.CREATED, {"name": "Helper (copy)", "of": "Helper"})


def test_a_curator_takes_the_active_knowledge_along_without_its_sources(owner: Memory) -> None:
    curator = MemoryFactory(assistant=owner.assistant, role=Role.CURATOR)
    copy = duplicate_assistant(owner.assistant, by=curator.user, with_knowledge=True).assistant
    (entry,) = Knowledge.objects.filter(assistant=copy)
    (origin,) = Knowledge.objects.about_assistant(owner.assistant).active()
    assert (entry.text, entry.pinned, entry.status) == ("Knows cheese.", True, KnowledgeStatus.ACTIVE)
    assert (entry.embedding, entry.embedding_model) == (origin.embedding, "words")
    assert (entry.sources.count(), origin.sources.count(), entry.proposed_by) == (0, 1, None)
    kinds = list(MemoryEvent.objects.filter(assistant=copy).order_by("pk").values_list("kind", flat=True))
    assert kinds == [EventKind.CREATED, EventKind.ADDED]


def test_a_member_copies_the_setup_and_no_knowledge(owner: Memory) -> None:
    member = MemoryFactory(assistant=owner.assistant, role=Role.MEMBER)
    with pytest.raises(NotAllowed):
        duplicate_assistant(owner.assistant, by=member.user, with_knowledge=True)
    assert Assistant.objects.count() == 1
    copy = duplicate_assistant(owner.assistant, by=member.user)
    assert Membership.objects.get(assistant=copy.assistant).user == member.user
    with pytest.raises(NotAMember):
        duplicate_assistant(owner.assistant, by=UserFactory())


def test_the_same_form_sent_twice_makes_one_copy(owner: Memory) -> None:
    made = [duplicate_assistant(owner.assistant, by=owner.user, with_knowledge=True, once="f" * 32) for _ in range(2)]
    assert made[0] == made[1]
    assert (Assistant.objects.count(), Knowledge.objects.filter(assistant=made[0].assistant).count()) == (2, 1)
    assert duplicate_assistant(owner.assistant, by=owner.user, once="e" * 32) != made[0]


def test_a_long_name_leaves_room_for_the_word_copy(owner: Memory) -> None:
    Assistant.objects.update(name="x" * 80, archived_at=EPOCH)
    copy = duplicate_assistant(owner.assistant, by=owner.user).assistant
    assert copy.name == f"{'x' * 73} (copy)"
    assert copy.archived_at is None
