"""Pausing: nothing is learnt, nothing recalled, and what a person does by hand goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from memory.domain.consolidation import memories_kept_waiting, promote_all, promote_due, transfer_all
from memory.domain.knowledge import edit_knowledge
from memory.domain.pausing import pause_learning, pause_recall, resume_learning, resume_recall
from memory.domain.recall import recall
from memory.domain.recording import PageDraft, record_pages
from memory.domain.remembering import remember
from memory.enums import EventKind, Source
from memory.exceptions import LearningPaused
from memory.llm.base import PromotionRequest, PromotionResult, TransferRequest, TransferResult
from memory.models import Memory, MemoryEvent, ModelCall
from tests.memory.factories import EPOCH, KnowledgeFactory, MemoryFactory, PageFactory, SegmentFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder, one_topic
from tests.memory.processes import forget_jobs

pytestmark = pytest.mark.django_db

EMBEDDER = WordEmbedder()
Door = Callable[..., Memory]


@pytest.fixture(autouse=True)
def _no_jobs(db: None) -> None:
    forget_jobs()


def events(memory: Memory) -> list[tuple[str, object, User | None]]:
    return [(event.kind, event.after, event.user) for event in MemoryEvent.objects.filter(memory=memory).order_by("pk")]


def queued(memory: Memory) -> set[str]:
    jobs = ProcrastinateJob.objects.filter(args__memory_id=memory.pk, status="todo")
    return set(jobs.values_list("task_name", flat=True))


@pytest.mark.parametrize(
    ("pause", "resume", "what"),
    [(pause_learning, resume_learning, "learning"), (pause_recall, resume_recall, "recall")],
)
def test_pausing_and_resuming_are_noted_once_each(pause: Door, resume: Door, what: str) -> None:
    memory = MemoryFactory()
    bystander = MemoryFactory(assistant=memory.assistant)
    assert resume(memory, by=memory.user) == memory
    first = getattr(pause(memory, by=memory.user), f"{what}_paused_at")
    assert getattr(pause(memory, by=memory.user), f"{what}_paused_at") == first
    memory.refresh_from_db()
    assert getattr(memory, f"{what}_paused_at") == first
    for _ in range(2):
        resumed = resume(memory, by=memory.user)
        assert (resumed.learning_paused_at, resumed.recall_paused_at) == (None, None)
    assert events(memory) == [("paused", {"what": what}, memory.user), ("resumed", {"what": what}, memory.user)]
    assert MemoryEvent.objects.get(kind=EventKind.RESUMED).before == {"what": what, "since": first.isoformat()}
    assert not MemoryEvent.objects.filter(memory=bystander).exists()


def test_one_pause_leaves_the_other_alone() -> None:
    memory = MemoryFactory()
    pause_learning(memory, by=memory.user)
    pause_recall(memory, by=memory.user)
    resume_recall(memory, by=memory.user)
    memory.refresh_from_db()
    assert memory.learning_paused_at is not None
    assert memory.recall_paused_at is None


def test_what_has_waited_is_queued_on_resuming() -> None:
    memory = MemoryFactory()
    pause_learning(memory, by=memory.user)
    assert queued(memory) == set()
    resume_learning(memory, by=memory.user)
    resume_learning(memory, by=memory.user)
    assert queued(memory) == {"memory.consolidate", "memory.promote"}
    assert ProcrastinateJob.objects.filter(args__memory_id=memory.pk).count() == 2
    pause_recall(memory, by=memory.user)
    forget_jobs()
    resume_recall(memory, by=memory.user)
    assert queued(memory) == set()


def waiting_memory() -> Memory:
    """A memory with more pages than fit and a hot segment with an unread one."""
    memory: Memory = MemoryFactory()
    segment = SegmentFactory(memory=memory, length=1, visits=9, last_visited_at=timezone.now())
    PageFactory(segment=segment, recorded_at=EPOCH)
    PageFactory.create_batch(9, memory=memory)
    return memory


def test_while_learning_is_paused_nothing_moves_and_nothing_is_analysed() -> None:
    memory = waiting_memory()
    pause_learning(memory, by=memory.user)
    consolidator = ScriptedConsolidator()
    assert transfer_all(memory, consolidator, EMBEDDER) == 0
    assert promote_all(memory, consolidator, EMBEDDER) == 0
    assert promote_due(memory, consolidator, EMBEDDER) is None
    assert (consolidator.transfers, consolidator.promotions) == ([], [])
    assert memory.pages.short_term().count() == 9
    # What came in by hand can be found by its meaning all the same.
    assert not memory.pages.short_term().filter(embedding__isnull=True).exists()
    resume_learning(memory, by=memory.user)
    assert transfer_all(memory, consolidator, EMBEDDER) == 5
    assert promote_all(memory, consolidator, EMBEDDER) == 6


def test_a_paused_memory_is_not_kept_waiting() -> None:
    memory = waiting_memory()
    memory.pages.mid_term().update(recorded_at=EPOCH)
    assert memories_kept_waiting(timezone.now()) == [memory.pk]
    pause_learning(memory, by=memory.user)
    assert memories_kept_waiting(timezone.now()) == []


def test_what_a_model_reads_when_learning_is_paused_changes_nothing() -> None:
    memory = waiting_memory()

    def transfer(request: TransferRequest) -> TransferResult:
        pause_learning(memory, by=memory.user)
        return one_topic(request)

    def promote(request: PromotionRequest) -> PromotionResult:
        pause_learning(memory, by=memory.user)
        return PromotionResult()

    consolidator = ScriptedConsolidator(transfer, promote)
    assert transfer_all(memory, consolidator, EMBEDDER) == 0
    assert memory.pages.short_term().count() == 9
    resume_learning(memory, by=memory.user)
    assert promote_all(memory, consolidator, EMBEDDER) == 0
    assert memory.pages.unanalysed().count() == 1
    # It was paid for, and no failure was noted.
    assert ModelCall.objects.filter(memory=memory).count() == 2
    assert not MemoryEvent.objects.filter(memory=memory, kind=EventKind.FAILED).exists()


def test_another_memory_of_the_assistant_goes_on() -> None:
    paused, other = waiting_memory(), waiting_memory()
    pause_learning(paused, by=paused.user)
    assert transfer_all(other, ScriptedConsolidator(), EMBEDDER) == 5


def test_nothing_is_remembered_by_wish_in_a_pause() -> None:
    memory = MemoryFactory()
    pause_learning(memory, by=memory.user)
    with pytest.raises(LearningPaused, match="Learning is paused"):
        remember(memory, "I like tea", by=memory.user)
    assert not memory.knowledge.exists()
    resume_learning(memory, by=memory.user)
    assert remember(memory, "I like tea", by=memory.user).is_new


def test_imports_and_corrections_by_hand_still_come_in() -> None:
    memory = MemoryFactory()
    entry = KnowledgeFactory(memory=memory)
    pause_learning(memory, by=memory.user)
    assert len(record_pages(memory, [PageDraft("Hello", "Hi", EPOCH)], Source.IMPORT).pages) == 1
    assert edit_knowledge(entry, "Owns a boat.", EMBEDDER, by=memory.user).text == "Owns a boat."


def test_recall_itself_answers_in_a_pause() -> None:
    memory = MemoryFactory()
    record_pages(memory, [PageDraft("My boat is red", "Nice", EPOCH)], Source.IMPORT)
    pause_recall(memory, by=memory.user)
    assert [item.text for item in recall(memory, "boat", now=timezone.now()).items] == [
        "User: My boat is red\nAssistant: Nice"
    ]
