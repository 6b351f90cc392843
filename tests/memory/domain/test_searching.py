"""Facts found by words and by meaning, with the scores of recall: searching.py."""

from __future__ import annotations

import pytest
from django.db.models import QuerySet
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory.domain.recall import recall
from memory.domain.searching import Search, search_knowledge
from memory.domain.vectors import embed_new_facts
from memory.embedding import get_embedder
from memory.enums import KnowledgeStatus, Tier
from memory.models import Knowledge, Memory
from tests.memory.factories import EPOCH, KnowledgeFactory, MemoryFactory

pytestmark = pytest.mark.django_db

TEXTS = (
    "The user adopted a puppy in March.",
    "The user plays the violin.",
    "The user works as a baker in Lund.",
    "The user is afraid of heights.",
    "The user drinks tea without sugar.",
    "The user has read all of Tolstoy.",
)


@pytest.fixture
def memory() -> Memory:
    made: Memory = MemoryFactory()
    return made


def known(memory: Memory, *texts: str) -> QuerySet[Knowledge]:
    for text in texts:
        KnowledgeFactory(memory=memory, text=text)
    embed_new_facts(memory, get_embedder())
    return Knowledge.objects.about_user(memory).active()


def found(search: Search) -> list[str]:
    return [hit.score.fact.text for hit in search.hits]


def look(memory: Memory, facts: QuerySet[Knowledge], query: str) -> Search:
    return search_knowledge(memory, facts, query, now=EPOCH)


def test_the_scores_are_those_of_recall_for_every_fact(memory: Memory) -> None:
    facts = known(memory, *TEXTS)
    memory.assistant.memory_settings = {"recall_knowledge": 100, "recall_budget": 50_000}
    question = "Does the baker in Lund drink tea?"
    recalled = {item.object_id: item.signals for item in recall(memory, question, now=EPOCH).of(Tier.USER_KNOWLEDGE)}
    search = look(memory, facts, question)
    assert len(recalled) == len(TEXTS)
    assert search.hits
    for hit in search.hits:
        assert hit.score.signals() == recalled[hit.pk]


def test_words_that_match_nothing_find_by_meaning(memory: Memory) -> None:
    search = look(memory, known(memory, *TEXTS), "dog pet animal")
    assert found(search)[0] == TEXTS[0]
    assert (search.hits[0].contains, search.hits[0].score.shares, search.without_meaning) == (False, False, False)


@pytest.mark.parametrize("query", ["iolin.", "OLSTO", "the user", "of"])
def test_part_of_a_word_and_stop_words_are_found_where_they_stand(memory: Memory, query: str) -> None:
    facts = known(memory, *TEXTS)
    expected = {text for text in TEXTS if query.casefold() in text.casefold()}
    first = look(memory, facts, query).hits[: len(expected)]
    assert {hit.score.fact.text for hit in first if hit.contains} == expected


def test_without_the_embedding_model_words_do_it_and_it_is_said(memory: Memory, settings: Settings) -> None:
    facts = known(memory, *TEXTS)
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "away", "http://127.0.0.1:9/v1"
    search = look(memory, facts, "violin")
    assert (found(search), search.without_meaning) == ([TEXTS[1]], True)


def test_facts_without_a_vector_are_found_by_their_words(memory: Memory) -> None:
    KnowledgeFactory(memory=memory, text="Owns a harpsichord.")
    KnowledgeFactory(memory=memory, text="Owns a boat.")
    facts = Knowledge.objects.about_user(memory)
    assert found(look(memory, facts, "harpsichord")) == ["Owns a harpsichord."]


def test_a_fact_alone_is_found_by_words_and_by_meaning_and_not_by_anything(memory: Memory) -> None:
    facts = known(memory, TEXTS[0])
    assert found(look(memory, facts, "puppy")) == [TEXTS[0]]
    assert found(look(memory, facts, "dog")) == [TEXTS[0]]
    assert found(look(memory, facts, "quarterly tax returns")) == []


def test_nothing_is_found_among_nothing(memory: Memory) -> None:
    for query in ("tea", "", "🙂", "a" * 10_000):
        assert look(memory, Knowledge.objects.about_user(memory), query).hits == ()


def test_a_word_that_most_facts_have_finds_none_of_them(memory: Memory) -> None:
    facts = known(memory, *TEXTS)
    assert found(look(memory, facts, "user violin"))[0] == TEXTS[1]
    assert not any(hit.score.shares for hit in look(memory, facts, "user violin").hits[1:])


@pytest.mark.parametrize("query", ["🙂", "'; DROP TABLE", "100%", "\\", "(", "x" * 9000])
def test_odd_queries_are_fine(memory: Memory, query: str) -> None:
    facts = known(memory, *TEXTS, "Paid 100% of it.")
    assert len(look(memory, facts, query).hits) <= 7


def test_only_the_given_facts_are_looked_at(memory: Memory) -> None:
    facts = known(memory, *TEXTS)
    KnowledgeFactory(memory=memory, text="Plays the violin badly.", status=KnowledgeStatus.ARCHIVED)
    KnowledgeFactory(text="Another one’s violin.")
    assert found(look(memory, facts, "violin"))[0] == TEXTS[1]
    assert all("badly" not in text and "Another" not in text for text in found(look(memory, facts, "violin")))


@pytest.mark.parametrize("count", [1, 3])
def test_a_search_takes_four_queries(
    memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    facts = known(memory, *TEXTS[:count])
    with django_assert_num_queries(4):
        look(memory, facts, "violin")
