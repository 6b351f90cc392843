"""The real client against a local server: every way an answer can come, break off or fail."""

import asyncio
import json
import socketserver
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from memory import exceptions as errors
from memory.llm.base import Delta, ReplyRequest, Turn, Usage
from memory.llm.endpoint import Endpoint
from memory.llm.openai import PLACEHOLDER_KEY, OpenAIResponder
from tests.openai_answers import DEFAULT_REPLY
from tests.openai_server import ERROR_SECRET, Behaviour, OpenAIServer

KEY = "sk-very-secret"
REQUEST = ReplyRequest(
    question="Who am I?",
    turns=(Turn("system", "You remember."), Turn("user", "Who am I?")),
    recalled=(),
    now=datetime(2025, 1, 2, tzinfo=UTC),
)


@pytest.fixture
def endpoint(server: OpenAIServer) -> Endpoint:
    return Endpoint("test-model", server.base_url, KEY, timeout=2.0)


@pytest.fixture
def responder(endpoint: Endpoint) -> OpenAIResponder:
    return OpenAIResponder(endpoint)


async def collect(items: AsyncIterator[Delta | Usage]) -> tuple[str, list[Usage], Exception | None]:
    """Return the text, the usages and the error a stream ended with."""
    text, usages = "", list[Usage]()
    try:
        async for item in items:
            if isinstance(item, Delta):
                text += item.text
            else:
                usages.append(item)
    except errors.ModelError as error:
        return text, usages, error
    return text, usages, None


async def test_stream_yields_deltas_and_then_usage(server: OpenAIServer, responder: OpenAIResponder) -> None:
    text, usages, error = await collect(responder.stream(REQUEST))

    assert (text, usages, error) == (DEFAULT_REPLY, [Usage(5, 11)], None)
    (request,) = server.requests
    assert request.body == {
        "model": "test-model",
        "messages": [{"role": "system", "content": "You remember."}, {"role": "user", "content": "Who am I?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert responder.name == "test-model"
    assert responder.is_model


async def test_missing_key_sends_a_placeholder(server: OpenAIServer, endpoint: Endpoint) -> None:
    await collect(OpenAIResponder(replace(endpoint, api_key="")).stream(REQUEST))

    assert server.requests[0].headers["authorization"] == f"Bearer {PLACEHOLDER_KEY}"


async def test_refused_stream_options_are_left_out_ever_after(server: OpenAIServer, responder: OpenAIResponder) -> None:
    server.default = Behaviour(text="Hello", rejects=frozenset({"stream_options"}))

    answers = [(await collect(responder.stream(REQUEST)))[0] for _ in range(2)]

    assert answers == ["Hello", "Hello"]
    assert ["stream_options" in request.body for request in server.requests] == [True, False, False]


async def test_a_400_for_another_reason_does_not_cost_the_usage(
    server: OpenAIServer, responder: OpenAIResponder
) -> None:
    server.queue(Behaviour(status=400), Behaviour(status=400))

    _, _, error = await collect(responder.stream(REQUEST))
    _, usages, _ = await collect(responder.stream(REQUEST))

    assert isinstance(error, errors.ModelRefused)
    assert len(usages) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.ModelRefused),
        (401, errors.ModelUnauthorised),
        (402, errors.ModelRateLimited),
        (403, errors.ModelUnauthorised),
        (404, errors.ModelRefused),
        (408, errors.ModelTimedOut),
        (422, errors.ModelRefused),
        (429, errors.ModelRateLimited),
        (500, errors.ModelServerError),
        (503, errors.ModelServerError),
        (504, errors.ModelTimedOut),
    ],
)
async def test_status_becomes_its_error_in_plain_words(
    server: OpenAIServer, responder: OpenAIResponder, status: int, kind: type[errors.ModelError]
) -> None:
    server.default = Behaviour(status=status)

    text, _, error = await collect(responder.stream(REQUEST))

    assert (text, type(error)) == ("", kind)
    assert str(error) == f"{kind.message} (HTTP {status}, model test-model)"
    assert ERROR_SECRET not in str(error)
    assert error is not None
    assert error.__suppress_context__


