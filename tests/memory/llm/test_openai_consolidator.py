"""The consolidator's calls against a local server: forms of JSON, the second asking, errors."""

import json
import time
from dataclasses import replace

import pytest

from memory import exceptions as errors
from memory.llm.base import Fact, SummaryRequest, TraitFinding, Usage
from memory.llm.endpoint import Endpoint
from memory.llm.openai import OpenAIConsolidator
from memory.llm.prompts import PROMOTION_SCHEMA, TRANSFER_SCHEMA
from tests.memory.llm.requests import AT, promotion_request, transfer_request
from tests.openai_answers import transfer_answer
from tests.openai_server import ERROR_SECRET, Behaviour, OpenAIServer

TRANSFER = transfer_request("I like tea", "I play tennis")
PROMOTION = promotion_request("I like tea", "I play tennis")
GOOD = json.dumps(transfer_answer([{"index": 0, "user": "I like tea"}, {"index": 1, "user": "I play tennis"}]))


@pytest.fixture
def endpoint(server: OpenAIServer) -> Endpoint:
    return Endpoint("test-model", server.base_url, "sk-secret", timeout=2.0)


@pytest.fixture
def consolidator(endpoint: Endpoint) -> OpenAIConsolidator:
    return OpenAIConsolidator(endpoint)


def test_transfer_is_one_structured_call(server: OpenAIServer, consolidator: OpenAIConsolidator) -> None:
    result = consolidator.transfer(TRANSFER)

    assert [topic.page_indexes for topic in result.topics] == [(0, 1)]
    assert [note.continues for note in result.pages] == [False, True]
    assert result.usage.tokens_in
    assert result.usage.tokens_out
    (request,) = server.requests
    assert request.body["response_format"] == {"type": "json_schema", "json_schema": TRANSFER_SCHEMA}
    assert (consolidator.name, consolidator.is_model) == ("test-model", True)


def test_promotion_is_one_structured_call(server: OpenAIServer, consolidator: OpenAIConsolidator) -> None:
    result = consolidator.promote(PROMOTION)

    assert result.user_knowledge == (
        Fact("The user said: I like tea", (0,), AT),
        Fact("The user said: I play tennis", (1,), PROMOTION.pages[1].occurred_at),
    )
    assert result.traits == (TraitFinding("sports", "low", "A test says so.", (0,)),)
    assert [fact.text for fact in result.assistant_knowledge] == ["The assistant answered a test."]
    (request,) = server.requests
    assert request.body["response_format"]["json_schema"] == PROMOTION_SCHEMA


@pytest.mark.parametrize(
    ("rejects", "first", "later"),
    [
        ({"json_schema"}, ["json_schema", "json_object"], ["json_object"]),
        ({"json_schema", "json_object"}, ["json_schema", "json_object", None], [None]),
        ({"response_format"}, ["json_schema", "json_object", None], [None]),
    ],
)
def test_refused_form_steps_down_and_is_remembered(
    server: OpenAIServer,
    consolidator: OpenAIConsolidator,
    rejects: set[str],
    first: list[str | None],
    later: list[str | None],
) -> None:
    server.default = Behaviour(rejects=frozenset(rejects))

    consolidator.transfer(TRANSFER)
    consolidator.promote(PROMOTION)

    forms = [request.body.get("response_format", {}).get("type") for request in server.requests]
    assert forms == first + later


def test_400_for_another_reason_keeps_the_strict_form(server: OpenAIServer, consolidator: OpenAIConsolidator) -> None:
    server.queue(*[Behaviour(status=400)] * 3)

    with pytest.raises(errors.ModelRefused):
        consolidator.transfer(TRANSFER)
    consolidator.transfer(TRANSFER)

    assert server.requests[-1].body["response_format"]["type"] == "json_schema"


def test_an_answer_without_end_is_not_searched(server: OpenAIServer, consolidator: OpenAIConsolidator) -> None:
    server.default = Behaviour(text="{" * 3_000_000)
    began = time.monotonic()
    with pytest.raises(errors.ModelMalformedAnswer):
        consolidator.transfer(TRANSFER)
    assert time.monotonic() - began < 4
    assert len(server.requests) == 1


@pytest.mark.parametrize("bad", [GOOD[:-40], "I would rather not.", "", '{"pages": [], "topics": []}'])
def test_unusable_answer_is_asked_for_once_more(
    server: OpenAIServer, consolidator: OpenAIConsolidator, bad: str
) -> None:
    server.queue(Behaviour(text=bad), Behaviour(text=GOOD))

    result = consolidator.transfer(TRANSFER)

    assert len(result.pages) == 2
    first, again = (request.body["messages"] for request in server.requests)
    assert again[:2] == first
    assert [turn["role"] for turn in again[2:]] == ["assistant", "user"]
    assert "could not be used" in again[3]["content"]


def test_usage_of_both_calls_is_summed(server: OpenAIServer, consolidator: OpenAIConsolidator) -> None:
    consolidator.transfer(TRANSFER)
    once = consolidator.transfer(TRANSFER).usage
    server.queue(Behaviour(text="one two three"))

    twice = consolidator.transfer(TRANSFER).usage

    assert twice.tokens_out == (once.tokens_out or 0) + 3
    assert (twice.tokens_in or 0) > 2 * (once.tokens_in or 0)


