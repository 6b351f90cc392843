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
from memory.domain.vectors import as_stored
from memory.enums import Actor, EventKind, KnowledgeStatus, Source
from memory.exceptions import ModelUnreachable, PromotionConflict
from memory.llm.base import Fact, ProfileFinding, PromotionRequest, PromotionResult, TraitFinding
from memory.llm.builtin import BuiltinConsolidator
from memory.models import Knowledge, Memory, MemoryEvent, Segment
from memory.signals import segment_promoted
from tests.memory.factories import (
    EPOCH,
    KnowledgeFactory,
    MembershipFactory,
    MemoryFactory,
    PageFactory,
    SegmentFactory,
)
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
    segment = hot_segment(words="I like tea ")
    said = learning(user_knowledge=(Fact("The user likes tea.", ()),))
    promote_all(segment.memory, said, EMBEDDER)
    hot_segment(5, segment.memory, "Yes, I still like tea ")
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


def test_what_is_said_again_comes_back_and_is_not_put_away_at_once() -> None:
    memory = hot_segment(words="boat").memory
    memory.assistant.memory_settings = {"knowledge_capacity": 1}
    useful = KnowledgeFactory(memory=memory, text="The user likes tea.", times_confirmed=9)
    back = KnowledgeFactory(memory=memory, text="The user owns boat0.", status=KnowledgeStatus.ARCHIVED)
    promote_all(memory, learning(user_knowledge=(Fact(back.text, (0,)),)), EMBEDDER)
    states = memory.knowledge.order_by("pk").values_list("pk", "status")
    assert list(states) == [(useful.pk, KnowledgeStatus.ARCHIVED), (back.pk, KnowledgeStatus.ACTIVE)]


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

    promote(newer, ScriptedConsolidator(promote=by_segment), EMBEDDER, EPOCH)
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
    hot_segment(5, memory, "I am old ")
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


KNOWN_OF_USER = ("The user works as a nurse in Oslo.", "The user likes green tea.", "The user has a dog named Rex.")
QUOTES = "You work as a nurse in Oslo, you like green tea and you have a dog named Rex."


def known_fact(memory: Memory, text: str) -> Knowledge:
    vector = as_stored(EMBEDDER.embed([text])[0])
    return KnowledgeFactory(memory=memory, text=text, embedding=vector, embedding_model=EMBEDDER.name)


def parroting(request: PromotionRequest) -> PromotionResult:
    """A model that writes down whatever stands anywhere in front of it: known facts, and its own recollections."""
    indexes = tuple(page.index for page in request.pages)
    facts = [
        *(Fact(known.text, indexes) for known in request.known),
        Fact("The user is a nurse who works in Oslo.", indexes),
        Fact("The user enjoys green tea and walks with Rex the dog.", indexes),
    ]
    return PromotionResult(
        profile=(ProfileFinding("occupation", "nurse in Oslo", indexes), ProfileFinding("pet", "dog Rex", indexes)),
        user_knowledge=tuple(facts),
        assistant_knowledge=(Fact("Works as a nurse in Oslo.", indexes), Fact("Has a dog named Rex.", indexes)),
    )


@pytest.mark.parametrize("pasting", [False, True])
def test_thirty_turns_of_quoted_memory_teach_and_confirm_nothing(pasting: bool) -> None:
    """The feedback loop: in one audit of another product 97.8 % of what was stored was recalled memory stored again."""
    memory = MemoryFactory()
    for text in KNOWN_OF_USER:
        known_fact(memory, text)
    block = "\n".join(["<memory>", *(f"- {text}" for text in KNOWN_OF_USER), "</memory>\n"]) if pasting else ""
    asking = ("What do you know about me?", "Do I still work as a nurse in Oslo?", "Tell me more.", "Thanks!")
    drafts = [
        PageDraft(f"{block}{asking[turn % 4]}", f"{QUOTES} That was answer {turn}.", EPOCH + timedelta(minutes=turn))
        for turn in range(30)
    ]
    record_pages(memory, drafts, Source.CHAT)
    memory.assistant.memory_settings = {"short_term_capacity": 1, "promotion_tokens": 400}
    consolidator = ScriptedConsolidator(promote=parroting)
    transfer_all(memory, consolidator, EMBEDDER)
    assert promote_all(memory, consolidator, EMBEDDER) >= 25
    assert len(consolidator.promotions) >= 3
    assert sorted(memory.knowledge.values_list("text", "times_confirmed")) == [(t, 1) for t in sorted(KNOWN_OF_USER)]
    assert (memory.profile.count(), memory.assistant.knowledge.count()) == (0, 0)


def test_a_question_about_a_known_fact_teaches_and_ends_nothing() -> None:
    memory = MemoryFactory()
    known_fact(memory, KNOWN_OF_USER[0])
    segment = SegmentFactory(memory=memory, length=1)
    PageFactory(segment=segment, query="Do I work as a nurse in Bergen?", response="You work as a nurse in Bergen.")
    consolidator = learning(
        profile=(ProfileFinding("city", "Bergen", (0,)),),
        user_knowledge=(Fact("The user works as a nurse in Bergen.", (0,), supersedes=(1,)),),
    )
    promote(segment, consolidator, EMBEDDER, EPOCH)
    assert not memory.profile.exists()
    assert list(memory.knowledge.values_list("text", "status")) == [(KNOWN_OF_USER[0], KnowledgeStatus.ACTIVE)]


