from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from memory.domain.consolidation import transfer_all
from memory.domain.recording import PageDraft, record_page, record_pages
from memory.domain.transfer import check_result, merged_summary, next_batch, transfer
from memory.enums import EventKind, Outcome, Source
from memory.exceptions import InvalidConsolidation, ModelServerError, TransferConflict
from memory.llm.base import PageNote, Topic, TransferRequest, TransferResult
from memory.models import Memory, ModelCall, Page
from memory.signals import segment_heated
from tests.memory.factories import EPOCH, MemoryFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder, one_topic, topic_a_page

pytestmark = pytest.mark.django_db


def remember(count: int, memory: Memory | None = None, gap: timedelta = timedelta(minutes=1)) -> Memory:
    memory = memory or MemoryFactory()
    drafts = [PageDraft(f"q{n}", f"r{n}", EPOCH + n * gap) for n in range(count)]
    record_pages(memory, drafts, Source.IMPORT)
    return memory


@pytest.mark.parametrize(("waiting", "moved"), [(0, 0), (7, 0), (8, 5), (12, 5), (15, 8), (60, 20)])
def test_the_queue_moves_a_batch_only_when_it_overflows(waiting: int, moved: int) -> None:
    memory = remember(waiting)
    assert [page.position for page in next_batch(memory)] == list(range(1, moved + 1))


def test_a_transfer_puts_each_page_in_exactly_one_segment_and_chain() -> None:
    memory = remember(30)
    moved = transfer_all(memory, ScriptedConsolidator(), WordEmbedder())
    assert moved == memory.pages.mid_term().count() == 25
    assert [page.position for page in memory.pages.short_term()] == list(range(26, 31))
    assert not memory.pages.mid_term().filter(chain__isnull=True).exists()
    assert sum(segment.pages.count() for segment in memory.segments.all()) == 25


def test_a_batch_costs_one_call_which_the_ledger_knows() -> None:
    memory, consolidator = remember(8), ScriptedConsolidator()
    transfer_all(memory, consolidator, WordEmbedder())
    assert len(consolidator.transfers) == 1
    call = ModelCall.objects.get()
    assert (call.tokens_in, call.tokens_out, call.outcome, call.memory) == (100, 20, Outcome.OK, memory)


def test_pages_of_one_topic_join_the_segment_they_resemble() -> None:
    memory = remember(8)
    consolidator, embedder = ScriptedConsolidator(), WordEmbedder()
    transfer_all(memory, consolidator, embedder)
    remember(5, memory)
    transfer_all(memory, consolidator, embedder)
    [segment] = memory.segments.all()
    assert (segment.length, segment.pages.count()) == (10, 10)
    assert segment.term_count == sum(page.length for page in segment.pages.all())


def test_pages_below_theta_open_segments_of_their_own() -> None:
    memory = remember(8)
    memory.assistant.memory_settings = {"segment_threshold": 1.9}
    transfer_all(memory, ScriptedConsolidator(topic_a_page), WordEmbedder())
    assert memory.segments.count() == 5


def test_a_segment_is_refreshed_as_it_grows() -> None:
    memory, embedder = remember(8), WordEmbedder()
    transfer_all(memory, ScriptedConsolidator(lambda r: one_topic(r, "First")), embedder)
    [segment] = memory.segments.all()
    first = (segment.title, segment.summary, segment.embedding)
    for n in range(5):
        record_page(memory, query=f"kangaroo {n}", response="hop", occurred_at=EPOCH + timedelta(hours=1, minutes=n))
    transfer_all(memory, ScriptedConsolidator(lambda r: one_topic(r, "Second")), embedder)
    segment.refresh_from_db()
    assert first[0] == "First"
    assert segment.title == "Second"
    assert segment.summary == "First in short. Second in short."
    assert segment.embedding != first[2]


def test_keywords_of_new_pages_displace_old_ones() -> None:
    def about(word: str, first: str) -> Callable[[TransferRequest], TransferResult]:
        def judge(request: TransferRequest) -> TransferResult:
            notes = tuple(PageNote(True, ("common", word, f"{first}{page.index}"), "") for page in request.pages)
            return TransferResult(notes, (Topic("T", "", (), tuple(range(len(notes)))),))

        return judge

    memory, embedder = remember(8), WordEmbedder()
    memory.assistant.memory_settings = {"segment_threshold": 0.01}
    for word in ("alpha", "beta", "gamma", "delta"):
        transfer_all(memory, ScriptedConsolidator(about(word, word)), embedder)
        remember(5, memory)
    [segment] = memory.segments.all()
    assert segment.keywords[:5] == ["common", "alpha", "beta", "gamma", "delta"]


def test_summaries_are_merged_without_repeats_and_within_bounds() -> None:
    assert merged_summary("", ["Likes tea."]) == "Likes tea."
    assert merged_summary("Likes tea.", ["Likes tea."]) == "Likes tea."
    long = merged_summary("Old. " * 10, ["New " * 240 + "end."])
    assert len(long) <= 1000
    assert long.endswith("end.")


def test_chains_continue_over_batches_until_a_long_pause() -> None:
    memory, consolidator, embedder = remember(8), ScriptedConsolidator(), WordEmbedder()
    transfer_all(memory, consolidator, embedder)
    record_pages(
        memory, [PageDraft(f"late{n}", "", EPOCH + timedelta(days=2, minutes=n)) for n in range(9)], Source.API
    )
    transfer_all(memory, consolidator, embedder)
    chains = [list(chain.pages.values_list("position", flat=True)) for chain in memory.chains.order_by("pk")]
    assert chains == [[1, 2, 3, 4, 5, 6, 7, 8], [9, 10]]
    assert consolidator.transfers[1].chain_summary == "up to page 4"


