"""What is forgotten is gone, with all that rested on it alone, and nothing else is."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone

from memory.domain.consolidation import promote_all, transfer_all
from memory.domain.eviction import evict_segments
from memory.domain.forgetting import EVERYTHING, Forgetting, Rows, Target, forget, preview, still_there
from memory.domain.knowledge import delete_knowledge, edit_knowledge
from memory.domain.persona import delete_profile, set_profile
from memory.domain.promotion import promote
from memory.domain.recall import recall
from memory.domain.recording import PageDraft, record_page, record_pages
from memory.domain.resummarising import resummarise_all
from memory.domain.transfer import transfer
from memory.enums import Actor, EventKind, KnowledgeStatus, Role, Source, Tier
from memory.exceptions import ForgettingChanged, NothingToForget, PromotionConflict, TransferConflict
from memory.llm.base import Fact, PromotionRequest, PromotionResult, TransferRequest, TransferResult
from memory.models import DialogueChain, Knowledge, Memory, MemoryEvent, ModelCall, Page, Posting, Segment, Trait
from memory.models.page import SegmentPosting
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    ModelCallFactory,
    ProfileFactory,
    TraitFactory,
)
from tests.memory.fakes import ScriptedConsolidator
from tests.memory.remembering import EMBEDDER, by_first_word, in_their_words, memory_of, page_of, thinking
from tests.memory.traces import traces_of

pytestmark = pytest.mark.django_db

SAID = (
    "trip to Zanzibar", "trip by boat", "food is rice", "food in Zanzibar", "trip home", "work at night", "late one",
    "late two",
)  # fmt: skip


def forgotten(memory: Memory, *said: str) -> Forgetting:
    """Forget the pages on which these words were said, as the person."""
    return forget(memory, Target.pages(page_of(memory, words).pk for words in said), by=memory.user)


def segment_about(memory: Memory, subject: str) -> Segment:
    segment = memory.segments.filter(pages__query__startswith=subject).first()
    assert segment is not None
    return segment


def assert_in_order(memory: Memory) -> None:
    """Assert that the index is that of the pages that are left, and that every count is right."""
    memory = Memory.objects.get(pk=memory.pk)
    indexed = memory.pages.recallable()
    postings = Posting.objects.filter(memory=memory).aggregate(total=Sum("frequency"))["total"] or 0
    lengths = indexed.aggregate(total=Sum("length"))["total"] or 0
    assert (memory.page_count, memory.term_count, postings) == (indexed.count(), lengths, lengths)
    for segment in memory.segments.all():
        pages = Posting.objects.filter(page__segment=segment).values_list("term").annotate(Sum("frequency"))
        assert dict(segment.postings.values_list("term", "frequency")) == dict(pages)
        assert segment.term_count == segment.pages.aggregate(total=Sum("length"))["total"]
        assert segment.length == segment.pages.unanalysed().count()
    assert not memory.segments.filter(pages__isnull=True).exists()
    assert not memory.chains.filter(pages__isnull=True).exists()


def found(memory: Memory, words: str) -> list[str]:
    return [item.text for item in recall(memory, words, now=timezone.now()).items if words in item.text.lower()]


# --- Nothing left behind ------------------------------------------------------------------------------------------


def test_the_look_for_traces_finds_them() -> None:
    memory_of(SAID)
    assert {
        "memory_page.query", "memory_page.response", "memory_page.keywords", "memory_posting.term",
        "memory_segment.title", "memory_segment.summary", "memory_segment.keywords", "memory_segmentposting.term",
        "memory_dialoguechain.summary", "memory_knowledge.text", "memory_profile.value", "memory_trait.reason",
        "memory_memoryevent.after",
    } == set(traces_of("zanzibar"))  # fmt: skip


def test_pages_of_mid_term_memory_leave_nothing() -> None:
    memory = memory_of(SAID)
    assert found(memory, "zanzibar")
    forgotten(memory, "trip to Zanzibar", "food in Zanzibar")
    assert traces_of("zanzibar") == {}
    resummarise_all(memory, thinking(), EMBEDDER)
    assert traces_of("zanzibar") == {}
    assert found(memory, "zanzibar") == []
    assert found(memory, "rice")
    assert_in_order(memory)


def test_pages_of_short_term_memory_leave_nothing() -> None:
    memory = memory_of((*SAID, "late Zanzibar"))
    forgotten(memory, "late Zanzibar")
    forgotten(memory, "trip to Zanzibar", "food in Zanzibar")
    assert traces_of("zanzibar") == {}
    assert_in_order(memory)


def test_a_segment_leaves_nothing() -> None:
    memory = memory_of(("trip to Zanzibar", "trip home", "food is rice", "late one", "late two"))
    segment = segment_about(memory, "trip")
    done = forget(memory, Target("segment", (segment.pk,)), by=memory.user)
    assert [item.pk for item in done.segments] == [segment.pk]
    assert traces_of("zanzibar") == {}
    assert sorted(memory.pages.values_list("query", flat=True)) == ["food is rice", "late one", "late two"]
    assert_in_order(memory)


def test_a_page_of_an_archived_segment_leaves_nothing() -> None:
    memory = memory_of(SAID)
    memory.assistant.memory_settings |= {"mid_term_capacity": 1}
    evicted = evict_segments(memory, timezone.now(), keep=[segment_about(memory, "work").pk])
    assert len(evicted) == 2
    before = Memory.objects.get(pk=memory.pk).page_count
    forgotten(memory, "trip to Zanzibar", "food in Zanzibar")
    assert traces_of("zanzibar") == {}
    assert Memory.objects.get(pk=memory.pk).page_count == before, "archived pages were not in the index"
    assert_in_order(memory)


def test_a_fact_leaves_nothing_but_its_pages() -> None:
    memory = memory_of(("trip by boat", "late one", "late two"))
    told = ScriptedConsolidator(promote=lambda _: PromotionResult(user_knowledge=(Fact("Boats to Zanzibar.", (0,)),)))
    memory.pages.mid_term().update(analysed_at=None)
    memory.segments.update(length=1)
    promote_all(memory, told, EMBEDDER)
    old = KnowledgeFactory(memory=memory, text="Stays at home.")
    fact = memory.knowledge.get(text="Boats to Zanzibar.")
    old.status, old.superseded_by = KnowledgeStatus.SUPERSEDED, fact
    old.save()
    MemoryEvent.objects.create(
        assistant=memory.assistant, memory=memory, kind=EventKind.SUPERSEDED, actor=Actor.JOB,
        target_type="knowledge", target_id=old.pk, after={"text": old.text, "by": fact.text},
    )  # fmt: skip
    edit_knowledge(fact, "Boats to Zanzibar, twice.", EMBEDDER, by=memory.user)
    assert traces_of("zanzibar")
    done = forget(memory, Target("knowledge", (fact.pk,)), by=memory.user)
    assert [item.text for item in done.long_term] == ["Boats to Zanzibar, twice."]
    old.refresh_from_db()
    assert old.status == KnowledgeStatus.SUPERSEDED, "it does not come back by itself"
    assert old.superseded_by_id is None
    assert memory.pages.filter(query="trip by boat").exists()
    assert set(traces_of("zanzibar")) == set()


def test_an_attribute_and_a_trait_leave_nothing() -> None:
    memory = MemoryFactory()
    attribute = set_profile(memory, "island", "Zanzibar", by=memory.user)
    set_profile(memory, "island", "Pemba", by=memory.user)
    trait = TraitFactory(memory=memory, reason="Dreams of Zanzibar.")
    forget(memory, Target("profile", (attribute.pk,)), by=memory.user)
    forget(memory, Target("trait", (trait.pk,)), by=memory.user)
    assert traces_of("zanzibar") == {}
    assert traces_of("pemba") == {}


def test_everything_leaves_one_event_and_what_it_cost() -> None:
    memory = memory_of(SAID)
    set_profile(memory, "island", "Zanzibar", by=memory.user)
    KnowledgeFactory(memory=memory, text="Zanzibar.", pinned=True, locked=True)
    shared = AssistantKnowledgeFactory(assistant=memory.assistant, text="Recommended Zanzibar.")
    shared.sources.add(page_of(memory, "trip to Zanzibar"))
    ModelCallFactory(memory=memory, detail="Zanzibar could not be reached.")
    calls = ModelCall.objects.filter(memory=memory).count()
    kinds = {"pages": memory.pages, "segments": memory.segments, "facts": memory.knowledge}
    kinds |= {"profile": memory.profile, "traits": memory.traits}
    held = {kind: rows.count() for kind, rows in kinds.items()}
    assert min(held.values()) > 0
    shown = preview(memory, EVERYTHING)
    assert forget(memory, EVERYTHING, by=memory.user, expected=shown.fingerprint) == shown
    assert traces_of("zanzibar") == {}
    event = MemoryEvent.objects.get(memory=memory)
    assert (event.kind, event.memory, event.user) == (EventKind.FORGOTTEN, memory, memory.user)
    assert event.after == held
    memory.refresh_from_db()
    assert (memory.page_count, memory.term_count, memory.last_position) == (0, 0, 8)
    for rows in (Page, Segment, DialogueChain, Knowledge, Trait, Posting, SegmentPosting):
        assert not rows._default_manager.exists()
    costs = ModelCall.objects.filter(memory=memory)
    assert (costs.count(), set(costs.values_list("detail", flat=True))) == (calls, {""})
    assert record_page(memory, query="A new life", response="").position == 9


def test_what_was_deleted_by_hand_leaves_the_log_with_its_page() -> None:
    """The log keeps a deleted fact's words for the undo; they came of the page all the same."""
    memory = memory_of(SAID)
    delete_knowledge(memory.knowledge.get(text="The user said trip to Zanzibar."), by=memory.user)
    delete_profile(memory.profile.get(value="trip to Zanzibar"), by=memory.user)
    delete_knowledge(memory.knowledge.get(text="The user said work at night."), by=memory.user)
    forgotten(memory, "trip to Zanzibar", "food in Zanzibar")
    assert traces_of("zanzibar") == {}
    # Nothing says any more which page a deleted fact came of: what the same call learnt loses its words as well.
    assert set(memory.events.filter(kind=EventKind.DELETED).values_list("user", "before")) == {(memory.user_id, None)}


