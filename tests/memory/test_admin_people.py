"""People, assistants, memberships and invitations in the admin: what may be changed, and never round an invariant."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.signed_in import is_signed_in
from memory.enums import EventKind, Role
from memory.models import Assistant, Invitation, Membership, Memory, MemoryEvent, ModelConnection, Page
from tests.memory.administration import connect, give, invite, operator, url
from tests.memory.factories import (
    EPOCH,
    AssistantFactory,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MembershipFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return operator()


@pytest.fixture
def client(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def posted(person: User, **changed: object) -> dict[str, object]:
    """Return what the form of an account posts."""
    fields = {"username": person.username, "first_name": "", "last_name": ""}
    if person.is_active:
        fields["is_active"] = "on"
    return {name: value for name, value in {**fields, **changed}.items() if value is not None}


def test_people_are_listed_with_what_they_use(client: Client) -> None:
    memory = MemoryFactory(user__username="ada")
    MembershipFactory(user=memory.user)
    ModelCallFactory(memory=memory, tokens_in=900, tokens_out=100)
    ModelCallFactory()
    row = client.get(url(User, "changelist"), {"q": "ada"}).context["cl"].result_list[0]
    assert (row.username, row.assistant_count, row.tokens_used) == ("ada", 2, 1000)
    assert f"user__id__exact={memory.user.pk}" in client.get(url(User, "change", memory.user.pk)).text
    narrowed = client.get(url(Membership, "changelist"), {"user__id__exact": memory.user.pk})
    assert narrowed.context["cl"].result_count == 2


def test_who_is_no_longer_active_is_signed_out_everywhere(client: Client) -> None:
    someone, other = UserFactory(), UserFactory()
    browsers = [signed_in(someone), signed_in(someone), signed_in(other)]
    keys = [browser.session.session_key for browser in browsers]
    answer = client.post(url(User, "change", someone.pk), posted(someone, is_active=None))
    assert answer.status_code == 302
    someone.refresh_from_db()
    assert not someone.is_active
    User.objects.filter(pk=someone.pk).update(is_active=True)
    # Nor do the old sessions hold again when the person may come back.
    assert [is_signed_in(someone.pk, key) for key in keys[:2]] == [False, False]
    assert is_signed_in(other.pk, keys[2])


@pytest.mark.parametrize("rank", [{"is_superuser": True}, {"is_staff": True}, {"is_staff": True, "is_superuser": True}])
def test_operators_do_not_touch_those_who_work_here(client: Client, rank: dict[str, bool]) -> None:
    someone = UserFactory(**rank)
    address = url(User, "change", someone.pk)
    assert client.get(address).status_code == 200
    assert client.post(address, posted(someone, username="taken over")).status_code == 403
    assert client.post(url(User, "delete", someone.pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [someone.pk], "post": "yes"}
    client.post(url(User, "changelist"), chosen)
    assert User.objects.filter(pk=someone.pk, username=someone.username).exists()


def test_operators_give_nobody_rights_least_of_all_themselves(client: Client, person: User) -> None:
    someone = UserFactory(email="ada@example.org")
    rights = [permission.pk for permission in Permission.objects.filter(codename="open_private")]
    wish = {
        "is_staff": "on",
        "is_superuser": "on",
        "user_permissions": rights,
        "groups": [Group.objects.get().pk],
        "email": "mallory@example.org",
        "password": "x",
    }
    assert client.post(url(User, "change", someone.pk), posted(someone, **wish)).status_code == 302
    someone.refresh_from_db()
    assert (someone.is_staff, someone.is_superuser, someone.email) == (False, False, "ada@example.org")
    assert not someone.user_permissions.exists()
    assert not someone.groups.exists()
    assert someone.check_password("correct horse battery")
    assert client.post(url(User, "change", person.pk), posted(person, **wish)).status_code == 403
    give(person, "auth.add_group", "auth.change_group", "auth.delete_group")
    group = Group.objects.get()
    assert client.post(url(Group, "change", group.pk), {"name": "x", "permissions": rights}).status_code == 403
    assert client.get(url(Group, "add")).status_code == 403
    assert client.post(url(Group, "delete", group.pk), {"post": "yes"}).status_code == 403


def test_operators_set_no_passwords(client: Client) -> None:
    """Who could, would sign in as anybody and read what is theirs."""
    someone = UserFactory()
    address = reverse("admin:auth_user_password_change", args=[someone.pk])
    assert client.get(address).status_code == 403
    new = {"password1": "another long one 1x", "password2": "another long one 1x", "usable_password": "true"}
    assert client.post(address, new).status_code == 403
    assert address not in client.get(url(User, "change", someone.pk)).text


def test_operators_add_people(client: Client) -> None:
    new = {"username": "grace", "usable_password": "true", "password1": "long enough 1x", "password2": "long enough 1x"}
    assert client.post(url(User, "add"), {**new, "is_superuser": "on"}).status_code == 302
    grace = User.objects.get(username="grace")
    assert (grace.is_staff, grace.is_superuser, grace.check_password("long enough 1x")) == (False, False, True)


def test_superusers_may_all_of_it(person: User) -> None:
    chief, someone = UserFactory(is_staff=True, is_superuser=True), UserFactory()
    browser = signed_in(chief)
    wish = posted(someone, is_staff="on", email="ada@example.org", groups=[Group.objects.get().pk])
    assert browser.post(url(User, "change", someone.pk), wish).status_code == 302
    someone.refresh_from_db()
    assert (someone.is_staff, someone.email, someone.groups.count()) == (True, "ada@example.org", 1)
    assert browser.get(reverse("admin:auth_user_password_change", args=[someone.pk])).status_code == 200


def test_an_account_goes_with_what_is_its_own(client: Client) -> None:
    memory = PageFactory().memory
    other = MemoryFactory(assistant=memory.assistant)
    page = client.get(url(User, "delete", memory.user.pk))
    assert [line for line in ("Memberships: 1", "Memories: 1", "Pages: 1") if line not in page.text] == []
    assert client.post(url(User, "delete", memory.user.pk), {"post": "yes"}).status_code == 302
    assert not Memory.objects.filter(pk=memory.pk).exists()
    assert Memory.objects.filter(pk=other.pk).exists()


def test_the_last_owner_is_not_deleted(client: Client) -> None:
    memory = MemoryFactory(assistant__name="Scout")
    MembershipFactory(assistant=memory.assistant, role=Role.MEMBER)
    other = UserFactory()
    answer = client.post(url(User, "delete", memory.user.pk), {"post": "yes"}, follow=True)
    assert "Scout" in str(next(iter(answer.context["messages"])))
    chosen = {"action": "delete_selected", "_selected_action": [other.pk, memory.user.pk], "post": "yes"}
    answer = client.post(url(User, "changelist"), chosen, follow=True)
    assert ["Scout" in str(message) for message in answer.context["messages"]] == [True]
    # All or none, and nothing is said to have been done.
    assert User.objects.filter(pk__in=[other.pk, memory.user.pk]).count() == 2
    assert "Deleted" not in client.get("/admin/").text


# Assistants


def test_assistants_are_listed_with_what_they_hold(client: Client) -> None:
    memory = MemoryFactory()
    assistant = memory.assistant
    MembershipFactory(assistant=assistant)
    AssistantKnowledgeFactory(assistant=assistant)
    AssistantKnowledgeFactory(assistant=assistant, status="proposed")
    KnowledgeFactory(memory=memory)
    ModelCallFactory(memory=memory, tokens_in=1, tokens_out=2)
    row = client.get(url(Assistant, "changelist")).context["cl"].result_list[0]
    counts = (row.member_count, row.memory_count, row.fact_count, row.proposal_count, row.tokens_used)
    assert counts == (2, 1, 1, 1, 3)


def test_assistants_are_found_by_their_state(client: Client) -> None:
    used, archived = AssistantFactory(), AssistantFactory(archived_at=EPOCH)
    found = [
        [row.pk for row in client.get(url(Assistant, "changelist"), {"state": state}).context["cl"].queryset]
        for state in ("in_use", "archived")
    ]
    assert found == [[used.pk], [archived.pk]]


SETTINGS = {"name": "Helper", "instructions": "", "model_settings": "{}", "memory_settings": "{}"}


def test_an_assistant_begins_with_an_owner(client: Client) -> None:
    owner = UserFactory()
    refused = client.post(url(Assistant, "add"), {"name": "Scout", "slug": "", "created_by": ""})
    assert (refused.status_code, Assistant.objects.exists()) == (200, False)
    assert client.post(url(Assistant, "add"), {"name": "Scout", "slug": "", "created_by": owner.pk}).status_code == 302
    membership = Membership.objects.get()
    assert (membership.user, membership.role, membership.assistant.slug) == (owner, Role.OWNER, "scout")


def test_settings_are_changed_and_logged_and_nothing_else(client: Client, person: User) -> None:
    assistant = AssistantFactory(slug="scout")
    raw = {"slug": "other", "archived_at_0": "2026-01-01", "archived_at_1": "09:00", "created_by": person.pk}
    wish = {**SETTINGS, **raw, "monthly_budget": "5000"}
    assert client.post(url(Assistant, "change", assistant.pk), wish).status_code == 302
    assistant.refresh_from_db()
    assert (assistant.name, assistant.slug, assistant.archived_at, assistant.created_by, assistant.monthly_budget) == (
        "Helper",
        "scout",
        None,
        None,
        5000,
    )
    # Its name; its budget, which has a door of its own.
    events = MemoryEvent.objects.order_by("pk")
    assert [(event.kind, event.memory, event.user) for event in events] == [(EventKind.CONFIGURED, None, person)] * 2


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"memory_settings": '{"short_term_capacity": 10}'}, 302),
        ({}, 302),
        ({"memory_settings": '{"short_term_capacity": "many"}'}, 200),
        ({"memory_settings": '{"no_such": 1}'}, 200),
        ({"memory_settings": "[1]"}, 200),
        ({"model_settings": "[1]"}, 200),
        ({"monthly_budget": "-1"}, 200),
        ({"monthly_budget": "many"}, 200),
    ],
)
def test_settings_that_cannot_be_are_refused(client: Client, wish: dict[str, str], status: int) -> None:
    assistant = AssistantFactory()
    assert client.post(url(Assistant, "change", assistant.pk), {**SETTINGS, **wish}).status_code == status


def test_archiving_and_bringing_back_go_through_the_domain(client: Client, person: User) -> None:
    one, two = AssistantFactory(), AssistantFactory(archived_at=EPOCH)
    for action, archived in (("archive", [False, False]), ("archive", [False, False]), ("restore", [True, True])):
        chosen = {"action": action, "_selected_action": [one.pk, two.pk]}
        answer = client.post(url(Assistant, "changelist"), chosen, follow=True)
        assert answer.status_code == 200
        states = Assistant.objects.order_by("pk").values_list("archived_at", flat=True)
        assert [state is None for state in states] == archived
    assert list(MemoryEvent.objects.order_by("pk").values_list("kind", "user")) == [
        (EventKind.ARCHIVED, person.pk),
        (EventKind.RESTORED, person.pk),
        (EventKind.RESTORED, person.pk),
    ]


def test_deleting_an_assistant_is_a_permission_of_its_own_and_says_what_goes(client: Client, person: User) -> None:
    memory = PageFactory().memory
    AssistantKnowledgeFactory(assistant=memory.assistant)
    address = url(Assistant, "delete", memory.assistant.pk)
    assert client.post(address, {"post": "yes"}).status_code == 403
    give(person, "memory.delete_assistant")
    html = client.get(address).text
    lines = ("Members: 1", "Memories: 1", "Pages: 1", "Shared facts: 1")
    assert [line for line in lines if line not in html] == []
    assert client.post(address, {"post": "yes"}).status_code == 302
    assert not Assistant.objects.exists()
    assert not Page.objects.exists()


# Memberships


def test_members_are_added_changed_and_removed_through_the_domain(client: Client, person: User) -> None:
    owner = MemoryFactory()
    someone = UserFactory()
    add = {"user": someone.pk, "assistant": owner.assistant.pk, "role": "member"}
    assert client.post(url(Membership, "add"), add).status_code == 302
    membership = Membership.objects.get(user=someone)
    change = {"role": "curator", "monthly_budget": "700"}
    assert client.post(url(Membership, "change", membership.pk), change).status_code == 302
    membership.refresh_from_db()
    assert (membership.role, membership.monthly_budget) == ("curator", 700)
    assert client.post(url(Membership, "delete", membership.pk), {"post": "yes"}).status_code == 302
    assert Membership.objects.count() == 1
    kinds = [EventKind.JOINED, EventKind.ROLE_CHANGED, EventKind.CONFIGURED, EventKind.REMOVED]
    assert list(MemoryEvent.objects.order_by("pk").values_list("kind", "user")) == [(kind, person.pk) for kind in kinds]
    # What the assistant remembers of them stays.
    assert Memory.objects.filter(user=someone).exists()


def test_nobody_is_a_member_twice(client: Client) -> None:
    membership = MembershipFactory()
    again = {"user": membership.user.pk, "assistant": membership.assistant.pk, "role": "member"}
    assert client.post(url(Membership, "add"), again).status_code == 200
    assert Membership.objects.get().role == Role.OWNER


def test_a_membership_stays_with_its_person_and_assistant(client: Client) -> None:
    membership = MembershipFactory(role=Role.MEMBER)
    wish = {"user": UserFactory().pk, "assistant": AssistantFactory().pk, "role": "curator"}
    assert client.post(url(Membership, "change", membership.pk), wish).status_code == 302
    after = Membership.objects.get()
    assert (after.role, after.user_id, after.assistant_id) == ("curator", membership.user_id, membership.assistant_id)


@pytest.mark.parametrize("budget", ["-1", "many"])
def test_budgets_are_no_debts(client: Client, budget: str) -> None:
    membership = MembershipFactory()
    wish = {"role": "owner", "monthly_budget": budget}
    assert client.post(url(Membership, "change", membership.pk), wish).status_code == 200


def test_the_last_owner_stays_one(client: Client) -> None:
    owner = MembershipFactory()
    member = MembershipFactory(assistant=owner.assistant, role=Role.MEMBER)
    asked = [
        client.post(url(Membership, "change", owner.pk), {"role": "member"}, follow=True),
        client.post(url(Membership, "delete", owner.pk), {"post": "yes"}, follow=True),
        client.post(
            url(Membership, "changelist"),
            {"action": "delete_selected", "_selected_action": [member.pk, owner.pk], "post": "yes"},
            follow=True,
        ),
    ]
    for answer in asked:
        assert "An assistant needs an owner" in str([*answer.context["messages"]])
    assert set(Membership.objects.values_list("pk", "role")) == {(owner.pk, "owner"), (member.pk, "member")}
    assert not MemoryEvent.objects.exists()


# Invitations and connections


def test_invitations_are_listed_without_their_links_and_revoked(client: Client, person: User) -> None:
    invitation = invite(MemoryFactory())
    listed = client.get(url(Invitation, "changelist"))
    shown = client.get(url(Invitation, "change", invitation.pk))
    for html in (listed.text, shown.text):
        assert "0 of 3" in html
        assert str(invitation.key) not in html
        assert invitation.key.hex not in html
        assert "/join/" not in html
    assert client.get(url(Invitation, "changelist"), {"key__startswith": "a"}).status_code == 400
    chosen = {"action": "revoke", "_selected_action": [invitation.pk]}
    for said in ("1 invitation was revoked.", "0 invitations were revoked."):
        assert said in client.post(url(Invitation, "changelist"), chosen, follow=True).text
    invitation.refresh_from_db()
    assert invitation.revoked_at is not None
    assert list(MemoryEvent.objects.values_list("kind", "user")) == [(EventKind.REVOKED, person.pk)]


def test_invitations_are_found_by_their_state(client: Client) -> None:
    memory, past = MemoryFactory(), timezone.now() - timedelta(days=1)
    states: dict[str, dict[str, Any]] = {
        "open": {},
        "revoked": {"revoked_at": past},
        "used_up": {"use_count": 3},
        "expired": {"expires_at": past},
    }
    made = {}
    for state, columns in states.items():
        invitation = invite(memory)
        Invitation.objects.filter(pk=invitation.pk).update(**columns)
        made[state] = invitation.pk
    found = {
        state: [row.pk for row in client.get(url(Invitation, "changelist"), {"state": state}).context["cl"].queryset]
        for state in states
    }
    assert found == {state: [pk] for state, pk in made.items()}


def test_connections_are_listed_without_their_keys_and_ended(client: Client, person: User) -> None:
    connection = connect(MemoryFactory())
    for page in (
        client.get(url(ModelConnection, "changelist")),
        client.get(url(ModelConnection, "change", connection.pk)),
    ):
        assert (page.status_code, "gpt-4o" in page.text, "models.example" in page.text) == (200, True, True)
        assert [word for word in ("sealed", "secretpath", "user:word") if word in page.text] == []
    assert client.get(url(ModelConnection, "changelist"), {"sealed_key__startswith": "s"}).status_code == 400
    assert (
        client.post(url(ModelConnection, "change", connection.pk), {"base_url": "http://elsewhere"}).status_code == 403
    )
    assert client.post(url(ModelConnection, "delete", connection.pk), {"post": "yes"}).status_code == 302
    assert not ModelConnection.objects.exists()
    assert MemoryEvent.objects.get().kind == EventKind.CONFIGURED


def test_the_installations_model_is_a_superusers(client: Client, person: User) -> None:
    connection = ModelConnection.objects.create(base_url="https://models.example/v1", model="gpt-4o")
    assert client.post(url(ModelConnection, "delete", connection.pk), {"post": "yes"}).status_code == 403
    person.is_superuser = True
    person.save()
    assert client.post(url(ModelConnection, "delete", connection.pk), {"post": "yes"}).status_code == 302
