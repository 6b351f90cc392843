"""What calls to an embedding model leave in the usage ledger, with a real server and the real client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from memory.domain.consolidation import promote_all, transfer_all
from memory.domain.knowledge import edit_knowledge
from memory.domain.ledger import embedded, noted
from memory.domain.recording import PageDraft, record_pages
from memory.domain.vectors import embed_new_pages
from memory.embedding.base import EmbeddingModel
from memory.embedding.openai import OpenAIEmbedder
from memory.embedding.wordllama import WordLlamaEmbedder
from memory.enums import Outcome, Purpose, Source
from memory.exceptions import ModelMalformedAnswer, ModelTimedOut
from memory.llm.base import Fact, PromotionRequest, PromotionResult, TransferResult, Usage
from memory.llm.endpoint import Endpoint
from memory.models import ModelCall
from tests.memory.factories import EPOCH, AssistantKnowledgeFactory, KnowledgeFactory, MemoryFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder
from tests.openai_server import Behaviour, OpenAIServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def embedder(server: OpenAIServer) -> OpenAIEmbedder:
    return OpenAIEmbedder(Endpoint("bge", server.base_url, timeout=0.5))


def test_a_remote_model_is_one_and_arithmetic_is_not(embedder: OpenAIEmbedder) -> None:
    assert isinstance(embedder, EmbeddingModel)
    assert not isinstance(WordLlamaEmbedder(), EmbeddingModel)
    assert not isinstance(WordEmbedder(), EmbeddingModel)


def test_a_call_is_noted_with_duration_tokens_and_outcome(server: OpenAIServer, embedder: OpenAIEmbedder) -> None:
    memory = MemoryFactory()
    server.default = Behaviour(first_byte_after=0.05)
    vectors = embedded(memory, embedder, ["a b", "c", ""])
    assert (vectors == embedder.embed(["a b", "c", ""])).all()
    [call] = ModelCall.objects.all()
    assert (call.memory, call.assistant, call.purpose, call.model) == (
        memory, memory.assistant, Purpose.EMBEDDING, "openai:bge",
    )  # fmt: skip
    assert (call.tokens_in, call.tokens_out, call.outcome, call.detail) == (2, None, Outcome.OK, "")
    assert 50 <= call.duration_ms < 5000


def test_arithmetic_leaves_no_row() -> None:
    embedded(MemoryFactory(), WordEmbedder(), ["a"])
    assert not ModelCall.objects.exists()


def test_a_failure_is_noted_and_raised(server: OpenAIServer, embedder: OpenAIEmbedder) -> None:
    server.default = Behaviour(first_byte_after=5)
    with pytest.raises(ModelTimedOut):
        embedded(MemoryFactory(), embedder, ["a"])
    [call] = ModelCall.objects.all()
    assert (call.outcome, call.tokens_in) == (Outcome.TIMED_OUT, None)
    assert "embedding model took too long" in call.detail


def test_a_malformed_answer_is_noted_with_what_it_cost(server: OpenAIServer, embedder: OpenAIEmbedder) -> None:
    """Two requests: the first is good, the second cannot be used; both are paid for."""
    server.queue(Behaviour(), Behaviour(embeddings=[{"index": 0, "embedding": [1.0]}]))
    with pytest.raises(ModelMalformedAnswer):
        embedded(MemoryFactory(), embedder, [f"text {n}" for n in range(258)])
    assert ModelCall.objects.get().tokens_in == 258


def test_what_an_error_carries_is_noted() -> None:
    def call() -> TransferResult:
        raise ModelMalformedAnswer(usage=Usage(120, 7))

    with pytest.raises(ModelMalformedAnswer):
        noted(MemoryFactory(), Purpose.TRANSFER, "m", call)
    noted_call = ModelCall.objects.get()
    assert (noted_call.tokens_in, noted_call.tokens_out, noted_call.outcome) == (120, 7, Outcome.MALFORMED)


def test_new_pages_and_edits_are_noted_where_they_belong(embedder: OpenAIEmbedder) -> None:
    memory = MemoryFactory()
    record_pages(memory, [PageDraft(f"q{n}", "r", EPOCH) for n in range(130)], Source.IMPORT)
    assert embed_new_pages(memory, embedder) == 130
    edit_knowledge(KnowledgeFactory(memory=memory), "Likes coffee.", embedder, by=memory.user)
    shared = AssistantKnowledgeFactory(assistant=memory.assistant)
    edit_knowledge(shared, "Recommends walks.", embedder, by=memory.user)

    calls = ModelCall.objects.filter(purpose=Purpose.EMBEDDING).order_by("pk")
    assert [(call.memory, call.assistant, call.tokens_in) for call in calls] == [
        (memory, memory.assistant, 128),
        (memory, memory.assistant, 2),
        (memory, memory.assistant, 1),
        (None, memory.assistant, 1),
    ]


def test_the_facts_of_a_promotion_are_noted(embedder: OpenAIEmbedder) -> None:
    def learn(_request: PromotionRequest) -> PromotionResult:
        return PromotionResult(user_knowledge=(Fact("I like green tea.", (0,)),), usage=Usage(10, 5))

    memory, consolidator = MemoryFactory(), ScriptedConsolidator(promote=learn)
    record_pages(memory, [PageDraft("I like green tea.", "Noted.", EPOCH) for _ in range(12)], Source.IMPORT)
    transfer_all(memory, consolidator, embedder)
    before = ModelCall.objects.latest("pk").pk
    promote_all(memory, consolidator, embedder)
    calls = ModelCall.objects.filter(pk__gt=before).order_by("pk")
    assert [(call.purpose, call.tokens_in) for call in calls][:2] == [(Purpose.PROMOTION, 10), (Purpose.EMBEDDING, 1)]


def test_usage_adds_up_and_unknown_stays_unknown() -> None:
    assert Usage(1, None) + Usage(2, None) == Usage(3, None)
    assert Usage() + Usage(None, 4) == Usage(None, 4)
