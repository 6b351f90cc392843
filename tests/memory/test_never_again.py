"""What the field gets wrong, never here: one test for each fault of the engine, here or elsewhere.

From the paper's own code
    an outage's text stored as memory, or in place of the profile -> test_an_outage_is_never_stored_as_memory
    a truncated file emptied the store -> tests/memory/commands/test_import_conversations.py::test_a_malformed_entry_imports_nothing_and_makes_no_assistant
    two writers lost half the pages -> tests/memory/test_two_processes.py::test_two_writers_beside_two_workers_lose_nothing
    two workers moved a page twice -> tests/memory/test_two_processes.py::test_two_imports_that_move_the_same_pages_move_them_once
    a killed worker left half a transfer -> tests/memory/test_killed_worker.py::test_a_worker_killed_in_a_transfer
    a killed worker left half a promotion -> tests/memory/test_killed_worker.py::test_a_worker_killed_in_a_promotion
    the newest segment was evicted on arrival -> test_the_newest_segment_is_not_evicted_on_arrival
    heat never decayed -> tests/memory/domain/test_heat.py::test_heat_falls_below_tau_with_time_alone
    a hot, read segment starved the unread pages of another -> test_a_hot_segment_that_was_read_starves_no_other
    a page was stored once per theme -> test_a_page_of_two_topics_is_in_one_segment
    fenced JSON collapsed twenty topics into one -> test_fenced_json_keeps_twenty_topics
    a changed embedding model emptied recall -> test_a_changed_embedding_model_never_empties_recall
    four to six model calls a turn -> test_an_answer_is_one_request
    the same, by the producer of the chat -> tests/chat/test_answering.py::test_an_answer_is_written_and_remembered
    every read rewrote the store -> test_recall_works_where_nothing_can_be_written
    the prompt forced English and thirty words -> test_what_was_said_keeps_its_language_and_length
    imports lost their dates -> tests/memory/commands/test_import_conversations.py::test_an_import_keeps_dates_and_goes_the_whole_way
    facts lost the dates of imports -> tests/memory/domain/test_promotion.py::test_profile_traits_and_knowledge_are_learnt_with_their_sources
    the caller's metadata was thrown away -> test_the_callers_metadata_survives_every_tier
Elsewhere
    recalled memories were stored again as new facts -> tests/memory/domain/test_promotion.py::test_thirty_turns_of_quoted_memory_teach_and_confirm_nothing
    the same fact was injected several times -> test_a_fact_stands_in_the_prompt_once
    what was deleted was still found -> test_what_was_deleted_is_not_found
    a deleted page left its vector and its words -> tests/memory/domain/test_forgetting.py::test_pages_of_mid_term_memory_leave_nothing
    keyword hits only re-ranked the dense pool -> test_words_win_outside_the_dense_pool
    full text failed on a question mark -> test_operators_of_query_languages_are_only_characters
    a key read any person's memory -> tests/memory/domain/test_recall.py::test_nobody_recalls_what_another_person_said
    "success" when nothing was stored -> test_nothing_stored_is_no_success
    a stuck queue nobody could see -> tests/memory/test_views_overview.py::test_without_a_worker_it_says_so_and_what_to_do
    a failing queue nobody could see -> tests/memory/test_background.py::test_a_failing_model_shows_its_reason_and_loses_nothing
    a pasted document cost millions of tokens -> test_a_pasted_document_costs_a_bounded_number_of_tokens
"""  # noqa: E501 (a table)

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pgvector.django import MaxInnerProduct
from pytest_django.fixtures import Settings

