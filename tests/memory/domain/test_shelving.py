"""Facts put away, taken out again, approved and declined: shelving.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from memory.domain.deciding import approve_knowledge, decline_knowledge
from memory.domain.shelving import archive_knowledge, unarchive_knowledge
from memory.domain.snapshots import fact_state, traced
from memory.enums import Actor, EventKind, KnowledgeStatus, Role
from memory.exceptions import DuplicateKnowledge
from memory.models import Knowledge, MemoryEvent
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MembershipFactory,
    MemoryFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

Door = Callable[..., Knowledge]
DOORS: list[tuple[Door, KnowledgeStatus, KnowledgeStatus, EventKind]] = [
    (archive_knowledge, KnowledgeStatus.ACTIVE, KnowledgeStatus.ARCHIVED, EventKind.ARCHIVED),
    (unarchive_knowledge, KnowledgeStatus.ARCHIVED, KnowledgeStatus.ACTIVE, EventKind.RESTORED),
]
DECISIONS: list[tuple[Door, KnowledgeStatus, KnowledgeStatus, EventKind]] = [
    (approve_knowledge, KnowledgeStatus.PROPOSED, KnowledgeStatus.ACTIVE, EventKind.APPROVED),
    (decline_knowledge, KnowledgeStatus.PROPOSED, KnowledgeStatus.DISABLED, EventKind.DECLINED),
]


@pytest.mark.parametrize(("door", "before", "after", "kind"), [*DOORS, *DECISIONS])
def test_a_door_moves_what_it_is_for_once(
    door: Door, before: KnowledgeStatus, after: KnowledgeStatus, kind: EventKind
) -> None:
    fact = AssistantKnowledgeFactory(status=before, pinned=True)
    by = MembershipFactory(assistant=fact.assistant, role=Role.CURATOR).user
    assert door(fact, by=by).status == after
    assert door(fact, by=by).status == after
    event = MemoryEvent.objects.get()
    assert (event.kind, event.actor, event.user, event.target_id) == (kind, Actor.PERSON, by, fact.pk)
    assert event.before == traced(fact, {**fact_state(fact), "status": before})
    assert event.after == {"text": fact.text}


@pytest.mark.parametrize(("door", "before", "after", "kind"), [*DOORS, *DECISIONS])
def test_a_door_leaves_everything_else_as_it_is(
    door: Door, before: KnowledgeStatus, after: KnowledgeStatus, kind: EventKind
) -> None:
    for status in set(KnowledgeStatus) - {before}:
        assert door(KnowledgeFactory(status=status), by=UserFactory()).status == status
    assert MemoryEvent.objects.count() == 0


@pytest.mark.parametrize(("door", "before", "after", "kind"), [*DOORS, *DECISIONS])
def test_what_is_gone_says_so(door: Door, before: KnowledgeStatus, after: KnowledgeStatus, kind: EventKind) -> None:
    fact = KnowledgeFactory(status=before)
    Knowledge.objects.filter(pk=fact.pk).delete()
    with pytest.raises(Knowledge.DoesNotExist):
        door(fact, by=UserFactory())


def test_an_archived_fact_does_not_come_back_beside_its_twin() -> None:
    memory = MemoryFactory()
    fact = KnowledgeFactory(memory=memory, text="Likes tea.", status=KnowledgeStatus.ARCHIVED)
    KnowledgeFactory(memory=memory, text="Likes tea.")
    with pytest.raises(DuplicateKnowledge):
        unarchive_knowledge(fact, by=memory.user)
    fact.refresh_from_db()
    assert (fact.status, MemoryEvent.objects.count()) == (KnowledgeStatus.ARCHIVED, 0)


def test_what_comes_back_beyond_the_capacity_makes_room_for_itself() -> None:
    memory = MemoryFactory(assistant__memory_settings={"knowledge_capacity": 1})
    fact = KnowledgeFactory(memory=memory, status=KnowledgeStatus.ARCHIVED)
    other = KnowledgeFactory(memory=memory)
    unarchive_knowledge(fact, by=memory.user)
    assert list(memory.knowledge.active()) == [fact]
    other.refresh_from_db()
    assert other.status == KnowledgeStatus.ARCHIVED
