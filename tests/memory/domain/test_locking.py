"""Locked against the model, and given free again: locking.py."""

from __future__ import annotations

from typing import Any

import pytest

from memory.domain.locking import lock_knowledge, lock_persona, unlock_knowledge, unlock_persona
from memory.domain.persona import learn_profile, learn_traits
from memory.enums import Actor, EventKind
from memory.llm.base import ProfileFinding, TraitFinding
from memory.models import Knowledge, Memory, Profile, Trait
from tests.memory.factories import (
    KnowledgeFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    ProfileFactory,
    TraitFactory,
)

pytestmark = pytest.mark.django_db

DOORS: list[tuple[type[Any], Any, Any]] = [
    (Knowledge, lock_knowledge, unlock_knowledge),
    (Profile, lock_persona, unlock_persona),
    (Trait, lock_persona, unlock_persona),
]
MAKE: dict[type[Any], Any] = {Knowledge: KnowledgeFactory, Profile: ProfileFactory, Trait: TraitFactory}


@pytest.mark.parametrize(("kind", "lock", "unlock"), DOORS, ids=["fact", "attribute", "trait"])
def test_locking_is_logged_once_and_can_be_taken_back(kind: type[Any], lock: Any, unlock: Any) -> None:
    memory = MemoryFactory()
    row = MAKE[kind](memory=memory)
    for door, locked in ((lock, True), (lock, True), (unlock, False), (unlock, False)):
        assert door(row, by=memory.user).locked is locked
        assert kind.objects.get(pk=row.pk).locked is locked
    events = list(memory.events.order_by("pk").values_list("kind", "actor", "user", "target_id"))
    assert events == [(each, Actor.PERSON, memory.user_id, row.pk) for each in (EventKind.LOCKED, EventKind.UNLOCKED)]
    row.delete()
    with pytest.raises(kind.DoesNotExist):
        lock(kind(pk=10**9, memory=memory), by=memory.user)


def learn(memory: Memory) -> tuple[str, str]:
    """Let a promotion find another value and another level; return what is stored then."""
    pages = [PageFactory(memory=memory, query="I work as a nurse and I hike")]
    call = ModelCallFactory(memory=memory)
    learn_profile(memory, [ProfileFinding("occupation", "nurse", (0,))], pages, call)
    learn_traits(memory, [TraitFinding("openness", "low", "said so", (0,))], pages, call)
    return memory.profile.get().value, memory.traits.get().level


def test_a_promotion_changes_what_is_unlocked_and_nothing_else() -> None:
    memory = MemoryFactory()
    rows: tuple[Any, ...] = (
        ProfileFactory(memory=memory, name="occupation", value="cook"),
        TraitFactory(memory=memory, level="high"),
    )
    for row in rows:
        lock_persona(row, by=memory.user)
    assert learn(memory) == ("cook", "high")
    for row in rows:
        unlock_persona(row, by=memory.user)
    assert learn(memory) == ("nurse", "low")