from memory.domain.consolidation import promote_all, transfer_all
from memory.domain.context import prepare_reply, system_turn
from memory.domain.knowledge import delete_knowledge
from memory.domain.persona import delete_profile, delete_trait
from memory.domain.recall import recall
from memory.domain.recording import PageDraft, record_page, record_pages
from memory.domain.vectors import as_stored
from memory.embedding import get_embedder
from memory.enums import Source, Tier
from memory.exceptions import InvalidPage, MemoryOSError
from memory.llm import get_consolidator, get_responder
from memory.llm.base import Delta, Fact, PromotionResult
from memory.llm.prompts import PROMOTION_TASK, TRANSFER_TASK
from memory.models import Knowledge, Memory, Page, Profile, Segment
from tests.memory.factories import EPOCH, KnowledgeFactory, MemoryFactory, ProfileFactory, TraitFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder, one_topic, topic_a_page
from tests.openai_answers import block, transfer_answer
from tests.openai_server import Behaviour, OpenAIServer, RecordedRequest
from tests.serving import ROOT

pytestmark = pytest.mark.django_db

NOW = EPOCH + timedelta(days=200)
EMBEDDER = WordEmbedder()


@pytest.fixture
def model(settings: Settings) -> Iterator[OpenAIServer]:
    """The connected model: a local server that speaks the OpenAI protocol."""
    with OpenAIServer() as server:
        settings.OPENAI_BASE_URL, settings.MODEL = server.base_url, "test-model"
        yield server


def remember(count: int, memory: Memory | None = None, words: str = "Page") -> Memory:
    memory = memory or MemoryFactory()
    start = memory.pages.count()
    drafts = [PageDraft(f"{words} {n}", "I see.", EPOCH + timedelta(minutes=n)) for n in range(start, start + count)]
    record_pages(memory, drafts, Source.IMPORT)
    return memory


def apart(memory: Memory) -> Memory:
    """Let no page resemble a segment enough to join it: every topic opens a segment of its own."""
    memory.assistant.memory_settings = {**memory.assistant.memory_settings, "segment_threshold": 2.5}
    return memory


def test_every_test_named_above_exists() -> None:
    """A test that is renamed takes its line in the table with it."""
    named = re.findall(r"-> (?:(\S+)::)?(test_\w+)$", str(__doc__), re.MULTILINE)
    assert len(named) == str(__doc__).count("->")
    for path, name in named:
        text = (ROOT / path if path else Path(__file__)).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), f"{path}::{name}"


OUTAGES = {
    "server error": Behaviour(status=500, error_body="Error: Could not get a response from the LLM."),
    "rate limit": Behaviour(status=429),
    "error as the answer": Behaviour(text="Error: Could not get a response from the LLM."),
    "error as JSON": Behaviour(text='{"error": {"message": "overloaded"}}'),
    "page of a proxy": Behaviour(raw_body="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html"),
    "empty answer": Behaviour(text=""),
    "cut off": Behaviour(cut_after=1),
}


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
def test_an_outage_is_never_stored_as_memory(model: OpenAIServer, outage: Behaviour) -> None:
    memory = remember(12)
    transfer_all(memory, get_consolidator(), EMBEDDER)
    promote_all(memory, get_consolidator(), EMBEDDER)
    remember(6, memory)

    def stored() -> list[Any]:
        rows = (memory.pages, memory.segments, memory.chains, memory.profile, memory.traits, memory.knowledge)
        return [list(kind.order_by("pk").values()) for kind in rows]

    before = stored()
    assert all(before)
    embedded = {page["id"]: page["embedding"] for page in before[0]}
    model.default = outage
    with pytest.raises(MemoryOSError):
        transfer_all(memory, get_consolidator(), EMBEDDER)
    after = stored()
    for page in after[0]:
        # Their vectors are all that the new pages got before the model failed.
        if embedded[page["id"]] is None:
            page |= {"embedding": None, "embedding_model": ""}
    assert after == before

    memory.pages.update(analysed_at=None)
    memory.segments.update(length=5)
    before = stored()
    with pytest.raises(MemoryOSError):
        promote_all(memory, get_consolidator(), EMBEDDER)
    assert stored() == before


