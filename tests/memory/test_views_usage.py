"""The page of usage and budgets, by role, and the notices of a budget that is used up."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory.domain.budgets import set_budget
from memory.domain.months import Month
from memory.enums import Purpose, Role
from memory.models import Assistant, Membership, Memory, ModelCall
from tests.memory.factories import MembershipFactory, MemoryFactory, ModelCallFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def olga(client: Client) -> Memory:
    """An owner who is signed in."""
    memory: Memory = MemoryFactory(user__username="olga")
    client.force_login(memory.user)
    return memory


def member(memory: Memory, name: str = "bob", role: Role = Role.MEMBER) -> Memory:
    other: Memory = MemoryFactory(assistant=memory.assistant, user__username=name, role=role)
    return other


def used(memory: Memory | None, tokens: int, **fields: object) -> ModelCall:
    call: ModelCall = ModelCallFactory(memory=memory, tokens_in=tokens, tokens_out=0, **fields)
    return call


def usage(memory: Memory) -> str:
    return reverse("assistants:usage", args=[memory.assistant.slug])


def budget(memory: Memory) -> str:
    return reverse("assistants:budget", args=[memory.assistant.slug])


def budgets_of(memory: Memory) -> tuple[int | None, int | None]:
    own = Membership.objects.get(user=memory.user, assistant=memory.assistant).monthly_budget
    return own, Assistant.objects.get(pk=memory.assistant_id).monthly_budget


@pytest.mark.parametrize("count", [1, 3])
def test_usage_asks_the_database_equally_often(
    client: Client, olga: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        other = member(olga, f"member{number}")
        for purpose in list(Purpose)[:count]:
            used(other, 500, purpose=purpose)
        Membership.objects.filter(user=other.user).update(monthly_budget=100)
    Assistant.objects.update(monthly_budget=10)
    with django_assert_num_queries(8):
        html = client.get(usage(olga)).text
    assert html.count("reached on") == count + 1
    assert html.count('<rect class="cost-') == count


def test_an_owner_sees_who_used_how_much_in_numbers(client: Client, olga: Memory) -> None:
    bob, gone = member(olga), member(olga, "gone")
    used(olga, 1001, purpose=Purpose.REPLY)
    used(bob, 2002, purpose=Purpose.TRANSFER)
    used(gone, 4004, purpose=Purpose.TITLE)
    used(None, 8008, assistant=olga.assistant, purpose=Purpose.EMBEDDING)
    used(MemoryFactory(user=bob.user), 16016)
    Membership.objects.filter(user=gone.user).delete()
    html = client.get(usage(olga)).text
    for words in ("1,001", "2,002", "Former members", "4,004", "Shared", "8,008", "15,015", "Naming conversations"):
        assert words in html
    for others in ("16,016", "gone<"):
        assert others not in html


@pytest.mark.parametrize("role", [Role.MEMBER, Role.CURATOR])
def test_everybody_else_sees_their_own_and_the_sum(client: Client, role: Role) -> None:
    bob = MemoryFactory(user__username="bob", role=role)
    olga = MembershipFactory(assistant=bob.assistant, user__username="olga").user
    other = member(bob, "eve")
    used(bob, 1001, purpose=Purpose.REPLY)
    used(other, 2002, purpose=Purpose.TITLE)
    set_budget(bob.assistant, 9009, by=olga)
    set_budget(bob.assistant, 7007, by=olga, person=other.user)
    client.force_login(bob.user)
    html = client.get(usage(bob)).text
    for words in ("1,001", "3,003", "9,009", "Answers in the chat"):
        assert words in html
    for others in ("2,002", "7,007", "eve", "By person", "Naming conversations", "<form class="):
        assert others not in html
    assert client.post(budget(bob), {"tokens": "1"}).status_code == 403
    assert client.get(usage(MemoryFactory())).status_code == 404


def test_months_can_be_turned_back_and_none_lies_ahead(client: Client, olga: Memory) -> None:
    month = Month.at(timezone.now())
    call = used(olga, 3003)
    ModelCall.objects.filter(pk=call.pk).update(created_at=month.start - timedelta(microseconds=1))
    html = client.get(usage(olga)).text
    assert "No calls in this month" in html
    assert f'href="?month={month.previous}"' in html
    assert 'rel="next"' not in html
    html = client.get(usage(olga), {"month": str(month.previous)}).text
    assert "3,003" in html
    assert f'href="?month={month}"' in html
    assert 'id="budgets"' not in html
    for nonsense in (str(month.next), "nonsense", "1999-12", "2026-13"):
        html = client.get(usage(olga), {"month": nonsense}).text
        assert 'id="budgets"' in html


@pytest.mark.parametrize("htmx", [True, False])
def test_an_owner_sets_and_lifts_budgets(client: Client, olga: Memory, htmx: bool) -> None:
    bob = member(olga)
    used(bob, 60)
    headers = HTMX if htmx else {}
    for data in ({"tokens": "100"}, {"tokens": "50", "person": bob.user_id}):
        answer = client.post(budget(olga), data, headers=headers, follow=True)
        assert answer.status_code == 200
        assert ("<html" in answer.text) is not htmx
        assert "The budget is set." in answer.text
    assert budgets_of(bob) == (50, 100)
    html = client.get(usage(olga)).text
    assert "reached on" in html
    assert "40 left" in html
    client.post(budget(olga), {"tokens": "", "person": bob.user_id}, headers=headers)
    assert budgets_of(bob) == (None, 100)


@pytest.mark.parametrize("tokens", ["-1", "many", "1.5", "9" * 30])
def test_what_is_no_number_of_tokens_is_refused_and_said(client: Client, olga: Memory, tokens: str) -> None:
    for headers in (HTMX, {}):
        answer = client.post(budget(olga), {"tokens": tokens}, headers=headers)
        assert answer.status_code == 422
        assert 'class="errorlist"' in answer.text
        assert "Enter a whole number of tokens, or leave it empty." in answer.text
    assert budgets_of(olga) == (None, None)


def test_a_stranger_has_no_budget_here(client: Client, olga: Memory) -> None:
    stranger = MemoryFactory()
    for key in (stranger.user_id, "999999999", "x"):
        answer = client.post(budget(olga), {"tokens": "5", "person": key}, headers=HTMX)
        assert answer.status_code == 404
    assert budgets_of(stranger) == (None, None)
    Membership.objects.filter(user=olga.user).update(role=Role.CURATOR)
    assert client.post(budget(olga), {"tokens": "5"}, headers=HTMX).status_code == 403
    assert budgets_of(olga) == (None, None)


def test_the_overview_says_what_is_used_up_and_who_can_help(client: Client, settings: Settings) -> None:
    bob = MemoryFactory(role=Role.MEMBER)
    olga = MembershipFactory(assistant=bob.assistant, user__username="olga").user
    client.force_login(bob.user)
    overview = reverse("memory:overview", args=[bob.assistant.slug])
    used(bob, 100)
    set_budget(bob.assistant, 100, by=olga, person=bob.user)
    # What is worked out here costs nothing.
    assert "Learning rests" not in client.get(overview).text
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    html = client.get(overview).text
    for words in ("Learning rests:", "your budget of 100 tokens", "It goes on by itself on 1 ", "to raise it: olga"):
        assert words in html
    set_budget(bob.assistant, None, by=olga, person=bob.user)
    assert "Learning rests" not in client.get(overview).text
    set_budget(bob.assistant, 0, by=olga)
    html = client.get(overview).text
    assert "switched off for all members, by a budget of 0 tokens" in html
    assert "used up" not in html
    assert "It goes on by itself" not in html
    client.force_login(User.objects.get(username="olga"))
    assert re.search(rf'href="{usage(bob)}#budgets">Raise it', client.get(overview).text)


def test_while_a_budget_stops_learning_no_card_says_that_all_is_well(client: Client, settings: Settings) -> None:
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    olga = MemoryFactory(role=Role.OWNER)
    client.force_login(olga.user)
    overview = reverse("memory:overview", args=[olga.assistant.slug])

    def seen() -> list[bool]:
        html = client.get(overview).text
        return [words in html for words in ("Learning is on", "<strong>Learning rests</strong>", "Waits for a budget")]

    assert seen() == [True, False, False]
    set_budget(olga.assistant, 0, by=olga.user, person=olga.user)
    assert seen() == [False, True, False]
    assert "switched off for you, by a budget of 0 tokens" in client.get(overview).text
    assert "learning is switched off by a budget of 0" in client.get(usage(olga)).text
    live = reverse("memory:live", args=[olga.assistant.slug])
    digest = re.findall(r"seen=(\w+)", client.get(overview).text)[0]
    assert client.get(live, {"seen": digest}, headers=HTMX).status_code == 204
    Memory.objects.filter(pk=olga.pk).update(budget_stopped_at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    assert seen() == [False, True, True]
    assert "Waits for a budget" in client.get(live, {"seen": digest}, headers=HTMX).text
    switched = client.post(reverse("memory:recall-pause", args=[olga.assistant.slug]), headers=HTMX).text
    assert "<strong>Learning rests</strong>" in switched
    set_budget(olga.assistant, None, by=olga.user, person=olga.user)
    assert seen() == [True, False, False]