def test_forgetting_bit_by_bit_leaves_nothing_either() -> None:
    """Each forgetting scrubs the log; the next one must still find out what was learnt from which page."""
    memory = memory_of(("trip to Rome", "trip to Zanzibar", "trip home", "late one", "late two"))
    delete_knowledge(memory.knowledge.get(text="The user said trip to Zanzibar."), by=memory.user)
    forgotten(memory, "trip home")
    resummarise_all(memory, thinking(), EMBEDDER)
    forgotten(memory, "trip to Zanzibar")
    resummarise_all(memory, thinking(), EMBEDDER)
    assert traces_of("zanzibar") == {}


# --- What else goes, and what stays -------------------------------------------------------------------------------


def state_of(memory: Memory) -> Rows:
    """Return the keys of everything a memory holds."""
    rows = (memory.pages, memory.segments, memory.chains, memory.knowledge, memory.profile, memory.traits)
    return Rows(*(tuple(manager.order_by("pk").values_list("pk", flat=True)) for manager in rows))


def without(before: Rows, gone: Rows) -> Rows:
    return Rows(
        *(
            tuple(pk for pk in getattr(before, name) if pk not in set(getattr(gone, name)))
            for name in ("pages", "segments", "chains", "knowledge", "profile", "traits")
        )
    )


