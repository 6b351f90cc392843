"""The members of an assistant: what each role sees and may do, with HTMX and without."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from memory.domain.invitations import accept_invitation, create_invitation, link_token
from memory.enums import Role
from memory.exceptions import LastOwner
from memory.models import Assistant, Invitation, Membership, Memory
from memory.views.assistants.base import FOR_OWNERS
from memory.views.base import VANISHED
from tests.memory.factories import KnowledgeFactory, MemoryFactory, PageFactory, UserFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


class Team:
    """Olga owns, Carl curates, Mia is a member; a link is open."""

    def __init__(self) -> None:
        olga = MemoryFactory(user=UserFactory(username="olga"), assistant__slug="team", assistant__name="Helper")
        self.assistant: Assistant = olga.assistant
        self.olga: User = olga.user
        self.carl: User = self.add("carl", Role.CURATOR).user
        self.mia: User = self.add("mia", Role.MEMBER).user
        self.link: Invitation = create_invitation(self.assistant, Role.MEMBER, days=7, max_uses=3, by=self.olga)

    def add(self, name: str, role: Role) -> Memory:
        memory: Memory = MemoryFactory(assistant=self.assistant, user=UserFactory(username=name), role=role)
        return memory

    def person(self, role: Role) -> User:
        return {Role.OWNER: self.olga, Role.CURATOR: self.carl, Role.MEMBER: self.mia}[role]

    def key(self, person: User) -> int:
        return Membership.objects.get(assistant=self.assistant, user=person).pk

    def role(self, person: User) -> str | None:
        return Membership.objects.filter(user=person).values_list("role", flat=True).first()


@pytest.fixture
def team() -> Team:
    return Team()


def url(name: str = "members", *args: object) -> str:
    return reverse(f"assistants:{name}", args=["team", *args])


def deeds(team: Team) -> list[tuple[str, dict[str, Any]]]:
    """What only owners do: an address and what is posted to it."""
    mia = team.key(team.mia)
    return [
        (url("member-add"), {"username": "stranger", "role": "member"}),
        (url("member-role", mia), {"role": "owner"}),
        (url("member-remove", mia), {}),
        (url("member-transfer", mia), {}),
        (url("link-new"), {"role": "owner", "days": 30, "max_uses": ""}),
        (url("link-revoke", team.link.pk), {}),
    ]


def assert_unchanged(team: Team) -> None:
    assert (team.role(team.olga), team.role(team.carl), team.role(team.mia)) == ("owner", "curator", "member")
    assert team.assistant.memberships.count() == 3
    assert list(Invitation.objects.values_list("pk", "revoked_at")) == [(team.link.pk, None)]


@pytest.mark.parametrize("role", list(Role))
def test_every_member_sees_the_list_and_nothing_of_a_memory(client: Client, team: Team, role: Role) -> None:
    for person in (team.olga, team.carl, team.mia):
        memory = Memory.objects.get(user=person)
        KnowledgeFactory(memory=memory, text="Owns a yacht.")
        PageFactory(memory=memory, query="Where is my yacht?")
    client.force_login(team.person(role))
    html = client.get(url()).text
    for name in ("olga", "carl", "mia"):
        assert f"<bdi>{name}</bdi>" in html
    assert "yacht" not in html
    assert html.count('class="badge badge-accent">You<') == 1
    assert ("<form" in html.partition('<ul class="items members">')[2].partition("<footer")[0]) == (role == Role.OWNER)
    # The link itself is for owners only.
    assert ("/join/" in html) == (role == Role.OWNER)
    assert html.count(f'href="{url("leave")}"') == 1


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("role", [Role.CURATOR, Role.MEMBER])
def test_only_owners_change_anything(client: Client, team: Team, role: Role, headers: dict[str, str]) -> None:
    UserFactory(username="stranger")
    client.force_login(team.person(role))
    for address, data in deeds(team):
        answer = client.post(address, data, headers=headers)
        assert answer.status_code == 403, address
        assert str(FOR_OWNERS) in answer.text
        assert ("<html" in answer.text) == (not headers)
        # A name that exists and one that does not are refused alike.
        assert "stranger" not in answer.text
    assert_unchanged(team)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_to_strangers_nothing_of_it_exists(client: Client, team: Team, headers: dict[str, str]) -> None:
    client.force_login(MemoryFactory().user)
    for address, data in [*deeds(team), (url("leave"), {})]:
        assert client.post(address, data, headers=headers).status_code == 404, address
        assert client.get(address, headers=headers).status_code in (404, 405), address
    assert client.get(url(), headers=headers).status_code == 404
    assert_unchanged(team)


def test_members_and_links_of_another_assistant_are_not_found(client: Client, team: Team) -> None:
    other = MemoryFactory(user=team.olga)
    elsewhere = MemoryFactory(assistant=other.assistant, role=Role.MEMBER)
    key = Membership.objects.get(user=elsewhere.user).pk
    link = create_invitation(other.assistant, Role.MEMBER, days=7, max_uses=1, by=team.olga)
    client.force_login(team.olga)
    for address in (url("member-role", key), url("member-remove", key), url("member-transfer", key)):
        assert client.post(address, {"role": "owner"}).status_code == 404
    assert client.post(url("link-revoke", link.pk)).status_code == 404
    assert client.post(url("link-revoke", 10**12), headers=HTMX).status_code == 404


def test_without_signing_in_there_is_nothing_to_see(client: Client, team: Team) -> None:
    for address, data in [*deeds(team), (url(), {}), (url("leave"), {})]:
        answer = client.post(address, data)
        assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={address}")


# --- Adding -------------------------------------------------------------------------------------------------------


def test_an_owner_adds_somebody(client: Client, team: Team) -> None:
    lina = UserFactory(username="lina")
    client.force_login(team.olga)
    answer = client.post(url("member-add"), {"username": "lina", "role": "curator"}, follow=True)
    assert answer.redirect_chain == [(url(), 302)]
    assert "lina is in, as: Curator." in answer.text
    assert team.role(lina) == Role.CURATOR


@pytest.mark.parametrize(
    ("name", "role", "said"),
    [
        ("nobody", "member", "There is nobody of this name here."),
        ("carl", "member", "This person is a member already."),
        ("", "member", "This field is required."),
        ("lina", "emperor", "Select a valid choice."),
        ("li\0na", "member", "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_added_is_said_at_the_field(client: Client, team: Team, name: str, role: str, said: str) -> None:
    UserFactory(username="lina")
    client.force_login(team.olga)
    answer = client.post(url("member-add"), {"username": name, "role": role})
    assert answer.status_code == 422
    assert said in answer.text
    assert_unchanged(team)


# --- Roles --------------------------------------------------------------------------------------------------------


def test_another_role_with_htmx_swaps_the_row(client: Client, team: Team) -> None:
    client.force_login(team.olga)
    page = client.get(url()).text
    address, key = url("member-role", team.key(team.mia)), team.key(team.mia)
    assert f'action="{address}" hx-post="{address}"' in page
    answer = client.post(address, {"role": "curator"}, headers=HTMX)
    assert "<html" not in answer.text
    assert f'<li id="member-{key}"' in answer.text
    assert '<option value="curator" selected>' in answer.text
    assert "mia: Curator from now on." in answer.text
    assert answer.text.count(" autofocus") == 1
    assert team.role(team.mia) == Role.CURATOR


def test_another_role_without_javascript_leads_back(client: Client, team: Team) -> None:
    client.force_login(team.olga)
    key = team.key(team.mia)
    answer = client.post(url("member-role", key), {"role": "curator"}, follow=True)
    assert answer.redirect_chain == [(f"{url()}#member-{key}", 302)]
    assert "mia: Curator from now on." in answer.text


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_the_last_owner_keeps_the_role_and_is_told(client: Client, team: Team, headers: dict[str, str]) -> None:
    client.force_login(team.olga)
    answer = client.post(url("member-role", team.key(team.olga)), {"role": "member"}, headers=headers)
    assert answer.status_code == 409
    assert str(LastOwner.message) in answer.text
    if headers:
        assert '<option value="owner" selected>' in answer.text
    assert_unchanged(team)


def test_who_demotes_themself_gets_the_page_of_their_new_role(client: Client, team: Team) -> None:
    Membership.objects.filter(user=team.carl).update(role=Role.OWNER)
    client.force_login(team.olga)
    answer = client.post(url("member-role", team.key(team.olga)), {"role": "member"}, headers=HTMX)
    assert answer["HX-Redirect"] == url()
    assert "olga: Member from now on." in client.get(url()).text
    # The page that was open before refuses.
    answer = client.post(url("member-role", team.key(team.mia)), {"role": "owner"}, headers=HTMX)
    assert (answer.status_code, answer["HX-Reswap"]) == (403, "none")
    assert str(FOR_OWNERS) in answer.text


def test_an_unknown_role_is_refused(client: Client, team: Team) -> None:
    client.force_login(team.olga)
    for headers in ({}, HTMX):
        for data in ({"role": "emperor"}, {}):
            assert client.post(url("member-role", team.key(team.mia)), data, headers=headers).status_code == 422
    assert_unchanged(team)


# --- Going --------------------------------------------------------------------------------------------------------


def test_removing_asks_first_and_says_what_stays(client: Client, team: Team) -> None:
    client.force_login(team.olga)
    address = url("member-remove", team.key(team.mia))
    html = client.get(address).text
    assert "Remove <bdi>mia</bdi>?" in html
    assert "they can still export them" in html
    assert "Other invitation links may be open." in html
    assert_unchanged(team)
    answer = client.post(address, follow=True)
    assert answer.redirect_chain == [(url(), 302)]
    assert "mia is no longer a member." in answer.text
    assert "<bdi>mia</bdi>" not in answer.text
    assert team.role(team.mia) is None
    # Twice: somebody else, or another tab, was quicker.
    assert client.post(address).status_code == 404
    assert str(VANISHED) in client.post(address, headers=HTMX).text


def test_the_link_a_removed_person_came_by_is_withdrawn_and_said(client: Client, team: Team) -> None:
    lina = UserFactory(username="lina")
    accept_invitation(link_token(team.link), lina)
    client.force_login(team.olga)
    answer = client.post(url("member-remove", team.key(lina)), follow=True)
    assert "lina is no longer a member. 1 invitation link was withdrawn, too." in answer.text


def test_to_remove_oneself_is_to_leave(client: Client, team: Team) -> None:
    client.force_login(team.olga)
    address = url("member-remove", team.key(team.olga))
    assert client.get(address)["Location"] == url("leave")
    assert client.post(address).status_code == 409
    assert_unchanged(team)


def test_handing_over_asks_first(client: Client, team: Team) -> None:
    client.force_login(team.olga)
    address = url("member-transfer", team.key(team.carl))
    assert "Make <bdi>carl</bdi> the owner of Helper?" in client.get(address).text
    assert_unchanged(team)
    answer = client.post(address, follow=True)
    assert "carl owns the assistant now; you are a curator." in answer.text
    assert (team.role(team.olga), team.role(team.carl)) == (Role.CURATOR, Role.OWNER)
    assert client.post(address).status_code == 403


@pytest.mark.parametrize("role", [Role.CURATOR, Role.MEMBER])
def test_anybody_leaves_after_a_question(client: Client, team: Team, role: Role) -> None:
    person = team.person(role)
    client.force_login(person)
    assert "Leave Helper?" in client.get(url("leave")).text
    answer = client.post(url("leave"))
    assert answer["Location"] == "/"
    assert team.role(person) is None
    assert client.get(url()).status_code == 404
    assert client.post(url("leave")).status_code == 404


def test_the_last_owner_is_told_to_whom_to_hand_over(client: Client, team: Team) -> None:
    client.force_login(team.olga)
    for answer in (client.get(url("leave")), client.post(url("leave"))):
        assert answer.status_code == (200 if answer.request["REQUEST_METHOD"] == "GET" else 409)
        assert "You are the only owner" in answer.text
        assert url("member-transfer", team.key(team.mia)) in answer.text
    Membership.objects.exclude(user=team.olga).delete()
    assert "archive it in its settings" in client.get(url("leave")).text
    assert team.role(team.olga) == Role.OWNER


# --- Links --------------------------------------------------------------------------------------------------------


def test_an_owner_makes_a_link_and_finds_it_ready_to_be_copied(client: Client, team: Team) -> None:
    client.force_login(team.olga)
    answer = client.post(url("link-new"), {"role": "curator", "days": "1", "max_uses": ""}, follow=True)
    assert answer.redirect_chain == [(f"{url()}#links", 302)]
    made = Invitation.objects.latest("pk")
    assert (made.role, made.max_uses, made.created_by) == (Role.CURATOR, None, team.olga)
    assert round((made.expires_at - timezone.now()).total_seconds() / 3600) == 24
    address = f"http://testserver/join/{link_token(made)}/"
    assert f'<input type="text" readonly value="{address}"' in answer.text
    assert re.search(r"<button[^>]*data-copy-link hidden>", answer.text)


@pytest.mark.parametrize(
    ("field", "value"),
    [("role", "emperor"), ("days", "2"), ("days", ""), ("max_uses", "0"), ("max_uses", "1001"), ("max_uses", "x")],
)
def test_a_link_that_cannot_be_is_refused(client: Client, team: Team, field: str, value: str) -> None:
    client.force_login(team.olga)
    data = {"role": "member", "days": "7", "max_uses": "1", field: value}
    assert client.post(url("link-new"), data).status_code == 422
    assert_unchanged(team)


def test_a_link_is_withdrawn_with_htmx_and_without(client: Client, team: Team) -> None:
    client.force_login(team.olga)
    other = create_invitation(team.assistant, Role.MEMBER, days=7, max_uses=None, by=team.olga)
    answer = client.post(url("link-revoke", team.link.pk), headers=HTMX)
    assert "<html" not in answer.text
    assert answer.text.startswith("\n<section id=") or '<section id="links"' in answer.text
    assert link_token(team.link) not in answer.text
    assert link_token(other) in answer.text
    assert "Withdrawn" in answer.text
    answer = client.post(url("link-revoke", other.pk), follow=True)
    assert answer.redirect_chain == [(f"{url()}#links", 302)]
    assert "/join/" not in answer.text
    assert "No link is open." in answer.text


def test_links_say_how_far_they_are(client: Client, team: Team) -> None:
    accept_invitation(link_token(team.link), UserFactory(username="lina"))
    Invitation.objects.bulk_create(
        [
            Invitation(assistant=team.assistant, expires_at=timezone.now(), max_uses=1),
            Invitation(assistant=team.assistant, expires_at=timezone.now(), max_uses=1, use_count=1),
        ]
    )
    client.force_login(team.olga)
    html = client.get(url()).text
    opened, _, past = html.partition("<details")
    assert "For 2 more people" in opened
    assert "Used once" in opened
    assert "Came by a link of <bdi>olga</bdi>" in opened
    assert "Expired" in past
    assert "Used up" in past
    assert opened.count("/join/") == 1
    assert "/join/" not in past


def test_of_an_archived_assistant_people_can_be_removed_but_not_added(client: Client, team: Team) -> None:
    Assistant.objects.update(archived_at=timezone.now())
    client.force_login(team.olga)
    html = client.get(url()).text
    assert url("member-add") not in html
    assert url("link-new") not in html
    assert "This assistant is archived." in html
    assert f'action="{url("member-role", team.key(team.mia))}"' not in html
    for address, data in deeds(team):
        if address in (url("member-add"), url("link-new")):
            answer = client.post(address, {**data, "username": "carl"})
            assert answer.status_code == 422
    assert client.post(url("member-remove", team.key(team.mia))).status_code == 302


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_as_much_for_one_as_for_many(
    client: Client, team: Team, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        link = create_invitation(team.assistant, Role.MEMBER, days=7, max_uses=2, by=team.olga)
        accept_invitation(link_token(link), UserFactory(username=f"guest{number}"))
        create_invitation(team.assistant, Role.MEMBER, days=7, max_uses=1, by=UserFactory(), operator=True)
        closed = create_invitation(team.assistant, Role.MEMBER, days=7, max_uses=1, by=team.olga)
        Invitation.objects.filter(pk=closed.pk).update(revoked_at=timezone.now())
    client.force_login(team.olga)
    # Session, person, membership with the proposals that wait; the people; links that are open, and closed ones.
    with django_assert_num_queries(6):
        html = client.get(url()).text
    assert html.count("Came by a link of") == count
    client.force_login(team.mia)
    # Besides the first four, their own proposals that wait.
    with django_assert_num_queries(5):
        client.get(url())