def test_a_question_about_something_new_is_evidence() -> None:
    segment = SegmentFactory(length=1)
    PageFactory(segment=segment, query="Can you plan my trip to Japan?", response="A trip to Japan, let me plan it!")
    promote(segment, learning(user_knowledge=(Fact("The user plans a trip to Japan.", (0,)),)), EMBEDDER, EPOCH)
    assert segment.memory.knowledge.active().count() == 1


def test_what_the_user_says_among_quotes_is_learnt() -> None:
    memory = MemoryFactory()
    KnowledgeFactory(memory=memory, text=KNOWN_OF_USER[0])
    segment = SegmentFactory(memory=memory, length=2)
    PageFactory(segment=segment, query="I have a dog named Rex!", response=QUOTES)
    PageFactory(segment=segment, query="I still work as a nurse in Oslo.", response=QUOTES)
    promote(segment, ScriptedConsolidator(promote=parroting), EMBEDDER, EPOCH)
    assert memory.knowledge.get(text=KNOWN_OF_USER[0]).times_confirmed > 1
    assert memory.profile.get(name="pet").value == "dog Rex"


def test_the_builtin_responders_quotes_are_never_learnt_again() -> None:
    memory = MemoryFactory()
    KnowledgeFactory(memory=memory, text=KNOWN_OF_USER[0])
    segment = SegmentFactory(memory=memory, length=5)
    for _ in range(5):
        PageFactory(
            segment=segment,
            query=f"What do you know?\nRelevant memories:\n- {KNOWN_OF_USER[0]}\n- I like green tea.",
            response="Here is what I remember:\n\n- On 8 May 2023 I said: “I recommend the Moka pot.”",
        )
    promote(segment, BuiltinConsolidator(), EMBEDDER, EPOCH)
    assert list(memory.knowledge.values_list("text", "times_confirmed")) == [(KNOWN_OF_USER[0], 1)]
    assert not memory.assistant.knowledge.exists()


def test_an_assistant_that_repeats_itself_confirms_nothing() -> None:
    memory = MemoryFactory()
    for _ in range(3):
        segment = SegmentFactory(memory=memory, length=1)
        PageFactory(segment=segment, query="Coffee?", response="I recommend the Moka pot.")
        promote(segment, BuiltinConsolidator(), EMBEDDER, EPOCH)
    assert list(memory.assistant.knowledge.values_list("text", "times_confirmed")) == [
        ("The assistant recommends the Moka pot.", 1)
    ]


def test_no_consolidators_answer_puts_a_user_fact_into_assistant_knowledge() -> None:
    segment = hot_segment(words="I restore old boats ")
    entries = ("Restores old boats.", "The assistant advised the user.", "The assistant speaks Dutch.")
    consolidator = learning(
        profile=(ProfileFinding("name", "Tomas Berg", ()),),
        assistant_knowledge=tuple(Fact(text, ()) for text in (*entries, "The assistant wrote to Tomas.")),
    )
    promote_all(segment.memory, consolidator, EMBEDDER)
    assert [entry.text for entry in segment.memory.assistant.knowledge.all()] == ["The assistant speaks Dutch."]


def test_known_facts_nearest_to_a_page_are_shown_to_a_model_and_all_to_rules() -> None:
    segment = hot_segment(words="boats ")
    memory = segment.memory
    near = "The user likes boats."
    for text in (*(f"The user knows person{number}." for number in range(60)), near):
        known_fact(memory, text)
    consolidator, rules = ScriptedConsolidator(), ScriptedConsolidator()
    rules.is_model = False
    promote(segment, consolidator, EMBEDDER, EPOCH)
    memory.pages.update(analysed_at=None)
    promote(segment, rules, EMBEDDER, EPOCH)
    shown = [known.text for known in consolidator.promotions[0].known]
    assert (len(shown), near in shown, len(rules.promotions[0].known)) == (50, True, 61)


def test_segments_that_share_a_call_are_each_announced_with_what_rests_on_them() -> None:
    memory = MemoryFactory()
    segments = [SegmentFactory(memory=memory, length=1, visits=9) for _ in range(2)]
    for segment, words in zip(segments, ("I like tea", "I own a boat"), strict=True):
        PageFactory(segment=segment, query=words)
    heard: list[tuple[Segment, list[str]]] = []

    def listen(segment: Segment, learnt: list[Knowledge], **_: Any) -> None:
        heard.append((segment, [row.text for row in learnt]))

    facts = (Fact("The user likes tea.", (0,)), Fact("The user owns a boat.", (1,)))
    segment_promoted.connect(listen)
    try:
        promote_all(memory, learning(user_knowledge=facts), EMBEDDER)
    finally:
        segment_promoted.disconnect(listen)
    assert sorted(heard, key=lambda each: each[0].pk) == [
        (segments[0], ["The user likes tea."]),
        (segments[1], ["The user owns a boat."]),
    ]
    assert MemoryEvent.objects.filter(kind=EventKind.PROMOTED).count() == 2
