"""The port the site listens on, and how its address is shown to people."""

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

from memoryos_site.environment import PublicUrl
from memoryos_site.preparation import StartError

BACKLOG = 2048


@dataclass(frozen=True)
class Address:
    """Where people reach the site."""

    main: str
    """The address to open: PUBLIC_URL, else the local one."""
    local: str
    """The address on this machine."""
    others: tuple[str, ...] = ()
    """Addresses for other devices on the network."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the address; port 0 picks a free one.

    It listens at once, so that of two programs that start together one is told now.

    Raises StartError.
    """
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise StartError(_not_here(host)) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and host == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise StartError(refusal(error, host, port)) from error
    return listener


def refusal(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        free = _free_port(host, port)
        return (
            f"Port {port} is taken by another program: stop that program, or run `make run PORT={free}` "
            f"(`manage.py serve --port {free}`)."
        )
    if error.errno == errno.EACCES:
        return f"This account may not use port {port}: choose one above 1023, like `make run PORT=8000`."
    if error.errno == errno.EADDRNOTAVAIL:
        return _not_here(host)
    return f"MemoryOS cannot listen on {host} port {port}: {error.strerror}."


def _not_here(host: str) -> str:
    return f"HOST={host} is no address of this machine: use 127.0.0.1, or 0.0.0.0 for the whole network."


def _free_port(host: str, taken: int) -> int:
    """Return the next port that could be bound just now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(taken + 1, min(taken + 100, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(("::1" if family == socket.AF_INET6 else "127.0.0.1", port)) != 0:
                return port
    return 8000


def in_container() -> bool:
    """Tell whether this process runs in a container: Docker and Podman each leave a file that says so."""
    return any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv"))


def shown_address(
    listener: socket.socket, host: str, public_url: PublicUrl | None, *, contained: bool = False
) -> Address:
    """Return the addresses to print; a wildcard host becomes something one can open.

    A container's own addresses lead nowhere outside it, and its port may be published as another: with
    `contained`, only PUBLIC_URL is named where there is one.
    """
    port = listener.getsockname()[1]
    everywhere = host in {"0.0.0.0", "::", ""}
    name = "localhost" if everywhere else (f"[{host}]" if ":" in host else host)
    local = f"http://{name}:{port}"
    if everywhere and contained:
        outside = public_url.origin if public_url else local
        return Address(main=outside, local=outside)
    lan = _lan_address() if everywhere else ""
    others = (f"http://{lan}:{port}",) if lan else ()
    return Address(main=public_url.origin if public_url else local, local=local, others=others)


def _lan_address() -> str:
    """Return the address of the interface that leads outside, or ""; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        address = str(probe.getsockname()[0])
    return "" if address.startswith("127.") or address == "0.0.0.0" else address
