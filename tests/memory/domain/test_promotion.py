import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from memory.domain.consolidation import promote_all, transfer_all
from memory.domain.knowledge import edit_knowledge
from memory.domain.persona import edit_profile, set_profile
from memory.domain.promotion import promote
from memory.domain.recording import PageDraft, record_pages
from memory.enums import Actor, EventKind, KnowledgeStatus, Source
from memory.exceptions import ModelUnreachable, PromotionConflict
from memory.llm.base import Fact, ProfileFinding, PromotionRequest, PromotionResult, TraitFinding
from memory.models import Knowledge, Memory, MemoryEvent, Segment
from tests.memory.factories import EPOCH, MembershipFactory, MemoryFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder

pytestmark = pytest.mark.django_db

EMBEDDER = WordEmbedder()


def hot_segment(count: int = 8, memory: Memory | None = None, words: str = "q") -> Segment:
    memory = memory or MemoryFactory()
    start = memory.pages.count()
    drafts = [PageDraft(f"{words}{start + n}", "answer", EPOCH + timedelta(minutes=start + n)) for n in range(count)]
    record_pages(memory, drafts, Source.IMPORT)
    transfer_all(memory, ScriptedConsolidator(), EMBEDDER)
    segment = memory.segments.latest("pk")
    return segment


def learning(**findings: Any) -> ScriptedConsolidator:
    return ScriptedConsolidator(promote=lambda _: PromotionResult(**findings))


def test_a_promotion_reads_the_pages_once_and_restarts_l_interaction() -> None:
    segment, consolidator = hot_segment(), ScriptedConsolidator()
    assert segment.length == 5
    assert promote_all(segment.memory, consolidator, EMBEDDER) == 5
    segment.refresh_from_db()
    assert (segment.length, segment.pages.unanalysed().count()) == (0, 0)
    assert promote_all(segment.memory, consolidator, EMBEDDER) == 0
    assert len(consolidator.promotions) == 1


def test_only_new_pages_are_read_the_next_time() -> None:
    segment, consolidator = hot_segment(), ScriptedConsolidator()
    promote_all(segment.memory, consolidator, EMBEDDER)
    hot_segment(5, segment.memory)
    promote_all(segment.memory, consolidator, EMBEDDER)
    assert [page.query for page in consolidator.promotions[1].pages] == ["q5", "q6", "q7", "q8", "q9"]


def test_every_hot_segment_gets_its_turn() -> None:
    """In the paper's own code one hot segment that had been read kept thirty pages of another from being learnt."""
    memory = MemoryFactory()
    memory.assistant.memory_settings = {"segment_threshold": 1.9}
    hot_segment(8, memory, "apple")
    Segment.objects.filter(memory=memory).update(visits=100)
    hot_segment(5, memory, "pear")
    promote_all(memory, ScriptedConsolidator(), EMBEDDER)
    assert not memory.pages.unanalysed().exists()


def test_long_input_is_split_over_several_calls() -> None:
    segment, consolidator = hot_segment(), ScriptedConsolidator()
    segment.memory.assistant.memory_settings = {"promotion_tokens": 12}
    promote_all(segment.memory, consolidator, EMBEDDER)
    assert [len(request.pages) for request in consolidator.promotions] == [1, 1, 1, 1, 1]


def test_profile_traits_and_knowledge_are_learnt_with_their_sources() -> None:
    segment = hot_segment()
    memory = segment.memory
    consolidator = learning(
        profile=(ProfileFinding("occupation", "data scientist", (0,)),),
        traits=(TraitFinding("outdoors", "high", "hikes", (0, 1)),),
        user_knowledge=(Fact("The user likes tea.", (2,)),),
        assistant_knowledge=(Fact("The assistant promised to remember birthdays.", (3,)),),
    )
    promote_all(memory, consolidator, EMBEDDER)
    attribute, trait = memory.profile.get(), memory.traits.get()
    fact, own = memory.knowledge.get(), memory.assistant.knowledge.get()
    assert (attribute.name, attribute.value, [p.query for p in attribute.sources.all()]) == (
        "occupation", "data scientist", ["q0"]
    )  # fmt: skip
    assert (trait.dimension, trait.level, trait.reason, trait.evidence.count()) == ("outdoors", "high", "hikes", 2)
    assert (fact.text, [page.query for page in fact.sources.all()]) == ("The user likes tea.", ["q2"])
    assert fact.valid_from == fact.confirmed_at == EPOCH + timedelta(minutes=2)
    assert (own.text, own.memory, own.status) == (
        "The assistant promised to remember birthdays.", None, KnowledgeStatus.ACTIVE
    )  # fmt: skip
    learnt = MemoryEvent.objects.filter(kind=EventKind.LEARNT)
    assert {event.target_type for event in learnt} == {"profile", "trait", "knowledge"}
    assert {event.actor for event in learnt} == {Actor.MODEL}


