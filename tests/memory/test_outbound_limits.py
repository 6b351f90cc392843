"""What a server that a person named may take: each call has an end, each answer a bound, the event loop its turns."""

from __future__ import annotations

import asyncio
import json
import socketserver
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any

import httpcore2
import httpx2
import pytest

from memory import exceptions as errors
from memory.llm.base import ReplyRequest, Turn
from memory.llm.endpoint import Endpoint
from memory.llm.openai import OpenAIConsolidator, OpenAIResponder
from memory.outbound import AsyncGuardedTransport, GuardedTransport
from memory.outbound_limits import LEAST_OF_A_PART, MOST_BYTES, limit, limit_async
from tests.memory.llm.requests import transfer_request
from tests.openai_answers import envelope, transfer_answer
from tests.openai_server import Behaviour, OpenAIServer

PUBLIC = "93.184.215.14"
TLS = ssl.create_default_context()
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
QUESTION = ReplyRequest("x", (Turn("user", "x"),), (), datetime(2025, 1, 2, tzinfo=UTC))
TRANSFER = transfer_request("I like tea", "I play tennis")
SOON = 3.0
"""Seconds; the calls of these tests would take a minute or have no end at all."""

Talk = Callable[[socketserver.StreamRequestHandler], None]


@contextmanager
def serving(talk: Talk) -> Iterator[int]:
    """A server that talks so to each connection until the other side goes; gives its port."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                talk(self)
            except OSError:
                return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def dripping(begin: bytes, drop: bytes, times: int = 3000, end: bytes = b"") -> AbstractContextManager[int]:
    """A server that is never silent for longer than 20 ms, and for a minute never done."""

    def talk(handler: socketserver.StreamRequestHandler) -> None:
        handler.request.recv(65536)
        handler.wfile.write(begin)
        for _ in range(times):
            handler.wfile.write(drop)
            time.sleep(0.02)
        handler.wfile.write(end)

    return serving(talk)


class Nearby(httpcore2.SyncBackend):
    """A network where every address leads to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        assert host == PUBLIC
        return super().connect_tcp("127.0.0.1", self._port, *args, **kwargs)


class AsyncNearby(httpcore2.AnyIOBackend):
    def __init__(self, port: int) -> None:
        self._port = port

    async def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        assert host == PUBLIC
        return await super().connect_tcp("127.0.0.1", self._port, *args, **kwargs)


def public(host: str, port: int) -> list[str]:
    return [PUBLIC]


def own(port: int, timeout: float = 0.1, *, is_own: bool = True) -> Endpoint:
    return Endpoint("m", f"http://127.0.0.1:{port}/v1", "k", timeout, own=is_own)


async def ask(endpoint: Endpoint) -> None:
    async for _ in OpenAIResponder(endpoint).stream(QUESTION):
        pass


DRIPS = [(OK, b"x-more: 1\r\n"), (OK + b"x-long: ", b"a"), (CHUNKED, b"1\r\n \r\n"), (CHUNKED, b"0")]


@pytest.mark.parametrize(("begin", "drop"), DRIPS)
async def test_a_server_that_is_never_silent_and_never_done_is_given_up(begin: bytes, drop: bytes) -> None:
    with dripping(begin, drop) as port:
        began = time.monotonic()
        with pytest.raises(errors.ModelTimedOut):
            await asyncio.to_thread(OpenAIConsolidator(own(port)).transfer, TRANSFER)
        assert 0.4 < time.monotonic() - began < SOON
        with pytest.raises(errors.ModelTimedOut):
            await ask(own(port, 0.05))
        assert time.monotonic() - began < 2 * SOON


@pytest.mark.parametrize(("begin", "drop"), DRIPS)
async def test_so_it_is_where_the_address_is_guarded(begin: bytes, drop: bytes) -> None:
    with dripping(begin, drop) as port:
        began = time.monotonic()
        with httpx2.Client(transport=GuardedTransport(TLS, public, Nearby(port)), timeout=60) as client:
            limit(client, 0.3)
            with pytest.raises(httpx2.ReadTimeout):
                client.get("http://example.org/")
        async with httpx2.AsyncClient(
            transport=AsyncGuardedTransport(TLS, public, AsyncNearby(port)), timeout=60
        ) as loop_client:
            limit_async(loop_client, 0.3)
            with pytest.raises(httpx2.ReadTimeout):
                await loop_client.get("http://example.org/")
        assert 0.6 <= time.monotonic() - began < SOON


async def test_so_it_is_through_the_environments_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with dripping(*DRIPS[0]) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        endpoint = Endpoint("m", "http://model.invalid/v1", "k", 0.05, own=True)
        began = time.monotonic()
        with pytest.raises(errors.ModelTimedOut):
            await asyncio.to_thread(OpenAIConsolidator(endpoint).transfer, TRANSFER)
        with pytest.raises(errors.ModelTimedOut):
            await ask(endpoint)
        assert time.monotonic() - began < SOON


def test_the_environments_server_may_take_its_time() -> None:
    text = json.dumps(transfer_answer([{"index": 0, "user": "I like tea"}, {"index": 1, "user": "I play tennis"}]))
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    answer = json.dumps(envelope({"model": "m"}, "chat.completion", [choice])).encode()
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(answer), answer)
    head = CHUNKED.replace(b"\r\n\r\n", b"\r\ncontent-type: application/json\r\n\r\n")
    with dripping(head, b"1\r\n \r\n", 35, body) as port:
        assert len(OpenAIConsolidator(own(port, is_own=False)).transfer(TRANSFER).pages) == 2
        with pytest.raises(errors.ModelTimedOut):
            OpenAIConsolidator(own(port)).transfer(TRANSFER)