@pytest.mark.parametrize("seed", range(8))
def test_a_preview_is_what_happens(seed: int) -> None:
    chance = random.Random(seed)
    said = [f"{chance.choice(('trip', 'food', 'work'))} {chance.choice('abcdefgh')}{n}" for n in range(12)]
    memory = memory_of(said, theta=chance.choice((0.5, 1.9)))
    bystander = memory_of(said)
    for attribute in memory.profile.all()[:1]:
        set_profile(memory, attribute.name, "by hand", by=memory.user)
    untouched, before = state_of(bystander), state_of(memory)
    target = chance.choice([
        Target.pages(chance.sample(before.pages, chance.randint(1, 6))),
        Target("segment", (chance.choice(before.segments),)),
        Target("knowledge", (chance.choice(before.knowledge),)),
        EVERYTHING,
    ])  # fmt: skip
    shown = preview(memory, target)
    assert state_of(memory) == before, "a preview changes nothing"
    done = forget(memory, target, by=memory.user, expected=shown.fingerprint)
    assert done == shown
    assert state_of(memory) == without(before, shown.rows)
    blank = memory.segments.filter(summary="").order_by("pk").values_list("pk", flat=True)
    assert list(blank) == [item.pk for item in shown.blanked_segments]
    assert list(memory.chains.filter(summary="").order_by("pk").values_list("pk", flat=True)) == list(
        shown.blanked_chains
    )
    assert state_of(bystander) == untouched
    assert_in_order(memory)
    assert_in_order(bystander)


