"""The benchmark's model server says what it says it said, to the product's own client."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.utils import timezone

from chat.evaluation.model_answers import job_answer
from chat.evaluation.model_client import plan_answers, said_to
from chat.evaluation.model_server import MODEL
from chat.evaluation.processes import Running, running_model
from memory.llm import parsing, prompts
from memory.llm.base import Delta, MergeRequest, PageText, PromotionRequest, ReplyRequest, TransferRequest, Turn, Usage
from memory.llm.endpoint import Endpoint
from memory.llm.openai import OpenAIConsolidator, OpenAIResponder

PAGES = (PageText(0, "I play chess.", "Good.", timezone.now()), PageText(1, "On Mondays.", "Nice.", timezone.now()))


@pytest.fixture(scope="module")
def model() -> Iterator[Running]:
    with running_model() as running:
        yield running


def request(question: str) -> ReplyRequest:
    return ReplyRequest(question=question, turns=(Turn("user", question),), recalled=(), now=timezone.now())


@pytest.mark.process
async def test_it_streams_what_it_says_and_knows_when(model: Running) -> None:
    await plan_answers(model, 10, 1000)
    responder = OpenAIResponder(Endpoint(MODEL, f"{model.url}/v1"))
    before = time.monotonic_ns()
    pieces = [piece async for piece in responder.stream(request("Who?"))]
    said = (await said_to(model, ["Who?", "Never asked"]))["Who?"]
    assert "".join(piece.text for piece in pieces if isinstance(piece, Delta)) == said.text
    assert pieces[-1] == Usage(1, len(said.tokens))
    assert len(said.sent_at) == len(said.tokens) >= 8
    assert before < said.asked_at < said.sent_at[0]
    assert said.sent_at == sorted(said.sent_at)
    assert said.sent_at[-1] - said.sent_at[0] >= (len(said.tokens) - 2) * 1_000_000, "a token a millisecond"
    assert await said_to(model, ["Who?"]) == {}, "told once"


@pytest.mark.process
def test_it_does_the_jobs_of_the_background(model: Running) -> None:
    consolidator = OpenAIConsolidator(Endpoint(MODEL, f"{model.url}/v1"))
    result = consolidator.transfer(TransferRequest(PAGES, (0.0, 60.0)))
    assert [topic.page_indexes for topic in result.topics] == [(0, 1)]


def test_what_it_answers_to_jobs_can_be_read() -> None:
    promotion = PromotionRequest("Chess", PAGES, {}, {}, frozenset(), ("sports",), ())
    turns = prompts.promotion_turns(promotion)
    assert parsing.read_promotion(job_answer(turns[0].content, turns[1].content), promotion).profile == ()
    merge = MergeRequest(pairs=())
    turns = prompts.merge_turns(merge)
    assert parsing.read_merge(job_answer(turns[0].content, turns[1].content), merge).verdicts == ()
