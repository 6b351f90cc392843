"""Under which names the site answers, and which pages may open its websocket.

Without PUBLIC_URL people reach the site as localhost, by any address of the machine or by its own name.
Other names are refused, on websockets too: otherwise a foreign page could point its own name at this machine (DNS
rebinding) and talk to it from a visitor's browser. An address in digits cannot be rebound.
"""

import ipaddress
import socket
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.template.loader import render_to_string

from memoryos_site.environment import PublicUrl
from memoryos_site.preferences import appearance

GetResponse = Callable[[HttpRequest], HttpResponse]


@lru_cache(maxsize=1)
def machine_names() -> frozenset[str]:
    """Return the names under which this machine knows itself, in lower case."""
    name = socket.gethostname().lower().rstrip(".")
    short = name.partition(".")[0]
    return frozenset({"localhost", name, short, f"{short}.local"} - {"", ".local"})


def host_is_known(host: str, public_url: PublicUrl | None) -> bool:
    """Tell whether a Host header (name or address, with or without port) may be answered."""
    name, _port = split_domain_port(host)
    if not name:
        return False
    if name in machine_names() or name.endswith(".localhost"):
        return True
    if public_url and name == public_url.hostname:
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def origin_is_allowed(origin: str, host: str, public_url: PublicUrl | None) -> bool:
    """Tell whether a page of `origin` may open a websocket on `host`.

    It may when both are the same address, or when it is a page of PUBLIC_URL (a proxy may change the Host header).
    """
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return False
    if public_url and origin.lower() == public_url.origin:
        return True
    if not host_is_known(host, public_url):
        return False
    default_port = "443" if parts.scheme == "https" else "80"
    name, host_port = split_domain_port(host)
    return (name.strip("[]"), host_port or default_port) == (parts.hostname, str(port or default_port))


class OriginCheck:
    """ASGI middleware: refuses the websocket handshake of foreign pages, and of clients that name no page."""

    def __init__(self, application: Any) -> None:
        """Guard an ASGI application; asgiref's and channels' types of one do not fit each other."""
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Pass the connection on, or close it before it is accepted (the browser sees 403)."""
        headers = {name.lower(): value.decode("latin-1") for name, value in scope.get("headers", ())}
        allowed = origin_is_allowed(headers.get(b"origin", ""), headers.get(b"host", ""), settings.PUBLIC_URL)
        application: Any = self.application if allowed else WebsocketDenier()
        await application(scope, receive, send)


class KnownHostMiddleware:
    """Answers requests for unknown host names with a page that says what to set."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on when its host is known, or not named: browsers always name it."""
        host = request.META.get("HTTP_HOST")
        if host is None or host_is_known(host, settings.PUBLIC_URL):
            return self.get_response(request)
        well_formed, _port = split_domain_port(host)
        context = {"host": host if well_formed else "", "scheme": request.scheme, **appearance(request)}
        page = render_to_string("site/unknown_host.html", context)
        return HttpResponse(page, status=400)


class SecureCookiesMiddleware:
    """Marks every cookie `Secure` when the browser came over https, and only then.

    One installation is often reached both ways: https through a proxy, and plain http on the LAN.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Adjust the cookies of the response."""
        response = self.get_response(request)
        if response.cookies and came_over_https(request):
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response


def came_over_https(request: HttpRequest) -> bool:
    """Tell whether the browser used https, even when the proxy in front does not say so."""
    public_url: PublicUrl | None = settings.PUBLIC_URL
    if request.is_secure():
        return True
    return bool(public_url and public_url.is_secure and request.get_host().lower() == public_url.netloc)
