"""What a typed address may lead to: only the public internet, at every connection anew."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import httpcore2
import httpx2
import pytest
from pytest_django.fixtures import Settings

from memory import outbound
from memory.exceptions import InvalidAddress, PrivateAddress
from memory.outbound import AsyncGuardedTransport, GuardedTransport
from tests.openai_server import OpenAIServer

ANSWER = [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", b"ok"]
TLS = ssl.create_default_context()
PUBLIC = "93.184.215.14"


@pytest.fixture(scope="module")
def running() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def server(running: OpenAIServer) -> OpenAIServer:
    running.reset()
    return running


class Wire(httpcore2.MockBackend):
    """A network that goes nowhere: it notes where connections were opened, and for which name TLS asked."""

    def __init__(self, refusing: frozenset[str] = frozenset(), answer: Sequence[bytes] = ANSWER) -> None:
        super().__init__(list(answer))
        self._answer = list(answer)
        self.opened: list[str] = []
        self.names: list[str | None] = []
        self._refusing = refusing

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        self.opened.append(host)
        if host in self._refusing:
            raise httpcore2.ConnectError("refused")
        return _Stream(self.names, self._answer)


class _Stream(httpcore2.MockStream):
    def __init__(self, names: list[str | None], answer: Sequence[bytes]) -> None:
        super().__init__(list(answer))
        self._names = names

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        self._names.append(server_hostname)
        return self


class Resolver:
    """Answers in turn what it is told to, the last for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.9"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::7f00:1"),
        *("2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1"),
        *("192.0.0.8", "192.0.0.10", "192.0.0.192", "192.88.99.1", "168.63.129.16", "3fff::1", "3fff:fff::1"),
        *("::ffff:168.63.129.16", "2002:c000:9::", "2002:c058:6301::1", "64:ff9b::168.63.129.16", "64:ff9b::192.0.0.9"),
        *("2600::5efe:7f00:1", "2600::200:5efe:10.0.0.1", "2600::5efe:168.63.129.16", "fe80::5efe:1.1.1.1"),
        *("64:ff9b:1::1", "2001::1", "2001:0:53aa:64c::1", "2606:4700::1%eth0", "", "localhost", "127.1", "0x7f000001"),
    ],
)
def test_private_and_odd_addresses_are_not_public(address: str) -> None:
    assert not outbound.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *(PUBLIC, "1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "192.88.98.1", "168.63.129.17", "8.8.8.8"),
        *("2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1"),
        *("2600::5efe:1.1.1.1", "2600::200:5efe:1.1.1.1", "2600::100:5efe:10.0.0.1"),
    ],
)
def test_public_addresses_are_public(address: str) -> None:
    assert outbound.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "api.example.org/v1",
            "ftp://example.org",
            "file:///etc/passwd",
            "unix:///run/x",
            "http://",
            "https:///v1",
        ),
        *("https://me:secret@example.org/v1", "https://me@example.org", "https://example.org/v1?key=1"),
        *(
            "https://example.org/#a",
            "http://[::1",
            "http://example.org:99999",
            "http://exa mple.org",
            "http://a\nb.org",
            "http://a.org\\b.org",
        ),
        *("javascript:alert(1)", f"https://example.org/{'a' * 500}", "http://example.org:0/"),
    ],
)
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(InvalidAddress):
        outbound.clean_address(url)


def test_an_address_is_stored_without_blanks_and_slashes_and_shown_without_its_path() -> None:
    assert outbound.clean_address(" https://api.example.org/v1/ ") == "https://api.example.org/v1"
    assert outbound.clean_address("http://[::1]:11434/v1") == "http://[::1]:11434/v1"
    assert outbound.shown("https://gateway.example.org:8443/token-abc/v1") == "https://gateway.example.org:8443"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "0x7f.1", "0"])
def test_every_spelling_of_this_machine_is_refused_at_once(host: str) -> None:
    with pytest.raises(PrivateAddress):
        outbound.check(f"http://{host}:8000/v1")


def test_one_private_address_among_public_ones_is_enough_to_refuse_a_name() -> None:
    with pytest.raises(PrivateAddress):
        outbound.check("https://example.org/v1", Resolver([PUBLIC, "10.0.0.1"]))
    outbound.check("https://example.org/v1", Resolver([PUBLIC]))


def test_a_name_that_is_unknown_now_may_be_saved_and_is_looked_at_again() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    outbound.check("https://later.example.org/v1", unknown)
    wire = Wire()
    with httpx2.Client(transport=GuardedTransport(TLS, unknown, wire)) as client, pytest.raises(httpx2.ConnectError):
        client.get("https://later.example.org/v1")
    assert wire.opened == []


def test_the_connection_goes_to_the_address_that_was_looked_at_and_tls_to_the_name() -> None:
    wire, resolver = Wire(), Resolver([PUBLIC], ["127.0.0.1"])
    with httpx2.Client(transport=GuardedTransport(TLS, resolver, wire)) as client:
        assert client.get("https://rebinding.example.org/v1").text == "ok"
    assert (resolver.asked, wire.opened, wire.names) == (
        ["rebinding.example.org"],
        [PUBLIC],
        ["rebinding.example.org"],
    )


