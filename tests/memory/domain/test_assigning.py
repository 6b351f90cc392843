"""Which segment a page joins: both halves of the F-score, exactly one segment, vectors of several models."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from memory.domain.assigning import NEAREST_SHOWN, nearest_segments
from memory.domain.consolidation import transfer_all
from memory.domain.transfer import next_batch, transfer
from memory.domain.vectors import as_array, as_stored, embed_new_pages, mean_direction
from memory.models import Memory, Segment
from memory.models.page import page_text
from tests.memory.domain.batches import record, remember, says, set_up
from tests.memory.factories import EPOCH, MemoryFactory, PageFactory, SegmentFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder

pytestmark = pytest.mark.django_db
TEA = "We drink green jasmine tea leaves"
BOAT = "Sailing boat harbour anchor rope"


def direction(text: str) -> dict[str, object]:
    """Return the fields of a row that points where a page with this query does."""
    vector = WordEmbedder().embed([page_text(text, "r0")])[0]
    return {"embedding": as_stored(vector), "embedding_model": WordEmbedder.name}


def tea_segment(memory: Memory, **fields: object) -> Segment:
    segment: Segment = SegmentFactory(memory=memory, **{"title": "Tea", "keywords": [], **direction(TEA), **fields})
    PageFactory(segment=segment, query=TEA, **direction(TEA))
    return segment


def segment_of(memory: Memory) -> dict[str, list[str]]:
    """Return title -> queries of the memory's segments."""
    return {
        segment.title: list(segment.pages.order_by("position").values_list("query", flat=True))
        for segment in memory.segments.all()
    }


def test_of_one_topic_a_page_may_join_a_segment_and_another_open_one() -> None:
    memory = MemoryFactory()
    tea_segment(memory)
    record(memory, [TEA, BOAT, TEA, BOAT, BOAT, "q", "q", "q"])
    transfer_all(memory, ScriptedConsolidator(says((0, 1, 2, 3, 4), keywords=())), WordEmbedder())
    assert segment_of(memory) == {"Tea": [TEA, TEA, TEA], "Topic 0": [BOAT, BOAT, BOAT]}


def test_pages_of_two_topics_may_join_one_new_segment() -> None:
    memory = record(MemoryFactory(), [BOAT, BOAT, BOAT, BOAT, BOAT, "q", "q", "q"])
    transfer_all(memory, ScriptedConsolidator(says((0, 2), (1, 3, 4))), WordEmbedder())
    assert list(segment_of(memory).values()) == [[BOAT] * 5]


def test_keywords_alone_can_join_a_page_and_both_halves_count() -> None:
    memory = MemoryFactory()
    tea_segment(memory, title="Words", keywords=["Anchor", "ROPE"], embedding=None, embedding_model="")
    record(memory, [BOAT] * 5 + ["q"] * 3)
    transfer_all(memory, ScriptedConsolidator(says(keywords=("anchor", "rope"))), WordEmbedder())
    assert list(segment_of(memory).values()) == [[TEA] + [BOAT] * 5]


@pytest.mark.parametrize(("theta", "joined"), [(0.85, True), (1.01, False)])
def test_theta_decides(theta: float, joined: bool) -> None:
    memory = set_up(MemoryFactory(), segment_threshold=theta)
    tea_segment(memory)
    record(memory, [TEA] * 5 + ["q"] * 3)
    transfer_all(memory, ScriptedConsolidator(says(keywords=())), WordEmbedder())
    assert ("Topic 0" not in segment_of(memory)) is joined


def test_a_page_without_words_opens_or_stays_with_its_topic() -> None:
    memory = record(MemoryFactory(), ["😀", "?!", "…", "😀", "!!"] + ["q"] * 3)
    zeros = as_stored(np.zeros(64, dtype=np.float32))
    memory.pages.short_term().update(embedding=zeros, embedding_model="words-64")
    transfer_all(memory, ScriptedConsolidator(says((0, 1), (2, 3, 4), keywords=())), WordEmbedder())
    assert segment_of(memory) == {"Topic 0": ["😀", "?!"], "Topic 1": ["…", "😀", "!!"]}


@pytest.mark.parametrize("width", [64, 3])
def test_a_page_with_another_models_vector_joins_by_its_words_only(width: int) -> None:
    memory = MemoryFactory()
    tea = tea_segment(memory, keywords=["leaf"])
    record(memory, [TEA] * 5 + ["q"] * 3)
    foreign = as_stored(np.ones(width, dtype=np.float32))
    memory.pages.short_term().update(embedding=foreign, embedding_model="another")
    transfer_all(memory, ScriptedConsolidator(says((0,), (1, 2, 3, 4), keywords=("other",))), WordEmbedder())
    assert segment_of(memory)["Tea"] == [TEA]
    assert memory.segments.exclude(pk=tea.pk).filter(embedding__isnull=False).count() == 0


def test_vectors_of_another_width_under_the_same_name_do_not_meet() -> None:
    memory = MemoryFactory()
    tea_segment(memory, embedding=as_stored(np.ones(3, dtype=np.float32)))
    record(memory, [TEA] * 5 + ["q"] * 3)
    transfer_all(memory, ScriptedConsolidator(says(keywords=())), WordEmbedder())
    assert set(segment_of(memory)) == {"Tea", "Topic 0"}


