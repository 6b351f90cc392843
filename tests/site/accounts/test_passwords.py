"""Passwords: wrong ones, forgotten ones, new ones."""

from __future__ import annotations

import re
from io import StringIO
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from memoryos_site.environment import PublicUrl
from tests.memory.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NEW = "another-long-passphrase"
RESET = "/accounts/password/reset/"
ORIGIN = "https://memory.example.org"


class Unreachable(EmailBackend):
    """A mail server that hangs up."""

    def send_messages(self, messages: Any) -> int:
        raise SMTPServerDisconnected("gone")


@pytest.fixture
def tom() -> User:
    user: User = UserFactory(username="tom", email="tom@example.org")
    EmailAddress.objects.create(user=user, email="tom@example.org", verified=True, primary=True)
    return user


@pytest.fixture
def mail_is_on(settings: Settings) -> None:
    settings.MAIL_IS_ON = True
    settings.PUBLIC_URL = PublicUrl("https", "memory.example.org", "memory.example.org")


def without_token(page: str) -> str:
    """Return the page without what is another one each time."""
    return re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": )"\w+"', "", page)


def sign_in(client: Client, password: str, name: str = "tom") -> bool:
    answer = client.post("/accounts/login/", {"login": name, "password": password})
    return answer.status_code == 302


def test_signing_in_does_not_tell_whether_a_name_is_known(client: Client, tom: User) -> None:
    pages = [
        client.post("/accounts/login/", {"login": name, "password": "wrong"}).text.replace(name, "NAME")
        for name in ("tom", "tim")
    ]
    assert without_token(pages[0]) == without_token(pages[1])
    assert "Username and password do not match. Check both and try again." in pages[0]


def test_a_closed_account_is_said_to_its_person_only(client: Client, tom: User) -> None:
    User.objects.update(is_active=False)
    assert "do not match" in client.post("/accounts/login/", {"login": "tom", "password": "wrong"}).text
    answer = client.post("/accounts/login/", {"login": "tom", "password": PASSWORD}, follow=True)
    assert "This account is closed" in answer.text
    assert client.get("/settings/").status_code == 302


def test_names_are_told_apart_by_more_than_case(client: Client, tom: User) -> None:
    assert sign_in(client, PASSWORD, "TOM")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "http:///evil"])
def test_signing_in_leads_nowhere_else(client: Client, tom: User, target: str) -> None:
    answer = client.post("/accounts/login/", {"login": "tom", "password": PASSWORD, "next": target})
    assert (answer.status_code, answer.headers["location"]) == (302, "/")


def test_signing_in_leads_where_one_wanted_to_go(client: Client, tom: User) -> None:
    assert 'name="next" value="/memory/"' in client.get("/accounts/login/?next=/memory/").text
    answer = client.post("/accounts/login/", {"login": "tom", "password": PASSWORD, "next": "/memory/"})
    assert answer.headers["location"] == "/memory/"


def test_the_admin_has_no_sign_in_of_its_own(client: Client, tom: User) -> None:
    assert client.get("/admin/login/?next=/admin/").headers["location"] == "/accounts/login/?next=%2Fadmin%2F"
    client.post("/admin/login/", {"username": "tom", "password": PASSWORD})
    assert client.get("/settings/").status_code == 302
    client.force_login(tom)
    assert client.get("/admin/login/").status_code == 403


def test_without_mail_a_forgotten_password_leads_to_whoever_runs_it(client: Client, tom: User) -> None:
    for page in (client.get(RESET), client.post(RESET, {"email": "tom@example.org"})):
        assert page.status_code == 200
        assert "This installation sends no e-mail. Ask whoever runs it" in page.text
    assert mail.outbox == []
    client.force_login(tom)
    assert client.get("/accounts/email/").status_code == 404
    assert "/accounts/email/" not in client.get("/settings/").text


@pytest.mark.usefixtures("mail_is_on")
def test_a_forgotten_password_is_set_by_a_link_that_works_once(client: Client, tom: User) -> None:
    # The host that a request names is anybody's word: links lead to PUBLIC_URL.
    elsewhere = Client()
    elsewhere.force_login(tom)
    asked = client.post(RESET, {"email": "Tom@Example.org"}, headers={"host": "203.0.113.9"})
    assert asked.headers["location"] == "/accounts/password/reset/done/"
    (sent,) = mail.outbox
    assert sent.to == ["tom@example.org"]
    assert "203.0.113.9" not in str(sent.message())
    link = next(word for word in str(sent.body).split() if word.startswith("http"))
    assert link.startswith(f"{ORIGIN}/accounts/password/reset/key/")

    form = client.get(link.removeprefix(ORIGIN)).headers["location"]
    assert link.rpartition("-")[2] not in form
    answer = client.post(form, {"password1": NEW, "password2": NEW}, follow=True)

    assert "Your password is changed" in answer.text
    assert not sign_in(client, PASSWORD)
    assert sign_in(client, NEW)
    assert elsewhere.get("/settings/").status_code == 302
    assert "This link no longer works" in Client().get(link.removeprefix(ORIGIN)).text


