"""The role matrix: every address of the site, asked by everybody, in both ways a browser asks."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.role_table import TABLE, posted_to
from tests.roles import (
    FORMER_SECRET,
    PEOPLE,
    SECRET,
    Route,
    World,
    admin_addresses,
    ask,
    body_of,
    build_world,
    routes,
    undone,
    verdict,
)

pytestmark = pytest.mark.django_db

PARTS = 6
"""The table is asked in parts, so that they can be asked at the same time."""
SECRETS = {"member": SECRET, "former": FORMER_SECRET}
"""Whose secret it is, and nobody else's."""
WAYS: dict[str, dict[str, str]] = {"page": {}, "htmx": {"HX-Request": "true"}}


def test_every_address_has_a_row() -> None:
    assert sorted(TABLE) == [route.name for route in routes()]


def test_every_row_says_something_of_everybody() -> None:
    faults = [name for name, row in TABLE.items() if {len(part) for part in row.split()} != {len(PEOPLE)}]
    assert faults == []


@pytest.mark.parametrize("part", range(PARTS))
def test_everybody_gets_what_the_table_says(part: int) -> None:
    world = build_world()
    browsers = world.clients()
    faults = [fault for route in routes()[part::PARTS] for fault in _faults(world, browsers, route)]
    assert faults == []


def _faults(world: World, browsers: dict[str, Client], route: Route) -> list[str]:
    """Return what is not as the row says: an answer, a word of what is private, a row written by who was refused."""
    found = []
    for method, expected in zip(("get", "post"), TABLE[route.name].split(), strict=True):
        data = posted_to(route.name, world) if method == "post" else None
        for way, headers in WAYS.items():
            for person, letter in zip(PEOPLE, expected, strict=True):
                with undone() as written:
                    answer = ask(browsers[person], method, route.address(world), data, headers)
                    got, said = verdict(answer), body_of(answer)
                where = f"{route.name} {method} as {person} ({way})"
                if got != letter:
                    found.append(f"{where}: {got} instead of {letter} ({answer.status_code})")
                if any(secret in said and person != whose for whose, secret in SECRETS.items()):
                    found.append(f"{where}: shows what is private")
                if letter != "+" and written:
                    found.append(f"{where}: refused, and wrote {written[0]}")
    return found


@pytest.mark.parametrize("person", PEOPLE)
def test_the_admin_is_for_staff(person: str) -> None:
    world = build_world()
    browser = world.clients()[person]
    sign_in = reverse("admin:login")
    for address in admin_addresses():
        with undone() as written:
            answers: list[Any] = [ask(browser, method, address) for method in ("get", "post")]
        for answer in answers:
            assert answer.status_code == 302, address
            assert answer["Location"].startswith(sign_in), address
        assert written == []
