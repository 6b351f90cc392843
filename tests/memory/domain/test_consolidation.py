"""When hot segments are read, and that none of them starves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from memory.domain.consolidation import memories_kept_waiting, promote_all, promote_due
from memory.exceptions import ModelError, ModelRefused, ModelUnreachable
from memory.llm.base import PromotionRequest, PromotionResult
from memory.llm.builtin import BuiltinConsolidator
from memory.models import Memory, Page, Segment
from tests.memory.factories import MemoryFactory, PageFactory, SegmentFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder

pytestmark = pytest.mark.django_db

EMBEDDER = WordEmbedder()


def hot(memory: Memory, count: int, words: str = "q", visits: int = 10) -> Segment:
    segment = SegmentFactory(memory=memory, length=count, visits=visits, last_visited_at=timezone.now())
    for number in range(count):
        PageFactory(segment=segment, query=f"{words} {number}")
    return segment


def promoted_before(memory: Memory) -> Memory:
    SegmentFactory(memory=memory, promoted_at=timezone.now())
    return memory


def refusing(words: str, error: type[ModelError] = ModelRefused) -> ScriptedConsolidator:
    def promote(request: PromotionRequest) -> PromotionResult:
        if any(words in page.query for page in request.pages):
            raise error
        return PromotionResult()

    return ScriptedConsolidator(promote=promote)


def unread(memory: Memory) -> set[str]:
    return {page.query.split()[0] for page in memory.pages.unanalysed()}


def test_a_segment_the_model_refuses_starves_no_other() -> None:
    memory = MemoryFactory()
    hot(memory, 3, "poison", visits=50)
    hot(memory, 3, "apple")
    hot(memory, 3, "pear", visits=20)
    consolidator = refusing("poison")
    with pytest.raises(ModelRefused):
        promote_all(memory, consolidator, EMBEDDER)
    assert unread(memory) == {"poison"}
    # One call for all, one for each of the three alone.
    assert len(consolidator.promotions) == 4


def test_a_server_that_is_down_is_asked_once() -> None:
    memory = MemoryFactory()
    for words in ("apple", "pear"):
        hot(memory, 3, words)
    consolidator = refusing("", ModelUnreachable)
    with pytest.raises(ModelUnreachable):
        promote_all(memory, consolidator, EMBEDDER)
    assert (unread(memory), len(consolidator.promotions)) == ({"apple", "pear"}, 1)


def test_a_segment_that_cools_while_it_is_read_is_read_to_its_end() -> None:
    memory = MemoryFactory()
    memory.assistant.memory_settings = {"promotion_batch": 2}
    hot(memory, 9, visits=0)
    assert promote_all(memory, ScriptedConsolidator(), EMBEDDER) == 9
    assert unread(memory) == set()


def test_hot_segments_share_calls() -> None:
    """A segment once visited stays over tau: at a call a segment, each new page of each would cost one."""
    memory = MemoryFactory()
    for _ in range(10):
        hot(memory, 1)
    consolidator = ScriptedConsolidator()
    assert promote_all(memory, consolidator, EMBEDDER) == 10
    assert len(consolidator.promotions) == 1


def test_a_job_waits_until_a_call_is_worth_it() -> None:
    memory = promoted_before(MemoryFactory())
    hot(memory, 19)
    consolidator = ScriptedConsolidator()
    assert promote_due(memory, consolidator, EMBEDDER) is None
    hot(memory, 1)
    assert promote_due(memory, consolidator, EMBEDDER) == 20
    assert len(consolidator.promotions) == 1


def test_a_newcomer_does_not_wait() -> None:
    memory = MemoryFactory()
    hot(memory, 1)
    assert promote_due(memory, ScriptedConsolidator(), EMBEDDER) == 1


def test_rules_cost_nothing_and_do_not_wait() -> None:
    memory = promoted_before(MemoryFactory())
    hot(memory, 1)
    assert promote_due(memory, BuiltinConsolidator(), EMBEDDER) == 1


def test_nothing_hot_is_nothing_to_do() -> None:
    memory = MemoryFactory()
    hot(memory, 4, visits=0)
    assert promote_due(memory, ScriptedConsolidator(), EMBEDDER) is None


def test_a_few_pages_wait_for_a_day_and_not_longer() -> None:
    memory = promoted_before(MemoryFactory())
    hot(memory, 1)
    now = timezone.now()
    assert memories_kept_waiting(now) == []
    assert promote_due(memory, ScriptedConsolidator(), EMBEDDER) is None
    Page.objects.update(recorded_at=now - timedelta(hours=25))
    assert memories_kept_waiting(now) == [memory.pk]
    assert promote_due(memory, ScriptedConsolidator(), EMBEDDER) == 1
    assert memories_kept_waiting(now) == []


def test_a_cold_segment_keeps_nobody_waiting() -> None:
    hot(MemoryFactory(), 1, visits=0)
    Page.objects.update(recorded_at=timezone.now() - timedelta(days=30))
    assert memories_kept_waiting(timezone.now()) == []
