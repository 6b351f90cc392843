"""Near duplicates and contradictions of what is known, from the answer to the rows: promotion.py and knowledge.py."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from memory.domain.promotion import promote
from memory.domain.vectors import as_stored
from memory.embedding import get_embedder
from memory.enums import EventKind, KnowledgeStatus, Purpose
from memory.exceptions import InvalidConsolidation, ModelUnreachable
from memory.llm.base import Fact, MergeRequest, MergeResult, PromotionResult, Verdict
from memory.llm.builtin import BuiltinConsolidator
from memory.models import Knowledge, Memory, MemoryEvent, ModelCall
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MembershipFactory,
    MemoryFactory,
    PageFactory,
    SegmentFactory,
)
from tests.memory.fakes import ScriptedConsolidator

pytestmark = pytest.mark.django_db

EMBEDDER = get_embedder()
LATER = EPOCH + timedelta(days=30)


@pytest.fixture
def memory() -> Memory:
    return MemoryFactory()


def known(memory: Memory, text: str, **values: object) -> Knowledge:
    return KnowledgeFactory(memory=memory, text=text, valid_from=EPOCH, **with_vector(text), **values)


def with_vector(text: str) -> dict[str, object]:
    return {"embedding": as_stored(EMBEDDER.embed([text])[0]), "embedding_model": EMBEDDER.name}


def consolidator(facts: Sequence[Fact], *verdicts: Verdict) -> ScriptedConsolidator:
    return ScriptedConsolidator(
        promote=lambda _: PromotionResult(user_knowledge=tuple(facts)),
        merge=lambda _: MergeResult(verdicts),
    )


def learn(memory: Memory, thinking: ScriptedConsolidator | BuiltinConsolidator, *said: str, **page: object) -> None:
    segment = SegmentFactory(memory=memory, length=len(said))
    for query in said:
        PageFactory(segment=segment, query=query, response="I see.", **({"occurred_at": LATER} | page))
    promote(segment, thinking, EMBEDDER, LATER)


def texts(memory: Memory) -> list[str]:
    return [entry.text for entry in memory.knowledge.active().order_by("pk")]


def test_a_near_duplicate_is_merged_in_the_more_precise_wording(memory: Memory) -> None:
    old = known(memory, "The user likes green tea.")
    said = "The user likes green tea from Uji."
    thinking = consolidator([Fact(said, (0,))], "same")
    learn(memory, thinking, "I like green tea from Uji")
    entry = memory.knowledge.get()
    assert (entry.pk, entry.text, entry.times_confirmed) == (old.pk, said, 2)
    assert (entry.confirmed_at, entry.valid_from, entry.sources.count()) == (LATER, EPOCH, 1)
    assert entry.embedding_model == EMBEDDER.name
    event = MemoryEvent.objects.get(kind=EventKind.MERGED)
    assert (event.before, event.after) == ({"text": old.text, "sources": []}, {"text": said, "said": said})
    [request] = thinking.merges
    [pair] = request.pairs
    assert (pair.old, pair.new, pair.old_said_at, pair.new_said_at) == (old.text, said, EPOCH, LATER)
    assert ModelCall.objects.filter(purpose=Purpose.MERGE).count() == 1


@pytest.mark.parametrize("locked", [False, True])
def test_a_wording_that_says_less_or_other_things_leaves_the_stored_one(memory: Memory, locked: bool) -> None:
    old = known(memory, "The user really likes green tea.", locked=locked)
    said = "The user likes green tea" + (" from Uji, really." if locked else ".")
    learn(memory, consolidator([Fact(said, (0,))], "same"), "I like green tea from Uji, really")
    entry = memory.knowledge.get()
    assert (entry.text, entry.times_confirmed) == (old.text, 2)


def test_a_merged_fact_names_as_sources_the_pages_that_say_all_of_it(memory: Memory) -> None:
    """A page that is forgotten must not leave its words in a fact that rests on another page, too."""
    learn(memory, consolidator([Fact("The user likes green tea.", (0,))]), "I like green tea")
    learn(memory, consolidator([Fact("The user likes green tea from Uji.", (0,))], "same"), "I like green tea from Uji")
    learn(memory, consolidator([Fact("The user likes tea, green.", (0,))], "same"), "I like tea, green")
    entry = memory.knowledge.get()
    assert (entry.times_confirmed, [page.query for page in entry.sources.all()]) == (3, ["I like green tea from Uji"])


def test_the_same_words_in_another_order_ask_nobody(memory: Memory) -> None:
    known(memory, "The user plays the piano every evening.")
    thinking = consolidator([Fact("Every evening the user plays piano.", (0,))])
    learn(memory, thinking, "I play the piano every evening")
    assert (memory.knowledge.get().times_confirmed, thinking.merges) == (2, [])


@pytest.mark.parametrize("verdict", ["replaces", "contradicts"])
def test_the_later_of_two_contradicting_facts_holds_and_the_other_stays(memory: Memory, verdict: Verdict) -> None:
    old = known(memory, "The user has two cats.")
    learn(memory, consolidator([Fact("The user has three cats.", (0,), LATER)], verdict), "I have three cats now")
    old.refresh_from_db()
    new = memory.knowledge.active().get()
    assert (new.text, old.status, old.superseded_by, old.valid_to) == (
        "The user has three cats.", KnowledgeStatus.SUPERSEDED, new, LATER
    )  # fmt: skip


def test_what_was_said_earlier_and_learnt_later_does_not_win(memory: Memory) -> None:
    holds = known(memory, "The user has two cats.", confirmed_at=LATER)
    learn(memory, consolidator([Fact("The user has one cat.", (0,))], "replaces"), "I have one cat", occurred_at=EPOCH)
    assert texts(memory) == [holds.text]
    assert memory.knowledge.get(text="The user has one cat.").superseded_by == holds


def test_what_a_person_wrote_stands_against_a_later_contradiction(memory: Memory) -> None:
    locked = known(memory, "The user has two cats.", locked=True)
    learn(memory, consolidator([Fact("The user has three cats.", (0,))], "contradicts"), "I have three cats")
    assert texts(memory) == [locked.text]
    assert memory.knowledge.get(text="The user has three cats.").superseded_by == locked


def test_facts_judged_different_stand_side_by_side(memory: Memory) -> None:
    known(memory, "The user has two cats.")
    learn(memory, consolidator([Fact("The user has two black cats.", (0,))], "different"), "I have two black cats")
    assert texts(memory) == ["The user has two cats.", "The user has two black cats."]


def test_facts_of_one_answer_are_merged_with_each_other(memory: Memory) -> None:
    facts = [Fact("The user likes green tea.", (0,)), Fact("The user really likes green tea.", (1,))]
    learn(memory, consolidator(facts, "same"), "I like green tea", "I really like green tea")
    entry = memory.knowledge.get()
    assert (entry.text, entry.times_confirmed, entry.sources.count()) == ("The user really likes green tea.", 2, 1)


def test_all_pairs_of_a_promotion_go_into_one_call(memory: Memory) -> None:
    known(memory, "The user has two cats.")
    AssistantKnowledgeFactory(
        assistant=memory.assistant, text="Recommended the Moka pot.", **with_vector("Recommended the Moka pot.")
    )
    thinking = ScriptedConsolidator(
        promote=lambda _: PromotionResult(
            user_knowledge=(Fact("The user has three cats.", (0,)),),
            assistant_knowledge=(Fact("Recommended the big Moka pot.", (0,)),),
        )
    )
    segment = SegmentFactory(memory=memory, length=1)
    PageFactory(segment=segment, query="I have three cats", response="I recommend the big Moka pot.")
    promote(segment, thinking, EMBEDDER, LATER)
    assert [len(request.pairs) for request in thinking.merges] == [2]


def test_a_merge_that_fails_changes_nothing_and_is_in_the_ledger(memory: Memory) -> None:
    def fail(request: MergeRequest) -> MergeResult:
        raise ModelUnreachable

    known(memory, "The user has two cats.")
    thinking = consolidator([Fact("The user has three cats.", (0,))])
    thinking = ScriptedConsolidator(promote=thinking.promote, merge=fail)
    with pytest.raises(ModelUnreachable):
        learn(memory, thinking, "I have three cats")
    assert (texts(memory), memory.pages.unanalysed().count()) == (["The user has two cats."], 1)
    assert list(ModelCall.objects.order_by("pk").values_list("purpose", "outcome")) == [
        ("promotion", "ok"),
        ("merge", "unreachable"),
    ]


def test_a_merge_without_a_verdict_a_pair_changes_nothing(memory: Memory) -> None:
    known(memory, "The user has two cats.")
    with pytest.raises(InvalidConsolidation):
        learn(memory, consolidator([Fact("The user has three cats.", (0,))]), "I have three cats")
    assert texts(memory) == ["The user has two cats."]


def test_a_known_fact_deleted_while_the_model_thinks_is_learnt_anew(memory: Memory) -> None:
    old = known(memory, "The user likes green tea.")

    def meanwhile(request: MergeRequest) -> MergeResult:
        old.delete()
        return MergeResult(("same",))

    thinking = ScriptedConsolidator(
        promote=lambda _: PromotionResult(user_knowledge=(Fact("The user really likes green tea.", (0,)),)),
        merge=meanwhile,
    )
    learn(memory, thinking, "I really like green tea")
    assert texts(memory) == ["The user really likes green tea."]


def test_a_proposal_ends_nothing_that_members_rely_on(memory: Memory) -> None:
    MembershipFactory(assistant=memory.assistant)
    text = "Speaks two languages."
    AssistantKnowledgeFactory(assistant=memory.assistant, text=text, **with_vector(text))
    thinking = ScriptedConsolidator(
        promote=lambda _: PromotionResult(assistant_knowledge=(Fact("Speaks three languages.", (0,)),)),
        merge=lambda _: MergeResult(("replaces",)),
    )
    segment = SegmentFactory(memory=memory, length=1)
    PageFactory(segment=segment, query="Hm", response="I speak three languages.")
    promote(segment, thinking, EMBEDDER, LATER)
    statuses = dict(memory.assistant.knowledge.values_list("text", "status"))
    assert statuses == {text: KnowledgeStatus.ACTIVE, "Speaks three languages.": KnowledgeStatus.PROPOSED}


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        ("The user lives in Rome.", "I moved to Oslo.", ["The user moved to Oslo."]),
        ("The user works as a nurse.", "I now work as a teacher.", ["The user now works as a teacher."]),
        ("The user plays tennis.", "I no longer play tennis.", ["The user no longer plays tennis."]),
        ("The user has two cats.", "I have three cats.", ["The user has three cats."]),
        ("The user likes green tea.", "I really like green tea.", ["The user really likes green tea."]),
        ("The user plays tennis.", "I play the guitar.", ["The user plays tennis.", "The user plays the guitar."]),
    ],
)
def test_without_a_model_the_rules_decide(memory: Memory, before: str, said: str, after: list[str]) -> None:
    known(memory, before)
    learn(memory, BuiltinConsolidator(), said)
    assert texts(memory) == after