def test_the_same_fact_again_confirms_it() -> None:
    segment = hot_segment()
    said = learning(user_knowledge=(Fact("The user likes tea.", ()),))
    promote_all(segment.memory, said, EMBEDDER)
    hot_segment(5, segment.memory)
    promote_all(segment.memory, learning(user_knowledge=(Fact("the user likes  TEA", ()),)), EMBEDDER)
    fact = segment.memory.knowledge.get()
    assert (fact.times_confirmed, fact.sources.count()) == (2, 10)


def test_a_contradiction_supersedes_and_keeps_the_old_fact() -> None:
    segment = hot_segment()
    promote_all(segment.memory, learning(user_knowledge=(Fact("The user lives in Rome.", ()),)), EMBEDDER)
    hot_segment(5, segment.memory)

    def moved(request: PromotionRequest) -> PromotionResult:
        [known] = request.known
        assert known.text == "The user lives in Rome."
        return PromotionResult(user_knowledge=(Fact("The user lives in Oslo.", (), supersedes=(known.number,)),))

    promote_all(segment.memory, ScriptedConsolidator(promote=moved), EMBEDDER)
    old, new = segment.memory.knowledge.order_by("pk")
    assert (old.status, old.superseded_by, old.valid_to) == (KnowledgeStatus.SUPERSEDED, new, new.valid_from)
    assert new.status == KnowledgeStatus.ACTIVE


def test_what_a_person_wrote_is_not_superseded_or_overwritten() -> None:
    segment = hot_segment()
    memory = segment.memory
    first = learning(
        profile=(ProfileFinding("city", "Rome", ()),),
        traits=(TraitFinding("music", "low", "", (0,)),),
        user_knowledge=(Fact("The user lives in Rome.", ()),),
    )
    promote_all(memory, first, EMBEDDER)
    for rows in (memory.profile, memory.traits, memory.knowledge):
        rows.update(locked=True)
    hot_segment(5, memory)
    second = learning(
        profile=(ProfileFinding("City", "Oslo", ()),),
        traits=(TraitFinding("music", "high", "", (0, 1, 2)),),
        user_knowledge=(Fact("The user lives in Oslo.", (), supersedes=(1,)),),
    )
    promote_all(memory, second, EMBEDDER)
    assert memory.profile.get().value == "Rome"
    assert memory.traits.get().level == "low"
    assert memory.knowledge.get(text="The user lives in Rome.").status == KnowledgeStatus.ACTIVE


def test_a_weaker_guess_does_not_replace_a_stronger_one() -> None:
    segment = hot_segment()
    memory = segment.memory
    promote_all(memory, learning(traits=(TraitFinding("music", "high", "plays daily", (0, 1, 2)),)), EMBEDDER)
    hot_segment(5, memory)
    promote_all(memory, learning(traits=(TraitFinding("music", "low", "once", (0,)),)), EMBEDDER)
    trait = memory.traits.get()
    assert (trait.level, trait.reason, trait.evidence.count()) == ("high", "plays daily", 3)


def test_unknown_and_demographic_dimensions_are_dropped() -> None:
    segment = hot_segment()
    findings = tuple(TraitFinding(name, "high", "", (0,)) for name in ("gender", "age_group", "charisma"))
    promote_all(segment.memory, learning(traits=findings), EMBEDDER)
    assert not segment.memory.traits.exists()


def test_knowledge_beyond_the_capacity_is_archived_except_pinned() -> None:
    segment = hot_segment()
    memory = segment.memory
    memory.assistant.memory_settings = {"knowledge_capacity": 2}
    promote_all(memory, learning(user_knowledge=(Fact("Pinned.", ()), Fact("Old.", ()))), EMBEDDER)
    memory.knowledge.filter(text="Pinned.").update(pinned=True)
    hot_segment(5, memory)
    promote_all(memory, learning(user_knowledge=(Fact("New.", ()),)), EMBEDDER)
    assert set(memory.knowledge.active().values_list("text", flat=True)) == {"Pinned.", "New."}
    assert memory.knowledge.get(text="Old.").status == KnowledgeStatus.ARCHIVED


def test_on_a_shared_assistant_its_knowledge_is_only_proposed() -> None:
    segment = hot_segment()
    MembershipFactory(assistant=segment.memory.assistant)
    promote_all(segment.memory, learning(assistant_knowledge=(Fact("It speaks Dutch.", ()),)), EMBEDDER)
    assert Knowledge.objects.get().status == KnowledgeStatus.PROPOSED


