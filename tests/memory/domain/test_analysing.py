"""Analysing by wish: queued once, read although it is not hot, and done when its last page is read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from memory.domain.analysing import analyse_now
from memory.domain.consolidation import promote_all, promote_due
from memory.domain.eviction import archive_segment
from memory.domain.pausing import pause_learning, resume_learning
from memory.enums import EventKind
from memory.exceptions import LearningPaused, SegmentArchived
from memory.llm.base import Fact, PromotionRequest, PromotionResult
from memory.models import Memory, MemoryEvent, Segment
from tests.memory.factories import EPOCH, MemoryFactory, PageFactory, SegmentFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder
from tests.memory.processes import forget_jobs

pytestmark = pytest.mark.django_db

EMBEDDER = WordEmbedder()


@pytest.fixture(autouse=True)
def _no_jobs(db: None) -> None:
    forget_jobs()


def cold(memory: Memory, pages: int = 2, words: str = "tea") -> Segment:
    segment = SegmentFactory(memory=memory, title=words, length=pages, last_visited_at=EPOCH)
    for number in range(pages):
        PageFactory(segment=segment, query=f"I like {words} {number}")
    return segment


def learning(request: PromotionRequest) -> PromotionResult:
    return PromotionResult(user_knowledge=tuple(Fact(page.query, (page.index,)) for page in request.pages))


def jobs(memory: Memory) -> list[str]:
    found = ProcrastinateJob.objects.filter(args__memory_id=memory.pk, status="todo")
    return list(found.values_list("task_name", flat=True))


@pytest.fixture
def memory() -> Memory:
    """A memory that has learnt before, so that nothing is read just because it is the first."""
    memory: Memory = MemoryFactory()
    SegmentFactory(memory=memory, promoted_at=timezone.now())
    return memory


def test_a_cold_segment_is_read_by_wish_and_no_other(memory: Memory) -> None:
    segment, other = cold(memory), cold(memory, words="coffee")
    hot = SegmentFactory(memory=memory, title="hot", length=1, visits=9, last_visited_at=timezone.now())
    PageFactory(segment=hot, recorded_at=timezone.now())
    consolidator = ScriptedConsolidator(promote=learning)
    assert promote_due(memory, consolidator, EMBEDDER) is None
    asked = analyse_now(segment, by=memory.user)
    assert asked.waits_for_analysis
    assert jobs(memory) == ["memory.promote"]
    assert promote_due(memory, consolidator, EMBEDDER) == 2
    assert [page.query for page in consolidator.promotions[0].pages] == ["I like tea 0", "I like tea 1"]
    segment.refresh_from_db()
    assert (segment.length, segment.analysis_asked_at, segment.promoted_at is None) == (0, None, False)
    assert {fact.text for fact in memory.knowledge.all()} == {"I like tea 0", "I like tea 1"}
    # A hot one goes on waiting for more, as it did.
    assert set(memory.pages.unanalysed().values_list("segment", flat=True)) == {other.pk, hot.pk}
    assert promote_due(memory, consolidator, EMBEDDER) is None


def test_twice_is_once(memory: Memory) -> None:
    segment = cold(memory)
    first = analyse_now(segment, by=memory.user).analysis_asked_at
    assert analyse_now(segment, by=memory.user).analysis_asked_at == first
    assert jobs(memory) == ["memory.promote"]
    event = MemoryEvent.objects.get(kind=EventKind.ASKED)
    assert (event.target_id, event.user, event.after) == (segment.pk, memory.user, {"title": "tea", "unread": 2})


def test_what_was_asked_for_comes_before_what_is_hot(memory: Memory) -> None:
    hot = SegmentFactory(memory=memory, length=30, visits=99, last_visited_at=timezone.now())
    PageFactory.create_batch(30, segment=hot)
    segment = cold(memory)
    analyse_now(segment, by=memory.user)
    consolidator = ScriptedConsolidator()
    assert promote_all(memory, consolidator, EMBEDDER) == 32
    assert "tea" in consolidator.promotions[0].title.split("; ")[0]


def test_a_segment_without_unread_pages_stays_as_it_is(memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, length=0)
    assert analyse_now(segment, by=memory.user).analysis_asked_at is None
    assert jobs(memory) == []
    assert not MemoryEvent.objects.filter(kind=EventKind.ASKED).exists()


def test_in_a_pause_it_is_refused_and_an_earlier_wish_waits(memory: Memory) -> None:
    segment, later = cold(memory), cold(memory, words="coffee")
    analyse_now(segment, by=memory.user)
    pause_learning(memory, by=memory.user)
    with pytest.raises(LearningPaused):
        analyse_now(later, by=memory.user)
    assert promote_due(memory, ScriptedConsolidator(), EMBEDDER) is None
    resume_learning(memory, by=memory.user)
    assert promote_due(memory, ScriptedConsolidator(), EMBEDDER) == 2


def test_an_archived_segment_is_not_read(memory: Memory) -> None:
    segment = cold(memory)
    analyse_now(segment, by=memory.user)
    archived = archive_segment(segment, by=memory.user)
    assert archived.analysis_asked_at is None
    with pytest.raises(SegmentArchived):
        analyse_now(segment, by=memory.user)
    assert promote_due(memory, ScriptedConsolidator(), EMBEDDER) is None
    with pytest.raises(Segment.DoesNotExist):
        analyse_now(Segment(pk=segment.pk + 999, memory=memory), by=memory.user)


def test_a_long_segment_stays_wished_for_until_its_last_page_is_read(memory: Memory) -> None:
    memory.assistant.memory_settings = {"promotion_batch": 1}
    memory.assistant.save()
    segment = cold(memory, pages=5)
    Segment.objects.filter(pk=segment.pk).update(analysis_asked_at=timezone.now() - timedelta(minutes=1))
    consolidator = ScriptedConsolidator()
    assert promote_due(memory, consolidator, EMBEDDER) == 5
    assert [len(request.pages) for request in consolidator.promotions] == [2, 2, 1]
    segment.refresh_from_db()
    assert segment.analysis_asked_at is None
