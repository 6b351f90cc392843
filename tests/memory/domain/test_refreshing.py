"""A segment that grows is described anew: by the model that was shown it, or by its most central sentences."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from memory.domain import refreshing
from memory.domain.consolidation import transfer_all
from memory.domain.transfer import transfer
from memory.llm.base import Continuation, PageNote, Topic, TransferRequest, TransferResult
from memory.llm.builtin import BuiltinConsolidator
from memory.models import Memory, Segment
from tests.memory.domain.batches import record, remember, says, set_up
from tests.memory.factories import EPOCH, MemoryFactory, PageFactory, SegmentFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder, one_topic

pytestmark = pytest.mark.django_db
WHOLE = Continuation(1, "All about tea", "They bought tea in May and drank it in June.")


def grown(memory: Memory, consolidator: ScriptedConsolidator) -> Segment:
    """Let five more pages join the only segment of the memory."""
    remember(5, memory)
    transfer_all(memory, consolidator, WordEmbedder())
    return memory.segments.get()


def started() -> Memory:
    memory = remember(8)
    transfer_all(memory, ScriptedConsolidator(lambda r: one_topic(r, "First")), WordEmbedder())
    return memory


def test_a_new_segment_has_the_words_of_its_topic() -> None:
    segment = started().segments.get()
    assert (segment.title, segment.summary, segment.keywords) == ("First", "First in short.", ["common"])


def test_the_model_sees_the_segments_its_pages_may_join_and_describes_them_anew() -> None:
    memory, consolidator = started(), ScriptedConsolidator(says(continuation=WHOLE))
    segment = grown(memory, consolidator)
    [known] = consolidator.transfers[0].segments
    assert (known.number, known.title, known.summary) == (1, "First", "First in short.")
    assert (segment.title, segment.summary) == (WHOLE.title, WHOLE.summary)
    assert segment.pages.count() == 10


def test_growing_renews_the_direction_the_keywords_and_the_counters() -> None:
    memory = started()
    before = memory.segments.get()
    record(memory, [f"kangaroo {n}" for n in range(5)])
    transfer(memory, ScriptedConsolidator(says(keywords=("common", "hop"))), WordEmbedder(), EPOCH)
    after = memory.segments.get()
    assert after.embedding != before.embedding
    assert (after.keywords, after.length, after.last_visited_at) == (["common", "hop"], 10, EPOCH)
    assert after.term_count == sum(page.length for page in after.pages.all())


def test_what_the_model_says_of_a_segment_its_pages_did_not_join_is_left_out() -> None:
    """Neither there, nor in the segment that they did open: it would hold what was said elsewhere."""
    memory = set_up(started(), segment_threshold=1.9)
    remember(5, memory)
    transfer_all(memory, ScriptedConsolidator(says(keywords=("new",), continuation=WHOLE)), WordEmbedder())
    old, new = memory.segments.order_by("pk")
    assert (old.title, old.summary) == ("First", "First in short.")
    assert (new.title, new.summary) == ("Topic 0", "Summary of topic 0.")


def test_a_segment_that_changed_while_the_model_was_thinking_is_not_written_over() -> None:
    """Its summary may have been rebuilt because something was forgotten."""
    memory = started()

    def meanwhile(request: TransferRequest) -> TransferResult:
        memory.segments.update(summary="What is left.")
        return says(continuation=WHOLE)(request)

    segment = grown(memory, ScriptedConsolidator(meanwhile))
    assert segment.summary == "What is left. Summary of topic 0."


def test_a_summary_that_waits_to_be_rebuilt_is_not_filled_in_part() -> None:
    memory, consolidator = started(), ScriptedConsolidator(says(continuation=WHOLE))
    memory.segments.update(summary="")
    assert grown(memory, consolidator).summary == ""
    assert consolidator.transfers[0].segments == []


def test_a_topic_without_a_summary_leaves_no_blank_one() -> None:
    def silent(request: TransferRequest) -> TransferResult:
        notes = tuple(PageNote(True, ("common",), "") for _ in request.pages)
        return TransferResult(notes, (Topic("Tea", " ", (), tuple(range(len(notes)))),))

    memory = remember(8)
    transfer_all(memory, ScriptedConsolidator(silent), WordEmbedder())
    assert memory.segments.get().summary == "Tea"


def test_pages_of_another_topic_add_to_what_the_model_said_of_the_whole() -> None:
    def judge(request: TransferRequest) -> TransferResult:
        notes = tuple(PageNote(True, ("common",), "") for _ in request.pages)
        return TransferResult(
            notes,
            (Topic("Other", "The kettle broke.", (), (0, 1)), Topic("Tea", "Tea again.", (), (2, 3, 4), WHOLE)),
        )

    segment = grown(started(), ScriptedConsolidator(judge))
    assert (segment.title, segment.summary) == (WHOLE.title, f"{WHOLE.summary} The kettle broke.")


def test_without_the_models_word_the_summaries_are_merged() -> None:
    segment = grown(started(), ScriptedConsolidator(lambda r: one_topic(r, "Second")))
    assert segment.summary == "First in short. Second in short."
    assert segment.title == "Common"


def about(word: str) -> Callable[[TransferRequest], TransferResult]:
    def judge(request: TransferRequest) -> TransferResult:
        notes = tuple(PageNote(True, ("common", word, f"{word}{page.index}"), "") for page in request.pages)
        return TransferResult(notes, (Topic("T", "", (), tuple(range(len(notes)))),))

    return judge


def test_keywords_of_new_pages_displace_old_ones() -> None:
    memory = set_up(remember(8), segment_threshold=0.01)
    for word in ("alpha", "beta", "gamma", "delta"):
        transfer_all(memory, ScriptedConsolidator(about(word)), WordEmbedder())
        remember(5, memory)
    assert memory.segments.get().keywords[:5] == ["common", "alpha", "beta", "gamma", "delta"]


def test_of_a_large_segment_the_newest_pages_give_the_keywords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshing, "KEYWORDS_FROM_PAGES", 2)
    memory = set_up(MemoryFactory(), segment_threshold=0.01)
    segment = SegmentFactory(memory=memory, keywords=["oldest", "newest"])
    for keyword in ("oldest", "oldest", "newest", "newest"):
        PageFactory(segment=segment, keywords=[keyword])
    remember(8, memory)
    transfer_all(memory, ScriptedConsolidator(says(keywords=("newest",))), WordEmbedder())
    segment.refresh_from_db()
    assert segment.keywords == ["newest"]


def test_however_long_a_segment_is_built_in_its_description_is_bounded_and_of_today() -> None:
    memory = set_up(MemoryFactory(), segment_threshold=0.0)
    for round_ in range(12):
        words = " ".join(f"{place}{round_}" for place in ("mountain", "river", "harbour", "village"))
        said = [f"In week {round_} I walked from {words} past castle number {n} in the rain." for n in range(5)]
        record(memory, said)
        transfer_all(memory, BuiltinConsolidator(), WordEmbedder())
    segment = memory.segments.get()
    assert segment.pages.count() >= 50
    assert 0 < len(segment.summary) <= 1000
    assert "In week 10" in segment.summary
    assert 0 < len(segment.title) <= 120


def test_no_adapter_can_write_what_no_column_holds() -> None:
    def endless(request: TransferRequest) -> TransferResult:
        long = "word " * 500
        notes = tuple(PageNote(True, ("k" * 500,), long) for _ in request.pages)
        return TransferResult(notes, (Topic(long, long * 4, (), tuple(range(len(notes)))),))

    memory = remember(8)
    transfer_all(memory, ScriptedConsolidator(endless), WordEmbedder())
    for segment in (memory.segments.get(), grown(memory, ScriptedConsolidator(endless))):
        assert 0 < len(segment.title) <= 120
        assert 0 < len(segment.summary) <= 1000


def test_a_word_without_an_end_is_no_obstacle_to_the_built_in_consolidator() -> None:
    memory = record(MemoryFactory(), ["x" * 5000, "Donaudampfschiff" * 20] * 4)
    assert transfer_all(memory, BuiltinConsolidator(), WordEmbedder()) == 5