def test_the_newest_segment_is_not_evicted_on_arrival() -> None:
    memory = apart(remember(13))
    memory.assistant.memory_settings["mid_term_capacity"] = 1
    transfer_all(memory, ScriptedConsolidator(lambda r: one_topic(r, "Old")), EMBEDDER)
    memory.segments.update(visits=1000)
    remember(5, memory)
    transfer_all(memory, ScriptedConsolidator(lambda r: one_topic(r, "New")), EMBEDDER)
    assert [segment.title for segment in memory.segments.active()] == ["New"]


def test_heat_is_not_stored() -> None:
    assert "heat" not in {field.name for field in Segment._meta.get_fields()}


def test_a_hot_segment_that_was_read_starves_no_other() -> None:
    memory = apart(remember(12))
    transfer_all(memory, ScriptedConsolidator(), EMBEDDER)
    promote_all(memory, ScriptedConsolidator(), EMBEDDER)
    memory.segments.update(visits=1000, last_visited_at=NOW)
    remember(30, memory)
    transfer_all(memory, ScriptedConsolidator(), EMBEDDER)
    assert memory.pages.unanalysed().count() == 30
    promote_all(memory, ScriptedConsolidator(), EMBEDDER)
    assert memory.pages.unanalysed().count() == 0


def pages_of(request: RecordedRequest | dict[str, Any]) -> list[dict[str, Any]]:
    """The pages that a request for one of our tasks shows."""
    body = request.body if isinstance(request, RecordedRequest) else request
    pages: list[dict[str, Any]] = block(str(body["messages"][1]["content"]), "pages")
    return pages


class Dressed(OpenAIServer):
    """Answers a transfer with a topic for each page, the first page in all of them, in a code fence."""

    def take_behaviour(self, request: RecordedRequest) -> Behaviour:
        behaviour = super().take_behaviour(request)
        if TRANSFER_TASK not in request.text:
            return behaviour
        answer = transfer_answer(pages_of(request))
        answer["topics"] = [
            {"title": f"Topic {n}", "summary": f"About {n}.", "keywords": [], "pages": sorted({0, n})}
            for n in range(len(answer["pages"]))
        ]
        return Behaviour(text=f"Here you are:\n```json\n{json.dumps(answer, indent=1)}\n```\nAnything else?")


@pytest.fixture
def dressed(settings: Settings) -> Iterator[OpenAIServer]:
    with Dressed() as server:
        settings.OPENAI_BASE_URL, settings.MODEL = server.base_url, "test-model"
        yield server


def test_fenced_json_keeps_twenty_topics(dressed: OpenAIServer) -> None:
    memory = apart(remember(27))
    transfer_all(memory, get_consolidator(), EMBEDDER)
    assert len(dressed.requests) == 1
    assert memory.pages.mid_term().count() == memory.segments.count() == 20


def test_a_page_of_two_topics_is_in_one_segment(dressed: OpenAIServer) -> None:
    memory = apart(remember(12, words="Zugzwang"))
    transfer_all(memory, get_consolidator(), EMBEDDER)
    assert memory.pages.count() == 12
    assert sum(segment.pages.count() for segment in memory.segments.all()) == memory.pages.mid_term().count() == 5
    recalled = [item.object_id for item in recall(memory, "Zugzwang 0", now=NOW).of(Tier.MID_TERM)]
    assert recalled.count(memory.pages.get(position=1).pk) == 1


