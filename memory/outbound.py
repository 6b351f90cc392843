"""Calls to addresses that a person typed in: what may be called, and a transport that calls nothing else.

Who may name an address could else make this server look around in its own network. So a name is resolved here, every
address it has is judged, and the connection is opened to the very address that was judged: nothing is resolved a second
time, which a name that answers differently (DNS rebinding) would need. TLS is still about the name. An address given in
the environment is the operator's own word and not guarded.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import anyio.to_thread
import httpcore2
import httpx2
from django.conf import settings

from memory.exceptions import InvalidAddress, PrivateAddress

Resolver = Callable[[str, int], Sequence[str]]
"""From a host's name and a port to its addresses as text. Raises OSError where there are none."""

LONGEST = 500
_SCHEMES = ("http", "https")
_NAT64 = IPv6Network("64:ff9b::/96")
# Tunnels and addresses of former days that is_global lets through, or may.
_NEVER = tuple(map(IPv6Network, ("::/96", "64:ff9b:1::/48", "2001::/32", "3fff::/20", "fec0::/10")))
# Protocol assignments (a router's own services), the 6to4 relays, and what every machine of one cloud may ask.
_NEVER_IPV4 = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
# ISATAP: the upper half of an interface identifier whose lower half is an IPv4 address.
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
_SOCKET_OPTION = httpcore2.SOCKET_OPTION


def private_addresses_allowed() -> bool:
    """Say whether people may let this installation call addresses in private networks (MEMORYOS_PRIVATE_ADDRESSES)."""
    return bool(settings.MEMORYOS_PRIVATE_ADDRESSES == "allow")


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host as the operating system knows them, without repetitions. Raises OSError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError("no name that can be looked up") from None
    return list(dict.fromkeys(str(place[4][0]) for place in found))


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the public internet; an IPv4 address within an IPv6 one counts as itself."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:
            return False
        inner = _embedded(ip)
        if inner is not None:
            return _is_public(inner)
        if any(ip in network for network in _NEVER):
            return False
        if int(ip) >> 32 & 0xFFFFFFFF in _ISATAP and not _is_public(_last_four(ip)):
            return False
    return _is_public(ip)


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    if ip in _NAT64:
        return _last_four(ip)
    return ip.ipv4_mapped or ip.sixtofour


def _last_four(ip: IPv6Address) -> IPv4Address:
    return IPv4Address(int(ip) & 0xFFFFFFFF)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    # `is_global` knows private networks, loopback, link-local and the carriers' 100.64.0.0/10, not all of the rest.
    if isinstance(ip, IPv4Address) and any(ip in network for network in _NEVER_IPV4):
        return False
    odd = ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local or ip.is_private
    return ip.is_global and not odd


def checked_addresses(host: str, port: int, resolver: Resolver = resolve) -> Sequence[str]:
    """Return the addresses of a host, all of them public. Raises PrivateAddress where one is not, OSError where there
    are none.
    """
    addresses = resolver(host, port)
    if not addresses:
        raise OSError("no address")
    if not all(map(is_public, addresses)):
        raise PrivateAddress
    return addresses


def clean_address(url: str) -> str:
    """Return a server's address as it is stored: without blanks around it and slashes at its end.

    Raises InvalidAddress for anything but http and https, without a host, with a user name or password (they would be
    shown and logged), with a query or a fragment, or too long.
    """
    url = url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        port = parts.port
        known = httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL):
        raise InvalidAddress from None
    if not (parts.scheme in _SCHEMES and parts.hostname and known.host) or port == 0 or len(url) > LONGEST:
        raise InvalidAddress
    if "@" in parts.netloc or any(sign in "?#\\ " or not sign.isprintable() for sign in url):
        raise InvalidAddress
    return url


def check(url: str, resolver: Resolver = resolve) -> None:
    """Refuse an address that could not be called anyway, so that it can be told at once. A host that is unknown now
    passes: it may be known later, and every call looks again.

    Looks the name up, so never within a transaction. Raises InvalidAddress, PrivateAddress.
    """
    parts = urlsplit(clean_address(url))
    try:
        checked_addresses(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), resolver)
    except OSError:
        return


def shown(url: str) -> str:
    """Return what of an address may be shown to anybody: scheme, host and port. A path may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class GuardedTransport(httpx2.HTTPTransport):
    """Connects to public addresses only. Never through a proxy: that would resolve the name itself."""

    def __init__(
        self,
        verify: ssl.SSLContext,
        resolver: Resolver = resolve,
        network: httpcore2.NetworkBackend | None = None,
    ) -> None:
        self._pool = httpcore2.ConnectionPool(ssl_context=verify, network_backend=_Guard(resolver, network))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises InvalidAddress and PrivateAddress beside httpx2's own errors."""
        _check_request(request)
        return super().handle_request(request)


class AsyncGuardedTransport(httpx2.AsyncHTTPTransport):
    """The same for an event loop; names are looked up in a thread."""

    def __init__(
        self,
        verify: ssl.SSLContext,
        resolver: Resolver = resolve,
        network: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._pool = httpcore2.AsyncConnectionPool(ssl_context=verify, network_backend=_AsyncGuard(resolver, network))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises InvalidAddress and PrivateAddress beside httpx2's own errors."""
        _check_request(request)
        return await super().handle_async_request(request)


def _check_request(request: httpx2.Request) -> None:
    if request.url.scheme not in _SCHEMES or request.url.userinfo:
        raise InvalidAddress


class _Guard(httpcore2.NetworkBackend):
    """Opens connections as httpcore does, after a look at where they lead."""

    def __init__(self, resolver: Resolver, network: httpcore2.NetworkBackend | None = None) -> None:
        self._resolver = resolver
        self._network = network or httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        until = _end_of(timeout)
        try:
            addresses = checked_addresses(host, port, self._resolver)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        for address in addresses[:-1]:
            try:
                return self._network.connect_tcp(address, port, _left(until), local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._network.connect_tcp(addresses[-1], port, _left(until), local_address, socket_options)


class _AsyncGuard(httpcore2.AsyncNetworkBackend):
    """The same for an event loop."""

    def __init__(self, resolver: Resolver, network: httpcore2.AsyncNetworkBackend | None = None) -> None:
        self._resolver = resolver
        self._network = network or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[_SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        until = _end_of(timeout)
        addresses = await self._checked(host, port, until)
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(address, port, _left(until), local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._network.connect_tcp(addresses[-1], port, _left(until), local_address, socket_options)

    async def _checked(self, host: str, port: int, until: float | None) -> Sequence[str]:
        try:
            with anyio.fail_after(_left(until)):
                return await anyio.to_thread.run_sync(
                    checked_addresses, host, port, self._resolver, abandon_on_cancel=True
                )
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


def _end_of(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout


def _left(until: float | None) -> float | None:
    """Return the seconds that are left, at least a moment: zero would mean not to wait at all."""
    return None if until is None else max(0.01, until - time.monotonic())