@pytest.mark.parametrize(
    ("second", "tokens_out"),
    [(Behaviour(text="not this time either"), 7), (Behaviour(text=""), 3), (Behaviour(status=500), 3)],
)
def test_an_error_carries_what_was_paid_before_it(
    server: OpenAIServer, consolidator: OpenAIConsolidator, second: Behaviour, tokens_out: int
) -> None:
    server.queue(Behaviour(text="no JSON here"), second)

    with pytest.raises(errors.ModelError) as raised:
        consolidator.transfer(TRANSFER)

    assert raised.value.usage is not None
    assert raised.value.usage.tokens_out == tokens_out
    assert raised.value.usage.tokens_in


def test_an_answer_without_a_choice_is_paid_for_too(server: OpenAIServer, consolidator: OpenAIConsolidator) -> None:
    usage = {"prompt_tokens": 90, "completion_tokens": 0, "total_tokens": 90}
    answer = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [], "usage": usage}
    server.default = Behaviour(raw_body=json.dumps(answer), content_type="application/json")

    with pytest.raises(errors.ModelMalformedAnswer) as raised:
        consolidator.transfer(TRANSFER)

    assert raised.value.usage == Usage(90, 0)


def test_usage_the_server_does_not_tell_is_none(server: OpenAIServer, consolidator: OpenAIConsolidator) -> None:
    server.default = Behaviour(usage=False)

    assert consolidator.transfer(TRANSFER).usage == Usage(None, None)


@pytest.mark.parametrize("count", [-1, 10**12, True, 5.5, "90", None])
def test_usage_that_is_no_count_is_none(server: OpenAIServer, consolidator: OpenAIConsolidator, count: object) -> None:
    """The ledger's column takes none of these, and a job must not fail for what it only notes."""
    message = {"role": "assistant", "content": '{"summary": "They spoke of tea."}'}
    body = {
        "id": "x", "object": "chat.completion", "created": 1, "model": "m", "usage": {"prompt_tokens": count},
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
    }  # fmt: skip
    server.queue(Behaviour(raw_body=json.dumps(body), content_type="application/json"))

    assert consolidator.summarise(SummaryRequest(TRANSFER.pages)).usage == Usage(None, None)


@pytest.mark.parametrize(
    ("text", "kind"), [("no JSON here", errors.ModelMalformedAnswer), ("", errors.ModelEmptyAnswer)]
)
def test_second_unusable_answer_raises(
    server: OpenAIServer, consolidator: OpenAIConsolidator, text: str, kind: type[errors.ModelError]
) -> None:
    server.default = Behaviour(text=text)

    with pytest.raises(kind):
        consolidator.promote(PROMOTION)

    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{GOOD}\n```",
        f"<think>Two pages {{0, 1}}.</think>\nHere you are:\n{GOOD}\nAnything else?",
        GOOD.replace('"index": 0', '"index": "0"').replace("true", '"true"'),
        GOOD[:-1] + ', "confidence": 0.9,}',
    ],
)
def test_badly_dressed_json_is_read_at_once(server: OpenAIServer, consolidator: OpenAIConsolidator, text: str) -> None:
    server.default = Behaviour(text=text)

    assert len(consolidator.transfer(TRANSFER).pages) == 2
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (Behaviour(status=401), errors.ModelUnauthorised),
        (Behaviour(status=429), errors.ModelRateLimited),
        (Behaviour(status=500), errors.ModelServerError),
        (Behaviour(status=404), errors.ModelRefused),
        (Behaviour(cut_after=0), errors.ModelUnreachable),
        (Behaviour(raw_body="<html>", content_type="text/html"), errors.ModelMalformedAnswer),
        (Behaviour(raw_body="{}", content_type="application/json"), errors.ModelMalformedAnswer),
        (Behaviour(raw_body="[" * 200_000, content_type="application/json"), errors.ModelMalformedAnswer),
        (Behaviour(raw_body="9" * 6000, content_type="application/json"), errors.ModelMalformedAnswer),
        (Behaviour(raw_body='{"choices": 5}', content_type="application/json"), errors.ModelMalformedAnswer),
        (Behaviour(raw_body='{"choices": {"0": 5}}', content_type="application/json"), errors.ModelMalformedAnswer),
    ],
)
def test_failure_raises_without_a_retry(
    server: OpenAIServer, consolidator: OpenAIConsolidator, behaviour: Behaviour, kind: type[errors.ModelError]
) -> None:
    server.default = behaviour

    with pytest.raises(kind) as raised:
        consolidator.transfer(TRANSFER)

    assert ERROR_SECRET not in str(raised.value)
    assert len(server.requests) == 1


def test_silence_times_out(server: OpenAIServer, endpoint: Endpoint) -> None:
    server.default = Behaviour(stall_after=0)

    with pytest.raises(errors.ModelTimedOut):
        OpenAIConsolidator(replace(endpoint, timeout=0.03)).transfer(TRANSFER)


def test_impossible_address_is_unreachable(endpoint: Endpoint) -> None:
    with pytest.raises(errors.ModelUnreachable):
        OpenAIConsolidator(replace(endpoint, base_url="http://[::1")).transfer(TRANSFER)