async def test_failure_is_one_request(server: OpenAIServer, responder: OpenAIResponder) -> None:
    server.default = Behaviour(status=500)

    await collect(responder.stream(REQUEST))

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "text", "kind"),
    [
        (Behaviour(text="one two three", cut_after=2), "one two", errors.ModelCutOff),
        (Behaviour(text="one two three", end_after=2), "one two", errors.ModelCutOff),
        (Behaviour(text="one two", finish_reason=None), "one two", errors.ModelCutOff),
        (Behaviour(text="one two", cut_after=0), "", errors.ModelCutOff),
        (Behaviour(text=""), "", errors.ModelEmptyAnswer),
        (Behaviour(text="  "), "  ", errors.ModelEmptyAnswer),
        (Behaviour(text="", reasoning="I think so"), "", errors.ModelEmptyAnswer),
        (Behaviour(text="<think>hm, hm"), "", errors.ModelEmptyAnswer),
        (Behaviour(text="one two", malformed_after=1), "one", errors.ModelMalformedAnswer),
        (Behaviour(text="one two", error_event_after=1), "one", errors.ModelServerError),
        (Behaviour(raw_body="<html>", content_type="text/html"), "", errors.ModelMalformedAnswer),
        (Behaviour(raw_body='data: ["list"]\n\n'), "", errors.ModelMalformedAnswer),
        (Behaviour(raw_body=f"data: {'[' * 200_000}\n\n"), "", errors.ModelMalformedAnswer),
        (Behaviour(raw_body=f"data: {'9' * 6000}\n\n"), "", errors.ModelMalformedAnswer),
        (Behaviour(raw_body='data: {"choices": 5}\n\n'), "", errors.ModelCutOff),
        (Behaviour(raw_body='data: {"choices": null}\n\ndata: [DONE]\n\n'), "", errors.ModelCutOff),
        (Behaviour(raw_body='data: {"choices": [{}]}\n\ndata: [DONE]\n\n'), "", errors.ModelCutOff),
        (Behaviour(raw_body="data: [DONE]\n\n"), "", errors.ModelEmptyAnswer),
    ],
)
async def test_broken_answer_keeps_its_text_and_raises(
    server: OpenAIServer, responder: OpenAIResponder, behaviour: Behaviour, text: str, kind: type[errors.ModelError]
) -> None:
    server.default = behaviour

    got, _, error = await collect(responder.stream(REQUEST))

    assert (got, type(error)) == (text, kind)
    assert ERROR_SECRET not in str(error)


async def test_answer_without_done_is_whole_once_it_is_finished(
    server: OpenAIServer, responder: OpenAIResponder
) -> None:
    server.default = Behaviour(text="all of it", done=False)

    assert (await collect(responder.stream(REQUEST)))[::2] == ("all of it", None)


@pytest.mark.parametrize(
    ("behaviour", "text"),
    [
        (Behaviour(first_byte_after=5), ""),
        (Behaviour(text="one two", stall_after=1), "one"),
    ],
)
async def test_silence_times_out(server: OpenAIServer, endpoint: Endpoint, behaviour: Behaviour, text: str) -> None:
    server.default = behaviour

    got, _, error = await collect(OpenAIResponder(replace(endpoint, timeout=0.1)).stream(REQUEST))

    assert (got, type(error)) == (text, errors.ModelTimedOut)


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1/v1", "localhost:1/v1", "http://[::1", "not an address"])
async def test_wrong_address_is_unreachable(endpoint: Endpoint, base_url: str) -> None:
    _, _, error = await collect(OpenAIResponder(replace(endpoint, base_url=base_url)).stream(REQUEST))

    assert isinstance(error, errors.ModelUnreachable)


async def test_key_no_header_can_carry_is_refused_without_showing_it(endpoint: Endpoint) -> None:
    _, _, error = await collect(OpenAIResponder(replace(endpoint, api_key="schlüssel")).stream(REQUEST))

    assert isinstance(error, errors.ModelUnauthorised)
    assert "schlüssel" not in str(error)


def test_endpoint_repr_hides_the_key(endpoint: Endpoint) -> None:
    assert KEY not in repr(endpoint)


