"""Another embedding model: every vector follows, whatever happens on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone

from memory.domain.consolidation import transfer_all
from memory.domain.eviction import evict_segments
from memory.domain.recording import PageDraft, record_page, record_pages
from memory.domain.reembedding import Outdated, Reembedded, outdated_rows, reembed, reembed_fact
from memory.domain.similarity import cosine
from memory.domain.vectors import as_stored, embed_new_pages
from memory.embedding.base import Vectors
from memory.enums import KnowledgeStatus, Source
from memory.exceptions import ModelServerError
from memory.models import Knowledge, Memory, Page, Segment
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    SegmentFactory,
)
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder, topic_a_page

pytestmark = pytest.mark.django_db
OLD = WordEmbedder()


class WideEmbedder(WordEmbedder):
    """The new model: other directions, twice as many dimensions. `before` runs in the middle of each call."""

    name = "wide-128"

    def __init__(self, before: Callable[[Sequence[str]], None] = lambda _texts: None) -> None:
        super().__init__()
        self._before = before

    def embed(self, texts: Sequence[str], *, timeout: float | None = None) -> Vectors:
        narrow = super().embed([text[::-1] for text in texts])
        self._before(texts)
        return np.concatenate([narrow[:, ::-1], narrow], axis=1) * np.float32(0.5**0.5)


def talk(count: int, memory: Memory | None = None) -> Memory:
    """A memory that the old model has embedded and consolidated, with a fact about the person."""
    memory = memory or MemoryFactory()
    drafts = [PageDraft(f"question {n} of topic{n % 3}", f"answer {n}", EPOCH) for n in range(count)]
    record_pages(memory, drafts, Source.IMPORT)
    transfer_all(memory, ScriptedConsolidator(topic_a_page), OLD)
    fact(memory, f"Likes {memory.pk} kinds of tea.")
    return memory


def fact(memory: Memory, text: str, **fields: object) -> Knowledge:
    vector = as_stored(OLD.embed([text])[0])
    return KnowledgeFactory(memory=memory, text=text, embedding=vector, embedding_model=OLD.name, **fields)


def shared_fact(memory: Memory, text: str) -> Knowledge:
    vector = as_stored(OLD.embed([text])[0])
    return AssistantKnowledgeFactory(assistant=memory.assistant, text=text, embedding=vector, embedding_model=OLD.name)


def vector_of(row: Page | Segment | Knowledge) -> Vectors:
    assert row.embedding is not None
    return np.array(row.embedding, dtype=np.float32)


def assert_current(memory: Memory, model: str = WideEmbedder.name) -> None:
    """Assert that every vector of a memory is what the model says today."""
    embedder = WideEmbedder()
    for page in memory.pages.all():
        assert page.embedding_model == model
        assert np.allclose(vector_of(page), embedder.embed([page.text])[0], atol=1e-3)
    for segment in memory.segments.all():
        mean = np.mean([vector_of(page) for page in segment.pages.all()], axis=0)
        assert segment.embedding_model == model
        assert cosine(vector_of(segment), mean) > 0.999
        assert np.linalg.norm(vector_of(segment)) == pytest.approx(1.0, abs=1e-2)
    for entry in [*memory.knowledge.all(), *memory.assistant.knowledge.all()]:
        assert entry.embedding_model == model
        assert np.allclose(vector_of(entry), embedder.embed([entry.text])[0], atol=1e-3)


def test_every_vector_follows_in_batches_and_nothing_else_changes() -> None:
    memory, other = talk(30), talk(9)
    shared_fact(memory, "Recommended a book.")
    before = list(Page.objects.order_by("pk").values_list("pk", "segment_id", "analysed_at", "keywords"))
    segments, embedder, seen = Segment.objects.count(), WideEmbedder(), list[int]()

    done = reembed(embedder, batch=10, progress=seen.append)

    assert done == Reembedded(pages=39, segments=segments, knowledge=3, left=0)
    assert_current(memory)
    assert_current(other)
    # Segments cost no call: three batches of pages, one of facts and one of the assistant's; then the other memory.
    assert [len(call) for call in embedder.calls] == [10, 10, 10, 1, 1, 9, 1]
    assert sum(seen) == done.total
    assert list(Page.objects.order_by("pk").values_list("pk", "segment_id", "analysed_at", "keywords")) == before
    assert reembed(embedder) == Reembedded()
    assert len(embedder.calls) == 7


def test_archived_and_superseded_rows_follow_too() -> None:
    memory = talk(20)
    memory.assistant.memory_settings = {"mid_term_capacity": 1}
    assert evict_segments(memory, timezone.now())
    fact(memory, "Lives in Rome.", status=KnowledgeStatus.SUPERSEDED)
    reembed(WideEmbedder())
    assert_current(memory)


def test_a_failure_keeps_what_is_done_and_the_next_run_goes_on() -> None:
    memory = talk(30)

    def fail_later(_texts: Sequence[str]) -> None:
        if len(failing.calls) == 3:
            raise ModelServerError

    failing = WideEmbedder(fail_later)
    with pytest.raises(ModelServerError):
        reembed(failing, batch=5)
    assert memory.pages.filter(embedding_model=failing.name).count() == 10
    assert memory.pages.filter(embedding_model=OLD.name).count() == 20
    embedder = WideEmbedder()
    assert reembed(embedder, batch=5).pages == 20
    assert sum(len(call) for call in embedder.calls) == 21
    assert_current(memory)


def test_at_any_moment_a_row_has_a_vector_and_its_segment_a_whole_direction() -> None:
    memory = talk(30)
    total = memory.segments.count()

    def look(_texts: Sequence[str]) -> None:
        assert not Page.objects.filter(embedding__isnull=True).exists()
        for segment in memory.segments.filter(embedding_model=WideEmbedder.name):
            assert not segment.pages.filter(embedding_model=OLD.name).exists()
        assert memory.segments.exclude(embedding_model="").count() == total

    reembed(WideEmbedder(look), batch=4)
    assert_current(memory)


def test_only_the_memories_asked_for_and_their_assistants() -> None:
    memory, other = talk(9), talk(9)
    shared_fact(memory, "Recommended a book.")
    kept = shared_fact(other, "Recommended a film.")
    done = reembed(WideEmbedder(), memories=[memory.pk])
    assert (done.pages, done.knowledge) == (9, 2)
    assert_current(memory)
    assert set(other.pages.values_list("embedding_model", flat=True)) == {OLD.name}
    kept.refresh_from_db()
    assert kept.embedding_model == OLD.name


def test_shared_knowledge_of_an_assistant_nobody_uses_any_more_follows() -> None:
    entry = AssistantKnowledgeFactory(embedding=as_stored(OLD.embed(["x"])[0]), embedding_model=OLD.name)
    assert reembed(WideEmbedder()) == Reembedded(knowledge=1)
    entry.refresh_from_db()
    assert entry.embedding_model == WideEmbedder.name


def test_outdated_rows_are_counted_by_kind_and_model() -> None:
    memory = talk(9)
    talk(8)
    Page.objects.filter(pk=memory.pages.earliest("position").pk).update(embedding_model="older")
    shared_fact(memory, "Recommended a book.")
    segments = memory.segments.count()
    assert outdated_rows(WideEmbedder.name, [memory.pk]) == [
        Outdated("pages", "older", 1),
        Outdated("pages", OLD.name, 8),
        Outdated("segments", OLD.name, segments),
        Outdated("facts", OLD.name, 2),
    ]
    assert sum(row.rows for row in outdated_rows(WideEmbedder.name) if row.kind == "pages") == 17
    assert outdated_rows(OLD.name)[0] == Outdated("pages", "older", 1)


def test_pages_without_a_vector_are_the_workers_business() -> None:
    memory = talk(9)
    record_page(memory, query="new", response="page")
    reembed(WideEmbedder())
    assert memory.pages.get(embedding_model="").query == "new"


def test_a_page_that_gives_no_direction_is_done_once() -> None:
    """Blank to the model (a lone emoji, say): zeros, or with nothing else in the batch not even a dimension."""
    memory = talk(12)
    lone = fact(memory, "🤖")

    class Blind(WideEmbedder):
        def embed(self, texts: Sequence[str], *, timeout: float | None = None) -> Vectors:
            vectors = super().embed(texts)
            return np.zeros((1, 0), dtype=np.float32) if list(texts) == ["🤖"] else vectors * 0

    embedder = Blind()
    assert reembed(embedder, batch=1).left == 0
    assert len(embedder.calls) == 14
    lone.refresh_from_db()
    assert lone.embedding == [0.0]
    assert reembed(embedder) == Reembedded()


def test_a_segment_whose_pages_are_gone_loses_its_old_direction() -> None:
    segment = SegmentFactory(embedding=as_stored(OLD.embed(["x"])[0]), embedding_model=OLD.name)
    assert reembed(WideEmbedder()).left == 0
    segment.refresh_from_db()
    assert (segment.embedding, segment.embedding_model) == (None, "")


def test_a_page_that_an_old_worker_embeds_meanwhile_is_found_at_the_last_look() -> None:
    memory = talk(9)

    def old_worker(_texts: Sequence[str]) -> None:
        if memory.pages.count() == 9:
            record_page(memory, query="late", response="page")
            embed_new_pages(memory, OLD)

    embedder = WideEmbedder(old_worker)
    assert reembed(embedder).pages == 10
    assert_current(memory)


def test_a_tug_of_war_with_another_setting_ends_and_says_so() -> None:
    memory = talk(3)

    def pull_back(_rows: int) -> None:
        for page in memory.pages.filter(embedding_model=WideEmbedder.name):
            page.embedding, page.embedding_model = as_stored(OLD.embed([page.text])[0]), OLD.name
            page.save()

    done = reembed(WideEmbedder(), progress=pull_back)
    assert (done.pages, done.knowledge, done.left) == (18, 1, 3)


def test_a_page_moved_meanwhile_counts_in_the_segment_that_holds_it_now() -> None:
    memory = MemoryFactory()
    record_pages(memory, [PageDraft(f"question {n}", f"answer {n}", EPOCH) for n in range(12)], Source.IMPORT)
    embed_new_pages(memory, OLD)

    def transfer(_texts: Sequence[str]) -> None:
        transfer_all(memory, ScriptedConsolidator(), WideEmbedder())

    reembed(WideEmbedder(transfer))
    assert memory.segments.count() == 1
    assert_current(memory)


def test_what_is_deleted_or_rewritten_meanwhile_stays_so() -> None:
    memory = talk(9)
    entry = memory.knowledge.get()
    gone = memory.pages.short_term().last()
    assert gone is not None

    def person(texts: Sequence[str]) -> None:
        Page.objects.filter(pk=gone.pk).delete()
        if texts == [entry.text]:
            # Another process with the old setting, in the middle of our call.
            Knowledge.objects.filter(pk=entry.pk).update(text="Likes coffee.")

    reembed(WideEmbedder(person))
    assert not Page.objects.filter(pk=gone.pk).exists()
    entry.refresh_from_db()
    assert np.allclose(vector_of(entry), WideEmbedder().embed(["Likes coffee."])[0], atol=1e-3)


@pytest.mark.django_db(transaction=True)
def test_a_memory_deleted_meanwhile_is_passed_over() -> None:
    memory, other = talk(9), talk(9)

    def delete(_texts: Sequence[str]) -> None:
        Memory.objects.filter(pk=memory.pk).delete()

    done = reembed(WideEmbedder(delete), batch=4)
    assert done.pages == 9
    assert_current(other)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_share_the_work_and_agree() -> None:
    memory = talk(60)
    together = threading.Barrier(2, timeout=20)
    runs: list[tuple[WideEmbedder, Reembedded]] = []

    def run() -> None:
        def meet(_texts: Sequence[str]) -> None:
            if len(embedder.calls) == 1:
                together.wait()

        embedder = WideEmbedder(meet)
        try:
            runs.append((embedder, reembed(embedder, batch=5)))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sum(done.pages for _, done in runs) == 60
    assert_current(memory)
    asked = sum(len(texts) for embedder, _ in runs for texts in embedder.calls)
    # Without the turn of the loser both would ask for everything: 2 x 61.
    assert asked < 2 * 61 - 20


def test_one_fact_follows_the_model_once() -> None:
    fact = KnowledgeFactory(embedding=as_stored(np.ones(4, dtype=np.float32)), embedding_model="older")
    embedder = WideEmbedder()
    assert [reembed_fact(fact, embedder), reembed_fact(fact, embedder)] == [True, False]
    fact.refresh_from_db()
    assert fact.embedding_model == embedder.name
    fact.delete()
    assert not reembed_fact(Knowledge(pk=10**9), embedder)