def test_a_changed_embedding_model_never_empties_recall(settings: Settings) -> None:
    memory = remember(1, words="He lost by zugzwang")
    remember(11, memory, "The weather is grey")
    transfer_all(memory, ScriptedConsolidator(), get_embedder())
    [fact_vector] = get_embedder().embed(["The user plays chess."])
    KnowledgeFactory(
        memory=memory,
        text="The user plays chess.",
        embedding=list(map(float, fact_vector)),
        embedding_model=get_embedder().name,
    )
    with OpenAIServer() as server:
        settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "another-model", server.base_url
        assert get_embedder().name != memory.pages.get(position=1).embedding_model
        found = recall(memory, "Who lost by zugzwang? Does the user play chess?", now=NOW)
        assert found.of(Tier.MID_TERM)[0].object_id == memory.pages.get(position=1).pk
        assert [item.text for item in found.of(Tier.USER_KNOWLEDGE)] == ["The user plays chess."]
        remember(6, memory, "A castling rook")
        transfer_all(memory, ScriptedConsolidator(), get_embedder())
        for words in ("zugzwang", "castling rook"):
            texts = [item.text for item in recall(memory, words, now=NOW).of(Tier.MID_TERM, Tier.SHORT_TERM)]
            assert any(words in text for text in texts)


def full_memory() -> Memory:
    """A memory with something in each tier."""
    memory = remember(30)
    transfer_all(memory, ScriptedConsolidator(), get_embedder())
    ProfileFactory(memory=memory)
    TraitFactory(memory=memory)
    KnowledgeFactory(memory=memory)
    return Memory.objects.select_related("assistant").get(pk=memory.pk)


def test_an_answer_is_one_request(model: OpenAIServer) -> None:
    memory = full_memory()
    prepared = prepare_reply(memory, "What did I say on page 3?", [], NOW)
    assert {item.tier for item in prepared.recollection.items} >= {Tier.MID_TERM, Tier.PROFILE, Tier.USER_KNOWLEDGE}

    async def answer() -> str:
        stream = get_responder().stream(prepared.request)
        return "".join([piece.text async for piece in stream if isinstance(piece, Delta)])

    assert asyncio.run(answer())
    assert len(model.requests) == 1


