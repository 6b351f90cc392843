from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from pytest_django.fixtures import Settings

from memory.domain.consolidation import transfer_all
from memory.domain.context import system_turn
from memory.domain.holdings import read_holdings
from memory.domain.nearest import probes_of
from memory.domain.question import Speakers, shortened, understand
from memory.domain.recall import Recollection, count_visits, recall
from memory.domain.recording import PageDraft, record_pages
from memory.domain.scoring import PageScore, score_pages
from memory.domain.tokens import count_tokens
from memory.embedding import get_embedder
from memory.embedding.base import Vectors
from memory.enums import KnowledgeStatus, Source, Tier
from memory.models import Memory
from tests.memory.factories import EPOCH, KnowledgeFactory, MemoryFactory, ProfileFactory, TraitFactory
from tests.memory.fakes import ScriptedConsolidator, topic_a_page
from tests.openai_server import Behaviour, OpenAIServer

pytestmark = pytest.mark.django_db

FILLER = [
    "The weather is grey again",
    "We watched a film about ships",
    "Dinner was pasta with basil",
    "The train was late this morning",
    "I cleaned the kitchen and the bath",
    "The garden needs water",
    "A letter came from the bank",
    "The neighbours painted their fence",
]


def memory_with(*said: str, filler: int = 3, memory: Memory | None = None) -> Memory:
    """Pages with these words first, then filler that pushes them into mid-term memory; a day between pages."""
    memory = memory or MemoryFactory()
    texts = [*said, *(FILLER * filler)]
    drafts = [PageDraft(text, "I see.", EPOCH + timedelta(days=n)) for n, text in enumerate(texts)]
    record_pages(memory, drafts, Source.IMPORT)
    transfer_all(memory, ScriptedConsolidator(topic_a_page), get_embedder())
    memory.refresh_from_db()
    return memory


def ask(memory: Memory, query: str, **options: Any) -> Recollection:
    return recall(memory, query, now=EPOCH + timedelta(days=100), **options)


def ranking(memory: Memory, query: str, vectors: Mapping[str, Vectors] | None = None) -> list[PageScore]:
    question = understand(query, Speakers(), EPOCH, memory.languages)
    return score_pages(memory, read_holdings(memory), question, probes_of(vectors or {}), 400)


def best(memory: Memory, query: str) -> str:
    return ask(memory, query).of(Tier.MID_TERM)[0].text


def test_a_rare_word_finds_its_page() -> None:
    assert "zugzwang" in best(memory_with("He lost by zugzwang"), "zugzwang?")


def test_meaning_finds_a_page_that_shares_no_word() -> None:
    assert "puppy" in best(memory_with("My puppy chewed the sofa"), "dog pet animal")


def test_a_page_only_words_can_find_wins_from_outside_the_dense_top() -> None:
    memory = memory_with("xqzt77", filler=3)
    embedder = get_embedder()
    [score, *_] = ranking(memory, "xqzt77", {embedder.name: embedder.embed(["the weather film dinner train"])[0]})
    assert memory.pages.get(pk=score.page_id).query == "xqzt77"
    assert score.lexical > 1


def test_the_neighbour_on_the_chain_lifts_a_page() -> None:
    memory = MemoryFactory()
    texts = ["Guess what I adopted yesterday", "A greyhound called Bolt", *FILLER * 2]
    drafts = [PageDraft(text, "", EPOCH + timedelta(minutes=n)) for n, text in enumerate(texts)]
    record_pages(memory, drafts, Source.IMPORT)
    transfer_all(memory, ScriptedConsolidator(), get_embedder())
    memory.refresh_from_db()
    ranked = ranking(memory, "greyhound Bolt")
    assert ranked[0].position == 2
    assert {score.position for score in ranked[1:3]} == {1, 3}
    assert min(score.chain for score in ranked[1:3]) > 0


def test_the_segment_lifts_its_pages() -> None:
    memory = memory_with("Chess on Sunday", "Chess opening theory")
    ranked = ranking(memory, "chess")
    assert {score.position for score in ranked[:2]} == {1, 2}
    assert min(score.segment for score in ranked[:2]) > 0