def test_what_rests_on_other_pages_too_stays_and_says_no_more_than_they_do() -> None:
    memory = memory_of(SAID)
    spoke = memory.knowledge.get(text="The user spoke 6 times.")
    trait = memory.traits.get()
    trait.evidence.add(page_of(memory, "trip home"))
    Knowledge.objects.filter(pk=spoke.pk).update(times_confirmed=6)
    first, second = page_of(memory, "trip to Zanzibar"), page_of(memory, "trip by boat")
    assert spoke.valid_from == first.occurred_at
    done = forgotten(memory, "trip to Zanzibar", "work at night")
    assert [item.text for item in done.weakened] == ["The user spoke 6 times.", "Travel: high"]
    spoke.refresh_from_db()
    assert (spoke.times_confirmed, spoke.sources.count()) == (4, 4)
    assert spoke.valid_from == second.occurred_at
    assert spoke.confirmed_at == page_of(memory, "trip home").occurred_at
    trait.refresh_from_db()
    assert (trait.reason, trait.evidence.count()) == ("", 1)


def test_what_a_person_wrote_or_pinned_stays_and_is_named() -> None:
    memory = memory_of(("trip by boat", "late one", "late two"))
    page = page_of(memory, "trip by boat")
    pinned = KnowledgeFactory(memory=memory, text="Likes boats.", pinned=True, times_confirmed=3)
    written = KnowledgeFactory(memory=memory, text="Owns a boat.", locked=True)
    for fact in (pinned, written):
        fact.sources.add(page)
    attribute = ProfileFactory(memory=memory, name="boat", value="Minnow", locked=True)
    attribute.sources.add(page)
    memory.traits.update(locked=True)
    done = forgotten(memory, "trip by boat")
    assert [item.text for item in done.kept] == ["Likes boats.", "Owns a boat.", "boat: Minnow", "Travel: high"]
    assert sorted(memory.knowledge.values_list("text", flat=True)) == ["Likes boats.", "Owns a boat."]
    pinned.refresh_from_db()
    assert (pinned.times_confirmed, pinned.confirmed_at) == (1, EPOCH)
    assert memory.traits.get().reason == "Because of trip by boat"


def test_what_the_assistant_learnt_of_one_member_alone_goes_for_all() -> None:
    memory = memory_of(("trip by boat", "late one", "late two"))
    other = memory_of(("trip by train", "late one", "late two"), MemoryFactory(assistant=memory.assistant))
    alone, both = AssistantKnowledgeFactory.create_batch(2, assistant=memory.assistant)
    alone.sources.add(page_of(memory, "trip by boat"))
    both.sources.add(page_of(memory, "trip by boat"), page_of(other, "trip by train"))
    shown = preview(memory, EVERYTHING)
    assert [item.pk for item in shown.long_term if item.kind == "assistant_knowledge"] == [alone.pk]
    forgotten(memory, "trip by boat")
    assert list(Knowledge.objects.about_assistant(memory.assistant)) == [both]
    assert list(both.sources.all()) == [page_of(other, "trip by train")]
    assert MemoryEvent.objects.get(memory=None, kind=EventKind.FORGOTTEN).after == {"facts": 1}
    assert other.pages.count() == 3


def test_a_segment_is_described_by_what_is_left_until_it_is_summed_up() -> None:
    memory = memory_of(SAID)
    forgotten(memory, "trip to Zanzibar")
    segment = segment_about(memory, "trip")
    assert (segment.title, segment.summary, segment.length) == ("Trip, by, boat", "", 0)
    assert segment.keywords == ["trip", "by", "boat", "home"]
    vectors = EMBEDDER.embed([page_of(memory, words).text for words in ("trip by boat", "trip home")])
    mean = vectors.mean(axis=0)
    assert segment.embedding == pytest.approx(mean / (mean @ mean) ** 0.5, abs=2e-3)
    assert segment.term_count == sum(page.length for page in segment.pages.all())


def test_pages_that_are_not_read_yet_stay_to_be_read() -> None:
    memory = memory_of(SAID)
    segment = segment_about(memory, "trip")
    segment.pages.update(analysed_at=None)
    Segment.objects.filter(pk=segment.pk).update(length=3)
    forgotten(memory, "trip to Zanzibar")
    segment.refresh_from_db()
    assert segment.length == 2


