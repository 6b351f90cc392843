"""Names under which the site answers and origins that may open its websocket."""

from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from django.test import Client, override_settings

from memoryos_site import hosts
from memoryos_site.environment import PublicUrl

HTTPS = PublicUrl(scheme="https", netloc="memory.example.org", hostname="memory.example.org")
PORT_9000 = PublicUrl(scheme="http", netloc="localhost:9000", hostname="localhost")
HTTP = PublicUrl(scheme="http", netloc="nas.lan:8000", hostname="nas.lan")


@pytest.mark.parametrize(
    ("host", "public_url", "known"),
    [
        ("localhost:8000", None, True),
        ("LOCALHOST", None, True),
        ("127.0.0.1:8000", None, True),
        ("192.168.1.20", None, True),
        ("[::1]:8000", None, True),
        ("[fe80::1]", None, True),
        ("memory.localhost:8000", None, True),
        ("evil.example", None, False),
        ("evil.example:8000", None, False),
        ("127.0.0.1.evil.example", None, False),
        ("localhost.evil.example", None, False),
        ("user@localhost", None, False),
        ("", None, False),
        ("memory.example.org", None, False),
        ("memory.example.org", HTTPS, True),
        ("sub.memory.example.org", HTTPS, False),
        ("127.0.0.1:8000", HTTPS, True),
        ("nas.lan:8000", HTTP, True),
    ],
)
def test_host_is_known(host: str, public_url: PublicUrl | None, known: bool) -> None:
    assert hosts.host_is_known(host, public_url) is known


def test_host_is_known_by_the_machines_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Study.home.lan")
    hosts.machine_names.cache_clear()
    names = hosts.machine_names()
    hosts.machine_names.cache_clear()

    assert names == {"localhost", "study.home.lan", "study", "study.local"}


@pytest.mark.parametrize(
    ("origin", "host", "public_url", "allowed"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", None, True),
        ("http://[::1]:8000", "[::1]:8000", None, True),
        ("http://localhost", "localhost", None, True),
        ("http://localhost:80", "localhost", None, True),
        ("https://192.168.1.20", "192.168.1.20:443", None, True),
        ("http://127.0.0.1:9000", "127.0.0.1:8000", None, False),
        ("http://localhost:8000", "127.0.0.1:8000", None, False),
        ("http://evil.example", "127.0.0.1:8000", None, False),
        ("http://evil.example:8000", "evil.example:8000", None, False),
        ("null", "127.0.0.1:8000", None, False),
        ("", "127.0.0.1:8000", None, False),
        ("file://", "127.0.0.1:8000", None, False),
        ("http://localhost:bad", "localhost", None, False),
        ("https://memory.example.org", "memory.example.org", HTTPS, True),
        ("https://memory.example.org", "127.0.0.1:8000", HTTPS, True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", HTTPS, True),
        ("https://evil.example", "memory.example.org", HTTPS, False),
        ("https://memory.example.org.evil.example", "memory.example.org", HTTPS, False),
    ],
)
def test_origin_is_allowed(origin: str, host: str, public_url: PublicUrl | None, allowed: bool) -> None:
    assert hosts.origin_is_allowed(origin, host, public_url) is allowed


@pytest.mark.parametrize(("origin", "accepted"), [(b"http://localhost", True), (b"http://evil.example", False)])
async def test_websocket_handshake_is_refused_to_foreign_pages(origin: bytes, accepted: bool) -> None:
    async def accepting(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})

    scope = {"type": "websocket", "headers": [(b"host", b"localhost"), (b"origin", origin)]}
    wire = ApplicationCommunicator(hosts.OriginCheck(accepting), scope)
    await wire.send_input({"type": "websocket.connect"})

    assert (await wire.receive_output())["type"] == f"websocket.{'accept' if accepted else 'close'}"
    await wire.wait()


def test_unknown_host_gets_a_page_that_says_what_to_set(client: Client) -> None:
    response = client.get("/accounts/login/", headers={"host": "nas.example:8000"})

    assert response.status_code == 400
    assert "<code>PUBLIC_URL=http://nas.example:8000</code>" in response.text
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.django_db
@override_settings(PUBLIC_URL=PORT_9000, CSRF_TRUSTED_ORIGINS=[PORT_9000.origin])
@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1:9000", "192.168.1.20:9000"])
def test_sign_in_works_by_every_address_of_a_published_port(host: str) -> None:
    User.objects.create_user("tom", password="a-long-enough-passphrase")
    client = Client(enforce_csrf_checks=True, headers={"host": host, "origin": f"http://{host}"})
    client.get("/accounts/login/")
    token = client.cookies["memoryos_csrf"].value
    form = {"login": "tom", "password": "a-long-enough-passphrase", "csrfmiddlewaretoken": token}

    signed_in = client.post("/accounts/login/", form)

    assert (signed_in.status_code, signed_in.cookies["memoryos_session"]["secure"]) == (302, "")
    assert hosts.origin_is_allowed(f"http://{host}", host, PORT_9000)


def test_unknown_host_page_shows_no_markup_of_the_request(client: Client) -> None:
    response = client.get("/accounts/login/", headers={"host": "<script>alert(1)</script>"})

    assert response.status_code == 400
    assert "<script>alert" not in response.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headers", "secure"),
    [
        ({"host": "memory.example.org", "x-forwarded-proto": "https"}, True),
        ({"host": "memory.example.org"}, True),
        ({"host": "127.0.0.1:8000"}, False),
        ({"host": "memory.example.org:8000"}, False),
    ],
)
@override_settings(PUBLIC_URL=HTTPS, SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"))
def test_cookies_are_secure_where_the_browser_uses_https(client: Client, headers: dict[str, str], secure: bool) -> None:
    response = client.get("/accounts/login/", headers=headers)

    assert bool(response.cookies["memoryos_csrf"]["secure"]) is secure
    assert response.cookies["memoryos_csrf"]["domain"] == ""
