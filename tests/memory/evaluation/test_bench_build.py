"""What the benchmark builds: as the product would have written it, or its figures say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from memory.conf import MemorySettings
from memory.domain import indexing
from memory.domain.indexing import text_length
from memory.domain.lexical import term_counts
from memory.domain.recall import recall
from memory.domain.recording import record_page
from memory.embedding import get_embedder
from memory.evaluation.bench_build import Measured, build
from memory.evaluation.bench_plan import make_plan
from memory.evaluation.bench_text import Vocabulary, make_question, make_talk, make_topics, make_vocabulary, spelled
from memory.evaluation.scratch import scratch_database
from memory.models import DialogueChain, Knowledge, Memory, Page, Posting, Segment, SegmentPosting
from tests.memory.fakes import WordEmbedder
from tests.memory.wholeness import assert_whole

pytestmark = pytest.mark.proof
PAGES, OTHERS = 230, 1040


def schema() -> set[tuple[Any, ...]]:
    """Every index and constraint, as the database describes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename::text, indexdef FROM pg_indexes WHERE schemaname = 'public'")
        indexes = set(cursor.fetchall())
        cursor.execute(
            "SELECT conrelid::regclass::text, conname::text, contype::text, convalidated, pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        )
        return indexes | set(cursor.fetchall())


@pytest.fixture(scope="module")
def usual_schema(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> set[tuple[Any, ...]]:
    with django_db_blocker.unblock():
        return schema()


@pytest.fixture(scope="module")
def built(usual_schema: set[tuple[Any, ...]], django_db_blocker: DjangoDbBlocker) -> Iterator[Measured]:
    """A memory built beside other people's, in a database of its own, to which the default connection leads."""
    with django_db_blocker.unblock(), scratch_database():
        yield build([PAGES], OTHERS, 5, 10, get_embedder(), timezone.now(), lambda _: None)[PAGES]


@pytest.fixture
def memory(built: Measured, db: None) -> Memory:
    """The built memory; what a test does to it is rolled back."""
    return Memory.objects.select_related("assistant").get(pk=built.memory.pk)


def index_of(memory: Memory) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]], tuple[Any, ...]]:
    postings = Posting.objects.filter(memory=memory)
    counts = Memory.objects.values_list("page_count", "term_count", "languages").get(pk=memory.pk)
    return (
        set(postings.values_list("page", "term", "frequency", "query_frequency", "length")),
        set(SegmentPosting.objects.filter(memory=memory).values_list("segment", "term", "frequency")),
        counts,
    )


def test_a_built_memory_is_one_the_product_could_have_written(memory: Memory) -> None:
    for one in Memory.objects.all():
        assert_whole(one, pages=one.pages.count())
    assert Page.objects.exclude(memory=memory).count() == OTHERS
    for one in Memory.objects.all():
        written = index_of(one)
        indexing.unindex_everything(one)
        assert index_of(one) == (set(), set(), (0, 0, []))
        pages = list(one.pages.all())
        assert [page.length for page in pages] == [text_length(page.query, page.response) for page in pages]
        indexing.index_pages(one, pages)
        for segment in one.segments.all():
            indexing.grow_segment(segment, list(segment.pages.all()))
        assert index_of(one) == written
    assert 25 < np.mean(list(memory.pages.values_list("length", flat=True))) < 35


def test_a_built_memory_has_every_tier(memory: Memory) -> None:
    conf = memory.conf
    assert memory.pages.short_term().count() == conf.short_term_capacity
    assert 1 < memory.segments.active().count() <= conf.mid_term_capacity
    assert not memory.segments.hot(timezone.now(), conf).exists(), "nothing waits for a promotion"
    assert memory.knowledge.active().count() == conf.knowledge_capacity
    assert (memory.profile.count(), memory.traits.count()) == (10, 20)
    assert not Knowledge.objects.filter(sources__isnull=True).exists()
    for chain in DialogueChain.objects.filter(memory=memory):
        said = list(chain.pages.order_by("position").values_list("occurred_at", flat=True))
        assert (said[0], said[-1]) == (chain.started_at, chain.last_page_at)
        assert said == sorted(said)
    times = list(memory.pages.order_by("position").values_list("occurred_at", flat=True))
    assert times == sorted(times)