def test_a_model_outage_changes_nothing() -> None:
    """In the paper's own code the outage's message replaced the whole profile."""

    def fail(request: PromotionRequest) -> PromotionResult:
        raise ModelUnreachable

    segment = hot_segment()
    promote_all(segment.memory, learning(profile=(ProfileFinding("name", "Tom", ()),)), EMBEDDER)
    hot_segment(5, segment.memory)
    with pytest.raises(ModelUnreachable):
        promote_all(segment.memory, ScriptedConsolidator(promote=fail), EMBEDDER)
    assert segment.memory.profile.get().value == "Tom"
    assert segment.pages.unanalysed().count() == 5


def test_two_workers_on_one_segment_learn_it_once() -> None:
    segment = hot_segment()

    def slow(request: PromotionRequest) -> PromotionResult:
        promote(Segment.objects.get(pk=segment.pk), learning(user_knowledge=(Fact("A.", ()),)), EMBEDDER, EPOCH)
        return PromotionResult(user_knowledge=(Fact("B.", ()),))

    with pytest.raises(PromotionConflict):
        promote(segment, ScriptedConsolidator(promote=slow), EMBEDDER, EPOCH)
    assert [fact.text for fact in Knowledge.objects.all()] == ["A."]


def test_what_an_older_page_says_does_not_replace_what_was_said_later() -> None:
    memory = MemoryFactory()
    memory.assistant.memory_settings = {"segment_threshold": 1.9}
    hot_segment(8, memory, "old")
    newer = hot_segment(8, memory, "new")
    newer.visits = 50
    newer.save()

    def by_segment(request: PromotionRequest) -> PromotionResult:
        last = len(request.pages) - 1
        city = "Oslo" if request.pages[last].query.startswith("new") else "Rome"
        numbers = tuple(known.number for known in request.known)
        return PromotionResult(
            profile=(ProfileFinding("city", city, (last,)),),
            user_knowledge=(Fact(f"The user lives in {city}.", (last,), supersedes=numbers),),
        )

    promote_all(memory, ScriptedConsolidator(promote=by_segment), EMBEDDER)
    assert memory.profile.get().value == "Oslo"
    old, new = memory.knowledge.get(text__contains="Rome"), memory.knowledge.get(text__contains="Oslo")
    assert (new.status, old.status, old.superseded_by) == (KnowledgeStatus.ACTIVE, KnowledgeStatus.SUPERSEDED, new)
    assert old.valid_from is not None
    assert old.valid_to is not None
    assert old.valid_from <= old.valid_to


def test_what_a_person_writes_while_the_model_thinks_stands() -> None:
    segment = hot_segment()
    memory = segment.memory
    promote_all(memory, learning(user_knowledge=(Fact("The user lives in Rome.", ()),)), EMBEDDER)
    hot_segment(5, memory)

    def meanwhile(request: PromotionRequest) -> PromotionResult:
        edit_knowledge(memory.knowledge.get(), "The user lives in Rome, for good.", EMBEDDER, by=memory.user)
        return PromotionResult(user_knowledge=(Fact("The user lives in Oslo.", (), supersedes=(1,)),))

    promote_all(memory, ScriptedConsolidator(promote=meanwhile), EMBEDDER)
    assert memory.knowledge.get(text="The user lives in Rome, for good.").status == KnowledgeStatus.ACTIVE


def test_new_knowledge_is_never_what_makes_room() -> None:
    segment = hot_segment()
    memory = segment.memory
    memory.assistant.memory_settings = {"knowledge_capacity": 1}
    promote_all(memory, learning(user_knowledge=(Fact("Old.", ()),)), EMBEDDER)
    memory.knowledge.update(times_confirmed=9)
    hot_segment(5, memory)
    promote_all(memory, learning(user_knowledge=(Fact("New.", ()),)), EMBEDDER)
    assert [fact.text for fact in memory.knowledge.active()] == ["New."]
    hot_segment(5, memory)
    promote_all(memory, learning(user_knowledge=(Fact("Old.", ()),)), EMBEDDER)
    assert memory.knowledge.get(text="Old.").times_confirmed == 10


@pytest.mark.django_db(transaction=True)
def test_a_person_correcting_during_a_promotion_never_deadlocks() -> None:
    segment = hot_segment()
    memory = segment.memory
    attribute = set_profile(memory, "city", "Rome", by=memory.user)
    editing, stop = threading.Event(), threading.Event()
    faults: list[BaseException] = []

    def correct() -> None:
        try:
            while not stop.is_set():
                edit_profile(attribute, "Oslo", by=memory.user)
                editing.set()
        except BaseException as fault:  # noqa: BLE001 (handed to the test's own thread)
            faults.append(fault)
        finally:
            connections.close_all()

    person = threading.Thread(target=correct)
    person.start()
    assert editing.wait(10)
    for _ in range(10):
        memory.pages.mid_term().update(analysed_at=None)
        memory.segments.update(length=9)
        promote_all(memory, learning(profile=(ProfileFinding("food", "Thai", (0,)),)), EMBEDDER)
    stop.set()
    person.join(10)
    assert faults == []
    assert memory.profile.get(name="city").locked
