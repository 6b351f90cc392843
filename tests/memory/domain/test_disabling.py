"""What a person disables is kept and shown to no model; what they pin stays. Doors, recall, learning, forgetting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from memory.domain import disabling
from memory.domain.disabling import (
    disable_knowledge,
    disable_page,
    disable_persona,
    enable_knowledge,
    enable_page,
    enable_persona,
    pin_knowledge,
    unpin_knowledge,
)
from memory.domain.forgetting import Target, forget
from memory.domain.knowledge import edit_knowledge
from memory.domain.persona import edit_profile
from memory.domain.promotion import promote
from memory.domain.recall import recall
from memory.domain.showing import HIDDEN
from memory.domain.transfer import transfer
from memory.domain.vectors import as_stored
from memory.embedding import get_embedder
from memory.enums import Actor, EventKind, KnowledgeStatus, TraitLevel
from memory.exceptions import DuplicateKnowledge, PromotionConflict, TransferConflict
from memory.llm.base import (
    Fact,
    MergeRequest,
    MergeResult,
    ProfileFinding,
    PromotionRequest,
    PromotionResult,
    TraitFinding,
    TransferRequest,
    TransferResult,
)
from memory.llm.builtin import BuiltinConsolidator
from memory.models import Knowledge, Memory, MemoryEvent, Page, Segment
from memory.signals import segment_heated
from tests.memory.domain.batches import record, remember
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
)
from tests.memory.fakes import ScriptedConsolidator, one_topic

pytestmark = pytest.mark.django_db

EMBEDDER = get_embedder()
LATER = EPOCH + timedelta(days=30)


@pytest.fixture
def memory() -> Memory:
    return MemoryFactory()


def kinds() -> list[str]:
    return list(MemoryEvent.objects.order_by("pk").values_list("kind", flat=True))


def with_vector(text: str) -> dict[str, Any]:
    return {"text": text, "embedding": as_stored(EMBEDDER.embed([text])[0]), "embedding_model": EMBEDDER.name}


def learn(memory: Memory, thinking: ScriptedConsolidator | BuiltinConsolidator, *said: str) -> Segment:
    segment = SegmentFactory(memory=memory, length=len(said))
    for query in said:
        PageFactory(segment=segment, query=query, response="I see.", occurred_at=LATER)
    promote(segment, thinking, EMBEDDER, LATER)
    return segment


def learning(**findings: Any) -> ScriptedConsolidator:
    return ScriptedConsolidator(promote=lambda _: PromotionResult(**findings))


def test_pinning_twice_is_pinning_once(memory: Memory) -> None:
    fact = KnowledgeFactory(memory=memory)
    for _ in range(2):
        assert pin_knowledge(fact, by=memory.user).pinned
    for _ in range(2):
        assert not unpin_knowledge(fact, by=memory.user).pinned
    assert kinds() == [EventKind.PINNED, EventKind.UNPINNED]
    event = MemoryEvent.objects.order_by("pk")[0]
    assert (event.actor, event.user, event.memory) == (Actor.PERSON, memory.user, memory)


@pytest.mark.parametrize("status", [KnowledgeStatus.ACTIVE, KnowledgeStatus.ARCHIVED])
def test_disabling_a_fact_twice_is_disabling_it_once(memory: Memory, status: KnowledgeStatus) -> None:
    fact = KnowledgeFactory(memory=memory, status=status)
    for _ in range(2):
        assert disable_knowledge(fact, by=memory.user).status == KnowledgeStatus.DISABLED
    for _ in range(2):
        assert enable_knowledge(fact, by=memory.user).status == KnowledgeStatus.ACTIVE
    assert kinds() == [EventKind.DISABLED, EventKind.ENABLED]


@pytest.mark.parametrize("status", [KnowledgeStatus.SUPERSEDED, KnowledgeStatus.PROPOSED])
def test_what_is_not_in_use_anyway_cannot_be_disabled(memory: Memory, status: KnowledgeStatus) -> None:
    fact = AssistantKnowledgeFactory(assistant=memory.assistant, status=status)
    assert disable_knowledge(fact, by=memory.user).status == status
    assert enable_knowledge(fact, by=memory.user).status == status
    assert kinds() == []


def test_what_members_share_is_logged_in_the_assistants_log(memory: Memory) -> None:
    fact = AssistantKnowledgeFactory(assistant=memory.assistant)
    disable_knowledge(pin_knowledge(fact, by=memory.user), by=memory.user)
    events = MemoryEvent.objects.all()
    assert [(event.memory, event.assistant) for event in events] == [(None, memory.assistant)] * 2


def test_a_fact_that_was_learnt_anew_meanwhile_is_not_enabled_as_a_twin(memory: Memory) -> None:
    fact = disable_knowledge(KnowledgeFactory(memory=memory, text="Likes tea."), by=memory.user)
    KnowledgeFactory(memory=memory, text="Likes tea.")
    with pytest.raises(DuplicateKnowledge):
        enable_knowledge(fact, by=memory.user)
    fact.refresh_from_db()
    assert fact.status == KnowledgeStatus.DISABLED
    assert kinds() == [EventKind.DISABLED]


def test_enabling_beyond_the_capacity_archives_another(memory: Memory) -> None:
    memory.assistant.memory_settings = {"knowledge_capacity": 1}
    memory.assistant.save()
    fact = KnowledgeFactory(memory=memory, status=KnowledgeStatus.DISABLED)
    other = KnowledgeFactory(memory=memory, times_confirmed=9)
    enable_knowledge(fact, by=memory.user)
    other.refresh_from_db()
    assert other.status == KnowledgeStatus.ARCHIVED
    assert [entry.pk for entry in memory.knowledge.active()] == [fact.pk]


@pytest.mark.parametrize("factory", [ProfileFactory, TraitFactory])
def test_attributes_and_traits_are_disabled_once(memory: Memory, factory: Any) -> None:
    row = factory(memory=memory)
    for _ in range(2):
        assert disable_persona(row, by=memory.user).disabled
    for _ in range(2):
        assert not enable_persona(row, by=memory.user).disabled
    assert kinds() == [EventKind.DISABLED, EventKind.ENABLED]


@pytest.mark.parametrize("door", ["disable_knowledge", "enable_knowledge", "pin_knowledge", "unpin_knowledge"])
def test_a_fact_that_is_gone_raises(memory: Memory, door: str) -> None:
    fact = KnowledgeFactory(memory=memory)
    Knowledge.objects.all().delete()
    with pytest.raises(Knowledge.DoesNotExist):
        getattr(disabling, door)(fact, by=memory.user)


@pytest.mark.parametrize("door", ["disable_page", "enable_page"])
def test_a_page_that_is_gone_raises(memory: Memory, door: str) -> None:
    page = PageFactory(memory=memory)
    Page.objects.all().delete()
    with pytest.raises(Page.DoesNotExist):
        getattr(disabling, door)(page, by=memory.user)


def test_recall_leaves_out_whatever_is_disabled(memory: Memory) -> None:
    record(memory, ["My needle is lost", "The haystack is mine"])
    rows = (
        ProfileFactory(memory=memory, name="job", value="needle maker"),
        TraitFactory(memory=memory, dimension="openness"),
        KnowledgeFactory(memory=memory, text="Collects needles."),
        AssistantKnowledgeFactory(assistant=memory.assistant, text="Recommended a needle."),
    )
    now = EPOCH + timedelta(days=1)

    def given() -> int:
        recollection = recall(memory, "needle haystack", now=now)
        assert recollection.left_out == ()
        return len(recollection.items)

    assert given() == 6
    disable_persona(rows[0], by=memory.user)
    disable_persona(rows[1], by=memory.user)
    disable_knowledge(rows[2], by=memory.user)
    disable_knowledge(rows[3], by=memory.user)
    disable_page(memory.pages.get(position=1), by=memory.user)
    disable_page(memory.pages.get(position=2), by=memory.user)
    assert given() == 0
    enable_page(memory.pages.get(position=2), by=memory.user)
    assert [item.text for item in recall(memory, "needle", now=now).items] == [
        "User: The haystack is mine\nAssistant: r1"
    ]


def test_a_disabled_page_of_one_memory_takes_nothing_from_another(memory: Memory) -> None:
    other = MemoryFactory()
    record(memory, ["My needle is lost"])
    record(other, ["My needle is lost"])
    disable_page(memory.pages.get(), by=memory.user)
    assert len(recall(other, "needle", now=LATER).items) == 1


def test_a_disabled_fact_that_is_said_again_stays_disabled_and_gets_no_twin(memory: Memory) -> None:
    fact = disable_knowledge(KnowledgeFactory(memory=memory, **with_vector("The user likes tea.")), by=memory.user)
    learn(memory, learning(user_knowledge=(Fact("The user likes TEA", (0,)),)), "I like tea")
    assert memory.knowledge.get() == fact
    fact.refresh_from_db()
    assert (fact.status, fact.times_confirmed, fact.sources.count()) == (KnowledgeStatus.DISABLED, 2, 1)


def test_a_paraphrase_of_a_disabled_fact_is_recognised_without_showing_it_to_a_model(memory: Memory) -> None:
    text = "The user likes green tea."
    fact = disable_knowledge(KnowledgeFactory(memory=memory, **with_vector(text)), by=memory.user)

    def never(request: MergeRequest) -> MergeResult:
        raise AssertionError(request)

    said = Fact("The user likes green tea from Uji.", (0,))
    thinking = ScriptedConsolidator(promote=lambda _: PromotionResult(user_knowledge=(said,)), merge=never)
    learn(memory, thinking, "I like green tea from Uji")
    assert [known.text for known in thinking.promotions[0].known] == []
    fact.refresh_from_db()
    assert memory.knowledge.get() == fact
    assert (fact.text, fact.status) == (text, KnowledgeStatus.DISABLED)


def test_what_contradicts_a_disabled_fact_is_learnt_beside_it(memory: Memory) -> None:
    fact = KnowledgeFactory(memory=memory, **with_vector("The user has two cats at home."))
    disable_knowledge(fact, by=memory.user)
    learn(
        memory, learning(user_knowledge=(Fact("The user has three cats at home.", (0,)),)), "I have three cats at home"
    )
    statuses = dict(memory.knowledge.values_list("text", "status"))
    assert statuses == {
        "The user has two cats at home.": KnowledgeStatus.DISABLED,
        "The user has three cats at home.": KnowledgeStatus.ACTIVE,
    }


def test_disabled_attributes_and_traits_are_not_shown_and_stand(memory: Memory) -> None:
    ProfileFactory(memory=memory, name="home", value="Oslo", disabled=True)
    TraitFactory(memory=memory, dimension="outdoors", level=TraitLevel.LOW, disabled=True)
    thinking = learning(
        profile=(ProfileFinding("Home", "Bergen", (0,)),), traits=(TraitFinding("outdoors", "high", "hikes", (0,)),)
    )
    learn(memory, thinking, "I live in Bergen and hike")
    request = thinking.promotions[0]
    assert (request.profile, request.traits, request.locked) == ({}, {}, frozenset())
    assert memory.profile.get().value == "Oslo"
    assert memory.traits.get().level == TraitLevel.LOW


def test_editing_what_is_disabled_keeps_it_disabled(memory: Memory) -> None:
    fact = KnowledgeFactory(memory=memory, status=KnowledgeStatus.DISABLED)
    assert edit_knowledge(fact, "Other words.", EMBEDDER, by=memory.user).status == KnowledgeStatus.DISABLED
    attribute = ProfileFactory(memory=memory, disabled=True)
    assert edit_profile(attribute, "chef", by=memory.user).disabled


def test_a_promotion_does_not_read_a_disabled_page_until_it_is_enabled(memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, length=2, visits=100)
    secret, other = PageFactory(segment=segment, query="secret"), PageFactory(segment=segment, query="other")
    disable_page(secret, by=memory.user)
    segment.refresh_from_db()
    assert segment.length == 1
    thinking = ScriptedConsolidator()
    promote(segment, thinking, EMBEDDER, LATER)
    assert [page.query for page in thinking.promotions[0].pages] == ["other"]
    segment.refresh_from_db()
    assert segment.length == 0
    heated: list[int] = []

    def note(segment: Segment, **_: Any) -> None:
        heated.append(segment.pk)

    segment_heated.connect(note)
    try:
        enable_page(secret, by=memory.user)
    finally:
        segment_heated.disconnect(note)
    segment.refresh_from_db()
    assert (segment.length, heated, other.pk != secret.pk) == (1, [segment.pk], True)


def test_a_page_disabled_while_a_model_reads_it_teaches_nothing(memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, length=1)
    page = PageFactory(segment=segment, query="I like tea")

    def read(_: PromotionRequest) -> PromotionResult:
        disable_page(page, by=memory.user)
        return PromotionResult(user_knowledge=(Fact("The user likes tea.", (0,)),))

    with pytest.raises(PromotionConflict):
        promote(segment, ScriptedConsolidator(promote=read), EMBEDDER, LATER)
    assert not memory.knowledge.exists()


def test_a_transfer_moves_a_disabled_page_without_showing_it(memory: Memory) -> None:
    remember(8, memory)
    disable_page(memory.pages.get(query="q1"), by=memory.user)
    thinking = ScriptedConsolidator()
    assert len(transfer(memory, thinking, EMBEDDER, LATER)) == 5
    assert [page.query for page in thinking.transfers[0].pages] == ["q0", HIDDEN, "q2", "q3", "q4"]
    assert [page.response for page in thinking.transfers[0].pages] == ["r0", "", "r2", "r3", "r4"]
    assert memory.segments.get().length == 4


def test_a_page_disabled_while_a_model_sorts_it_is_not_sorted_by_its_words(memory: Memory) -> None:
    remember(8, memory)

    def sort(request: TransferRequest) -> TransferResult:
        disable_page(memory.pages.get(query="q1"), by=memory.user)
        return one_topic(request)

    with pytest.raises(TransferConflict):
        transfer(memory, ScriptedConsolidator(sort), EMBEDDER, LATER)
    assert not memory.segments.exists()
    assert len(transfer(memory, ScriptedConsolidator(), EMBEDDER, LATER)) == 5


def test_the_built_in_rules_take_pages_that_are_all_disabled(memory: Memory) -> None:
    remember(8, memory)
    memory.pages.update(disabled=True)
    assert len(transfer(memory, BuiltinConsolidator(), EMBEDDER, LATER)) == 5
    segment = memory.segments.get()
    assert segment.title
    assert segment.length == 0
    assert memory.chains.get().summary


def test_forgetting_takes_what_is_disabled_as_well(memory: Memory) -> None:
    page = PageFactory(memory=memory)
    fact = KnowledgeFactory(memory=memory, text="Likes tea.")
    fact.sources.add(page)
    disable_knowledge(fact, by=memory.user)
    disable_page(page, by=memory.user)
    forget(memory, Target.pages([page.pk]), by=memory.user)
    assert not memory.pages.exists()
    assert not memory.knowledge.exists()
    assert "Likes tea." not in str(list(MemoryEvent.objects.values_list("before", "after")))
