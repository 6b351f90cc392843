"""Finding segments: by title, summary, keywords and the words of their pages."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from memory.domain.eviction import archive_segment
from memory.domain.segment_search import holding
from memory.models import Memory, Segment
from tests.memory.factories import MemoryFactory
from tests.memory.remembering import memory_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory() -> Memory:
    """Three segments, by their first words: tea, boats and gardens."""
    said = ["tea walking in the rain", "boats sailing to Corsica", "gardens full of tulips", "newest one", "newest two"]
    memory = memory_of(said, theta=1.99)
    stranger = MemoryFactory(assistant=memory.assistant)
    memory_of(["tea walked by a stranger", "a", "b"], stranger, theta=1.99)
    for segment in memory.segments.all():
        words = segment.pages.get().query.split()[0]
        Segment.objects.filter(pk=segment.pk).update(
            title=f"About {words}", summary=f"Sum of {words}.", keywords=["leaf"]
        )
    return memory


def found(memory: Memory, search: str) -> set[str]:
    return {segment.title for segment in holding(memory.segments.all(), memory, search)}


FOUND: list[tuple[str, set[str]]] = [
    ("", {"About tea", "About boats", "About gardens"}),
    ("  ", {"About tea", "About boats", "About gardens"}),
    ("about", {"About tea", "About boats", "About gardens"}),
    ("BOATS", {"About boats"}),
    ("Sum of tea", {"About tea"}),
    ("leaf", {"About tea", "About boats", "About gardens"}),
    ("corsica", {"About boats"}),
    # Another form of a word on a page, and one word in the title with one on a page.
    ("walk", {"About tea"}),
    ("walks", {"About tea"}),
    ("about tulip", {"About gardens"}),
    ("tea tulips", set()),
    ("the", set()),
    ("100%", set()),
    ("' OR 1=1 --", set()),
    ("x" * 500, set()),
    ("😀", set()),
]


def test_words_are_found_wherever_they_stand(memory: Memory) -> None:
    assert [(search, found(memory, search)) for search, _ in FOUND] == FOUND


def test_archived_segments_are_found_by_the_words_of_their_pages(memory: Memory) -> None:
    archive_segment(memory.segments.get(title="About boats"), by=memory.user)
    assert found(memory, "corsica") == {"About boats"}
    assert found(memory, "corsica tea") == set()


def test_a_search_asks_nothing_itself(memory: Memory, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        found = holding(memory.segments.active(), memory, "walk tea").with_heat(timezone.now(), memory.conf)
    with django_assert_num_queries(1):
        assert [segment.title for segment in found] == ["About tea"]
