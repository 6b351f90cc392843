"""What one call to a model is shown, however long the pages are and however much is known."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from memory.domain.consolidation import promote_all, transfer_all
from memory.domain.recording import record_page
from memory.domain.resummarising import fitting
from memory.domain.showing import Room, shown, tokens_of
from memory.domain.tokens import count_tokens
from memory.domain.traits import TRAIT_DIMENSIONS
from memory.embedding import get_embedder
from memory.llm import get_consolidator, prompts
from memory.llm.bounds import QUERY_EXCERPT, RESPONSE_EXCERPT
from memory.models import Memory, Page
from tests.memory.domain.batches import record, set_up
from tests.memory.factories import (
    EPOCH,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
)
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder
from tests.openai_server import OpenAIServer

EMBEDDER = WordEmbedder()
DOCUMENT = 2_000_000


@pytest.fixture(scope="module")
def running() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def server(running: OpenAIServer, settings: Settings) -> OpenAIServer:
    running.reset()
    settings.OPENAI_BASE_URL, settings.MODEL, settings.EMBEDDING_MODEL = running.base_url, "test-model", "embedder"
    return running


def test_the_first_piece_finds_room_and_none_that_is_too_much() -> None:
    room = Room(10, 3)
    assert [room.take(tokens) for tokens in (11, 1, 0)] == [True, False, False]
    room = Room(10, 3)
    assert [room.take(tokens) for tokens in (4, 6, 1, 0, 0)] == [True, True, False, True, False]


def test_an_ordinary_page_is_shown_whole() -> None:
    page = Page(query="q" * QUERY_EXCERPT, response="r" * RESPONSE_EXCERPT, occurred_at=EPOCH)
    text = shown(page, 3, 8000)
    assert (text.index, text.query, text.response, text.occurred_at) == (3, page.query, page.response, EPOCH)


@pytest.mark.parametrize("letter", ["x", "茶"])
def test_a_long_page_is_shown_by_its_ends_with_the_gap_marked(letter: str) -> None:
    said = f"start {letter * DOCUMENT} end"
    text = shown(Page(query=said, response=said, occurred_at=EPOCH), 0, 8000)
    assert tokens_of(text) <= 8000 + count_tokens("User: \nAssistant: ")
    for half, most in ((text.query, QUERY_EXCERPT), (text.response, RESPONSE_EXCERPT)):
        assert (half[:5], half[-3:], len(half) <= most) == ("start", "end", True)
        head, _, rest = half.partition("\n[... ")
        left_out, _, tail = rest.partition(" characters left out ...]\n")
        assert len(head) + int(left_out) + len(tail) == len(said)


@pytest.mark.django_db
def test_a_batch_of_long_pages_is_split() -> None:
    """Twenty such pages made one prompt of 329,000 characters."""
    memory = record(MemoryFactory(), ["q" * 12_000] * 27)
    consolidator = ScriptedConsolidator()
    transfer_all(memory, consolidator, EMBEDDER)
    assert [len(request.pages) for request in consolidator.transfers] == [2] * 10
    sizes = [sum(len(turn.content) for turn in prompts.transfer_turns(each)) for each in consolidator.transfers]
    assert max(sizes) < 4 * 8000 + 12_000
    assert [page.query for page in memory.pages.all()] == ["q" * 12_000] * 27


@pytest.mark.django_db
def test_ordinary_pages_cost_a_fifth_of_a_call() -> None:
    """Also where every answer fills what a call shows of one."""
    memory, consolidator = MemoryFactory(), ScriptedConsolidator()
    for n in range(37):
        record_page(memory, query=f"{n} " + "word " * 400, response="word " * 1000)
        transfer_all(memory, consolidator, EMBEDDER)
    assert [len(request.pages) for request in consolidator.transfers] == [5] * 6
    assert memory.pages.mid_term().count() == 30


@pytest.mark.django_db
def test_the_page_before_a_batch_takes_an_eighth_of_the_call_and_is_recognised_again() -> None:
    memory = set_up(MemoryFactory(), short_term_capacity=1, transfer_batch=1, transfer_batch_limit=1)
    record(memory, ["茶" * 20_000, "more tea", "and cake"])
    consolidator = ScriptedConsolidator()
    transfer_all(memory, consolidator, EMBEDDER)
    previous = consolidator.transfers[1].previous
    assert previous is not None
    assert 500 < tokens_of(previous) <= 1000
    assert memory.chains.get().pages.count() == 2


@pytest.mark.django_db
def test_all_that_is_known_leaves_a_promotion_bounded() -> None:
    memory = MemoryFactory()
    segment = SegmentFactory(memory=memory, length=1, visits=9, title="t" * 120, last_visited_at=timezone.now())
    PageFactory(segment=segment, query="茶" * DOCUMENT, response="x" * DOCUMENT)
    for number in range(120):
        KnowledgeFactory(memory=memory, text=f"{number} ".ljust(1000, "x"))
        ProfileFactory(memory=memory, name=f"{number} ".ljust(60, "n"), value="v" * 500, locked=True)
    for dimension in TRAIT_DIMENSIONS:
        TraitFactory(memory=memory, dimension=dimension)
    consolidator = ScriptedConsolidator()
    promote_all(memory, consolidator, EMBEDDER)
    [request] = consolidator.promotions
    assert (len(request.known), len(request.profile)) == (12, 21)
    assert sum(count_tokens(turn.content) for turn in prompts.promotion_turns(request)) < 3 * 6000


@pytest.mark.django_db
def test_summing_up_shows_pages_beside_a_document() -> None:
    segment = SegmentFactory()
    pages = [PageFactory(segment=segment, query=query) for query in ("x" * DOCUMENT, "tea", "cake", "honey", "milk")]
    texts = fitting(pages, 6000)
    assert [text.query for text in texts[1:]] == ["tea", "cake", "honey", "milk"]
    assert [text.index for text in texts] == [0, 1, 2, 3, 4]
    assert sum(map(tokens_of, texts)) <= 6000
    assert tokens_of(fitting(pages[:1], 6000)[0]) <= 6000


@pytest.mark.django_db
def test_a_document_of_two_million_characters_costs_what_any_page_may(server: OpenAIServer) -> None:
    """Another product paid 2.1 million tokens for one pasted document."""
    memory = set_up(MemoryFactory(), short_term_capacity=1, transfer_batch=1, heat_threshold=0.1)
    record_page(memory, query="lorem ipsum " * (DOCUMENT // 12), response="I have read it.")
    record_page(memory, query="Thanks.", response="You are welcome.")
    fresh = Memory.objects.select_related("assistant").get(pk=memory.pk)
    transfer_all(fresh, get_consolidator(), get_embedder())
    promote_all(fresh, get_consolidator(), get_embedder())
    asked = [request.body for request in server.requests]
    texts = [body["input"] if "input" in body else [m["content"] for m in body["messages"]] for body in asked]
    assert sum(count_tokens(text) for each in texts for text in each) < 8000 + 8000 + 3 * 6000
    assert [request.path for request in server.requests] == [
        "/v1/embeddings", "/v1/chat/completions", "/v1/chat/completions", "/v1/embeddings", "/v1/embeddings"
    ]  # fmt: skip
    assert fresh.pages.unanalysed().count() == 0
