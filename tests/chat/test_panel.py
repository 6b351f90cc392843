import pytest
from pytest_django import DjangoAssertNumQueries

from chat.models import Message, RecalledItem
from chat.panel import panel_of
from memory.enums import KnowledgeStatus, Tier
from memory.models import Memory, Page
from memory.views.recalled import stacked
from tests.chat.factories import AnswerFactory
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

pytestmark = pytest.mark.django_db


@pytest.fixture
def answer(memory: Memory) -> Message:
    """An answer that became a page."""
    return AnswerFactory(parent__conversation__memory=memory, page=PageFactory(memory=memory))


def page_of(answer: Message) -> Page:
    assert answer.page is not None
    return answer.page


def give(answer: Message, tier: Tier, pk: int, **values: object) -> RecalledItem:
    rank = answer.recalled.count() + 1
    defaults = {"score": 0.0, "signals": {}, "tokens": 9}
    return RecalledItem.objects.create(message=answer, rank=rank, tier=tier, object_id=pk, **{**defaults, **values})


def test_given_left_out_and_learnt_are_three_things(answer: Message, memory: Memory) -> None:
    fact, learnt = KnowledgeFactory(memory=memory, valid_from=EPOCH), KnowledgeFactory(memory=memory)
    page = PageFactory(memory=memory)
    learnt.sources.add(page_of(answer))
    give(answer, Tier.USER_KNOWLEDGE, fact.pk, tokens=12)
    give(answer, Tier.MID_TERM, page.pk, in_prompt=False, score=1.5, signals={"lexical": 1.5})
    panel = panel_of(answer, may_curate=False)
    [given], [left_out], [found] = panel.given, panel.left_out, panel.learnt
    assert (given.known and given.known.row, given.tokens, given.said_at) == (fact, 12, EPOCH)
    assert (left_out.known and left_out.known.row, left_out.said_at) == (page, page.occurred_at)
    assert found.known is not None
    assert (found.known.row, found.known.kind) == (learnt, "knowledge")
    assert found.known.address == f"/memory/{memory.assistant.slug}/knowledge/{learnt.pk}/"


def test_the_best_match_comes_first_and_what_is_always_given_last(answer: Message, memory: Memory) -> None:
    attribute = ProfileFactory(memory=memory)
    give(answer, Tier.PROFILE, attribute.pk)
    for score in (1.0, 3.0, 2.0):
        give(answer, Tier.MID_TERM, PageFactory(memory=memory).pk, score=score, signals={"dense": score})
    panel = panel_of(answer, may_curate=False)
    assert [item.score for item in panel.given] == [3.0, 2.0, 1.0, 0.0]
    assert [round(item.why[0].width) for item in panel.given[:3]] == [100, 67, 33]
    assert panel.given[3].why == ()


def test_what_is_gone_is_said_to_be_gone(answer: Message, memory: Memory) -> None:
    fact = KnowledgeFactory(memory=memory)
    give(answer, Tier.USER_KNOWLEDGE, fact.pk)
    fact.delete()
    [given] = panel_of(answer, may_curate=True).given
    assert given.known is None
    assert str(given.name) == "Fact about you"


def test_rows_of_another_memory_are_never_shown(answer: Message, memory: Memory) -> None:
    other = MemoryFactory(assistant=memory.assistant)
    page = PageFactory(memory=other)
    rows = (
        (Tier.USER_KNOWLEDGE, KnowledgeFactory(memory=other)),
        (Tier.PROFILE, ProfileFactory(memory=other)),
        (Tier.TRAIT, TraitFactory(memory=other)),
        (Tier.SHORT_TERM, page),
        (Tier.ASSISTANT_KNOWLEDGE, AssistantKnowledgeFactory()),
    )
    for tier, row in rows:
        give(answer, tier, row.pk)
    assert [item.known for item in panel_of(answer, may_curate=True).given] == [None] * 5


def test_members_see_what_is_shared_and_in_use_and_may_not_change_it(answer: Message, memory: Memory) -> None:
    shared = AssistantKnowledgeFactory(assistant=memory.assistant)
    off = AssistantKnowledgeFactory(assistant=memory.assistant, status=KnowledgeStatus.DISABLED)
    give(answer, Tier.ASSISTANT_KNOWLEDGE, shared.pk)
    give(answer, Tier.ASSISTANT_KNOWLEDGE, off.pk)
    known = [item.known for item in panel_of(answer, may_curate=False).given]
    assert known[0] is not None
    assert (known[0].may_edit, known[1]) == (False, None)
    assert [item.known and item.known.may_edit for item in panel_of(answer, may_curate=True).given] == [True, True]


def test_the_prompt_is_drawn_part_by_part(answer: Message) -> None:
    assert panel_of(answer, may_curate=False).prompt == ()
    answer.prompt_tokens = {"instructions": 100, "memory": 250, "history": 0, "question": 50}
    panel = panel_of(answer, may_curate=False)
    assert panel.prompt_total == 400
    assert [(bar.name, bar.value, bar.start, bar.width) for bar in panel.prompt] == [
        ("instructions", 100, 0.0, 25.0),
        ("memory", 250, 25.0, 62.5),
        ("history", 0, 87.5, 0.0),
        ("question", 50, 87.5, 12.5),
    ]


def test_what_takes_away_from_a_score_has_no_width() -> None:
    bars = stacked([("dense", "meaning", 3.0), ("lexical", "words", -1.0), ("chain", "neighbours", 1.0)], 8.0)
    assert [(bar.start, bar.width) for bar in bars] == [(0.0, 37.5), (37.5, 0.0), (37.5, 12.5)]
    assert stacked([("dense", "meaning", -1.0)]) == ()
    assert stacked([]) == ()


@pytest.mark.parametrize("count", [1, 3])
def test_a_panel_takes_the_same_queries_however_much_it_holds(
    answer: Message, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        page = PageFactory(segment=SegmentFactory(memory=memory))
        rows = (
            (Tier.USER_KNOWLEDGE, KnowledgeFactory(memory=memory)),
            (Tier.PROFILE, ProfileFactory(memory=memory)),
            (Tier.ASSISTANT_KNOWLEDGE, AssistantKnowledgeFactory(assistant=memory.assistant)),
        )
        for tier, row in rows:
            row.sources.add(page_of(answer), page)
            give(answer, tier, row.pk)
        trait = TraitFactory(memory=memory, dimension=("openness", "food", "sleep")[number])
        trait.evidence.add(page_of(answer))
        give(answer, Tier.TRAIT, trait.pk)
        give(answer, Tier.MID_TERM, page.pk)
    with django_assert_num_queries(11):
        panel = panel_of(answer, may_curate=True)
        assert (len(panel.given), len(panel.learnt)) == (5 * count, 4 * count)
        for item in (*panel.given, *panel.learnt):
            assert item.known is not None
            assert item.known.text
            assert item.known.kind == "page" or item.known.row.latest_sources
