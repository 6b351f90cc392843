"""The system check on stored vectors."""

from __future__ import annotations

import pytest
from django.core.checks import Warning, run_checks
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from memory.checks import COUNTED, MEMORIES_LOOKED_AT, stored_vectors_fit_the_embedder
from memory.domain.vectors import as_stored
from memory.embedding.registry import WORDLLAMA_NAME
from memory.models import Assistant, Memory, Page
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    SegmentFactory,
)
from tests.memory.fakes import WordEmbedder

pytestmark = pytest.mark.django_db
VECTOR = as_stored(WordEmbedder().embed(["tea"])[0])


def check() -> list[str]:
    return [warning.msg for warning in stored_vectors_fit_the_embedder(databases=["default"])]


def fill(memory: Memory, count: int, model: str) -> None:
    first = memory.pages.count() + 1
    pages = [
        Page(memory=memory, position=n, query="q", occurred_at=EPOCH, embedding=VECTOR, embedding_model=model)
        for n in range(first, first + count)
    ]
    Page.objects.bulk_create(pages)


def test_nothing_stored_or_all_of_the_configured_model_is_fine() -> None:
    assert check() == []
    memory = MemoryFactory()
    fill(memory, 3, WORDLLAMA_NAME)
    PageFactory(memory=memory)
    SegmentFactory(memory=memory, embedding=VECTOR, embedding_model=WORDLLAMA_NAME)
    SegmentFactory(memory=memory)
    KnowledgeFactory(memory=memory)
    assert check() == []


# Before and after the configured name in the order of the index.
@pytest.mark.parametrize("other", ["a-model", "zz-model"])
def test_each_kind_is_counted(other: str) -> None:
    memory = MemoryFactory()
    fill(memory, 2, other)
    fill(memory, 2, WORDLLAMA_NAME)
    SegmentFactory(memory=memory, embedding=VECTOR, embedding_model=other)
    KnowledgeFactory(memory=memory, embedding=VECTOR, embedding_model=other)
    AssistantKnowledgeFactory(embedding=VECTOR, embedding_model="other still")

    [warning] = run_checks(tags=["database"], databases=["default"])

    assert isinstance(warning, Warning)
    assert warning.id == "memory.W001"
    models = ", ".join(sorted([other, "other still"]))
    assert warning.msg == (
        f"Vectors of {models} are stored (2 pages, 1 segment, 2 facts), but {WORDLLAMA_NAME} is configured."
    )
    assert "manage.py reembed" in str(warning.hint)


@pytest.mark.parametrize("kind", ["segment", "fact"])
def test_one_kind_alone_is_enough(kind: str) -> None:
    (SegmentFactory if kind == "segment" else KnowledgeFactory)(embedding=VECTOR, embedding_model="old")
    assert check() == [f"Vectors of old are stored (1 {kind}), but {WORDLLAMA_NAME} is configured."]


def test_many_are_not_counted_to_the_end() -> None:
    fill(MemoryFactory(), COUNTED + 50, "old")
    assert check() == [f"Vectors of old are stored (more than 1,000 pages), but {WORDLLAMA_NAME} is configured."]


def test_the_newest_memories_are_looked_at() -> None:
    first, second = MemoryFactory(), MemoryFactory()
    more = [Assistant(name=f"a{n}", slug=f"a{n}") for n in range(MEMORIES_LOOKED_AT - 1)]
    Memory.objects.bulk_create(Memory(assistant=a, user=first.user) for a in Assistant.objects.bulk_create(more))
    fill(first, 1, "old")
    assert check() == []
    fill(second, 1, "old")
    assert check() == [f"Vectors of old are stored (1 page), but {WORDLLAMA_NAME} is configured."]


def test_five_queries_whatever_there_is() -> None:
    for _ in range(3):
        fill(MemoryFactory(), 5, "old")
    with CaptureQueriesContext(connection) as queries:
        check()
    assert len(queries) == 5


def test_another_model_needs_no_server_to_be_compared(settings: Settings) -> None:
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL, settings.OPENAI_BASE_URL = "bge-m3", "", ""
    fill(MemoryFactory(), 1, WORDLLAMA_NAME)
    assert check() == [f"Vectors of {WORDLLAMA_NAME} are stored (1 page), but openai:bge-m3 is configured."]


def test_without_a_database_nothing_is_asked() -> None:
    fill(MemoryFactory(), 1, "old")
    assert stored_vectors_fit_the_embedder() == []
    assert run_checks() == []