def test_built_vectors_are_those_of_the_texts(memory: Memory) -> None:
    pages = list(memory.pages.select_related("segment"))
    stored = np.array([page.embedding for page in pages], dtype=np.float32)
    assert np.allclose(np.linalg.norm(stored, axis=1), 1.0, atol=0.01)
    own = get_embedder().embed([page.text for page in pages])
    likeness = own @ stored.T
    assert np.mean(np.argmax(likeness, axis=0) == np.arange(len(pages))) > 0.5, "nearest to its own text"
    for page, vector in zip(pages, stored, strict=True):
        if page.segment is not None:
            assert float(np.array(page.segment.embedding) @ vector) > 0.5
    assert {page.embedding_model for page in pages} == {get_embedder().name}


def test_recall_finds_a_built_page_and_the_memory_goes_on(memory: Memory) -> None:
    for page in memory.pages.mid_term().order_by("position")[::40]:
        best = recall(memory, page.query, now=timezone.now()).items
        assert page.pk in [item.object_id for item in best if item.text == page.text]
    added = record_page(memory, query="Where is the giraffe?", response="In Paris.")
    assert added.position == PAGES + 1
    assert added.pk > Page.objects.exclude(pk=added.pk).latest("pk").pk
    assert Segment.objects.create(memory=memory, title="New", last_visited_at=timezone.now()).pk


def test_the_keys_and_indexes_come_back(memory: Memory, usual_schema: set[tuple[Any, ...]]) -> None:
    assert schema() == usual_schema


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return make_vocabulary(WordEmbedder(), np.random.default_rng(1))


def test_the_same_seed_gives_the_same_talk(vocabulary: Vocabulary) -> None:
    assert make_vocabulary(WordEmbedder(), np.random.default_rng(1)).words == vocabulary.words
    rounds = []
    for _ in range(2):
        rng = np.random.default_rng(7)
        plan = make_plan(500, MemorySettings(), rng)
        talk = make_talk(vocabulary, make_topics(vocabulary, plan.segments, rng), np.maximum(plan.segment, 0), 30, rng)
        rounds.append((plan.chain.tolist(), talk.words.tolist(), make_question(vocabulary, talk.words[:30], rng)))
    assert rounds[0] == rounds[1]


def test_words_are_as_frequent_as_people_use_them(vocabulary: Vocabulary) -> None:
    rng = np.random.default_rng(7)
    topics = make_topics(vocabulary, 40, rng)
    talk = make_talk(vocabulary, topics, rng.integers(0, 40, 1000), 30, rng)
    pages = [talk.words[start : start + length] for start, length in zip(talk.starts, talk.lengths, strict=True)]
    holders = np.sort(np.bincount(np.concatenate([np.unique(page) for page in pages])))[::-1] / len(pages)
    assert 0.25 < holders[0] < 0.6, "LoCoMo's conversations: 0.24 to 0.63"
    assert 0.02 < holders[99] < 0.07, "0.05"
    for page in pages[:50]:
        words = [vocabulary.words[number] for number in page.tolist()]
        assert term_counts(spelled(vocabulary, page.tolist())) == term_counts(" ".join(words))
        asked = term_counts(make_question(vocabulary, page, rng))
        assert len(set(asked) & set(words)) >= 2
        assert len(asked) <= 9


@pytest.mark.parametrize("pages", [1, 7, 8, 33, 400, 20_000])
def test_a_plan_is_what_transfers_and_promotions_leave(pages: int) -> None:
    conf = MemorySettings()
    plan = make_plan(pages, conf, np.random.default_rng(3))
    settled = max(pages - conf.short_term_capacity, 0)
    assert len(plan.chain) == len(plan.segment) == len(plan.age) == len(plan.read) == pages
    assert (plan.segment[:settled] >= 0).all()
    assert (plan.segment[settled:] == -1).all()
    assert (plan.chain[settled:] == -1).all()
    assert not plan.read[settled:].any()
    assert (np.diff(plan.chain[:settled]) >= 0).all()
    assert sorted(set(plan.segment[:settled].tolist())) == list(range(plan.segments)), "none is empty"
    assert plan.segments < conf.mid_term_capacity
    assert (np.diff(plan.age) < 0).all(), "each page is newer than the one before"
    for number in range(plan.segments):
        assert (~plan.read[plan.segment == number]).sum() <= conf.heat_threshold - 2, "and one visit do not heat it"