def test_a_forgotten_page_can_be_imported_again() -> None:
    memory = memory_of(SAID)
    forgotten(memory, "trip to Zanzibar")
    draft = PageDraft("trip to Zanzibar", "re trip to Zanzibar", EPOCH, external_id="x:0")
    assert len(record_pages(memory, [draft], Source.IMPORT).pages) == 1


# --- Summing up anew ----------------------------------------------------------------------------------------------


def test_summing_up_shows_the_model_the_remaining_pages_alone_and_asks_once_for_the_same_pages() -> None:
    memory = memory_of(("trip to Zanzibar", "trip by boat", "trip home", "late one", "late two"))
    forgotten(memory, "trip to Zanzibar")
    model = thinking()
    assert resummarise_all(memory, model, EMBEDDER) == 2
    [request] = model.summaries
    assert [page.query for page in request.pages] == ["trip by boat", "trip home"]
    segment = segment_about(memory, "trip")
    assert (segment.title, segment.summary) == ("Left: trip by boat trip home", "Left is trip by boat trip home.")
    assert memory.chains.filter(pages__segment=segment).distinct().get().summary == segment.summary
    assert list(ModelCall.objects.filter(purpose="summary").values_list("tokens_in", flat=True)) == [None]
    assert resummarise_all(memory, model, EMBEDDER) == 0


def test_summing_up_is_bounded_in_tokens() -> None:
    memory = memory_of([f"trip {'long ' * 40}{n}" for n in range(12)] + ["late one", "late two"])
    memory.assistant.memory_settings |= {"promotion_tokens": 400}
    forget(memory, Target.pages([memory.pages.first().pk]), by=memory.user)  # type: ignore[union-attr]
    model = thinking()
    resummarise_all(memory, model, EMBEDDER)
    assert 1 < len(model.summaries[0].pages) < 11


def test_a_segment_that_grows_before_it_is_summed_up_is_summed_up_whole() -> None:
    memory = memory_of(("trip to Zanzibar", "trip by boat", "late one", "late two"), theta=0.1)
    forgotten(memory, "trip to Zanzibar")
    record_page(memory, query="trip by boat again", response="re trip by boat again")
    memory.assistant.memory_settings |= {"short_term_capacity": 1}
    transfer_all(memory, thinking(), EMBEDDER)
    grown = segment_about(memory, "trip by boat")
    assert grown.summary == ""
    model = thinking()
    resummarise_all(memory, model, EMBEDDER)
    assert grown.pages.count() > 1
    assert len(model.summaries[0].pages) == grown.pages.count()


