"""Trying a server that is right, slow, picky, wrong or no server of models at all."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from memory import exceptions as errors
from memory.llm.base import Usage
from memory.llm.endpoint import Endpoint
from memory.llm.findings import Fault, Mark, Step
from memory.llm.probing import list_models, probe
from memory.outbound import private_addresses_allowed
from tests.openai_server import Behaviour, OpenAIServer

KEY = "sk-very-secret"
GOOD = Behaviour()


@pytest.fixture
def endpoint(server: OpenAIServer) -> Endpoint:
    return Endpoint("test-model", server.base_url, KEY, timeout=0.001)


async def test_a_right_server_passes_every_step(server: OpenAIServer, endpoint: Endpoint) -> None:
    server.default = Behaviour(tokens_per_second=100, models=("b-model", "test-model", "a-model"))
    found = await probe(endpoint, "embedder")
    marks = [step.mark for step in (found.listing, found.answer, found.structured, found.embedding) if step]
    assert marks == [Mark.GOOD] * 4
    assert found.listing.models == ("a-model", "b-model", "test-model")
    assert found.answer.first_token_ms is not None
    assert 0 <= found.answer.first_token_ms < 2000
    assert found.answer.tokens_per_second is not None
    assert 50 < found.answer.tokens_per_second <= 120
    assert (found.answer.usage.tokens_out, found.structured.form) == (11, "json_schema")
    assert found.embedding is not None
    assert found.embedding.width == 64
    assert [request.path for request in server.requests] == [
        *("/v1/models", "/v1/chat/completions", "/v1/chat/completions", "/v1/embeddings")
    ]
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}
    assert [request.body["model"] for request in server.requests[1:]] == ["test-model", "test-model", "embedder"]


async def test_without_an_embedding_model_none_is_asked(server: OpenAIServer, endpoint: Endpoint) -> None:
    assert (await probe(endpoint)).embedding is None
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, errors.ModelUnauthorised), (403, errors.ModelUnauthorised), (307, errors.ModelMoved)],
)
async def test_a_wrong_key_or_a_server_elsewhere_ends_the_test(
    server: OpenAIServer, endpoint: Endpoint, status: int, error: type[errors.ModelError]
) -> None:
    server.default = Behaviour(status=status)
    found = await probe(replace(endpoint, guarded=False), "embedder")
    assert isinstance(found.listing.error, error)
    assert [step and step.mark for step in (found.answer, found.structured, found.embedding)] == [Mark.SKIPPED] * 3
    assert len(server.requests) == 1


async def test_nobody_there_is_unreachable(endpoint: Endpoint) -> None:
    found = await probe(replace(endpoint, base_url="http://127.0.0.1:9/v1"))
    assert isinstance(found.listing.error, errors.ModelUnreachable)
    assert (found.listing.mark, found.answer) == (Mark.BAD, Step())


async def test_a_private_address_is_refused_and_never_asked(server: OpenAIServer, endpoint: Endpoint) -> None:
    assert not private_addresses_allowed()
    found = await probe(replace(endpoint, guarded=True))
    assert isinstance(found.listing.error, errors.ModelAddressRefused)
    assert server.requests == []


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(raw_body="<!doctype html><title>Router</title>", content_type="text/html"),
        Behaviour(raw_body="<!doctype html>", content_type="application/json"),
        Behaviour(raw_body='["a", "b"]', content_type="application/json"),
        Behaviour(raw_body='{"data": "all"}', content_type="application/json"),
        Behaviour(raw_body="[" * 200_000, content_type="application/json"),
        Behaviour(raw_body=f'{{"data": [{"9" * 6000}]}}', content_type="application/json"),
    ],
)
async def test_something_that_is_no_server_of_models_is_told_apart(
    server: OpenAIServer, endpoint: Endpoint, behaviour: Behaviour
) -> None:
    server.default = behaviour
    found = await probe(endpoint)
    assert (found.listing.mark, found.listing.fault, found.answer.mark) == (Mark.BAD, Fault.NO_API, Mark.SKIPPED)


async def test_names_that_cannot_be_shown_are_left_out(server: OpenAIServer, endpoint: Endpoint) -> None:
    body = '{"data": [{"id": "m"}, {"id": 5}, {"id": ""}, {"id": "a\\u0000b"}, {"id": "%s"}, "x", null]}' % ("m" * 201)
    server.queue(Behaviour(raw_body=body, content_type="application/json"))
    assert (await list_models(endpoint)).models == ("m",)


async def test_a_server_without_a_list_is_tried_all_the_same(server: OpenAIServer, endpoint: Endpoint) -> None:
    server.queue(Behaviour(status=404))
    found = await probe(endpoint)
    assert (found.listing.mark, found.listing.fault) == (Mark.WARNING, Fault.NO_LIST)
    assert (found.answer.mark, found.structured.mark) == (Mark.GOOD, Mark.GOOD)


async def test_an_unknown_model_is_refused_and_its_json_not_asked_for(server: OpenAIServer, endpoint: Endpoint) -> None:
    server.queue(GOOD, Behaviour(status=404), Behaviour(status=404))
    found = await probe(replace(endpoint, model="gone"))
    assert (found.listing.mark, found.answer.mark, found.structured.mark) == (Mark.GOOD, Mark.BAD, Mark.SKIPPED)
    assert isinstance(found.answer.error, errors.ModelRefused)


async def test_a_model_that_answers_though_no_list_names_it_is_a_warning(
    server: OpenAIServer, endpoint: Endpoint
) -> None:
    found = await probe(replace(endpoint, model="alias"))
    assert (found.listing.mark, found.listing.fault, found.answer.mark) == (
        Mark.WARNING,
        Fault.NOT_LISTED,
        Mark.GOOD,
    )


@pytest.mark.parametrize(
    ("rejects", "form"),
    [({"json_schema"}, "json_object"), ({"json_schema", "json_object"}, "none")],
)
async def test_the_form_steps_down_as_the_consolidators_does(
    server: OpenAIServer, endpoint: Endpoint, rejects: set[str], form: str
) -> None:
    server.default = Behaviour(rejects=frozenset(rejects))
    found = await probe(endpoint)
    assert (found.structured.mark, found.structured.form) == (Mark.GOOD, form)


@pytest.mark.parametrize("text", ["Eight legs.", "", '{"legs": 8}'])
async def test_a_model_that_writes_no_json_is_a_warning(server: OpenAIServer, endpoint: Endpoint, text: str) -> None:
    server.queue(GOOD, GOOD, Behaviour(text=text))
    found = await probe(endpoint)
    assert (found.structured.mark, found.structured.fault) == (Mark.WARNING, Fault.NO_JSON)


async def test_reading_megabytes_keeps_no_event_loop_from_its_other_tasks(
    server: OpenAIServer, endpoint: Endpoint
) -> None:
    rows = f"[{('{}, ' * 500_000)[:-2]}]"
    rows = f'{{"choices": {rows}, "data": {rows}}}'
    large = Behaviour(raw_body=rows, content_type="application/json")
    server.queue(large, GOOD, large, large)
    longest = 0.0

    async def other() -> None:
        nonlocal longest
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - began)

    task = asyncio.create_task(other())
    await probe(endpoint, "embedder")
    task.cancel()
    assert len(server.requests) == 4
    assert longest < 1


@pytest.mark.parametrize("body", ["[" * 200_000, "9" * 6000])
async def test_json_that_cannot_be_read_fails_its_step(server: OpenAIServer, endpoint: Endpoint, body: str) -> None:
    unreadable = Behaviour(raw_body=body, content_type="application/json")
    server.queue(GOOD, GOOD, unreadable, unreadable)
    found = await probe(endpoint, "embedder")
    assert found.embedding is not None
    assert [type(step.error) for step in (found.structured, found.embedding)] == [errors.ModelMalformedAnswer] * 2
    server.queue(GOOD, GOOD, Behaviour(raw_body='{"choices": 5}', content_type="application/json"))
    found = await probe(endpoint)
    assert (found.structured.mark, found.structured.fault) == (Mark.WARNING, Fault.NO_JSON)


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(text=""), errors.ModelEmptyAnswer),
        (Behaviour(status=500), errors.ModelServerError),
        (Behaviour(status=429), errors.ModelRateLimited),
        (Behaviour(cut_after=2), errors.ModelCutOff),
        (Behaviour(malformed_after=1), errors.ModelMalformedAnswer),
        (Behaviour(raw_body=f"data: {'[' * 200_000}\n\n"), errors.ModelMalformedAnswer),
        (Behaviour(raw_body=f"data: {'9' * 6000}\n\n"), errors.ModelMalformedAnswer),
    ],
)
async def test_an_answer_that_fails_is_told_by_its_error(
    server: OpenAIServer, endpoint: Endpoint, behaviour: Behaviour, error: type[errors.ModelError]
) -> None:
    server.queue(GOOD, behaviour)
    found = await probe(endpoint)
    assert type(found.answer.error) is error
    assert found.structured.mark is Mark.SKIPPED


@pytest.mark.parametrize("ask", [probe, list_models])
async def test_a_server_that_hangs_is_given_up_in_time(
    server: OpenAIServer, endpoint: Endpoint, ask: Callable[..., Awaitable[object]]
) -> None:
    server.default = Behaviour(first_byte_after=60)
    began = time.monotonic()
    found = await ask(endpoint, seconds=0.3)
    assert time.monotonic() - began < 2
    listing = found if isinstance(found, Step) else getattr(found, "listing", None)
    assert isinstance(listing, Step)
    assert isinstance(listing.error, errors.ModelTimedOut)


async def test_a_server_that_drips_is_given_up_in_time(server: OpenAIServer, endpoint: Endpoint) -> None:
    server.queue(GOOD, Behaviour(text="a " * 100, tokens_per_second=20))
    began = time.monotonic()
    found = await probe(endpoint, seconds=0.5)
    assert time.monotonic() - began < 2
    assert isinstance(found.answer.error, errors.ModelTimedOut)


async def test_what_no_time_is_left_for_is_skipped(server: OpenAIServer, endpoint: Endpoint) -> None:
    assert (await probe(endpoint, seconds=0)).answer == Step()
    assert server.requests == []


async def test_a_model_that_talks_on_is_left(server: OpenAIServer, endpoint: Endpoint) -> None:
    server.queue(GOOD, Behaviour(text="word " * 2000, tokens_per_second=1000))
    began = time.monotonic()
    found = await probe(endpoint)
    assert time.monotonic() - began < 1.5
    assert found.answer.mark is Mark.GOOD


async def test_a_model_without_embeddings_fails_that_step_alone(server: OpenAIServer, endpoint: Endpoint) -> None:
    server.queue(GOOD, GOOD, GOOD, Behaviour(embeddings=[]))
    found = await probe(endpoint, "none")
    assert found.embedding is not None
    assert (found.answer.mark, found.embedding.mark) == (Mark.GOOD, Mark.BAD)
    assert isinstance(found.embedding.error, errors.ModelMalformedAnswer)


async def test_neither_key_nor_what_the_server_wrote_is_in_a_result(server: OpenAIServer, endpoint: Endpoint) -> None:
    server.default = Behaviour(status=400, error_body='{"error": {"message": "internal-detail sk-very-secret"}}')
    found = await probe(endpoint, "embedder")
    for told in (repr(found), repr(endpoint), str(found.answer.error)):
        assert "internal-detail" not in told
        assert KEY not in told


async def test_what_was_paid_is_counted(server: OpenAIServer, endpoint: Endpoint) -> None:
    found = await probe(endpoint)
    assert found.structured.usage != Usage()
    assert found.structured.usage.tokens_out == 2


async def test_no_log_at_any_level_holds_the_key(
    server: OpenAIServer, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await probe(endpoint, "embedder")
    assert caplog.records
    assert KEY not in caplog.text
    assert not any(KEY in str(record.args) for record in caplog.records)
