"""Vectors on rows: what is given, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from memory.domain.recording import record_page
from memory.domain.vectors import as_array, as_stored, direct_segments, embed_new_pages, mean_direction
from memory.embedding.base import Vectors
from memory.models import Memory, Page
from tests.memory.factories import MemoryFactory, PageFactory, SegmentFactory
from tests.memory.fakes import WordEmbedder

pytestmark = pytest.mark.django_db


class Interrupted(WordEmbedder):
    """Lets something happen while it is at work."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def embed(self, texts: Sequence[str], *, timeout: float | None = None) -> Vectors:
        self._meanwhile()
        return super().embed(texts)


def with_vector(page: Page, vector: list[float], model: str) -> Page:
    page.embedding, page.embedding_model = vector, model
    page.save()
    return page


def test_new_pages_get_vectors_a_batch_a_call() -> None:
    memory, embedder = MemoryFactory(), WordEmbedder()
    for n in range(130):
        PageFactory(memory=memory, position=n + 1)
    assert embed_new_pages(memory, embedder) == 130
    assert [len(call) for call in embedder.calls] == [128, 2]
    assert set(memory.pages.values_list("embedding_model", flat=True)) == {embedder.name}
    assert embed_new_pages(memory, embedder) == 0


def test_a_page_that_somebody_else_embedded_meanwhile_is_left_alone() -> None:
    memory = MemoryFactory()
    page = PageFactory(memory=memory)
    PageFactory(memory=memory)
    embedder = Interrupted(lambda: with_vector(page, [1.0, 0.0], "other"))
    assert embed_new_pages(memory, embedder) == 1
    page.refresh_from_db()
    assert (page.embedding, page.embedding_model) == ([1.0, 0.0], "other")


def test_a_memory_deleted_meanwhile_leaves_nothing_to_do() -> None:
    memory = MemoryFactory()
    record_page(memory, query="q", response="r")
    embedder = Interrupted(lambda: Memory.objects.filter(pk=memory.pk).delete())
    assert embed_new_pages(memory, embedder) == 0


def test_a_vector_without_dimensions_is_stored_as_a_single_zero() -> None:
    page = with_vector(PageFactory(), as_stored(np.zeros(0, dtype=np.float32)).to_list(), "blind")
    page.refresh_from_db()
    assert page.embedding == [0.0]


def test_a_segment_points_where_its_pages_do_once_all_have_the_models_vector() -> None:
    whole, half, empty = SegmentFactory(), SegmentFactory(), SegmentFactory(embedding=[1.0], embedding_model="old")
    # One server gave two widths under one name: the newest counts, as in `alike`.
    for vector in ([1.0], [1.0, 0.0], [0.0, 1.0]):
        with_vector(PageFactory(segment=whole), vector, "new")
    PageFactory(segment=whole)
    with_vector(PageFactory(segment=half), [1.0, 0.0], "new")
    with_vector(PageFactory(segment=half), [1.0, 0.0], "old")

    assert direct_segments([whole.pk, half.pk, empty.pk], "new") == 1

    for segment in (whole, half, empty):
        segment.refresh_from_db()
    expected = mean_direction(np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32))
    assert np.allclose(np.array(as_array(whole.embedding)), expected, atol=1e-3)
    assert (whole.embedding_model, half.embedding_model) == ("new", "")
    assert (empty.embedding, empty.embedding_model) == (None, "")
