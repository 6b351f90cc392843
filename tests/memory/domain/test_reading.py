"""What one promotion call reads."""

import pytest

from memory.domain.reading import next_reading
from memory.domain.tokens import clipped, count_tokens
from memory.models import Memory, Page, Segment
from tests.memory.factories import KnowledgeFactory, MemoryFactory, PageFactory, SegmentFactory

pytestmark = pytest.mark.django_db


def segment_of(memory: Memory, count: int, query: str = "I like tea.") -> Segment:
    segment = SegmentFactory(memory=memory, length=count)
    for _ in range(count):
        PageFactory(segment=segment, query=query, response="Fine.")
    return segment


def settings(memory: Memory, **values: float) -> Memory:
    memory.assistant.memory_settings = values
    return memory


def positions(pages: tuple[Page, ...]) -> list[int]:
    return [page.position for page in pages]


def test_small_segments_share_a_call_oldest_page_first() -> None:
    memory = MemoryFactory()
    first, second = segment_of(memory, 2), segment_of(memory, 3)
    reading = next_reading(memory, [second, first])
    assert reading is not None
    assert reading.segments == (second, first)
    assert positions(reading.pages) == [1, 2, 3, 4, 5]
    assert [text.index for text in reading.texts] == [0, 1, 2, 3, 4]


def test_the_hottest_segment_is_in_whole_before_the_next_begins() -> None:
    memory = settings(MemoryFactory(), promotion_batch=2)
    cool, hot = segment_of(memory, 3), segment_of(memory, 3)
    reading = next_reading(memory, [hot, cool])
    assert reading is not None
    assert positions(reading.pages) == [1, 4, 5, 6]


def test_a_suspect_segment_shares_with_none() -> None:
    memory = MemoryFactory()
    one, two = segment_of(memory, 1), segment_of(memory, 1)
    for suspect in (one, two):
        reading = next_reading(memory, [one, two], alone={suspect.pk})
        assert reading is not None
        assert reading.segments == (one,)


def test_a_call_is_bounded_in_tokens() -> None:
    memory = settings(MemoryFactory(), promotion_tokens=40)
    segment = segment_of(memory, 6, "I like tea and I live in a house in Oslo.")
    reading = next_reading(memory, [segment])
    assert reading is not None
    assert len(reading.pages) == 2


@pytest.mark.parametrize("letter", ["x", "茶"])
def test_one_page_longer_than_the_bound_is_shown_by_its_ends(letter: str) -> None:
    memory = settings(MemoryFactory(), promotion_tokens=200)
    segment = SegmentFactory(memory=memory, length=1)
    PageFactory(segment=segment, query=f"start {letter * 50_000} end", response=letter * 50_000)
    reading = next_reading(memory, [segment])
    assert reading is not None
    [text] = reading.texts
    assert count_tokens(text.query) + count_tokens(text.response) <= 200
    assert text.query.startswith("start")
    assert text.query.endswith("end")
    assert "characters left out" in text.query


def test_memory_pasted_into_a_message_is_not_read() -> None:
    """Recalled memories stored again as new facts made 97.8 % of another product's store junk."""
    memory = MemoryFactory()
    KnowledgeFactory(memory=memory, text="The user likes tea.")
    segment = segment_of(memory, 1, "<memory>\n- Lives in Rome.\n</memory>\n- The user likes tea.\nI moved house.")
    reading = next_reading(memory, [segment])
    assert reading is not None
    assert [text.query for text in reading.texts] == ["I moved house."]


def test_nothing_unread_is_no_reading() -> None:
    memory = MemoryFactory()
    assert next_reading(memory, [SegmentFactory(memory=memory)]) is None


@pytest.mark.parametrize("limit", [1, 5, 30, 1000])
def test_clipped_text_keeps_the_bound_down_to_a_handful_of_tokens(limit: int) -> None:
    assert count_tokens(clipped("word " * 5000, limit)) <= max(limit, 12)
