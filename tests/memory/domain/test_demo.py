"""Demo data: it fills every tier, comes once, and is gone again with nothing of the person's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from memory.conf import MemorySettings
from memory.domain.consolidation import transfer_all
from memory.domain.demo import demo_contents, demo_is_loaded, load_demo, remove_demo
from memory.domain.disabling import pin_knowledge
from memory.domain.knowledge import edit_knowledge
from memory.domain.persona import edit_profile
from memory.domain.proposing import propose_knowledge
from memory.domain.reading import next_reading
from memory.domain.recall import recall
from memory.domain.recording import record_page
from memory.embedding import get_embedder
from memory.enums import KnowledgeStatus, Role, Source
from memory.exceptions import DemoLoaded, FactFromDemo, NothingToForget
from memory.llm import get_consolidator
from memory.models import Knowledge, Memory, Posting
from tests.memory.factories import (
    AssistantFactory,
    KnowledgeFactory,
    MembershipFactory,
    MemoryFactory,
    PageFactory,
    SegmentFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory() -> Memory:
    return MemoryFactory()


def counts(memory: Memory) -> tuple[int, ...]:
    kinds = (memory.pages, memory.segments, memory.chains, memory.profile, memory.traits, memory.knowledge)
    return (*(kind.count() for kind in kinds), memory.assistant.knowledge.count())


def test_it_fills_every_tier(memory: Memory) -> None:
    assert load_demo(memory, by=memory.user) == 60
    assert counts(memory) == (60, 9, 41, 8, 16, 27, 4)
    assert memory.pages.short_term().count() == MemorySettings().short_term_capacity
    assert memory.segments.archived().count() == 1
    heats = {round(segment.heat, 1) for segment in memory.segments.active().with_heat(timezone.now(), memory.conf)}
    assert len(heats) >= 6
    statuses = set(memory.knowledge.values_list("status", flat=True))
    assert statuses == set(KnowledgeStatus.values) - {KnowledgeStatus.PROPOSED}
    assert memory.knowledge.filter(pinned=True).count() == 1
    assert set(memory.pages.values_list("source", flat=True)) == {Source.DEMO}


def test_everything_in_it_rests_on_its_pages(memory: Memory) -> None:
    load_demo(memory, by=memory.user)
    assert not Knowledge.objects.filter(sources__isnull=True).exists()
    assert not memory.profile.filter(sources__isnull=True).exists()
    assert not memory.traits.filter(evidence__isnull=True).exists()


@pytest.mark.parametrize("now", [datetime(2026, 3, 1, 0, 5, tzinfo=UTC), datetime(2031, 12, 31, 23, 55, tzinfo=UTC)])
def test_its_last_page_is_from_yesterday(now: datetime) -> None:
    days = [page.occurred_at.date() for page in demo_contents(now).pages]
    assert max(days) == now.date() - timedelta(days=1)
    assert (max(days) - min(days)).days == 150


def test_no_model_has_anything_to_do_and_it_can_be_recalled(memory: Memory) -> None:
    load_demo(memory, by=memory.user)
    fresh = Memory.objects.select_related("assistant").get(pk=memory.pk)
    assert transfer_all(fresh, get_consolidator(), get_embedder()) == 0
    hot = list(fresh.segments.hot(timezone.now(), fresh.conf))
    assert next_reading(fresh, hot) is None
    found = recall(fresh, "What may I not eat?", now=timezone.now())
    assert "Mara is seriously allergic to walnuts and pecans; almonds are fine." in [item.text for item in found.items]


def test_twice_is_once(memory: Memory) -> None:
    load_demo(memory, by=memory.user)
    with pytest.raises(DemoLoaded):
        load_demo(memory, by=memory.user)
    assert counts(memory)[0] == 60


def test_it_is_gone_without_a_trace_and_may_come_again(memory: Memory) -> None:
    load_demo(memory, by=memory.user)
    done = remove_demo(memory, by=memory.user)
    assert (len(done.pages), done.kept, done.weakened) == (60, (), ())
    assert counts(memory) == (0, 0, 0, 0, 0, 0, 0)
    assert not Posting.objects.filter(memory=memory).exists()
    told = " ".join(str(event.after) for event in memory.assistant.events.all())
    assert "Mara" not in told
    assert "Biscuit" not in told
    assert not demo_is_loaded(memory)
    with pytest.raises(NothingToForget):
        remove_demo(memory, by=memory.user)
    assert load_demo(memory, by=memory.user) == 60


def test_what_the_person_added_since_stays(memory: Memory) -> None:
    PageFactory(memory=memory, query="Mine, before")
    load_demo(memory, by=memory.user)
    record_page(memory, query="Mine, since", response="")
    KnowledgeFactory(memory=memory, text="Mine.")
    edit_knowledge(memory.knowledge.get(text="Mara's landlady likes cats."), "Edited.", get_embedder(), by=memory.user)
    pin_knowledge(memory.knowledge.get(text="Mara keeps a sourdough starter."), by=memory.user)
    edit_profile(memory.profile.get(name="diet"), "vegan", by=memory.user)
    shared = memory.knowledge.get(text="Ines is Mara's sister.")
    shared.sources.add(memory.pages.get(query="Mine, since"))
    remove_demo(memory, by=memory.user)
    assert set(memory.pages.values_list("query", flat=True)) == {"Mine, before", "Mine, since"}
    kept = {"Mine.", "Edited.", "Mara keeps a sourdough starter.", "Ines is Mara's sister."}
    assert set(memory.knowledge.values_list("text", flat=True)) == kept
    assert list(memory.profile.values_list("name", "value")) == [("diet", "vegan")]


def test_it_stays_out_of_what_others_share() -> None:
    mine = MemoryFactory()
    theirs = MemoryFactory(assistant=mine.assistant, role=Role.MEMBER)
    load_demo(mine, by=mine.user)
    assert (counts(mine)[6], counts(theirs)[:6]) == (0, (0, 0, 0, 0, 0, 0))
    load_demo(theirs, by=theirs.user)
    remove_demo(mine, by=mine.user)
    assert counts(theirs)[0] == 60


def test_it_pushes_out_nothing_of_the_persons_own() -> None:
    assistant = AssistantFactory(memory_settings={"knowledge_capacity": 2, "mid_term_capacity": 2})
    memory = MemoryFactory(assistant=assistant)
    KnowledgeFactory.create_batch(2, memory=memory)
    PageFactory(segment=SegmentFactory(memory=memory))
    load_demo(memory, by=memory.user)
    remove_demo(memory, by=memory.user)
    assert set(memory.knowledge.values_list("status", flat=True)) == {KnowledgeStatus.ACTIVE}
    assert (memory.knowledge.count(), memory.segments.active().count()) == (2, 1)


def test_its_facts_are_not_shared_and_sharing_is_no_change(memory: Memory) -> None:
    MembershipFactory(assistant=memory.assistant)
    load_demo(memory, by=memory.user)
    fact = memory.knowledge.get(text="Mara keeps a sourdough starter.")
    with pytest.raises(FactFromDemo):
        propose_knowledge(fact, "Mara bakes.", get_embedder(), by=memory.user)
    own = PageFactory(memory=memory, query="Mine, since")
    fact.sources.add(own)
    propose_knowledge(fact, "Mara bakes.", get_embedder(), by=memory.user)
    fact.sources.remove(own)
    memory.knowledge.filter(pk=fact.pk).update(pinned=True)
    assert remove_demo(memory, by=memory.user).kept == ()
    assert memory.knowledge.count() == 0
