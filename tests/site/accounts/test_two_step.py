"""Two-step sign-in with codes of an app, and with recovery codes."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from tests.memory.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

ACTIVATE = "/accounts/2fa/totp/activate/"


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def password_step(client: Client) -> str:
    return client.post("/accounts/login/", {"login": "tom", "password": PASSWORD}).headers["location"]


def confirm(client: Client) -> None:
    """Sign in, and give the password once more, which changes to how one signs in take."""
    assert password_step(client) == "/"
    answer = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/settings/"})
    assert answer.headers["location"] == "/settings/"


def turn_on(client: Client) -> tuple[str, list[str]]:
    """Turn it on as a person does; return the app's secret and the recovery codes."""
    confirm(client)
    secret = str(client.get(ACTIVATE).context["form"].secret)
    answer = client.post(ACTIVATE, {"code": code_of(secret)}, follow=True)
    assert answer.redirect_chain == [("/accounts/2fa/recovery-codes/", 302)]
    return secret, list(answer.context["unused_codes"])


def second_step(client: Client, code: str) -> bool:
    # A code counts once; what a test gives twice within its half minute is not tried for that.
    cache.clear()
    return client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302


@pytest.fixture
def tom() -> User:
    user: User = UserFactory(username="tom")
    return user


def test_a_password_alone_no_longer_opens_the_account(client: Client, tom: User) -> None:
    secret, _codes = turn_on(client)
    other = Client()
    assert password_step(other) == "/accounts/2fa/authenticate/"
    assert other.get("/settings/").status_code == 302
    assert "This code is not right" in other.post("/accounts/2fa/authenticate/", {"code": "000000"}).text
    assert second_step(other, code_of(secret))
    assert other.get("/settings/").status_code == 200


def test_a_recovery_code_opens_it_once(client: Client, tom: User) -> None:
    _secret, codes = turn_on(client)
    assert len(codes) == 10
    for _ in range(2):
        other = Client()
        password_step(other)
        opened = second_step(other, codes[0])
    assert opened is False
    assert "9 are left" in client.get("/accounts/2fa/").text
    assert client.get("/accounts/2fa/recovery-codes/download/").text.split() == codes[1:]


def test_the_secret_is_sealed_in_the_database(client: Client, tom: User, settings: Settings) -> None:
    secret, codes = turn_on(client)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not any(code in stored for code in codes)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" + "1" * 50
    other = Client()
    password_step(other)
    assert second_step(other, code_of(secret))


def test_with_another_secret_key_nobody_gets_in_without_a_word(client: Client, tom: User, settings: Settings) -> None:
    secret, _codes = turn_on(client)
    settings.SECRET_KEY = "another-" + "1" * 50
    other = Client()
    password_step(other)
    page = other.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert page.status_code == 200
    assert "Codes cannot be checked: this installation has another secret key now." in page.text
    assert other.get("/settings/").status_code == 302


def test_the_picture_stands_in_the_page_itself(client: Client, tom: User) -> None:
    confirm(client)
    page = client.get(ACTIVATE)
    assert 'src="data:image/svg+xml;base64,' in page.text
    assert "no-store" in page.headers["Cache-Control"]


def test_a_wrong_first_code_turns_nothing_on(client: Client, tom: User) -> None:
    confirm(client)
    client.get(ACTIVATE)
    assert "This code is not right" in client.post(ACTIVATE, {"code": "000000"}).text
    assert not Authenticator.objects.exists()


def test_turning_it_off_takes_the_codes_along(client: Client, tom: User) -> None:
    turn_on(client)
    assert 'Two-step sign-in</strong> <span class="badge badge-success">On' in client.get("/settings/").text
    answer = client.post("/accounts/2fa/totp/deactivate/", follow=True)
    assert "Two-step sign-in is off." in answer.text
    assert not Authenticator.objects.exists()
    assert password_step(Client()) == "/"


@pytest.mark.parametrize("address", [ACTIVATE, "/accounts/2fa/recovery-codes/generate/"])
def test_an_unlocked_screen_is_not_enough(client: Client, tom: User, address: str) -> None:
    client.force_login(tom)
    for answer in (client.get(address), client.post(address, {"code": "000000"})):
        assert answer.status_code == 302
        assert answer.headers["location"].startswith("/accounts/reauthenticate/?next=")
    wrong = client.post("/accounts/reauthenticate/", {"password": "wrong", "next": "/settings/"})
    assert "This is not your password." in wrong.text
    right = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/settings/"})
    assert right.headers["location"] == "/settings/"


def test_the_admins_page_does_not_get_around_it(client: Client, tom: User) -> None:
    turn_on(client)
    User.objects.update(is_staff=True, is_superuser=True)
    other = Client()
    other.post("/admin/login/", {"username": "tom", "password": PASSWORD})
    assert other.get("/admin/").status_code == 302