def test_the_budget_is_a_promise_about_the_prompt() -> None:
    memory = memory_with("Needle in the haystack")
    ProfileFactory(memory=memory, name="name", value="Tom")
    KnowledgeFactory(memory=memory, text="The user lost a needle.")
    now = EPOCH + timedelta(days=100)
    for budget in (0, 60, 100, 500, 5000):
        recollection = ask(memory, "needle", budget=budget)
        prompt = system_turn(memory, recollection, now)
        shown = prompt.split("<memory>")[-1].split("</memory>")[0].strip()
        assert recollection.tokens <= budget
        assert count_tokens(shown) <= max(recollection.tokens, count_tokens("(nothing yet)"))
    assert len(ask(memory, "needle", budget=5000).of(Tier.SHORT_TERM, Tier.MID_TERM)) == memory.page_count


def test_a_long_profile_leaves_room_for_the_facts() -> None:
    memory = memory_with("Needle")
    for n in range(40):
        ProfileFactory(memory=memory, name=f"attribute {n}", value="words " * 20)
    KnowledgeFactory(memory=memory, text="The user lost a needle.")
    assert [item.text for item in ask(memory, "needle").of(Tier.USER_KNOWLEDGE)] == ["The user lost a needle."]


def test_the_prompt_is_english_whatever_language_the_interface_has() -> None:
    memory: Memory = MemoryFactory()
    TraitFactory(memory=memory)
    with translation.override("id"):
        recollection = ask(memory, "What am I like?")
        assert [item.text for item in recollection.of(Tier.TRAIT)] == ["Openness: high"]
        assert "Traits of the person" in system_turn(memory, recollection, EPOCH)


def test_pages_the_words_do_not_touch_rank_below_weak_matches() -> None:
    memory = memory_with("Needle", filler=20)
    ranked = ranking(memory, "the weather")
    matching = set(memory.pages.filter(query__contains="weather").values_list("pk", flat=True))
    assert {score.page_id for score in ranked[: len(matching)]} == matching


def test_vectors_of_another_width_under_the_same_name_do_no_harm() -> None:
    memory = memory_with("He lost by zugzwang")
    page = memory.pages.get(position=1)
    page.embedding = [0.5, 0.5]
    page.save(update_fields=["embedding"])
    KnowledgeFactory(memory=memory, embedding=[1.0], embedding_model=get_embedder().name)
    assert "zugzwang" in best(memory, "zugzwang")


def test_a_memory_read_before_the_page_was_recorded_finds_it() -> None:
    memory = MemoryFactory()
    stale = Memory.objects.get(pk=memory.pk)
    memory_with("He lost by zugzwang", memory=memory)
    assert "zugzwang" in best(stale, "zugzwang")


def test_a_best_match_longer_than_the_budget_is_cut_not_lost() -> None:
    memory = memory_with("Needle " + "hay " * 3000)
    first = ask(memory, "needle", budget=400).of(Tier.MID_TERM)[0]
    assert first.text.startswith("User: Needle")
    assert first.tokens <= 400


def test_the_newest_pages_are_there_whatever_the_question() -> None:
    memory = memory_with("Needle")
    waiting = set(memory.pages.short_term().values_list("pk", flat=True))
    assert {item.object_id for item in ask(memory, "needle").of(Tier.SHORT_TERM)} == waiting


def test_pages_the_prompt_shows_anyway_are_left_out() -> None:
    memory = memory_with("Needle")
    page = memory.pages.get(position=1)
    assert page.pk not in [item.object_id for item in ask(memory, "needle", exclude_pages={page.pk}).items]


ODD = ("", "   ", "the of and", "🙂🙂", "?!…", "x" * 10_000, "你好吗", "%s ' \" \\ \0", "привет")


@pytest.mark.parametrize("query", ODD)
def test_any_query_gives_a_sensible_result(query: str) -> None:
    memory = memory_with("Needle")
    assert ask(memory, query).of(Tier.MID_TERM)


def test_an_empty_memory_recalls_nothing() -> None:
    assert ask(MemoryFactory(), "anything") == Recollection("anything", (), 0)


def test_chinese_is_found_by_its_words() -> None:
    assert "机器学习" in best(memory_with("我喜欢机器学习"), "机器学习")


def test_a_long_question_keeps_its_beginning_and_end() -> None:
    query = shortened("a" * 5000 + "b" * 5000)
    assert (len(query), query[0], query[-1]) == (4001, "a", "b")


READING = ("SELECT", "WITH RECURSIVE")


def test_recall_writes_nothing() -> None:
    memory = memory_with("Needle")
    with CaptureQueriesContext(connection) as queries:
        ask(memory, "needle")
    assert [q["sql"] for q in queries if not q["sql"].lstrip().startswith(READING)] == []


