"""Signing up: open, by invitation, closed."""

from __future__ import annotations

import threading
from datetime import timedelta
from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from memory.domain.invitations import link_token
from memory.domain.roles import lock_assistant
from memory.models import Invitation, Membership
from memoryos_site.environment import PublicUrl
from tests.memory.domain.test_at_once import until_waiting
from tests.memory.factories import AssistantFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.site.accounts.addresses")]

PASSWORD = "a-long-enough-passphrase"
FORM = {"username": "nina", "password1": PASSWORD, "password2": PASSWORD}
SIGN_UP = "/accounts/signup/"


@pytest.fixture
def mail_is_on(settings: Settings) -> None:
    settings.MAIL_IS_ON = True
    settings.PUBLIC_URL = PublicUrl("https", "memory.example.org", "memory.example.org")


@pytest.fixture(autouse=True)
def owner() -> User:
    """Who has set the installation up."""
    owner: User = UserFactory(username="owner")
    return owner


def invite(**fields: object) -> Invitation:
    values = {"expires_at": timezone.now() + timedelta(days=1), "max_uses": 1, **fields}
    invitation = Invitation.objects.create(**{"assistant": AssistantFactory(), **values})
    invitation.refresh_from_db()
    return invitation


def come_by(client: Client, token: str) -> None:
    """Be somebody who has opened an invitation's link."""
    session = client.session
    session["invitation"] = token
    session.save()


def names() -> list[str]:
    return list(User.objects.exclude(username="owner").order_by("username").values_list("username", flat=True))


def links_on_the_sign_in_page(client: Client) -> bool:
    return f'href="{SIGN_UP}"' in client.get("/accounts/login/").text


def test_where_it_is_open_everybody_gets_in(client: Client, settings: Settings) -> None:
    settings.MEMORYOS_SIGNUP = "open"
    assert links_on_the_sign_in_page(client)
    assert client.get(SIGN_UP).status_code == 200
    answer = client.post(SIGN_UP, FORM)
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert names() == ["nina"]
    assert client.get("/settings/").status_code == 200
    assert not User.objects.get(username="nina").is_staff


@pytest.mark.parametrize("mode", ["open", "invitation"])
def test_before_the_owner_nobody_gets_in(client: Client, settings: Settings, owner: User, mode: str) -> None:
    settings.MEMORYOS_SIGNUP = mode
    come_by(client, link_token(invite()))
    owner.delete()
    assert not links_on_the_sign_in_page(client)
    for page in (client.get(SIGN_UP), client.post(SIGN_UP, FORM)):
        assert page.status_code == 403
        assert "This installation has no owner yet." in page.text
    assert names() == []


def test_where_it_is_closed_nobody_does(client: Client, settings: Settings) -> None:
    settings.MEMORYOS_SIGNUP = "closed"
    come_by(client, link_token(invite()))
    assert not links_on_the_sign_in_page(client)
    for page in (client.get(SIGN_UP), client.post(SIGN_UP, FORM)):
        assert page.status_code == 403
        assert "This installation takes no sign-ups. Ask whoever runs it for an account." in page.text
    assert names() == []


def test_by_default_it_takes_an_invitation(client: Client, settings: Settings) -> None:
    assert settings.MEMORYOS_SIGNUP == "invitation"
    assert not links_on_the_sign_in_page(client)
    for page in (client.get(SIGN_UP), client.post(SIGN_UP, FORM)):
        assert page.status_code == 403
        assert "A new account needs an invitation." in page.text
    assert names() == []


@pytest.mark.parametrize("mode", ["open", "invitation"])
def test_an_invited_person_is_let_in_and_ends_in_the_chat(client: Client, settings: Settings, mode: str) -> None:
    settings.MEMORYOS_SIGNUP = mode
    invitation = invite(assistant=AssistantFactory(name="<b>Cook</b>"))
    token = link_token(invitation)
    come_by(client, token)
    assert links_on_the_sign_in_page(client)
    page = client.get(f"/accounts/login/?next=/join/{token}/").text
    assert "You are invited to <strong>&lt;b&gt;Cook&lt;/b&gt;</strong>." in page
    assert page.count(f'href="{SIGN_UP}?next=%2Fjoin%2F{quote(token)}%2F"') == 1
    Invitation.objects.update(created_by=User.objects.get(username="owner"))
    for address in ("/accounts/login/", SIGN_UP):
        assert "<bdi>owner</bdi> invites you to <strong>&lt;b&gt;Cook" in client.get(address).text
    answer = client.post(SIGN_UP, {**FORM, "next": f"/join/{token}/"})
    chat = f"/?assistant={invitation.assistant.slug}"
    assert (answer.status_code, answer.headers["location"]) == (302, chat)
    place = Membership.objects.get(user__username="nina")
    assert (place.assistant, place.role, place.invitation) == (invitation.assistant, "member", invitation)
    invitation.refresh_from_db()
    assert (names(), invitation.use_count) == (["nina"], 1)
    assert "invitation" not in client.session


def test_a_link_for_one_makes_one_account(client: Client) -> None:
    token = link_token(invite())
    other = Client()
    for browser in (client, other):
        come_by(browser, token)
        assert browser.get(SIGN_UP).status_code == 200
    assert client.post(SIGN_UP, FORM).status_code == 302
    page = other.post(SIGN_UP, {**FORM, "username": "puppet"})
    assert (page.status_code, "This invitation has been used up. Ask for a new one." in page.text) == (403, True)
    assert names() == ["nina"]
    assert Membership.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_by_a_link_for_one_one_gets_an_account() -> None:
    invitation = invite()
    browsers = {name: Client() for name in ("nina", "nora")}
    for browser in browsers.values():
        come_by(browser, link_token(invitation))
    answers: list[tuple[int, bool]] = []

    def sign_up(name: str) -> None:
        page = browsers[name].post(SIGN_UP, {**FORM, "username": name})
        answers.append((page.status_code, "This invitation has been used up." in page.text))
        connection.close()

    threads = [threading.Thread(target=sign_up, args=[name]) for name in browsers]
    with transaction.atomic():
        # Both have passed the look at the link when the first one is let in.
        lock_assistant(invitation.assistant)
        for number, thread in enumerate(threads, 1):
            thread.start()
            until_waiting(number)
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == [(302, False), (403, True)]
    assert (len(names()), Membership.objects.count()) == (1, 1)