def test_a_vector_of_zeros_is_near_to_nothing_and_in_nobodys_way() -> None:
    memory = MemoryFactory()
    zeros = tea_segment(memory, title="Zeros", embedding=as_stored(np.zeros(64, dtype=np.float32)))
    tea = tea_segment(memory)
    record(memory, [TEA] * 5 + ["q"] * 3)
    consolidator = ScriptedConsolidator(says(keywords=()))
    transfer_all(memory, consolidator, WordEmbedder())
    assert (zeros.pages.count(), tea.pages.count()) == (1, 6)
    assert [segment.title for segment in consolidator.transfers[0].segments] == ["Tea"]


def test_archived_and_foreign_segments_take_no_pages() -> None:
    memory = MemoryFactory()
    tea_segment(memory, archived_at=EPOCH)
    tea_segment(MemoryFactory())
    record(memory, [TEA] * 5 + ["q"] * 3)
    consolidator = ScriptedConsolidator(says(keywords=()))
    transfer_all(memory, consolidator, WordEmbedder())
    assert segment_of(memory) == {"Tea": [TEA], "Topic 0": [TEA] * 5}
    assert consolidator.transfers[0].segments == []


def test_the_direction_is_the_mean_of_all_pages() -> None:
    memory, embedder = MemoryFactory(), WordEmbedder()
    tea = tea_segment(memory)
    set_up(memory, segment_threshold=0.5)
    record(memory, [f"{TEA} and {word}" for word in ("milk", "sugar", "honey", "lemon", "ginger")] + ["q"] * 3)
    transfer_all(memory, ScriptedConsolidator(says(keywords=())), embedder)
    tea.refresh_from_db()
    pages = [as_array(vector) for vector in tea.pages.values_list("embedding", flat=True)]
    expected = mean_direction(np.stack([vector for vector in pages if vector is not None]))
    stored = as_array(tea.embedding)
    assert len(pages) == 6
    assert stored is not None
    assert float(stored @ expected) == pytest.approx(1.0, abs=0.002)


def test_a_segment_of_another_models_direction_begins_with_this_models_pages() -> None:
    """One new page must not stand for the twenty old ones, nor overwrite what this model knows of them."""
    memory = MemoryFactory()
    foreign = {"embedding": as_stored(np.ones(3, dtype=np.float32)), "embedding_model": "another"}
    tea = tea_segment(memory, keywords=["leaf"], **foreign)
    PageFactory.create_batch(3, segment=tea, **direction(TEA))
    PageFactory.create_batch(3, segment=tea, **foreign)
    record(memory, [BOAT] * 5 + ["q"] * 3)
    transfer_all(memory, ScriptedConsolidator(says(keywords=("leaf",))), WordEmbedder())
    tea.refresh_from_db()
    embedder = WordEmbedder()
    boat, near = embedder.embed([page_text(BOAT, "r0"), page_text(TEA, "r0")])
    stored = as_array(tea.embedding)
    assert (tea.pages.count(), tea.embedding_model) == (12, "words-64")
    assert stored is not None
    assert float(stored @ near) > 0.5
    assert float(stored @ boat) > 0.5


def test_nearest_segments_are_few_near_and_best_first() -> None:
    memory, embedder = MemoryFactory(), WordEmbedder()
    for n in range(NEAREST_SHOWN + 2):
        tea_segment(memory, title=f"Tea {n}", **direction(f"{TEA} " + "milk " * n))
    away = as_stored(-embedder.embed([page_text(TEA, "r0")])[0])
    tea_segment(memory, title="Away", embedding=away)
    tea_segment(memory, title="Foreign", embedding_model="another")
    record(memory, [TEA] * 8)
    embed_new_pages(memory, embedder)
    set_up(memory, segment_threshold=0.7)
    shown = [segment.title for segment in nearest_segments(memory, next_batch(memory), embedder)]
    assert shown == [f"Tea {n}" for n in range(NEAREST_SHOWN)]


@pytest.mark.parametrize("segments", [3, 30])
def test_a_batch_asks_the_database_equally_often_whatever_the_memory_holds(segments: int) -> None:
    memory, embedder = MemoryFactory(), WordEmbedder()
    for n in range(segments):
        tea_segment(memory, title=f"Tea {n}")
    record(memory, [TEA] * 8)
    embed_new_pages(memory, embedder)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        transfer(memory, ScriptedConsolidator(says(keywords=())), embedder, EPOCH)
    assert len(asked) <= 33


def test_each_page_is_in_exactly_one_segment_whatever_the_topics() -> None:
    memory = remember(28)
    transfer_all(memory, ScriptedConsolidator(lambda r: says(*[(n,) for n in range(len(r.pages))])(r)), WordEmbedder())
    held = [page for segment in memory.segments.all() for page in segment.pages.values_list("pk", flat=True)]
    assert sorted(held) == sorted(memory.pages.mid_term().values_list("pk", flat=True))
    assert len(held) == len(set(held)) == 25
