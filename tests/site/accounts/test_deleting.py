"""Deleting one's own account."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from memory.enums import Role
from memory.models import Assistant, Membership, Memory
from tests.memory.factories import PASSWORD, MembershipFactory, MemoryFactory, UserFactory

pytestmark = pytest.mark.django_db

DELETE = "/accounts/delete/"


@pytest.fixture
def memory() -> Memory:
    memory: Memory = MemoryFactory()
    return memory


@pytest.fixture
def client(memory: Memory) -> Client:
    client = Client()
    client.force_login(memory.user)
    return client


def test_the_page_says_what_goes_and_offers_the_exports(client: Client, memory: Memory) -> None:
    page = client.get(DELETE).text
    assert "go for good" in page
    assert 'href="/conversations/export/"' in page
    assert f'href="/memory/{memory.assistant.slug}/export/"' in page
    assert User.objects.filter(pk=memory.user.pk).exists()


def test_the_password_deletes_it_and_signs_out(client: Client, memory: Memory) -> None:
    answer = client.post(DELETE, {"password": PASSWORD}, follow=True)
    assert answer.redirect_chain == [("/accounts/login/", 302)]
    assert "Your account is deleted." in answer.text
    assert not User.objects.filter(pk=memory.user.pk).exists()
    assert not Memory.objects.filter(pk=memory.pk).exists()
    assert client.get("/settings/").status_code == 302


@pytest.mark.parametrize("password", ["", "wrong"])
def test_without_the_password_nothing_goes(client: Client, memory: Memory, password: str) -> None:
    assert client.post(DELETE, {"password": password}).status_code == 422
    assert Memory.objects.filter(pk=memory.pk).exists()
    assert client.get("/settings/").status_code == 200


def test_the_last_owner_of_a_team_is_told_what_to_do_first(client: Client, memory: Memory) -> None:
    Membership.objects.filter(user=memory.user).update(role=Role.OWNER)
    MembershipFactory(assistant=memory.assistant, user=UserFactory(), role=Role.MEMBER)
    answer = client.post(DELETE, {"password": PASSWORD})
    assert answer.status_code == 409
    assert memory.assistant.name in answer.text
    assert 'role="alert"' in answer.text
    assert Memory.objects.filter(pk=memory.pk).exists()
    assert Assistant.objects.filter(pk=memory.assistant.pk).exists()


def test_the_page_says_before_what_needs_an_owner_and_what_is_deleted(client: Client, memory: Memory) -> None:
    Membership.objects.filter(user=memory.user).update(role=Role.OWNER)
    MembershipFactory(assistant=memory.assistant, user=UserFactory(), role=Role.MEMBER)
    own = MemoryFactory(user=memory.user, assistant__name="Mine alone")
    remembering = MemoryFactory(user=memory.user, assistant__name="Remembers another")
    left = MemoryFactory(assistant=remembering.assistant)
    Membership.objects.filter(user=left.user).delete()
    page = client.get(DELETE).text
    assert f'href="/assistants/{memory.assistant.slug}/members/"' in page
    assert "need another owner first" in page
    assert "<li>Mine alone</li>" in page
    assert "<li>Remembers another</li>" not in page
    assert f"<li>{memory.assistant.name}</li>" not in page
    Membership.objects.exclude(user=memory.user).delete()
    assert "need another owner first" not in client.get(DELETE).text
    assert client.post(DELETE, {"password": PASSWORD}).status_code == 302
    assert not Assistant.objects.filter(pk=own.assistant_id).exists()
    assert Assistant.objects.filter(pk=remembering.assistant_id).exists()


def test_who_alone_runs_the_installation_is_told_what_to_do_first(client: Client, memory: Memory) -> None:
    User.objects.filter(pk=memory.user.pk).update(is_superuser=True)
    other = UserFactory()
    answer = client.post(DELETE, {"password": PASSWORD})
    assert answer.status_code == 409
    assert "Make somebody else a superuser in the admin first" in answer.text
    User.objects.filter(pk=other.pk).update(is_superuser=True)
    assert client.post(DELETE, {"password": PASSWORD}).status_code == 302


def leave(user: User) -> int:
    """Delete one's account, in a thread of its own."""
    try:
        client = Client()
        client.force_login(user)
        return client.post(DELETE, {"password": PASSWORD}).status_code
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_of_two_operators_who_leave_at_once_one_stays() -> None:
    UserFactory()
    operators = [UserFactory(is_superuser=True) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(leave, operators)) == [302, 409]
    assert User.objects.filter(is_superuser=True).count() == 1


def twice(client: Client) -> list[int]:
    """Send the form from two tabs of one browser at once."""

    def send(tab: Client) -> int:
        try:
            return tab.post(DELETE, {"password": PASSWORD}).status_code
        finally:
            connection.close()

    tabs = [Client(), Client()]
    for tab in tabs:
        tab.cookies = client.cookies
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(send, tabs))


@pytest.mark.django_db(transaction=True)
def test_twice_at_once_is_once(client: Client, memory: Memory) -> None:
    assert twice(client) == [302, 302]
    assert not User.objects.filter(pk=memory.user.pk).exists()


def test_the_only_account_may_go(client: Client, memory: Memory) -> None:
    User.objects.filter(pk=memory.user.pk).update(is_superuser=True)
    assert client.post(DELETE, {"password": PASSWORD}).status_code == 302
    assert not User.objects.exists()


def test_it_takes_somebody_signed_in() -> None:
    assert Client().post(DELETE, {"password": PASSWORD}).headers["location"] == f"/accounts/login/?next={DELETE}"