def test_what_is_forgotten_while_the_model_sums_up_does_not_come_back() -> None:
    memory = memory_of(("trip to Zanzibar", "trip by boat", "trip home", "late one", "late two"))
    forgotten(memory, "trip home")
    asked = 0

    def slow(request: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:
            forgotten(memory, "trip to Zanzibar")
        return in_their_words(request)

    resummarise_all(memory, ScriptedConsolidator(summarise=slow), EMBEDDER)
    assert traces_of("zanzibar") == {}
    assert segment_about(memory, "trip").summary == "Left is trip by boat."


# --- In flight ----------------------------------------------------------------------------------------------------


def test_a_page_forgotten_while_a_promotion_reads_it_is_not_learnt_from() -> None:
    memory = memory_of(("trip to Zanzibar", "trip by boat", "late one", "late two"))
    segment = segment_about(memory, "trip")
    memory.knowledge.all().delete()
    segment.pages.update(analysed_at=None)

    def slow(request: PromotionRequest) -> PromotionResult:
        forgotten(memory, "trip to Zanzibar")
        return PromotionResult(user_knowledge=(Fact("Loves Zanzibar.", (0,)), Fact("Takes boats.", (1,))))

    with pytest.raises(PromotionConflict):
        promote(segment, ScriptedConsolidator(promote=slow), EMBEDDER, timezone.now())
    assert not memory.knowledge.exists()
    assert traces_of("zanzibar") == {}
    promote_all(memory, thinking(), EMBEDDER)
    assert "The user said trip by boat." in memory.knowledge.values_list("text", flat=True)


def test_a_fact_forgotten_while_a_promotion_is_shown_it_does_not_come_back() -> None:
    memory = memory_of(("trip by boat", "late one", "late two"))
    secret = KnowledgeFactory(memory=memory, text="Was in Zanzibar.")
    segment = segment_about(memory, "trip")
    segment.pages.update(analysed_at=None)

    def slow(request: PromotionRequest) -> PromotionResult:
        forget(memory, Target("knowledge", (secret.pk,)), by=memory.user)
        return PromotionResult(user_knowledge=(Fact("Was in Zanzibar by boat.", (0,)),))

    with pytest.raises(PromotionConflict):
        promote(segment, ScriptedConsolidator(promote=slow), EMBEDDER, timezone.now())
    assert traces_of("zanzibar") == {}


@pytest.mark.parametrize("words", ["late one", "trip to Zanzibar"], ids=["in the batch", "on the chain before it"])
def test_a_page_forgotten_while_a_transfer_reads_it_does_not_come_back(words: str) -> None:
    memory = memory_of(("trip to Zanzibar", "trip by boat", "late one", "late two"))
    record_page(memory, query="late three", response="")

    def slow(request: TransferRequest) -> TransferResult:
        forgotten(memory, words)
        return by_first_word(request)

    with pytest.raises(TransferConflict):
        transfer(memory, ScriptedConsolidator(slow), EMBEDDER, timezone.now())
    assert memory.pages.short_term().count() == (2 if words == "late one" else 3)
    assert traces_of(words) == {}


# --- Who, when and what again -------------------------------------------------------------------------------------


def test_what_changed_since_the_preview_is_not_forgotten_unseen() -> None:
    memory = memory_of(("trip by boat", "late one", "late two"))
    target = Target.pages([page_of(memory, "trip by boat").pk])
    shown = preview(memory, target)
    KnowledgeFactory(memory=memory, text="Also.").sources.add(page_of(memory, "trip by boat"))
    with pytest.raises(ForgettingChanged):
        forget(memory, target, by=memory.user, expected=shown.fingerprint)
    assert memory.pages.count() == 3
    forget(memory, target, by=memory.user, expected=preview(memory, target).fingerprint)
    assert memory.pages.count() == 2


def test_a_changed_text_is_another_preview() -> None:
    memory = MemoryFactory()
    fact = KnowledgeFactory(memory=memory, text="Likes tea.")
    shown = preview(memory, Target("knowledge", (fact.pk,)))
    edit_knowledge(fact, "Likes coffee.", EMBEDDER, by=memory.user)
    assert preview(memory, Target("knowledge", (fact.pk,))).fingerprint != shown.fingerprint


def test_the_same_thing_is_forgotten_once() -> None:
    memory = memory_of(("trip by boat", "late one", "late two"))
    target = Target.pages([page_of(memory, "late one").pk])
    forget(memory, target, by=memory.user)
    with pytest.raises(NothingToForget):
        forget(memory, target, by=memory.user)
    with pytest.raises(NothingToForget):
        preview(memory, target)


def test_nobody_forgets_what_is_somebody_elses() -> None:
    memory = memory_of(SAID)
    stranger = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    targets = [
        Target.pages([page_of(memory, "late one").pk]),
        Target("segment", (segment_about(memory, "trip").pk,)),
        Target("knowledge", (memory.knowledge.latest("pk").pk,)),
        Target("profile", (memory.profile.latest("pk").pk,)),
        Target("trait", (memory.traits.latest("pk").pk,)),
        Target("assistant_knowledge", (AssistantKnowledgeFactory().pk,)),
        Target("pages", ()),
    ]
    before = state_of(memory)
    for target in targets:
        with pytest.raises(NothingToForget):
            preview(stranger, target)
        with pytest.raises(NothingToForget):
            forget(stranger, target, by=stranger.user)
    forget(stranger, EVERYTHING, by=stranger.user)
    assert state_of(memory) == before


def test_still_there_tells_what_has_been_forgotten() -> None:
    memory = memory_of(("trip by boat", "late one", "late two"))
    page, fact = page_of(memory, "trip by boat"), memory.knowledge.first()
    assert fact is not None
    items = {(Tier.MID_TERM, page.pk), (Tier.USER_KNOWLEDGE, fact.pk), (Tier.TRAIT, memory.traits.get().pk)}
    assert still_there(items) == items
    forgotten(memory, "trip by boat")
    assert still_there(items) == set()


def test_a_memory_with_long_pauses_forgets_like_any_other() -> None:
    memory = memory_of(SAID)
    Page.objects.filter(memory=memory).update(occurred_at=EPOCH + timedelta(days=400))
    forgotten(memory, "trip to Zanzibar", "food in Zanzibar")
    assert traces_of("zanzibar") == {}
