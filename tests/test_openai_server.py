"""The fake server is used by everybody's tests, so it is tested itself, with plain HTTP."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from memory.llm.prompts import PROMOTION_TASK, TRANSFER_TASK
from tests.openai_server import DEFAULT_REPLY, Behaviour, OpenAIServer


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


def connect(server: OpenAIServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=5)


def post(server: OpenAIServer, path: str, body: object) -> tuple[int, bytes]:
    with closing(connect(server)) as connection:
        connection.request("POST", f"/v1{path}", json.dumps(body), {"authorization": "Bearer k"})
        with closing(connection.getresponse()) as response:
            return response.status, response.read()


def chat(server: OpenAIServer, **fields: Any) -> tuple[int, bytes]:
    return post(server, "/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "Hi"}]} | fields)


def events(body: bytes) -> list[str]:
    return [line.removeprefix("data: ") for line in body.decode().split("\n\n") if line]


def test_chat_answers_and_records_the_request(server: OpenAIServer) -> None:
    status, body = chat(server)

    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, DEFAULT_REPLY)
    (request,) = server.requests
    assert request.body == {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    assert request.headers["authorization"] == "Bearer k"
    assert server.disconnects == 0


def test_chat_streams_pieces_usage_and_done(server: OpenAIServer) -> None:
    server.default = Behaviour(text="one two", reasoning="hm")

    _, body = chat(server, stream=True, stream_options={"include_usage": True})

    *chunks, done = events(body)
    deltas = [choice["delta"] for chunk in chunks for choice in json.loads(chunk)["choices"]]
    assert deltas == [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "hm"},
        {"content": "one"},
        {"content": " two"},
        {},
    ]
    assert json.loads(chunks[-1])["usage"] == {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    assert done == "[DONE]"


def test_queued_behaviours_answer_one_request_each(server: OpenAIServer) -> None:
    server.queue(Behaviour(status=429), Behaviour(text="second"))

    assert [chat(server)[0], json.loads(chat(server)[1])["choices"][0]["message"]["content"]] == [429, "second"]
    assert DEFAULT_REPLY.encode() in chat(server)[1]


@pytest.mark.parametrize("field", ["stream_options", "response_format"])
def test_rejected_field_is_a_400(server: OpenAIServer, field: str) -> None:
    server.default = Behaviour(rejects=frozenset({field}))

    assert chat(server, **{field: {"type": "json_object"}})[0] == 400
    assert chat(server)[0] == 200


def test_rejected_format_leaves_the_other_formats(server: OpenAIServer) -> None:
    server.default = Behaviour(rejects=frozenset({"json_schema"}))

    assert chat(server, response_format={"type": "json_schema"})[0] == 400
    assert chat(server, response_format={"type": "json_object"})[0] == 200


def test_cut_closes_the_socket_in_the_middle(server: OpenAIServer) -> None:
    server.default = Behaviour(text="one two three", cut_after=1)

    with pytest.raises(http.client.IncompleteRead) as broken:
        chat(server, stream=True)

    assert b"one" in broken.value.partial
    assert b"two" not in broken.value.partial


def test_slow_first_byte_and_token_rate_take_their_time(server: OpenAIServer) -> None:
    server.default = Behaviour(text="one two", first_byte_after=0.05, tokens_per_second=40)
    begun = time.monotonic()

    chat(server, stream=True)

    assert time.monotonic() - begun >= 0.1


def test_disconnect_is_seen_while_the_answer_stalls(server: OpenAIServer) -> None:
    server.default = Behaviour(text="one two", stall_after=1)
    connection = connect(server)
    connection.request("POST", "/v1/chat/completions", json.dumps({"stream": True, "messages": []}))
    connection.getresponse().close()
    connection.close()

    (request,) = server.wait_for_requests(1)

    assert request.disconnected.wait(2)
    assert server.disconnects == 1


def test_stop_ends_a_stalled_answer() -> None:
    with OpenAIServer(Behaviour(stall_after=0)) as server:
        connection = connect(server)
        connection.request("POST", "/v1/chat/completions", json.dumps({"stream": True, "messages": []}))
        server.wait_for_requests(1)
    connection.close()


def test_automatic_answers_fit_the_pages(server: OpenAIServer) -> None:
    pages = [{"index": 0, "user": "I like tea", "assistant": "Nice"}, {"index": 1, "user": "", "assistant": "Hm"}]
    prompt = f"<pages>\n{json.dumps(pages)}\n</pages>"

    answers = [
        json.loads(
            json.loads(
                chat(server, messages=[{"role": "system", "content": task}, {"role": "user", "content": prompt}])[1]
            )["choices"][0]["message"]["content"]
        )
        for task in (TRANSFER_TASK, PROMOTION_TASK)
    ]

    assert [note["index"] for note in answers[0]["pages"]] == [0, 1]
    assert answers[0]["topics"][0]["pages"] == [0, 1]
    assert [fact["text"] for fact in answers[1]["user_knowledge"]] == ["The user said: I like tea"]
    assert server.chats == []


def test_models_embeddings_and_unknown_paths(server: OpenAIServer) -> None:
    connection = connect(server)
    connection.request("GET", "/v1/models")
    models = json.loads(connection.getresponse().read())
    connection.close()

    embedded = json.loads(post(server, "/embeddings", {"model": "e", "input": ["a a", "b"]})[1])

    assert [model["id"] for model in models["data"]] == ["test-model"]
    assert [row["index"] for row in embedded["data"]] == [1, 0]
    assert sum(embedded["data"][1]["embedding"]) == 4.0
    assert post(server, "/unknown", {})[0] == 404


def test_reset_forgets_requests_and_behaviours(server: OpenAIServer) -> None:
    server.default = Behaviour(status=500)
    chat(server)
    server.queue(Behaviour(status=503))

    server.reset()

    assert server.requests == []
    assert chat(server)[0] == 200


def test_wait_for_requests_gives_up(server: OpenAIServer) -> None:
    with pytest.raises(TimeoutError):
        server.wait_for_requests(1, timeout=0.01)