async def test_reasoning_is_not_shown(server: OpenAIServer, responder: OpenAIResponder) -> None:
    server.default = Behaviour(text="<think>The user asks. </think>\n\nYou are Tom.", reasoning="let me think")

    assert (await collect(responder.stream(REQUEST)))[0] == "You are Tom."


async def test_characters_no_database_takes_are_dropped(server: OpenAIServer, responder: OpenAIResponder) -> None:
    server.default = Behaviour(text="a\x00b \ud800c")

    assert (await collect(responder.stream(REQUEST)))[0] == "ab c"


async def test_a_character_split_over_two_chunks_is_joined(server: OpenAIServer, responder: OpenAIResponder) -> None:
    chunks = [
        {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        for choice in (
            {"index": 0, "delta": {"content": "a\ud83d"}, "finish_reason": None},
            {"index": 0, "delta": {"content": "\ude00b"}, "finish_reason": "stop"},
        )
    ]
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    server.default = Behaviour(raw_body=body)

    assert (await collect(responder.stream(REQUEST)))[0] == "a😀b"


async def test_cancelling_closes_the_connection(server: OpenAIServer, responder: OpenAIResponder) -> None:
    server.default = Behaviour(text="one two", stall_after=1)
    task = asyncio.create_task(collect(responder.stream(REQUEST)))
    (request,) = await asyncio.to_thread(server.wait_for_requests, 1)
    await asyncio.sleep(0.02)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await asyncio.to_thread(request.disconnected.wait, 2)


async def test_closing_the_iterator_closes_the_connection(server: OpenAIServer, responder: OpenAIResponder) -> None:
    server.default = Behaviour(text="one two", stall_after=1)

    async with aclosing(responder.stream(REQUEST)) as stream:
        assert await anext(stream) == Delta("one")

    assert await asyncio.to_thread(server.requests[0].disconnected.wait, 2)


def test_one_responder_serves_several_event_loops(responder: OpenAIResponder) -> None:
    answers = [asyncio.run(collect(responder.stream(REQUEST)))[0] for _ in range(2)]

    assert answers == [DEFAULT_REPLY, DEFAULT_REPLY]


async def test_one_responder_serves_several_replies_at_once(responder: OpenAIResponder) -> None:
    answers = await asyncio.gather(*(collect(responder.stream(REQUEST)) for _ in range(5)))

    assert [text for text, _, _ in answers] == [DEFAULT_REPLY] * 5


async def test_a_guarded_endpoint_is_never_reached_at_a_private_address(
    server: OpenAIServer, endpoint: Endpoint
) -> None:
    guarded = OpenAIResponder(replace(endpoint, guarded=True))
    _, _, error = await collect(guarded.stream(REQUEST))
    assert isinstance(error, errors.ModelAddressRefused)
    assert server.requests == []


@pytest.mark.parametrize("own", [False, True])
async def test_an_endpoint_of_a_persons_own_is_told_nothing_of_the_operators_account(
    server: OpenAIServer, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-operator")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-the-operator")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-gateway: secret-of-the-operator\nauthorization: Bearer other")
    await collect(OpenAIResponder(replace(endpoint, own=own)).stream(REQUEST))
    headers = server.requests[0].headers
    assert ("of-the-operator" in str(headers)) is not own
    if own:
        assert headers["authorization"] == f"Bearer {KEY}"


class _HalfAnError(socketserver.StreamRequestHandler):
    """Answers every request with a fault, and goes in the middle of telling it."""

    def handle(self) -> None:
        self.rfile.readline()
        self.wfile.write(b"HTTP/1.1 500 Oh\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{")


async def test_a_fault_that_breaks_off_is_a_fault_all_the_same(endpoint: Endpoint) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _HalfAnError) as broken:
        thread = threading.Thread(target=broken.serve_forever, args=(0.01,))
        thread.start()
        there = replace(endpoint, base_url=f"http://127.0.0.1:{broken.server_address[1]}/v1")
        _, _, error = await collect(OpenAIResponder(there).stream(REQUEST))
        broken.shutdown()
        thread.join()
    assert isinstance(error, errors.ModelUnreachable)