@pytest.mark.parametrize("fields", [{"use_count": 1}, {"revoked_at": timezone.now()}])
def test_where_it_is_open_a_spent_link_hinders_nobody(
    client: Client, settings: Settings, fields: dict[str, object]
) -> None:
    settings.MEMORYOS_SIGNUP = "open"
    token = link_token(invite(**fields))
    come_by(client, token)
    answer = client.post(SIGN_UP, FORM)
    # That page says what is wrong with the link.
    assert (answer.status_code, answer.headers["location"]) == (302, f"/join/{token}/")
    assert (names(), Membership.objects.exists()) == (["nina"], False)


def test_what_is_wrong_in_the_form_uses_no_invitation(client: Client) -> None:
    invitation = invite()
    come_by(client, link_token(invitation))
    assert client.post(SIGN_UP, {**FORM, "password2": "another"}).status_code == 200
    invitation.refresh_from_db()
    assert (names(), invitation.use_count) == ([], 0)
    assert client.post(SIGN_UP, FORM).status_code == 302


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"expires_at": timezone.now() - timedelta(days=1)}, "This invitation has expired. Ask for a new one."),
        ({"revoked_at": timezone.now()}, "This invitation was withdrawn. Ask for a new one."),
        ({"use_count": 1}, "This invitation has been used up. Ask for a new one."),
        ({}, "This invitation is not valid."),
    ],
)
def test_an_invitation_that_does_not_hold_lets_nobody_in(
    client: Client, fields: dict[str, object], sentence: str
) -> None:
    token = link_token(invite(**fields))
    come_by(client, token if fields else token + "x")
    assert not links_on_the_sign_in_page(client)
    assert "invited to" not in client.get("/accounts/login/").text
    for page in (client.get(SIGN_UP), client.post(SIGN_UP, FORM)):
        assert (page.status_code, sentence in page.text) == (403, True)
    assert names() == []


def test_a_link_withdrawn_while_the_form_is_filled_in_lets_nobody_in(client: Client) -> None:
    invitation = invite()
    come_by(client, link_token(invitation))
    assert client.get(SIGN_UP).status_code == 200
    Invitation.objects.update(revoked_at=timezone.now())
    assert client.post(SIGN_UP, FORM).status_code == 403
    assert names() == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"username": "TOM"}, "A user with that username already exists."),
        ({"username": "to m"}, "Enter a valid username."),
        ({"username": "x" * 151}, "Ensure this value has at most 150 characters (it has 151)."),
        ({"username": ""}, "This field is required."),
        ({"password1": "12345678", "password2": "12345678"}, "This password is entirely numeric."),
        ({"password2": "another"}, "You must type the same password each time."),
    ],
)
def test_what_is_wrong_is_said(client: Client, settings: Settings, fields: dict[str, str], sentence: str) -> None:
    settings.MEMORYOS_SIGNUP = "open"
    UserFactory(username="tom")
    page = client.post(SIGN_UP, {**FORM, **fields})
    assert sentence in page.text
    assert 'aria-invalid="true"' in page.text
    assert names() == ["tom"]


def test_without_mail_no_address_is_asked_nor_kept(client: Client, settings: Settings) -> None:
    settings.MEMORYOS_SIGNUP = "open"
    assert 'name="email"' not in client.get(SIGN_UP).text
    client.post(SIGN_UP, {**FORM, "email": "nina@example.org"})
    assert User.objects.get(username="nina").email == ""
    assert not EmailAddress.objects.exists()


@pytest.mark.usefixtures("mail_is_on")
def test_an_address_is_optional_and_confirmed_by_a_link(client: Client, settings: Settings) -> None:
    settings.MEMORYOS_SIGNUP = "open"
    assert "E-mail address (optional)" in client.get(SIGN_UP).text
    client.post(SIGN_UP, {**FORM, "email": "nina@example.org"})
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["nina@example.org"], "[MemoryOS] Confirm your e-mail address")
    address = link_in(sent)
    assert address.startswith("https://memory.example.org/accounts/confirm-email/")
    client.post(address.removeprefix("https://memory.example.org"))
    assert EmailAddress.objects.get().verified


@pytest.mark.usefixtures("mail_is_on")
def test_signing_up_does_not_tell_whether_an_address_is_known(settings: Settings) -> None:
    settings.MEMORYOS_SIGNUP = "open"
    EmailAddress.objects.create(user=UserFactory(), email="known@example.org", verified=True, primary=True)
    answers = {}
    for name in ("known", "unknown"):
        browser = Client()
        answer = browser.post(SIGN_UP, {**FORM, "username": name, "email": f"{name}@example.org"})
        page = browser.get(answer.headers["location"], follow=True)
        answers[name] = (answer.status_code, answer.headers["location"], [str(m) for m in page.context["messages"]])
    assert answers["known"][:2] == answers["unknown"][:2] == (302, "/")
    assert [said.replace("unknown@", "known@") for said in answers["unknown"][2]] == answers["known"][2]
    assert EmailAddress.objects.filter(email="known@example.org", verified=True).count() == 1


def link_in(sent: EmailMessage) -> str:
    return next(word for word in str(sent.body).split() if word.startswith("http"))
