import pytest

from memory.domain.recall import RecalledItem
from memory.embedding import get_embedder
from memory.enums import Tier
from memory.evaluation.evidence import find_evidence, last_moment, ranked, share_in, stands_in
from memory.evaluation.locomo import read_conversations
from memory.evaluation.replay import cost_of, replay
from memory.llm.base import Usage
from tests.memory.fakes import ScriptedConsolidator
from tests.paths import LOCOMO_QUESTIONS


def item(tier: Tier, pk: int, score: float) -> RecalledItem:
    return RecalledItem(tier=tier, object_id=pk, text="", occurred_at=None, score=score, signals={}, tokens=1)


def test_pages_of_both_tiers_are_ranked_by_score() -> None:
    items = [
        item(Tier.PROFILE, 1, 99.0),
        item(Tier.USER_KNOWLEDGE, 2, 98.0),
        item(Tier.SHORT_TERM, 3, -1.0),
        item(Tier.MID_TERM, 4, 5.0),
        item(Tier.SHORT_TERM, 5, 7.5),
    ]
    assert ranked(items) == [5, 4, 3]


def test_the_share_counts_turns_and_not_pages() -> None:
    assert share_in([1, 1, 2], [1, 7]) == pytest.approx(2 / 3)
    assert share_in([1], []) == 0.0


def test_words_stand_in_a_text_whatever_surrounds_them() -> None:
    text = 'User: Morning! I adopted a greyhound.\n[Image: a photo of a greyhound]\nAssistant: "Well done."'
    assert stands_in("I adopted a greyhound.\na photo of a greyhound", text)
    assert stands_in("well done", text)
    assert not stands_in("I adopted a greyhound called Bolt.", text)
    assert not stands_in("adopted greyhound", text)
    assert not stands_in("own", text)


@pytest.mark.django_db
def test_a_replayed_conversation_is_asked_when_it_ended() -> None:
    [conversation] = read_conversations(LOCOMO_QUESTIONS, ["asked-1"])
    consolidator = ScriptedConsolidator()
    moved: list[int] = []
    memory = replay(conversation, 900, consolidator, get_embedder(), moved.append)
    assert (memory.user.username, memory.assistant.name, memory.conf.recall_budget) == ("Ada", "Ben", 900)
    assert memory.pages.count() == 15
    assert sum(moved) == memory.pages.mid_term().count() == 8
    calls = memory.model_calls.count()
    assert calls == len(consolidator.transfers) + len(consolidator.promotions) > 0
    cost = cost_of(memory)
    usages = [Usage(100, 20)] * len(consolidator.transfers) + [Usage(10, 5)] * len(consolidator.promotions)
    assert (cost.calls, cost.tokens) == (calls, sum((u.tokens_in or 0) + (u.tokens_out or 0) for u in usages))
    assert last_moment(memory).isoformat() == "2025-06-20T18:30:00+00:00"

    asked: list[int] = []
    rich = find_evidence(memory, conversation, 10_000, asked.append)
    assert [finding.question for finding in rich] == conversation.with_evidence
    assert len(asked) == 5
    assert {finding.at[20] for finding in rich} == {finding.in_budget for finding in rich} == {1.0}
    assert [(finding.found, finding.shown) for finding in rich] == [(1, 1), (1, 1), (2, 2), (1, 1), (1, 1)]
    assert all(finding.at[5] <= finding.at[10] for finding in rich)
    assert all(finding.milliseconds > 0 for finding in rich)

    poor = find_evidence(memory, conversation, 1, asked.append)
    assert [finding.at for finding in poor] == [finding.at for finding in rich]
    assert {(finding.in_budget, finding.found, finding.shown) for finding in poor} == {(0.0, 0, 0)}
