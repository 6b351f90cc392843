"""What an assistant remembers of somebody who has left it."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User

from memory.domain.activity import event, log
from memory.domain.deciding import approve_knowledge, decline_knowledge
from memory.domain.eviction import archive_excess_knowledge
from memory.domain.left import delete_left_memory, left_memories
from memory.domain.membership import leave
from memory.domain.proposing import propose_knowledge
from memory.enums import EventKind, KnowledgeStatus, Role
from memory.exceptions import MemberAgain
from memory.models import Knowledge, Membership, Memory, MemoryEvent, ModelCall, Page, Profile, Segment
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryEventFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    UserFactory,
)
from tests.memory.fakes import WordEmbedder

pytestmark = pytest.mark.django_db


@pytest.fixture
def left() -> Memory:
    """A full memory of somebody who was removed; another member's is beside it."""
    other = MemoryFactory()
    memory: Memory = MemoryFactory(assistant=other.assistant, role=Role.MEMBER)
    for each in (other, memory):
        PageFactory(segment=SegmentFactory(memory=each))
        KnowledgeFactory(memory=each)
        ProfileFactory(memory=each)
        ModelCallFactory(memory=each, detail="It said: I love Lombok")
        MemoryEventFactory(memory=each)
    AssistantKnowledgeFactory(assistant=other.assistant).sources.add(memory.pages.get())
    Membership.objects.filter(user=memory.user).delete()
    after = {"name": memory.user.username, "role": "member"}
    log(event(EventKind.REMOVED, other.assistant, assistant=other.assistant, by=other.user, after=after))
    return memory


def test_what_is_left_is_found_by_its_person_alone(left: Memory) -> None:
    (found,) = left_memories(left.user)
    assert found == left
    removed = MemoryEvent.objects.get(kind=EventKind.REMOVED)
    assert (found.pages_left, found.left_at) == (1, removed.created_at)  # type: ignore[attr-defined]
    other = left.assistant.memories.exclude(pk=left.pk).get()
    assert list(left_memories(other.user)) == []
    assert list(left_memories(UserFactory())) == []


def test_another_persons_going_says_nothing_of_when(left: Memory) -> None:
    MemoryEvent.objects.all().delete()
    assistant = left.assistant
    log(event(EventKind.LEFT, assistant, assistant=assistant, by=UserFactory(), after=None))
    (found,) = left_memories(left.user)
    assert found.left_at is None  # type: ignore[attr-defined]
    log(event(EventKind.LEFT, assistant, assistant=assistant, by=left.user, after=None))
    (found,) = left_memories(left.user)
    assert found.left_at is not None  # type: ignore[attr-defined]


def test_deleting_takes_all_of_it_and_nothing_of_others(left: Memory) -> None:
    other = left.assistant.memories.exclude(pk=left.pk).get()
    delete_left_memory(left, by=left.user)
    for kind in (Page, Segment, Profile):
        assert list(kind._default_manager.values_list("memory", flat=True)) == [other.pk]
    assert list(Memory.objects.all()) == [other]
    shared = Knowledge.objects.get(assistant=left.assistant)
    assert (shared.sources.count(), Knowledge.objects.filter(memory=other).count()) == (0, 1)
    details = ModelCall.objects.order_by("pk").values_list("memory", "detail")
    assert list(details) == [(other.pk, "It said: I love Lombok"), (None, "")]


def test_nobody_else_deletes_it(left: Memory) -> None:
    other = left.assistant.memories.exclude(pk=left.pk).get()
    with pytest.raises(Memory.DoesNotExist):
        delete_left_memory(left, by=other.user)
    with pytest.raises(MemberAgain):
        delete_left_memory(other, by=other.user)
    assert Memory.objects.count() == 2


def test_who_has_come_back_meanwhile_loses_nothing(left: Memory) -> None:
    Membership.objects.create(assistant=left.assistant, user=left.user, role=Role.MEMBER)
    with pytest.raises(MemberAgain):
        delete_left_memory(left, by=left.user)
    assert left.pages.count() == 1
    assert list(left_memories(left.user)) == []


def test_twice_is_told(left: Memory) -> None:
    delete_left_memory(left, by=left.user)
    with pytest.raises(Memory.DoesNotExist):
        delete_left_memory(left, by=left.user)


def test_what_was_proposed_and_never_approved_goes_with_its_words(left: Memory) -> None:
    person, assistant = left.user, left.assistant
    owner = User.objects.get(memberships__assistant=assistant, memberships__role=Role.OWNER)
    words = ("Waits SECRET.", "Was declined SECRET.", "Was approved.")
    Membership.objects.create(assistant=assistant, user=person, role=Role.MEMBER)
    entries = {}
    for text in words:
        fact = KnowledgeFactory(memory=left)
        entries[text] = propose_knowledge(fact, text, WordEmbedder(), by=person)
    decline_knowledge(entries[words[1]], by=owner)
    approve_knowledge(entries[words[2]], by=owner)
    others = AssistantKnowledgeFactory(assistant=assistant, status=KnowledgeStatus.PROPOSED, proposed_by=owner)
    leave(assistant, by=person)
    delete_left_memory(Memory.objects.get(pk=left.pk), by=person)
    kept = Knowledge.objects.filter(assistant=assistant, proposed_by__isnull=False).order_by("pk")
    assert [entry.text for entry in kept] == ["Was approved.", others.text]
    said = json.dumps(list(MemoryEvent.objects.values_list("before", "after")))
    assert "SECRET" not in said
    assert "Was approved." in said
    assert {"proposed", "declined"} <= set(MemoryEvent.objects.values_list("kind", flat=True))


def test_what_was_learnt_from_these_pages_alone_goes_unless_it_was_approved(left: Memory) -> None:
    other = left.assistant.memories.exclude(pk=left.pk).get()
    page = left.pages.get()

    def learnt(text: str, status: KnowledgeStatus, *pages: Page) -> Knowledge:
        entry = AssistantKnowledgeFactory(assistant=left.assistant, text=text, status=status)
        entry.sources.set(pages)
        after = {"text": text}
        log(event(EventKind.PROPOSED, entry, assistant=left.assistant, after=after))
        return entry

    learnt("Waits SECRET.", KnowledgeStatus.PROPOSED, page)
    archived = learnt("Put away SECRET.", KnowledgeStatus.PROPOSED, page)
    archive_excess_knowledge(Knowledge.objects.filter(pk=archived.pk), 0)
    both = learnt("Stands on both.", KnowledgeStatus.PROPOSED, page, other.pages.get())
    approved = learnt("Approved.", KnowledgeStatus.ACTIVE, page)
    before = Knowledge.objects.filter(assistant=left.assistant, sources__isnull=False, text__startswith="Recommended")
    used = before.get()
    delete_left_memory(left, by=left.user)
    assert set(Knowledge.objects.filter(assistant=left.assistant)) == {both, approved, used}
    assert both.sources.get() == other.pages.get()
    said = json.dumps(list(MemoryEvent.objects.values_list("before", "after")))
    assert ("SECRET" in said, "Approved." in said, "Stands on both." in said) == (False, True, True)
