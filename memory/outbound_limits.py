"""What a call to an address that a person typed in may take of this server: time, memory, turns of the event loop.

The client's timeouts are each about one silence: a server that sends a byte now and then would hold a job's worker for
ever. So the connection itself has an end: every read, write and handshake gets what is left of the time for all of it.
A body is broken off where it would fill the memory, and an event loop that reads one gives way to its other tasks.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import httpcore2
import httpx2

from memory.outbound import GuardedTransport, resolve

MOST_BYTES = 16_000_000
"""Of one answer; what a language model writes is a thousandth of it."""
LEAST_OF_A_PART = 64
"""Bytes that a part counts for, however small: each costs time. What carries one word of an answer is longer."""
AT_ONCE = 16_384
"""Bytes of a body that an event loop reads, and of a request that are sent, without a look at anything else."""
_FEW_PARTS = 100
_SOCKET_OPTION = httpcore2.SOCKET_OPTION


def limit(client: httpx2.Client, seconds: float) -> None:
    """Give each of a client's calls, which come one after another, `seconds` for everything, and its answer a bound.

    All calls together have twice that: a question that is put again, in another form or with its fault named. A call
    past its end raises httpx2's timeouts, an answer without measure ReadError, a packed one DecodingError.
    """
    deadline = _Deadline(seconds)
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx2.HTTPTransport):
            # The library has no other way to a connection that may lead through the environment's proxy.
            pool = transport._pool
            network = _Network(pool._network_backend, deadline)
            pool._network_backend = network if isinstance(transport, GuardedTransport) else _OneByOne(network)
    client.event_hooks = {"request": [_beginning(deadline)], "response": [_bound]}


def limit_async(client: httpx2.AsyncClient, seconds: float) -> None:
    """The same for an event loop."""
    deadline = _Deadline(seconds)
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx2.AsyncHTTPTransport):
            pool = transport._pool
            pool._network_backend = _AsyncNetwork(pool._network_backend, deadline)
    begin = _beginning(deadline)

    async def begin_async(request: httpx2.Request) -> None:
        begin(request)

    client.event_hooks = {"request": [begin_async], "response": [_bound_async]}


class _Deadline:
    """When the call that runs has to be over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = time.monotonic() + 2 * seconds
        self.begin()

    def begin(self) -> None:
        self._until = min(time.monotonic() + self._seconds, self._last)

    def within(self, timeout: float | None, error: type[httpcore2.TimeoutException]) -> float:
        """Return how long one step may take, at most `timeout`. Raises `error` where no time is left."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise error("the whole call took too long")
        return left if timeout is None else min(timeout, left)


def _beginning(deadline: _Deadline) -> Callable[[httpx2.Request], None]:
    def begin(request: httpx2.Request) -> None:
        # A packed answer of a megabyte may unpack to a thousand.
        request.headers["accept-encoding"] = "identity"
        deadline.begin()

    return begin


def _bound(response: httpx2.Response) -> None:
    _check_is_plain(response)
    assert isinstance(response.stream, httpx2.SyncByteStream)
    response.stream = _Body(response.stream)


async def _bound_async(response: httpx2.Response) -> None:
    _check_is_plain(response)
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _AsyncBody(response.stream)


def _check_is_plain(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise httpx2.DecodingError("packed, though asked not to")


class _Body(httpx2.SyncByteStream):
    """An answer's body, broken off where it would fill the memory of this server."""

    def __init__(self, stream: httpx2.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        left = MOST_BYTES
        for part in self._stream:
            left = _counted(part, left)
            yield part

    def close(self) -> None:
        self._stream.close()


class _AsyncBody(httpx2.AsyncByteStream):
    """The same for an event loop. It gives way by itself: what has come already is read without any waiting."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left, in_a_row = MOST_BYTES, 0
        async for part in self._stream:
            left = _counted(part, left)
            for piece in _pieces(part):
                yield piece
                in_a_row += max(len(piece), AT_ONCE // _FEW_PARTS)
                if in_a_row >= AT_ONCE:
                    in_a_row = 0
                    await asyncio.sleep(0)

    async def aclose(self) -> None:
        await self._stream.aclose()


def _counted(part: bytes, left: int) -> int:
    size = max(len(part), LEAST_OF_A_PART)
    if size > left:
        raise httpx2.ReadError("more than is taken")
    return left - size


def _pieces(whole: bytes) -> Iterator[bytes]:
    return (whole[start : start + AT_ONCE] for start in range(0, len(whole), AT_ONCE))


class _Network(httpcore2.NetworkBackend):
    """Connections that end with the call they were opened for."""

    def __init__(self, network: httpcore2.NetworkBackend, deadline: _Deadline) -> None:
        self._network = network
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._deadline.within(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._network.connect_tcp(host, port, left, local_address, socket_options), self._deadline)


class _OneByOne(httpcore2.NetworkBackend):
    """Tries the addresses of a name as the operating system does, which has no end for all of them together."""

    def __init__(self, network: httpcore2.NetworkBackend) -> None:
        self._network = network

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        fault: Exception = httpcore2.ConnectError("no address")
        try:
            addresses = resolve(host, port)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        for address in addresses:
            try:
                return self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                fault = error
        raise fault


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.within(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Piece by piece: the stream below waits anew whenever a little of it was taken.
        for piece in _pieces(buffer):
            self._stream.write(piece, self._deadline.within(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = self._deadline.within(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _AsyncNetwork(httpcore2.AsyncNetworkBackend):
    """The same for an event loop, where the library bounds all addresses of a name together."""

    def __init__(self, network: httpcore2.AsyncNetworkBackend, deadline: _Deadline) -> None:
        self._network = network
        self._deadline = deadline

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[_SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        left = self._deadline.within(timeout, httpcore2.ConnectTimeout)
        stream = await self._network.connect_tcp(host, port, left, local_address, socket_options)
        return _AsyncStream(stream, self._deadline)

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class _AsyncStream(httpcore2.AsyncNetworkStream):
    def __init__(self, stream: httpcore2.AsyncNetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._stream.read(max_bytes, self._deadline.within(timeout, httpcore2.ReadTimeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, self._deadline.within(timeout, httpcore2.WriteTimeout))

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        left = self._deadline.within(timeout, httpcore2.ConnectTimeout)
        return _AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