async def test_each_call_of_a_client_has_the_whole_time() -> None:
    with OpenAIServer() as server:
        server.default = Behaviour(first_byte_after=0.4)
        with httpx2.Client() as client:
            limit(client, 0.7)
            assert [client.get(f"{server.base_url}/models").status_code for _ in range(2)] == [200, 200]
        async with httpx2.AsyncClient() as loop_client:
            limit_async(loop_client, 0.7)
            assert [(await loop_client.get(f"{server.base_url}/models")).status_code for _ in range(2)] == [200, 200]


async def test_a_question_put_again_and_again_has_twice_the_time() -> None:
    with OpenAIServer() as server:
        server.default = Behaviour(first_byte_after=0.6)
        with httpx2.Client() as client:
            limit(client, 0.8)
            answers = [client.get(f"{server.base_url}/models").status_code for _ in range(2)]
            with pytest.raises(httpx2.ReadTimeout):
                client.get(f"{server.base_url}/models")
        async with httpx2.AsyncClient() as loop_client:
            limit_async(loop_client, 0.8)
            answers += [(await loop_client.get(f"{server.base_url}/models")).status_code for _ in range(2)]
            with pytest.raises(httpx2.ReadTimeout):
                await loop_client.get(f"{server.base_url}/models")
        assert answers == [200] * 4


async def test_a_server_that_never_shakes_hands_is_given_up() -> None:
    with serving(lambda handler: time.sleep(SOON)) as port:
        began = time.monotonic()
        with httpx2.Client(timeout=60) as client:
            limit(client, 0.2)
            with pytest.raises(httpx2.ConnectTimeout):
                client.get(f"https://127.0.0.1:{port}/")
        async with httpx2.AsyncClient(timeout=60) as loop_client:
            limit_async(loop_client, 0.2)
            with pytest.raises(httpx2.ConnectTimeout):
                await loop_client.get(f"https://127.0.0.1:{port}/")
        assert time.monotonic() - began < SOON


async def test_a_server_that_sips_the_request_is_given_up() -> None:
    def sip(handler: socketserver.StreamRequestHandler) -> None:
        while handler.request.recv(4096):
            time.sleep(0.01)

    with serving(sip) as port:
        began = time.monotonic()
        with httpx2.Client(timeout=60) as client:
            limit(client, 0.3)
            with pytest.raises(httpx2.WriteTimeout):
                client.post(f"http://127.0.0.1:{port}/", content=b"x" * 30_000_000)
        async with httpx2.AsyncClient(timeout=60) as loop_client:
            limit_async(loop_client, 0.3)
            with pytest.raises(httpx2.WriteTimeout):
                await loop_client.post(f"http://127.0.0.1:{port}/", content=b"x" * 30_000_000)
        assert time.monotonic() - began < SOON


def test_every_address_of_a_name_is_tried() -> None:
    with OpenAIServer() as server, httpx2.Client() as client:
        limit(client, SOON)
        assert client.get(f"{server.base_url}/models".replace("127.0.0.1", "localhost")).status_code == 200
        with pytest.raises(httpx2.ConnectError):
            client.get("http://no-such-name.invalid/")


class Parts(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that has come already: an event loop need not wait for any of it."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part


def answering(parts: Iterable[bytes], **headers: str) -> httpx2.MockTransport:
    return httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, stream=Parts(parts)))


MILLION = b"x" * 1_000_000
TOO_MANY = [b"x"] * (MOST_BYTES // LEAST_OF_A_PART + 1)


@pytest.mark.parametrize("parts", [[MILLION] * 17, TOO_MANY], ids=["large", "many"])
async def test_an_answer_that_would_fill_the_memory_is_broken_off(parts: list[bytes]) -> None:
    with httpx2.Client(transport=answering(parts)) as client:
        limit(client, SOON)
        with pytest.raises(httpx2.ReadError):
            client.get("http://example.org/")
    async with httpx2.AsyncClient(transport=answering(parts)) as loop_client:
        limit_async(loop_client, SOON)
        with pytest.raises(httpx2.ReadError):
            await loop_client.get("http://example.org/")


async def test_an_answer_just_within_the_bound_is_whole() -> None:
    with httpx2.Client(transport=answering([MILLION] * 16)) as client:
        limit(client, SOON)
        assert client.get("http://example.org/").content == MILLION * 16
    async with httpx2.AsyncClient(transport=answering([MILLION] * 16)) as loop_client:
        limit_async(loop_client, SOON)
        assert (await loop_client.get("http://example.org/")).content == MILLION * 16


async def test_a_packed_answer_is_not_unpacked() -> None:
    packed = {"content-encoding": "gzip"}
    with httpx2.Client(transport=answering([b"x"], **packed)) as client:
        limit(client, SOON)
        with pytest.raises(httpx2.DecodingError):
            client.get("http://example.org/")
    async with httpx2.AsyncClient(transport=answering([b"x"], **packed)) as loop_client:
        limit_async(loop_client, SOON)
        with pytest.raises(httpx2.DecodingError):
            await loop_client.get("http://example.org/")


def test_no_packed_answer_is_asked_for() -> None:
    with OpenAIServer() as server, httpx2.Client() as client:
        limit(client, SOON)
        client.get(f"{server.base_url}/models")
        assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(("parts", "turns"), [([b"x"] * 20_000, 150), ([MILLION], 50)], ids=["small", "large"])
async def test_an_event_loop_that_reads_gives_way(parts: list[bytes], turns: int) -> None:
    taken = 0

    async def other() -> None:
        nonlocal taken
        while True:
            await asyncio.sleep(0)
            taken += 1

    async with httpx2.AsyncClient(transport=answering(parts)) as client:
        limit_async(client, SOON)
        task = asyncio.create_task(other())
        await client.get("http://example.org/")
        task.cancel()
    assert taken >= turns