def test_a_shift_of_topic_breaks_the_chain() -> None:
    memory = remember(8)
    transfer_all(memory, ScriptedConsolidator(topic_a_page), WordEmbedder())
    assert memory.chains.count() == 5


def test_the_consolidator_sees_the_pauses_and_no_chain_that_is_over() -> None:
    memory, consolidator = remember(8, gap=timedelta(hours=7)), ScriptedConsolidator()
    transfer_all(memory, consolidator, WordEmbedder())
    request = consolidator.transfers[0]
    assert list(request.pauses) == [0.0, *[7 * 3600.0] * 4]
    assert (request.chain_summary, request.previous) == (None, None)
    assert memory.chains.count() == 5


def test_a_failing_model_changes_nothing_but_the_ledger() -> None:
    def fail(request: TransferRequest) -> TransferResult:
        raise ModelServerError

    memory = remember(8)
    with pytest.raises(ModelServerError):
        transfer_all(memory, ScriptedConsolidator(fail), WordEmbedder())
    assert (memory.pages.short_term().count(), memory.segments.count(), memory.chains.count()) == (8, 0, 0)
    assert ModelCall.objects.get().outcome == Outcome.SERVER_ERROR


NOTE = PageNote(True, (), "")


@pytest.mark.parametrize(
    "result",
    [
        TransferResult((NOTE,), (Topic("t", "", (), (0, 1)),)),
        TransferResult((NOTE, NOTE), (Topic("t", "", (), (0,)),)),
        TransferResult((NOTE, NOTE), (Topic("t", "", (), (0, 1)), Topic("u", "", (), (1,)))),
        TransferResult((NOTE, NOTE), (Topic("t", "", (), (0, 2)),)),
    ],
    ids=["too few notes", "a page without a topic", "a page in two topics", "a page that is not there"],
)
def test_an_answer_that_does_not_fit_the_pages_is_refused(result: TransferResult) -> None:
    with pytest.raises(InvalidConsolidation):
        check_result(result, 2)


def test_pages_that_somebody_else_moved_meanwhile_are_left_alone() -> None:
    memory, embedder = remember(8), WordEmbedder()

    def slow(request: TransferRequest) -> TransferResult:
        transfer(memory, ScriptedConsolidator(), embedder, EPOCH)
        return one_topic(request, "Too late")

    with pytest.raises(TransferConflict):
        transfer(memory, ScriptedConsolidator(slow), embedder, EPOCH)
    assert [segment.title for segment in memory.segments.all()] == ["Everything"]
    assert memory.pages.short_term().count() == 3


def test_pages_recorded_while_the_model_thinks_wait_for_the_next_batch() -> None:
    memory = remember(8)

    def meanwhile(request: TransferRequest) -> TransferResult:
        record_page(memory, query="new", response="", occurred_at=EPOCH)
        return one_topic(request)

    transfer(memory, ScriptedConsolidator(meanwhile), WordEmbedder(), EPOCH)
    assert [page.position for page in memory.pages.short_term()] == [6, 7, 8, 9]


def test_a_hot_segment_is_announced_once_a_batch() -> None:
    heated: list[int] = []

    def note(segment: object, **_: object) -> None:
        heated.append(segment.pk)  # type: ignore[attr-defined]  # a Segment, as the signal's docstring says

    memory = remember(8)
    segment_heated.connect(note)
    try:
        transfer_all(memory, ScriptedConsolidator(), WordEmbedder())
    finally:
        segment_heated.disconnect(note)
    assert heated == list(memory.segments.values_list("pk", flat=True))


def test_beyond_the_capacity_the_coldest_segment_is_archived_never_the_newest() -> None:
    memory = remember(11)
    memory.assistant.memory_settings = {"segment_threshold": 1.9, "mid_term_capacity": 2}
    embedder = WordEmbedder()
    transfer(memory, ScriptedConsolidator(one_topic), embedder, EPOCH)
    transfer(memory, ScriptedConsolidator(lambda r: one_topic(r, "Newer")), embedder, EPOCH + timedelta(hours=1))
    remember(6, memory)
    transfer(memory, ScriptedConsolidator(topic_a_page), embedder, EPOCH + timedelta(hours=2))
    archived = memory.segments.archived()
    assert memory.segments.active().count() == 5
    assert "Everything" in [segment.title for segment in archived]
    assert memory.pages.count() == 17
    assert memory.events.filter(kind=EventKind.ARCHIVED).count() == archived.count()


def test_the_database_refuses_a_page_with_a_segment_but_no_chain() -> None:
    memory = remember(8)
    transfer_all(memory, ScriptedConsolidator(), WordEmbedder())
    with pytest.raises(IntegrityError), transaction.atomic():
        Page.objects.filter(memory=memory, position=1).update(chain=None)


def test_pages_are_embedded_once_whatever_the_number_of_runs() -> None:
    memory, embedder = remember(9), WordEmbedder()
    for _ in range(3):
        transfer_all(memory, ScriptedConsolidator(), embedder)
    assert sum(len(call) for call in embedder.calls) == 9
    assert set(memory.pages.values_list("embedding_model", flat=True)) == {"words-64"}
