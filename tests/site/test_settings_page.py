"""The settings page: language and appearance."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.memory.factories import UserFactory

pytestmark = pytest.mark.django_db

BOTH_COLOURS = {"#ffffff": "(prefers-color-scheme: light)", "#1b1c1a": "(prefers-color-scheme: dark)"}
YEAR = 365 * 24 * 3600


@pytest.fixture
def person(client: Client) -> User:
    person: User = UserFactory()
    client.force_login(person)
    return person


def chosen(html: str) -> dict[str, str]:
    """Return the chosen radio button of each field."""
    radios = re.findall(r'<input type="radio" name="(\w+)" value="(\w*)"[^>]*? checked', html)
    return dict(radios)


def save(client: Client, **fields: str) -> tuple[int, str]:
    answer = client.post("/settings/", {"section": "interface", **fields}, follow=True)
    return answer.status_code, answer.text


def test_settings_are_for_people_who_are_signed_in(client: Client) -> None:
    assert client.get("/settings/").headers["location"] == "/accounts/login/?next=/settings/"


def test_settings_are_reached_from_every_page(client: Client, person: User) -> None:
    assert 'href="/settings/"' in client.get("/", follow=True).text


def test_settings_show_what_holds(client: Client, person: User) -> None:
    assert chosen(client.get("/settings/").text) == {"language": "", "theme": "system"}
    client.cookies["memoryos_language"], client.cookies["memoryos_theme"] = "id", "dark"
    assert chosen(client.get("/settings/").text) == {"language": "id", "theme": "dark"}


def test_saving_applies_at_once_and_says_so_in_the_new_language(client: Client, person: User) -> None:
    status, html = save(client, language="id", theme="dark")
    assert (status, chosen(html)) == (200, {"language": "id", "theme": "dark"})
    assert '<html lang="id" dir="ltr" data-theme="dark">' in html
    assert "Tersimpan." in html


@pytest.mark.parametrize(("wish", "said"), [("id", "Tersimpan."), ("en", "Saved.")])
def test_automatic_goes_back_to_what_the_browser_asks_for(client: Client, person: User, wish: str, said: str) -> None:
    client.cookies["memoryos_language"] = "en" if wish == "id" else "id"
    fields = {"section": "interface", "language": "", "theme": "system"}
    page = client.post("/settings/", fields, headers={"accept-language": wish}, follow=True).text
    assert said in page
    assert f'<html lang="{wish}"' in page


def test_choices_are_kept_for_a_year(client: Client, person: User) -> None:
    cookies = client.post("/settings/", {"section": "interface", "language": "en", "theme": "light"}).cookies
    for name, value in (("memoryos_language", "en"), ("memoryos_theme", "light")):
        cookie = cookies[name]
        assert (cookie.value, cookie["max-age"], cookie["samesite"], cookie["httponly"], cookie["path"]) == (
            value, YEAR, "Lax", True, "/",
        )  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        {"language": "xx", "theme": "dark"},
        {"language": "en", "theme": "pink"},
        {"language": "en"},
        {"language": "en", "theme": "dark", "section": "nothing"},
        {"language": "en", "theme": "dark", "section": ""},
    ],
)
def test_bad_choices_change_nothing(client: Client, person: User, fields: dict[str, str]) -> None:
    client.cookies["memoryos_language"] = "id"
    answer = client.post("/settings/", {"section": "interface", **fields})
    assert (answer.status_code, set(answer.cookies)) == (422, {"memoryos_csrf"})
    assert '<html lang="id"' in answer.text


def test_a_bad_choice_is_said_at_its_field(client: Client, person: User) -> None:
    html = client.post("/settings/", {"section": "interface", "language": "en", "theme": "pink"}).text
    assert re.search(r'aria-describedby="interface-theme-errors">.*id="interface-theme-errors"', html, re.DOTALL)
    assert chosen(html) == {"language": "en"}


def test_settings_need_the_forms_token(person: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    assert client.post("/settings/", {"section": "interface", "language": "id", "theme": "dark"}).status_code == 403


@pytest.mark.parametrize(
    ("cookie", "theme", "scheme", "colours"),
    [
        ("", "system", "light dark", BOTH_COLOURS),
        ("light", "light", "light", {"#ffffff": ""}),
        ("dark", "dark", "dark", {"#1b1c1a": ""}),
        ("pink", "system", "light dark", BOTH_COLOURS),
    ],
)
def test_pages_come_in_the_chosen_appearance(
    client: Client, cookie: str, theme: str, scheme: str, colours: dict[str, str]
) -> None:
    if cookie:
        client.cookies["memoryos_theme"] = cookie
    html = client.get("/accounts/login/").text
    assert f'data-theme="{theme}"' in html
    assert f'<meta name="color-scheme" content="{scheme}">' in html
    assert dict(re.findall(r'<meta name="theme-color" content="(#\w+)"(?: media="([^"]+)")?>', html)) == colours


def test_the_admin_follows(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    client.cookies["memoryos_language"], client.cookies["memoryos_theme"] = "id", "dark"
    html = client.get("/admin/").text
    assert re.search(r'<script src="[^"]*memory/admin[^"]*\.js" data-theme="dark"></script>', html)
    assert "Administrasi MemoryOS" in html
    assert "theme.js" not in html
