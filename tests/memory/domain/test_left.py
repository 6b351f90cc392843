"""What an assistant remembers of somebody who has left it."""

from __future__ import annotations

import pytest

from memory.domain.activity import event, log
from memory.domain.left import delete_left_memory, left_memories
from memory.enums import EventKind, Role
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
