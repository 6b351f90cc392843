"""Which language a page, its script catalogue and its websocket speak."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.test import Client, RequestFactory, override_settings
from django.utils.translation import get_language, gettext

from memoryos_site.languages import SocketLanguage, catalogue_version
from memoryos_site.views import bad_request, server_error

SIGN_IN = {"en": "Sign in", "id": "Masuk"}


def heading_and_lang(client: Client, **headers: str) -> tuple[str, str]:
    html = client.get("/accounts/login/", headers=headers).text
    return re.findall(r"<h1>(.+?)</h1>", html)[0], re.findall(r'<html lang="(\w+)" dir="ltr"', html)[0]


@pytest.mark.parametrize(
    ("wish", "cookie", "language"),
    [
        ("", "", "en"),
        ("id", "", "id"),
        ("id-ID,id;q=0.9,en;q=0.8", "", "id"),
        ("en-GB,en;q=0.9,id;q=0.8", "", "en"),
        ("fr,ja;q=0.5", "", "en"),
        ("fr,id;q=0.3", "", "id"),
        ("en", "id", "id"),
        ("id", "en", "en"),
        ("id", "xx", "id"),
        ("", "../../etc", "en"),
    ],
)
def test_the_cookie_decides_then_the_browser_then_english(
    client: Client, wish: str, cookie: str, language: str
) -> None:
    if cookie:
        client.cookies["memoryos_language"] = cookie
    assert heading_and_lang(client, **{"accept-language": wish}) == (SIGN_IN[language], language)


def test_the_sign_in_page_offers_every_language(client: Client) -> None:
    client.cookies["memoryos_language"] = "id"
    html = client.get("/accounts/login/?next=/memory/").text
    buttons = re.findall(r'name="language" value="(\w+)" lang="\w+"( aria-current="true")?>([^<]+)<', html)
    assert buttons == [("en", "", "English"), ("id", ' aria-current="true"', "Bahasa Indonesia")]
    assert '<input type="hidden" name="next" value="/accounts/login/?next=/memory/">' in html


@pytest.mark.parametrize(("language", "kept"), [("id", "id"), ("xx", None), ("", None)])
def test_a_language_is_chosen_before_signing_in(client: Client, language: str, kept: str | None) -> None:
    answer = client.post("/language/", {"language": language, "next": "/accounts/login/?next=/memory/"})
    assert (answer.status_code, answer.headers["location"]) == (302, "/accounts/login/?next=/memory/")
    cookie = answer.cookies.get("memoryos_language")
    assert (cookie.value if cookie else None) == kept
    if cookie:
        assert (cookie["max-age"], cookie["samesite"], cookie["httponly"]) == (365 * 24 * 3600, "Lax", True)


def test_choosing_a_language_leads_to_no_other_site(client: Client) -> None:
    answer = client.post("/language/", {"language": "id", "next": "https://evil.example/"})
    assert answer.headers["location"] == "/"


def test_choosing_a_language_needs_the_forms_token() -> None:
    assert Client(enforce_csrf_checks=True).post("/language/", {"language": "id"}).status_code == 403


def test_refusals_speak_the_readers_language(client: Client) -> None:
    indonesian = {"accept-language": "id"}
    assert "Alamat tidak dikenal" in client.get("/", headers={**indonesian, "host": "nas.example"}).text
    assert "Tidak ditemukan" in client.get("/setup/x/", headers=indonesian).text


def test_the_pages_of_faults_keep_language_and_appearance_without_a_database() -> None:
    request = RequestFactory().get("/", headers={"cookie": "memoryos_theme=dark"})
    for page, status in ((server_error(request), 500), (bad_request(request, ValueError()), 400)):
        assert (page.status_code, 'data-theme="dark"' in page.text) == (status, True)


def catalogue_of(page: str) -> str:
    found = re.search(r'<script defer src="([^"]+)"></script>', page)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize(
    ("language", "said"),
    [("id", "Server tidak dapat dihubungi."), ("en", None)],
)
def test_pages_bring_the_scripts_catalogue_in_their_language(client: Client, language: str, said: str | None) -> None:
    client.cookies["memoryos_language"] = language
    address = catalogue_of(client.get("/accounts/login/").text)
    assert address == f"/i18n/{language}.js?v={catalogue_version()}"

    answer = client.get(address, headers={"accept-language": "en"})

    assert answer.headers["content-type"] == 'text/javascript; charset="utf-8"'
    assert answer.headers["content-language"] == language
    assert "immutable" in answer.headers["cache-control"]
    assert (said is None) or said in answer.text
    # Strings of Django's admin, which our scripts have no use for, stay out.
    assert "Available %s" not in answer.text


def test_every_message_of_our_scripts_is_in_the_catalogue(client: Client) -> None:
    held = re.search(r"const newcatalog = (\{.*?\n  \});", client.get("/i18n/id.js").text, re.DOTALL)
    assert held is not None
    assert "The server cannot be reached. What you wrote is still here; try again." in json.loads(held.group(1))


def test_a_catalogue_asked_for_without_its_version_is_confirmed_each_time(client: Client) -> None:
    answer = client.get("/i18n/id.js")
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get("/i18n/id.js", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    other = client.get("/i18n/en.js", headers={"if-none-match": answer.headers["etag"]})
    assert other.status_code == 200


@pytest.mark.parametrize("language", ["fr", "id-ID", "..%2f"])
def test_there_is_no_catalogue_of_another_language(client: Client, language: str) -> None:
    assert client.get(f"/i18n/{language}.js").status_code == 404


@override_settings(CONTENT_SECURITY_POLICY={"DIRECTIVES": {"default-src": ["'self'"]}})
def test_the_catalogue_needs_no_looser_policy(client: Client) -> None:
    page = client.get("/accounts/login/")
    assert catalogue_of(page.text).startswith("/i18n/")
    assert page.headers["content-security-policy"] == "default-src 'self'"


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ([], "en"),
        ([(b"accept-language", b"id,en;q=0.5")], "id"),
        ([(b"Cookie", b"a=b; memoryos_language=id"), (b"accept-language", b"en")], "id"),
        ([(b"cookie", b"memoryos_language=xx")], "en"),
    ],
)
async def test_a_websocket_speaks_the_language_of_its_page(headers: list[tuple[bytes, bytes]], language: str) -> None:
    heard: list[str | None] = []

    async def speak() -> None:
        heard.append(get_language())
        heard.append(await sync_to_async(gettext)("Sign in"))

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await asyncio.create_task(speak())
        await send({"type": "websocket.close"})

    wire = ApplicationCommunicator(SocketLanguage(application), {"type": "websocket", "headers": headers})
    await wire.receive_output()
    await wire.wait()

    assert heard == [language, SIGN_IN[language]]