@pytest.mark.usefixtures("mail_is_on")
def test_asking_for_a_link_does_not_tell_whether_an_address_is_known(client: Client, tom: User) -> None:
    asked = [client.post(RESET, {"email": f"{name}@example.org"}, follow=True) for name in ("tom", "tim")]
    assert asked[0].redirect_chain == asked[1].redirect_chain
    assert without_token(asked[0].text) == without_token(asked[1].text)
    assert [sent.to for sent in mail.outbox] == [["tom@example.org"], ["tim@example.org"]]
    assert "/accounts/signup/" not in str(mail.outbox[1].body)


@pytest.mark.usefixtures("mail_is_on")
@pytest.mark.parametrize("name", ["tom", "tim"])
def test_a_mail_server_that_is_away_is_said_and_tells_nothing(
    client: Client, tom: User, settings: Settings, name: str
) -> None:
    settings.EMAIL_BACKEND = "tests.site.accounts.test_passwords.Unreachable"
    page = client.post(RESET, {"email": f"{name}@example.org"}, follow=True)
    assert page.status_code == 200
    assert "The e-mail could not be sent. Tell whoever runs this installation." in page.text


def test_an_operator_makes_a_link(client: Client, tom: User) -> None:
    out, told = StringIO(), StringIO()
    call_command("password_link", "tom", stdout=out, stderr=told)
    assert told.getvalue() == "For tom, once, within 24 hours:\n"
    link = out.getvalue().strip()
    assert link.startswith("http://localhost:8000/accounts/password/reset/key/")
    form = client.get(link.removeprefix("http://localhost:8000")).headers["location"]
    client.post(form, {"password1": NEW, "password2": NEW})
    assert sign_in(client, NEW)
    assert "This link no longer works" in Client().get(link.removeprefix("http://localhost:8000")).text


@pytest.mark.usefixtures("mail_is_on")
def test_a_link_leads_to_the_public_address(tom: User) -> None:
    out = StringIO()
    call_command("password_link", "tom", stdout=out, stderr=StringIO())
    assert out.getvalue().startswith(f"{ORIGIN}/accounts/password/reset/key/")


def test_there_is_no_link_for_nobody_or_a_closed_account(tom: User) -> None:
    with pytest.raises(CommandError, match=r"^There is no account of the name 'tim'\.$"):
        call_command("password_link", "tim")
    User.objects.update(is_active=False)
    with pytest.raises(CommandError, match=r"^The account 'tom' is closed: open it in the admin first\.$"):
        call_command("password_link", "tom")


def test_a_new_password_signs_out_the_other_devices(client: Client, tom: User) -> None:
    here, there = Client(), Client()
    assert sign_in(here, PASSWORD)
    assert sign_in(there, PASSWORD)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    answer = here.post("/accounts/password/change/", form)
    assert answer.headers["location"] == "/settings/"
    assert here.get("/settings/").status_code == 200
    assert there.get("/settings/").status_code == 302
    assert [each.is_current for each in here.get("/accounts/sessions/").context["sessions"]] == [True]


def test_a_new_password_takes_the_present_one(client: Client, tom: User) -> None:
    client.force_login(tom)
    form = {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
    assert "This is not your present password." in client.post("/accounts/password/change/", form).text
    tom.refresh_from_db()
    assert tom.check_password(PASSWORD)


@pytest.mark.usefixtures("mail_is_on")
def test_an_address_is_changed_once_the_new_one_is_confirmed(client: Client, tom: User) -> None:
    sign_in(client, PASSWORD)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"email": "new@example.org", "action_add": ""})
    page = client.get("/accounts/email/").text
    assert "tom@example.org" in page
    assert "Not confirmed yet" in page
    sent = next(each for each in mail.outbox if each.to == ["new@example.org"])
    link = next(word for word in str(sent.body).split() if word.startswith("http"))
    client.post(link.removeprefix(ORIGIN))
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("new@example.org", True)]
    client.post("/accounts/email/", {"email": "new@example.org", "action_remove": ""})
    assert not EmailAddress.objects.exists()
