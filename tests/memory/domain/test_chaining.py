"""Chains: broken by a pause or a change of subject, continued over batches and restarts, never carried over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from memory.domain.consolidation import transfer_all
from memory.domain.transfer import transfer
from memory.exceptions import TransferConflict
from memory.llm.base import PageNote, Topic, TransferRequest, TransferResult
from memory.llm.builtin import BuiltinConsolidator
from memory.models import Memory
from tests.memory.domain.batches import record, remember, set_up
from tests.memory.factories import EPOCH, MemoryFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder, one_topic, topic_a_page

pytestmark = pytest.mark.django_db
DAY, YEAR = timedelta(days=1), timedelta(days=365)


def chains(memory: Memory) -> list[list[int]]:
    return [list(chain.pages.values_list("position", flat=True)) for chain in memory.chains.order_by("pk")]


def summaries(memory: Memory) -> list[str]:
    return list(memory.chains.order_by("pk").values_list("summary", flat=True))


def test_a_chain_goes_on_over_batches_until_a_long_pause() -> None:
    memory, consolidator, embedder = remember(8), ScriptedConsolidator(), WordEmbedder()
    transfer_all(memory, consolidator, embedder)
    record(memory, [f"late{n}" for n in range(9)], EPOCH + 2 * DAY)
    transfer_all(memory, consolidator, embedder)
    assert chains(memory) == [[1, 2, 3, 4, 5, 6, 7, 8], [9, 10]]
    assert consolidator.transfers[1].chain_summary == "up to page 4"


def test_a_chain_and_its_summary_survive_a_restart() -> None:
    memory = remember(8)
    transfer_all(memory, ScriptedConsolidator(), WordEmbedder())
    remember(5, memory)
    fresh, consolidator = Memory.objects.get(pk=memory.pk), ScriptedConsolidator()
    transfer_all(fresh, consolidator, WordEmbedder())
    request = consolidator.transfers[0]
    assert (request.chain_summary, request.previous and request.previous.query) == ("up to page 4", "q4")
    assert chains(memory) == [list(range(1, 11))]


def test_a_change_of_subject_breaks_the_chain() -> None:
    memory = remember(8)
    transfer_all(memory, ScriptedConsolidator(topic_a_page), WordEmbedder())
    assert chains(memory) == [[1], [2], [3], [4], [5]]
    assert summaries(memory) == ["q0", "q1", "q2", "q3", "q4"]


def test_the_consolidator_sees_pauses_and_breaks_and_no_chain_that_is_over() -> None:
    memory, consolidator = remember(8, gap=timedelta(hours=7)), ScriptedConsolidator()
    transfer_all(memory, consolidator, WordEmbedder())
    request = consolidator.transfers[0]
    assert list(request.pauses) == [0.0, *[7 * 3600.0] * 4]
    assert (request.chain_summary, request.previous) == (None, None)
    assert request.breaks == {1, 2, 3, 4}
    assert memory.chains.count() == 5


@pytest.mark.parametrize(("pause", "breaks"), [(3600.0, True), (3 * 3600.0, False)])
@pytest.mark.parametrize("consolidator", [ScriptedConsolidator(), BuiltinConsolidator()], ids=["model", "built-in"])
def test_the_setting_says_how_long_a_pause_may_be(
    consolidator: ScriptedConsolidator | BuiltinConsolidator, pause: float, breaks: bool
) -> None:
    memory = set_up(remember(8, gap=timedelta(hours=2)), chain_pause=pause)
    transfer_all(memory, consolidator, WordEmbedder())
    assert memory.chains.count() == (5 if breaks else 1)


@pytest.mark.parametrize("back", [YEAR, timedelta(hours=7)])
def test_an_older_conversation_imported_later_does_not_continue_todays_chain(back: timedelta) -> None:
    memory, consolidator, embedder = remember(12), ScriptedConsolidator(), WordEmbedder()
    transfer_all(memory, consolidator, embedder)
    record(memory, ["old0", "old1", "old2"], EPOCH - back)
    record(memory, [f"new{n}" for n in range(7)], EPOCH + timedelta(minutes=12))
    transfer_all(memory, consolidator, embedder)
    assert chains(memory) == [list(range(1, 13)), [13, 14, 15]]
    assert "old" not in summaries(memory)[0]
    record(memory, ["after"] * 5, EPOCH + timedelta(minutes=30))
    transfer_all(memory, consolidator, embedder)
    assert chains(memory)[2] == [16, 17, 18, 19, 20]


def test_a_clock_that_steps_back_a_little_breaks_nothing() -> None:
    memory = MemoryFactory()
    for minute in (10, 5, 30, 0, 20):
        record(memory, [f"minute {minute}"], EPOCH + timedelta(minutes=minute))
    remember(3, memory)
    transfer_all(memory, ScriptedConsolidator(), WordEmbedder())
    chain = memory.chains.get()
    assert (chain.started_at, chain.last_page_at) == (EPOCH, EPOCH + timedelta(minutes=30))


def carrying_over(request: TransferRequest) -> TransferResult:
    """Go on over every pause, with a running summary that drags the old chain along."""
    said = [page.query for page in request.pages]
    notes = tuple(PageNote(True, (), " ".join(["Secrets of the old chain.", *said[: n + 1]])) for n in range(len(said)))
    return TransferResult(notes, (Topic("T", "S.", (), tuple(range(len(said)))),))


def test_a_chain_broken_by_a_pause_takes_nothing_of_the_old_summary_along() -> None:
    memory = MemoryFactory()
    record(memory, ["The boat needs paint.", "The boat is blue."])
    record(memory, ["My cat has kittens.", "The kittens sleep in a basket.", "One kitten is grey."], EPOCH + DAY)
    remember(3, memory)
    transfer_all(memory, ScriptedConsolidator(carrying_over), WordEmbedder())
    assert chains(memory) == [[1, 2], [3, 4, 5]]
    assert "Secrets" in summaries(memory)[0]
    assert "Secrets" not in summaries(memory)[1]
    assert "boat" not in summaries(memory)[1]
    assert "kittens sleep in a basket" in summaries(memory)[1]


def test_a_page_without_a_chain_summary_keeps_the_one_before() -> None:
    def silent(request: TransferRequest) -> TransferResult:
        notes = tuple(PageNote(True, (), "About boats." if n == 0 else "") for n in range(len(request.pages)))
        return TransferResult(notes, (Topic("T", "S.", (), tuple(range(len(notes)))),))

    memory = record(MemoryFactory(), ["The boat needs paint."] * 4 + ["The harbour closes at seven."] + ["q"] * 3)
    transfer_all(memory, ScriptedConsolidator(silent), WordEmbedder())
    [summary] = summaries(memory)
    assert summary.startswith("About boats.")
    assert summary.endswith("The harbour closes at seven.")


def test_a_chain_that_changed_while_the_model_was_thinking_is_judged_anew() -> None:
    """What was forgotten of it meanwhile must not come back with the model's answer."""
    memory, embedder = remember(8), WordEmbedder()
    transfer_all(memory, ScriptedConsolidator(), embedder)
    remember(5, memory)

    def meanwhile(request: TransferRequest) -> TransferResult:
        memory.chains.update(summary="what is left")
        return one_topic(request)

    with pytest.raises(TransferConflict):
        transfer(memory, ScriptedConsolidator(meanwhile), embedder, EPOCH)
    assert summaries(memory) == ["what is left"]
    assert memory.pages.short_term().count() == 8


def test_a_chain_that_waits_to_be_summed_up_is_not_summed_up_in_part() -> None:
    memory, embedder = remember(8), WordEmbedder()
    transfer_all(memory, ScriptedConsolidator(), embedder)
    memory.chains.update(summary="")
    remember(5, memory)
    record(memory, ["a day later"] * 10, EPOCH + DAY)
    transfer_all(memory, ScriptedConsolidator(), embedder)
    first, second = summaries(memory)
    assert first == ""
    assert second


def test_a_page_of_nothing_but_code_leaves_no_chain_blank() -> None:
    memory = record(MemoryFactory(), ["```print(1)```"] * 8)
    memory.pages.update(response="")
    transfer_all(memory, BuiltinConsolidator(), WordEmbedder())
    assert all(summaries(memory))