def test_the_number_of_queries_does_not_grow_with_the_memory() -> None:
    counts = []
    for filler in (26, 40):
        memory = Memory.objects.select_related("assistant").get(pk=memory_with("Needle", filler=filler).pk)
        with CaptureQueriesContext(connection) as queries:
            ask(memory, "needle haystack")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def test_archived_segments_are_out_of_recall() -> None:
    memory = memory_with("He lost by zugzwang")
    segment = memory.pages.get(position=1).segment
    assert segment is not None
    memory.segments.filter(pk=segment.pk).update(archived_at=EPOCH)
    assert not any("zugzwang" in item.text for item in ask(memory, "zugzwang").items)


def test_nobody_recalls_what_another_person_said() -> None:
    memory, other = memory_with("Needle"), memory_with("The password is swordfish")
    KnowledgeFactory(memory=other, text="The user's password is swordfish.")
    assert not any("swordfish" in item.text for item in ask(memory, "password swordfish").items)


def test_only_active_knowledge_is_recalled_nearest_first() -> None:
    memory = memory_with("Needle")
    KnowledgeFactory(memory=memory, text="The user likes trains.")
    KnowledgeFactory(memory=memory, text="The user has a cat named Misha.")
    KnowledgeFactory(memory=memory, text="The user has a dog.", status=KnowledgeStatus.SUPERSEDED)
    facts = ask(memory, "cat Misha").of(Tier.USER_KNOWLEDGE)
    assert [item.text for item in facts] == ["The user has a cat named Misha.", "The user likes trains."]
    assert set(facts[0].signals) == {"dense", "lexical"}


def test_vectors_of_another_model_cost_the_dense_signal_not_the_answer() -> None:
    """In the paper's own code a changed embedding model made recall return nothing, silently."""
    memory = memory_with("He lost by zugzwang")
    memory.pages.update(embedding_model="retired-model")
    assert "zugzwang" in best(memory, "zugzwang")


def test_visits_are_counted_explicitly_and_heat_a_segment() -> None:
    memory = memory_with("Needle")
    recollection = ask(memory, "needle")
    segment_ids = recollection.visited_segments(memory.conf)
    assert 1 <= len(segment_ids) <= 5
    assert set(memory.segments.values_list("visits", flat=True)) == {0}
    now = EPOCH + timedelta(days=200)
    count_visits(memory, segment_ids, now)
    visited = memory.segments.filter(pk__in=segment_ids)
    assert set(visited.values_list("visits", "last_visited_at")) == {(1, now)}
    assert set(memory.segments.exclude(pk__in=segment_ids).values_list("visits", flat=True)) <= {0}


def test_visits_of_a_strangers_segment_are_not_counted() -> None:
    memory, other = memory_with("Needle"), memory_with("Haystack")
    foreign = other.segments.values_list("pk", flat=True)
    count_visits(memory, list(foreign), EPOCH)
    assert set(other.segments.values_list("visits", flat=True)) == {0}


def test_a_hanging_embedding_server_costs_the_dense_signal_not_the_answer(settings: Settings) -> None:
    memory = memory_with("He lost by zugzwang")
    memory.assistant.memory_settings = {"recall_embedding_timeout": 0.2}
    with OpenAIServer(Behaviour(first_byte_after=30)) as server:
        settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "slow", server.base_url
        assert "zugzwang" in best(memory, "zugzwang")
        assert len(server.requests) == 1


def test_what_was_found_and_had_no_room_is_told_best_first() -> None:
    memory = memory_with(*(f"Needle number {n} in the haystack of hay {'and straw ' * 8}" for n in range(40)), filler=8)
    for n in range(4):
        KnowledgeFactory(memory=memory, text=f"The user lost needle {n} {'in the hay ' * 20}")
    found = ask(memory, "needle haystack", budget=600)
    given = {(item.tier, item.object_id) for item in found.items}
    assert not given & {(item.tier, item.object_id) for item in found.left_out}
    assert len(found.left_out) == 20
    assert [item.tier for item in found.left_out[:4]] == [*[Tier.USER_KNOWLEDGE] * 3, Tier.MID_TERM]
    pages = [item for item in found.left_out if item.tier not in (Tier.USER_KNOWLEDGE,)]
    assert [item.score for item in pages] == sorted((item.score for item in pages), reverse=True)
    assert min(item.score for item in pages) > 0
    assert all(item.tokens > 0 and "Needle" in item.text for item in pages)


def test_where_everything_has_room_nothing_is_left_out() -> None:
    assert ask(memory_with("Needle"), "needle", budget=5000).left_out == ()