def test_a_name_that_turns_private_is_refused_at_the_next_connection() -> None:
    wire, resolver = Wire(), Resolver([PUBLIC], ["127.0.0.1"])
    for _ in range(2):
        with httpx2.Client(transport=GuardedTransport(TLS, resolver, wire)) as client:
            if not resolver.asked:
                client.get("http://rebinding.example.org/")
                continue
            with pytest.raises(PrivateAddress):
                client.get("http://rebinding.example.org/")
    assert wire.opened == [PUBLIC]


def test_the_next_address_is_tried_where_one_refuses() -> None:
    wire = Wire(refusing=frozenset({PUBLIC}))
    with httpx2.Client(transport=GuardedTransport(TLS, Resolver([PUBLIC, "1.1.1.1"]), wire)) as client:
        assert client.get("http://example.org/").text == "ok"
    assert wire.opened == [PUBLIC, "1.1.1.1"]


@pytest.mark.parametrize("url", ["http://me:secret@example.org/", "ws://example.org/"])
def test_a_request_with_a_user_name_or_another_scheme_goes_nowhere(url: str) -> None:
    wire = Wire()
    transport = GuardedTransport(TLS, Resolver([PUBLIC]), wire)
    with pytest.raises(InvalidAddress):
        transport.handle_request(httpx2.Request("GET", url))
    assert wire.opened == []


def test_a_redirect_to_a_private_address_is_refused_where_redirects_are_followed(server: OpenAIServer) -> None:
    moved = b"HTTP/1.1 302 Found\r\nlocation: " + server.base_url.encode() + b"/models\r\ncontent-length: 0\r\n\r\n"

    wire = Wire(answer=[moved])

    def resolver(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host == "127.0.0.1" else [PUBLIC]

    client = httpx2.Client(transport=GuardedTransport(TLS, resolver, wire), follow_redirects=True)
    with client, pytest.raises(PrivateAddress):
        client.get("http://example.org/")
    assert (wire.opened, server.requests) == ([PUBLIC], [])


def test_a_real_local_server_is_refused_and_never_asked(server: OpenAIServer) -> None:
    with httpx2.Client(transport=GuardedTransport(TLS)) as client:
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(PrivateAddress):
                client.get(f"{server.base_url}/models".replace("127.0.0.1", host))
    assert server.requests == []


async def test_the_event_loop_is_guarded_alike(server: OpenAIServer) -> None:
    async with httpx2.AsyncClient(transport=AsyncGuardedTransport(TLS)) as client:
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(PrivateAddress):
                await client.get(f"{server.base_url}/models".replace("127.0.0.1", host))
        with pytest.raises(httpx2.ConnectError):
            await client.get("http://no-such-name.invalid/")
    assert server.requests == []


class AsyncWire(httpcore2.AsyncMockBackend):
    """The same for an event loop; of two addresses only the second answers."""

    def __init__(self, answer: Sequence[bytes] = ANSWER) -> None:
        super().__init__(list(answer))
        self._answer = list(answer)
        self.opened: list[str] = []

    async def connect_tcp(self, host: str, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        self.opened.append(host)
        if len(self.opened) == 1:
            raise httpcore2.ConnectTimeout
        return httpcore2.AsyncMockStream(list(self._answer))


async def test_in_an_event_loop_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    wire, resolver = AsyncWire(), Resolver([PUBLIC, "1.1.1.1"], ["127.0.0.1"])
    async with httpx2.AsyncClient(transport=AsyncGuardedTransport(TLS, resolver, wire)) as client:
        assert (await client.get("http://rebinding.example.org/v1")).text == "ok"
    assert (resolver.asked, wire.opened) == (["rebinding.example.org"], [PUBLIC, "1.1.1.1"])
    async with httpx2.AsyncClient(transport=AsyncGuardedTransport(TLS, resolver, wire)) as client:
        with pytest.raises(PrivateAddress):
            await client.get("http://rebinding.example.org/v1")


async def test_a_resolver_that_takes_its_time_is_given_up() -> None:
    def slow(host: str, port: int) -> Sequence[str]:
        time.sleep(0.3)
        return [PUBLIC]

    async with httpx2.AsyncClient(transport=AsyncGuardedTransport(TLS, slow, AsyncWire()), timeout=0.05) as client:
        with pytest.raises(httpx2.ConnectTimeout):
            await client.get("http://slow.example.org/")


@pytest.mark.parametrize(("value", "allowed"), [("refuse", False), ("allow", True)])
def test_the_installation_says_whether_private_addresses_may_be_called(
    settings: Settings, value: str, allowed: bool
) -> None:
    settings.MEMORYOS_PRIVATE_ADDRESSES = value
    assert outbound.private_addresses_allowed() is allowed
