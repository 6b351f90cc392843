import contextlib
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from memory.domain.consolidation import transfer_all
from memory.domain.recording import record_page
from memory.domain.transfer import check_result, next_batch, transfer
from memory.enums import EventKind, Outcome
from memory.exceptions import InvalidConsolidation, ModelServerError, TransferConflict
from memory.llm.base import PageNote, Topic, TransferRequest, TransferResult
from memory.models import Memory, ModelCall, Page
from memory.signals import segment_heated
from tests.memory.domain.batches import remember, set_up
from tests.memory.factories import EPOCH
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder, one_topic, topic_a_page

pytestmark = pytest.mark.django_db


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


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_memory_move_each_page_once_and_in_order() -> None:
    memory = set_up(remember(27), transfer_batch_limit=5)
    at_once, failed = Barrier(2, timeout=30), []

    def together(request: TransferRequest) -> TransferResult:
        # Both have read the same batch before either of them may write it.
        with contextlib.suppress(BrokenBarrierError):
            at_once.wait()
        return one_topic(request)

    def work() -> None:
        mine = Memory.objects.get(pk=memory.pk)
        for _ in range(20):
            try:
                if not transfer(mine, ScriptedConsolidator(together), WordEmbedder(), EPOCH):
                    break
            except TransferConflict:
                failed.append(1)
        at_once.abort()
        connection.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    moved = [
        position
        for event in memory.events.filter(kind=EventKind.TRANSFERRED).order_by("pk")
        for position in (event.after or {})["pages"]
    ]
    assert moved == list(range(1, 21))
    assert [page.position for page in memory.pages.short_term()] == list(range(21, 28))
    assert failed, "they did get into each other's way"


def test_a_page_deleted_while_the_model_was_thinking_stays_deleted() -> None:
    memory = remember(9)

    def meanwhile(request: TransferRequest) -> TransferResult:
        memory.pages.filter(position=2).delete()
        return one_topic(request)

    with pytest.raises(TransferConflict):
        transfer(memory, ScriptedConsolidator(meanwhile), WordEmbedder(), EPOCH)
    assert memory.pages.mid_term().count() == 0
    assert [page.position for page in next_batch(memory)] == [1, 3, 4, 5, 6]
