"""Attempts are counted, whatever the request says about itself."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.memory.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"


def attempt(client: Client, password: str = "wrong", **headers: str) -> str:
    return client.post(SIGN_IN, {"login": "tom", "password": password}, headers=headers).text


def test_too_many_requests_are_told_to_wait(client: Client) -> None:
    answers = [client.post(SIGN_IN, {"login": "", "password": ""}) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert answers[-1].headers["Retry-After"] == "60"
    assert "Wait a minute, then try again." in answers[-1].text
    assert "Content-Security-Policy" in answers[-1].headers
    # To look is no attempt.
    assert client.get(SIGN_IN).status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.99").post(SIGN_IN, {"login": "", "password": ""}).status_code == 200


def is_let_in(address: str) -> bool:
    """Tell whether the right password is taken from there."""
    return Client(REMOTE_ADDR=address).post(SIGN_IN, {"login": "tom", "password": PASSWORD}).status_code == 302


def test_wrong_passwords_of_one_account_from_one_address_are_counted() -> None:
    UserFactory(username="tom")
    for number in range(5):
        # Neither a new browser nor another host makes it another account.
        assert "do not match" in attempt(Client(REMOTE_ADDR="192.0.2.1"), host=f"198.51.100.{number}")
    said = attempt(Client(REMOTE_ADDR="192.0.2.1"), PASSWORD, host="198.51.100.77")
    assert "Too many attempts with wrong passwords. Wait a few minutes and try again." in said


def test_a_stranger_elsewhere_keeps_nobody_out_of_their_account() -> None:
    UserFactory(username="tom")
    for _ in range(7):
        attempt(Client(REMOTE_ADDR="192.0.2.1"))
    assert [is_let_in("192.0.2.1"), is_let_in("192.0.2.2")] == [False, True]


def test_an_address_of_ipv6_is_that_of_its_network() -> None:
    UserFactory(username="tom")
    for number in range(5):
        attempt(Client(REMOTE_ADDR=f"2001:db8::{number}"))
    assert [is_let_in("2001:db8::ffff"), is_let_in("2001:db8:1::1")] == [False, True]


def test_guesses_from_many_addresses_are_counted_together() -> None:
    UserFactory(username="tom")
    for number in range(50):
        said = attempt(Client(REMOTE_ADDR=f"192.0.2.{number}"))
        assert "do not match" in said, number
    assert "Too many attempts" in attempt(Client(REMOTE_ADDR="192.0.2.99"), PASSWORD)


def test_right_passwords_count_in_neither_way() -> None:
    UserFactory(username="tom")
    for number in range(49):
        attempt(Client(REMOTE_ADDR=f"192.0.2.{number}"))
    assert [is_let_in(f"198.51.100.{number}") for number in range(3)] == [True] * 3
    assert "do not match" in attempt(Client(REMOTE_ADDR="198.51.100.1"))
    assert not is_let_in("198.51.100.1")


def test_who_signs_in_is_not_counted() -> None:
    UserFactory(username="tom")
    for _ in range(8):
        assert Client().post(SIGN_IN, {"login": "tom", "password": PASSWORD}).status_code == 302


def test_a_forwarded_address_gets_nobody_around_it(client: Client) -> None:
    statuses = [
        client.post(SIGN_IN, {"login": "", "password": ""}, headers={"x-forwarded-for": f"203.0.113.{n}"}).status_code
        for n in range(31)
    ]
    assert statuses[-1] == 429