def versions() -> dict[str, list[Any]]:
    """The row versions of every table of the memory: any write, even of equal values, changes one."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(("memory_", "procrastinate_")):
                cursor.execute(f'SELECT ctid::text, xmin::text FROM "{table}" ORDER BY 1')
                found[table] = cursor.fetchall()
    return found


def test_recall_works_where_nothing_can_be_written() -> None:
    memory = full_memory()
    before = versions()
    assert before["memory_page"]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        with CaptureQueriesContext(connection) as queries:
            prepared = prepare_reply(memory, "What did I say on page 3?", [], NOW)
        with pytest.raises(InternalError, match="read-only"), transaction.atomic():
            memory.segments.update(visits=1)
        transaction.set_rollback(True)
    assert prepared.recollection.of(Tier.MID_TERM)
    assert not [query["sql"] for query in queries if re.search(r"\bFOR (NO KEY )?(UPDATE|SHARE)\b", query["sql"])]
    assert versions() == before


def test_what_was_said_keeps_its_language_and_length(model: OpenAIServer) -> None:
    said = "Ich züchte Bienen in Graubünden und schleudere den Honig im August. " * 5
    memory = remember(12, words=said)
    transfer_all(memory, get_consolidator(), EMBEDDER)
    promote_all(memory, get_consolidator(), EMBEDDER)
    for task in (TRANSFER_TASK, PROMOTION_TASK):
        [request] = [request for request in model.requests if task in request.text]
        rules = request.body["messages"][0]["content"]
        assert "in the language the user writes in" in rules
        assert not re.search(r"\bEnglish\b|\b30 words", rules)
        assert pages_of(request)[0]["user"] == f"{said} 0"
    assert memory.pages.get(position=1).query == f"{said} 0"


METADATA = {"mood": "good", "tags": ["a", "ü"], "nested": {"n": 1.5, "none": None}}


def test_the_callers_metadata_survives_every_tier(tmp_path: Path) -> None:
    memory = MemoryFactory()
    entry = {"user_input": "From a file", "agent_response": "I see.", "meta_data": METADATA}
    (tmp_path / "file.json").write_text(json.dumps([entry]), encoding="utf-8")
    options = {"user": memory.user.username, "assistant": memory.assistant.slug}
    call_command("import_conversations", tmp_path / "file.json", **options, no_wait=True, verbosity=0)
    record_page(memory, query="By hand", response="I see.", metadata=METADATA)
    remember(10, memory)
    transfer_all(memory, ScriptedConsolidator(), EMBEDDER)
    promote_all(memory, ScriptedConsolidator(), EMBEDDER)
    first, second = memory.pages.filter(analysed_at__isnull=False)[:2]
    assert (first.query, second.query) == ("From a file", "By hand")
    assert first.metadata == second.metadata == METADATA


def test_a_fact_stands_in_the_prompt_once() -> None:
    ways = ("The user plays the zither.", "the user plays  the ZITHER", "The user plays the zither!")
    memory = apart(MemoryFactory())
    for way in ways:
        remember(12, memory, "I play my zither every day")
        learnt = PromotionResult(user_knowledge=(Fact(way, ()), Fact(way, ())))
        transfer_all(memory, ScriptedConsolidator(topic_a_page), EMBEDDER)
        memory.segments.update(visits=9)
        promote_all(memory, ScriptedConsolidator(promote=lambda _, learnt=learnt: learnt), EMBEDDER)  # type: ignore[misc]
    assert memory.knowledge.get().times_confirmed >= len(ways)
    recollection = recall(memory, "Do I play the zither every day?", now=NOW)
    keys = [(item.tier, item.object_id) for item in recollection.items]
    assert len(keys) == len(set(keys)), "the newest pages and the best are no two lists"
    prompt = " ".join(system_turn(memory, recollection, NOW).lower().split())
    assert prompt.count("the user plays the zither") == 1


def test_what_was_deleted_is_not_found() -> None:
    """Neither by its words nor by its vector, and no later promotion is shown it."""
    memory = remember(12)
    transfer_all(memory, ScriptedConsolidator(), get_embedder())
    text = "The user keeps a puppy."
    [vector] = get_embedder().embed([text])
    fact = KnowledgeFactory(
        memory=memory, text=text, embedding=list(map(float, vector)), embedding_model=get_embedder().name
    )
    attribute = ProfileFactory(memory=memory, name="pet", value="puppy")
    trait = TraitFactory(memory=memory, dimension="pets", reason="Talks of the puppy.")
    questions = ("puppy", "dog pet animal", "")
    for question in questions:
        texts = [item.text for item in recall(memory, question, now=NOW).items]
        assert {text, "pet: puppy"} <= set(texts)
    delete_knowledge(fact, by=memory.user)
    delete_profile(attribute, by=memory.user)
    delete_trait(trait, by=memory.user)
    for question in questions:
        items = recall(memory, question, now=NOW).items
        assert not items or {item.tier for item in items} <= {Tier.SHORT_TERM, Tier.MID_TERM}
        assert not any("puppy" in item.text for item in items)
    assert not Knowledge.objects.filter(pk=fact.pk).exists()
    assert not Profile.objects.filter(pk=attribute.pk).exists()
    consolidator = ScriptedConsolidator()
    promote_all(memory, consolidator, get_embedder())
    [request] = consolidator.promotions
    assert (request.known, request.profile, request.traits) == ((), {}, {})


@pytest.mark.parametrize("vector", ["none", "farthest"])
def test_words_win_outside_the_dense_pool(vector: str) -> None:
    """The page has no vector at all, or the farthest of all, and is not among the newest either."""
    memory = remember(1, words="Zugzwang")
    subjects = ("Dinner was pasta", "The train was late", "We watched a film", "A letter came", "The garden is dry")
    for n in range(80):
        remember(1, memory, subjects[n % len(subjects)])
    transfer_all(memory, ScriptedConsolidator(topic_a_page), get_embedder())
    page = memory.pages.get(position=1)
    assert page.segment is not None
    if vector == "none":
        # Nor have its neighbours, which would bring it in.
        memory.pages.filter(position__lte=3).update(embedding=None, embedding_model="")
    else:
        [asked] = get_embedder().embed(["zugzwang"])
        others = memory.pages.exclude(pk=page.pk).exclude(embedding=None)
        farthest = others.alias(far=MaxInnerProduct("embedding", as_stored(asked))).order_by("-far")[0]
        Page.objects.filter(pk=page.pk).update(embedding=farthest.embedding)
    [first, *_] = recall(memory, "zugzwang", now=NOW).of(Tier.MID_TERM)
    assert first.object_id == page.pk


OPERATORS = [*"?'\"&|!\\%_()*;\0", ":*", "<->", "--", "$1", "%s", "{}"]


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_of_query_languages_are_only_characters(operator: str) -> None:
    memory = remember(1, words="He lost by zugzwang")
    remember(20, memory, "The weather of the day")
    transfer_all(memory, ScriptedConsolidator(), get_embedder())
    page = memory.pages.get(position=1)
    for query in (f"zugzwang{operator}", f"{operator} zugzwang", f"lost {operator}zugzwang{operator} by"):
        assert recall(memory, query, now=NOW).of(Tier.MID_TERM)[0].object_id == page.pk
    assert recall(memory, operator, now=NOW).items


def test_nothing_stored_is_no_success() -> None:
    memory = MemoryFactory()
    with pytest.raises(InvalidPage):
        record_page(memory, query=" ", response="\n")
    recorded = record_pages(memory, [], Source.API)
    assert (recorded.pages, recorded.skipped) == ([], 0)
    drafts = [PageDraft("a", "b", EPOCH, external_id) for external_id in ("x", "y", "x")]
    recorded = record_pages(memory, drafts, Source.API)
    assert [page.pk for page in recorded.pages] == list(memory.pages.order_by("position").values_list("pk", flat=True))
    assert (len(recorded.pages), recorded.skipped) == (2, 1)
    again = record_pages(memory, drafts, Source.API)
    assert (again.pages, again.skipped) == ([], 3)


CLAUSE = "Clause {n}: the lessee shall keep the premises in good repair and give notice of any defect at once.\n"


def cost_of(model: OpenAIServer, pasted: int) -> dict[str, int]:
    """Characters sent to the models and into the prompt of an answer for a document of so many characters."""
    document = "".join(CLAUSE.format(n=n) for n in range(pasted // len(CLAUSE)))
    memory = MemoryFactory()
    model.requests.clear()
    record_page(memory, query=document, response=document[: pasted // 2], occurred_at=EPOCH)
    remember(11, memory)
    transfer_all(memory, get_consolidator(), get_embedder())
    promote_all(memory, get_consolidator(), get_embedder())
    assert memory.pages.filter(analysed_at__isnull=False).count() == 5
    prepared = prepare_reply(memory, "What does clause 7 say?", [], NOW)
    assert prepared.recollection.tokens <= memory.conf.recall_budget
    sent = {"recall": sum(len(turn.content) for turn in prepared.request.turns)}
    for request in model.requests:
        [kind] = re.findall(r"^MemoryOS task: \w+", request.text) or [request.path]
        sent[kind] = sent.get(kind, 0) + len(json.dumps(request.body))
    return sent


def test_a_pasted_document_costs_a_bounded_number_of_tokens(model: OpenAIServer, settings: Settings) -> None:
    """Elsewhere one pasted document became an extraction of 2.1 million tokens."""
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "test-embeddings", model.base_url
    large, larger = cost_of(model, 100_000), cost_of(model, 1_000_000)
    assert set(larger) >= {"recall", TRANSFER_TASK, PROMOTION_TASK, "/v1/embeddings"}
    assert larger == pytest.approx(large, abs=500), "ten times the document costs the same"
    assert max(larger.values()) < 50_000
