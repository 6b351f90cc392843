"""The page behind an invitation link."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from memory.domain.invitations import create_invitation, link_token, read_token
from memory.enums import Role
from memory.models import Assistant, Invitation, Membership, Memory
from memory.views.joining import SESSION_KEY
from tests.memory.factories import KnowledgeFactory, MemoryFactory, PageFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    """The owner of an assistant that knows things."""
    memory = MemoryFactory(user=UserFactory(username="olga"), assistant__name="Helper", assistant__slug="helper")
    PageFactory(memory=memory, query="Where is my yacht?")
    KnowledgeFactory(memory=memory, text="Owns a yacht.")
    return memory.user


@pytest.fixture
def invitation(owner: User) -> Invitation:
    return create_invitation(Assistant.objects.get(), Role.CURATOR, days=7, max_uses=1, by=owner)


@pytest.fixture
def guest(client: Client) -> User:
    guest: User = UserFactory(username="lina")
    client.force_login(guest)
    return guest


def address(invitation: Invitation) -> str:
    return f"/join/{link_token(invitation)}/"


def test_the_page_says_what_joining_means_and_joins_nobody(client: Client, guest: User, invitation: Invitation) -> None:
    answer = client.get(address(invitation))
    for words in ("Join Helper", "<bdi>olga</bdi> invites you", "<strong>Curator</strong>", "visible to nobody else"):
        assert words in answer.text
    assert "yacht" not in answer.text
    assert "no-store" in answer["Cache-Control"]
    assert not Membership.objects.filter(user=guest).exists()


def test_joining_leads_to_the_chat_with_the_assistant(client: Client, guest: User, invitation: Invitation) -> None:
    answer = client.post(address(invitation), follow=True)
    assert answer.redirect_chain == [("/?assistant=helper", 302)]
    assert "You are in. This is Helper." in answer.text
    assert Membership.objects.get(user=guest).role == Role.CURATOR
    assert Memory.objects.filter(user=guest).count() == 1
    # Once more, by Back or a double click.
    again = client.post(address(invitation))
    assert again.status_code == 200
    assert "You are in already" in again.text
    assert client.get(address(invitation)).status_code == 200
    assert Invitation.objects.get().use_count == 1


def test_who_is_not_signed_in_signs_in_first_and_keeps_the_link(client: Client, invitation: Invitation) -> None:
    token = link_token(invitation)
    for answer in (client.get(address(invitation)), client.post(address(invitation))):
        assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next=/join/{token}/")
    assert client.session[SESSION_KEY] == token
    assert read_token(client.session[SESSION_KEY]) == invitation
    client.force_login(UserFactory())
    client.post(address(invitation))
    assert SESSION_KEY not in client.session


def close(invitation: Invitation, how: str) -> None:
    rows, now = Invitation.objects.filter(pk=invitation.pk), timezone.now()
    match how:
        case "expired":
            rows.update(expires_at=now - timedelta(seconds=1))
        case "revoked":
            rows.update(revoked_at=now)
        case "used up":
            rows.update(use_count=1)
        case "archived":
            Assistant.objects.update(archived_at=now)
        case _:
            rows.delete()


SAID = {
    "expired": "This invitation has expired. Ask for a new one.",
    "revoked": "This invitation was withdrawn. Ask for a new one.",
    "used up": "This invitation has been used up. Ask for a new one.",
    "archived": "This assistant has been archived, so nobody can join it any more.",
    "deleted": "This invitation is no longer there. Ask for a new one.",
}


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("how", SAID)
def test_a_closed_link_says_why(client: Client, invitation: Invitation, how: str, signed_in: bool) -> None:
    path = address(invitation)
    close(invitation, how)
    if signed_in:
        client.force_login(UserFactory())
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code == 410
        assert SAID[how] in answer.text
        # Of the assistant nothing is told.
        assert "Helper" not in answer.text
    assert SESSION_KEY not in client.session
    assert Membership.objects.count() == 1


@pytest.mark.parametrize("how", ["open", *[how for how in SAID if how != "deleted"]])
def test_a_member_is_in_already(client: Client, owner: User, invitation: Invitation, how: str) -> None:
    if how != "open":
        close(invitation, how)
    client.force_login(owner)
    for answer in (client.get(address(invitation)), client.post(address(invitation))):
        assert answer.status_code == 200
        assert "You are in already" in answer.text
        assert 'href="/?assistant=helper"' in answer.text
    assert Membership.objects.get().role == Role.OWNER


@pytest.mark.parametrize("token", ["x", "let-me-in", "a.b", "%00", "..%2f", "é" * 50])
@pytest.mark.parametrize("signed_in", [True, False])
def test_garbage_is_not_found(client: Client, invitation: Invitation, token: str, signed_in: bool) -> None:
    if signed_in:
        client.force_login(UserFactory())
    assert client.get(f"/join/{token}/").status_code == 404
    assert client.post(f"/join/{token}/").status_code == 404
    assert SESSION_KEY not in client.session


def test_names_are_shown_as_they_are(client: Client, guest: User, invitation: Invitation) -> None:
    Assistant.objects.update(name="<b>Bold</b>")
    User.objects.filter(username="olga").update(username="<i>olga</i>")
    html = client.get(address(invitation)).text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in html
    assert "&lt;i&gt;olga&lt;/i&gt;" in html
    assert "<i>olga" not in html
