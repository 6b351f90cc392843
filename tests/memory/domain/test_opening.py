"""An operator's look into a memory: noted, and kept out of what a forgetting takes for words of the person."""

from __future__ import annotations

import pytest

from memory.domain.foreseeing import Target, foresee
from memory.domain.forgetting import forget
from memory.domain.opening import note_opening
from memory.enums import Actor, EventKind, Source
from memory.models import Memory, MemoryEvent
from tests.memory.factories import KnowledgeFactory, MemoryFactory, PageFactory, SegmentFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_look_is_noted_with_who_what_and_why() -> None:
    page, operator = PageFactory(), UserFactory()
    note_opening(page.memory, page, by=operator, reason="Ticket 12")
    event = MemoryEvent.objects.get()
    assert (event.kind, event.actor, event.user, event.memory) == (
        EventKind.OPENED,
        Actor.PERSON,
        operator,
        page.memory,
    )
    assert (event.target_type, event.target_id) == ("page", page.pk)
    assert (event.before, event.after) == (None, {"what": "page", "reason": "Ticket 12"})


def test_twice_is_twice() -> None:
    page, operator = PageFactory(), UserFactory()
    for _ in range(2):
        note_opening(page.memory, page, by=operator, reason="Ticket 12")
    assert MemoryEvent.objects.count() == 2


def test_a_memory_that_is_gone_shows_nothing() -> None:
    page, operator = PageFactory(), UserFactory()
    Memory.objects.all().delete()
    with pytest.raises(Memory.DoesNotExist):
        note_opening(page.memory, page, by=operator, reason="Ticket 12")


def test_forgetting_keeps_why_other_things_were_opened() -> None:
    """The reason is the same for a quarter of an hour, so it stands in the log of things that are not forgotten."""
    memory, operator = MemoryFactory(), UserFactory()
    page = PageFactory(segment=SegmentFactory(memory=memory))
    goes, stays = KnowledgeFactory(memory=memory, text="Has a cat."), KnowledgeFactory(memory=memory, text="Has a dog.")
    goes.sources.add(page)
    for fact in (goes, stays):
        note_opening(memory, fact, by=operator, reason="Ticket 12")
    forget(memory, Target.pages([page.pk]), by=memory.user)
    told = {event.target_id: event.after for event in MemoryEvent.objects.filter(kind=EventKind.OPENED)}
    assert told[stays.pk] == {"what": "knowledge", "reason": "Ticket 12"}
    # That somebody looked stays to be seen; what was said about it goes with the thing.
    assert goes.pk in told
    assert "Ticket 12" not in str(told[goes.pk])


def test_what_was_only_looked_at_goes_with_the_demo_data() -> None:
    memory, operator = MemoryFactory(), UserFactory()
    page = PageFactory(memory=memory, source=Source.DEMO)
    fact = KnowledgeFactory(memory=memory, pinned=True)
    fact.sources.add(page)
    note_opening(memory, fact, by=operator, reason="Ticket 12")
    assert [item.pk for item in foresee(memory, Target("demo")).long_term] == [fact.pk]
