"""Who sees what: every address of the dashboard refuses what is not one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, reverse

from memory.domain.recording import record_page
from memory.enums import KnowledgeStatus, Role
from memory.models import Assistant, Knowledge, Memory
from memory.urls import urlpatterns
from memory.views.base import FORBIDDEN, VANISHED
from tests.memory.factories import (
    AssistantFactory,
    AssistantKnowledgeFactory,
    ImportFactory,
    KnowledgeFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
PATTERNS = [pattern for pattern in urlpatterns if pattern.name != "home"]
OF_ONE_ROW = [pattern for pattern in PATTERNS if "pk" in pattern.pattern.converters]


def name_of(pattern: URLPattern) -> str:
    return str(pattern.name)


@dataclass
class World:
    """Two members of one assistant, one row of every kind that belongs to the first of them."""

    alice: Memory
    bob: Memory
    rows: dict[str, int]

    def pk_for(self, pattern: URLPattern) -> int:
        """Return the row that the address would show its owner."""
        name = name_of(pattern)
        return next(pk for kind, pk in self.rows.items() if name == kind or name.rpartition("-")[0] == kind)


@pytest.fixture
def world() -> World:
    shared = AssistantFactory(slug="shared")
    alice, bob = MemoryFactory(assistant=shared), MemoryFactory(assistant=shared, role=Role.CURATOR)
    record_page(alice, query="queued", response="")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' RETURNING id")
        job = cursor.fetchone()[0]
    segment = SegmentFactory(memory=alice)
    rows = {
        "job": job,
        "call": ModelCallFactory(memory=alice).pk,
        "segment": segment.pk,
        "page": PageFactory(segment=segment).pk,
        "import": ImportFactory(memory=alice).pk,
        "profile": ProfileFactory(memory=alice).pk,
        "traits": TraitFactory(memory=alice).pk,
        "knowledge": KnowledgeFactory(memory=alice).pk,
        "assistant-knowledge": AssistantKnowledgeFactory(assistant=AssistantFactory()).pk,
    }
    return World(alice, bob, rows)


def both(client: Client, address: str, headers: dict[str, str]) -> list[int]:
    """Return the status of asking and of posting."""
    data: dict[str, Any] = {"value": "x", "level": "low", "text": "x", "name": "x"}
    answers = client.get(address, headers=headers), client.post(address, data, headers=headers)
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("pattern", OF_ONE_ROW, ids=name_of)
def test_another_members_row_is_not_found(
    client: Client, world: World, pattern: URLPattern, headers: dict[str, str]
) -> None:
    client.force_login(world.bob.user)
    address = reverse(f"memory:{pattern.name}", args=["shared", world.pk_for(pattern)])
    assert set(both(client, address, headers)) <= {404, 405}
    assert 404 in both(client, address, headers)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("pattern", PATTERNS, ids=name_of)
def test_an_assistant_one_is_no_member_of_is_not_found(
    client: Client, world: World, pattern: URLPattern, headers: dict[str, str]
) -> None:
    client.force_login(UserFactory())
    pk = [world.pk_for(pattern)] if pattern in OF_ONE_ROW else []
    address = reverse(f"memory:{pattern.name}", args=["shared", *pk])
    assert both(client, address, headers) == [404, 404]


@pytest.mark.parametrize("pattern", PATTERNS, ids=name_of)
def test_without_signing_in_there_is_nothing_to_see(client: Client, world: World, pattern: URLPattern) -> None:
    pk = [world.pk_for(pattern)] if pattern in OF_ONE_ROW else []
    address = reverse(f"memory:{pattern.name}", args=["shared", *pk])
    for answer in (client.get(address), client.post(address)):
        assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={address}")
    # HTMX must leave the page: a sign-in form inside a row helps nobody.
    answer = client.get(address, headers={**HTMX, "HX-Current-URL": "http://testserver/memory/shared/profile/"})
    assert answer["HX-Redirect"] == "/accounts/login/?next=/memory/shared/profile/"


def test_what_is_gone_is_said_in_a_sentence(client: Client, world: World) -> None:
    client.force_login(world.alice.user)
    address = reverse("memory:profile-edit", args=["shared", 10**9])
    assert str(VANISHED) in client.get(address).content.decode()
    fragment = client.get(address, headers=HTMX).content.decode()
    assert str(VANISHED) in fragment
    assert "<html" not in fragment


def test_facts_of_members_do_not_show_in_each_others_lists(client: Client, world: World) -> None:
    client.force_login(world.bob.user)
    lists = (
        "overview",
        "timeline",
        "try",
        "costs",
        "short-term",
        "segments",
        "profile",
        "traits",
        "knowledge",
        "assistant-knowledge",
        "export",
    )
    secrets = ("Question 2", "data scientist", "Topic ", "Tries new food", "bicycles", "queued", "old memory.json")
    for name in lists:
        html = client.get(reverse(f"memory:{name}", args=["shared"])).content.decode()
        for secret in secrets:
            assert secret not in html, (name, secret)


@pytest.fixture
def shared_fact(world: World) -> Knowledge:
    """A fact of the shared assistant, learnt from Alice's page."""
    entry = AssistantKnowledgeFactory(assistant=world.alice.assistant, text="Recommended a lake.")
    entry.sources.add(world.rows["page"])
    return entry


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("action", ["edit", "delete", "forget"])
def test_a_member_sees_shared_facts_but_changes_none(
    client: Client, shared_fact: Knowledge, action: str, headers: dict[str, str]
) -> None:
    member = MemoryFactory(assistant=shared_fact.assistant, role=Role.MEMBER)
    client.force_login(member.user)
    html = client.get(reverse("memory:assistant-knowledge", args=["shared"])).content.decode()
    assert "Recommended a lake." in html
    assert f"/{action}/" not in html
    address = reverse(f"memory:assistant-knowledge-{action}", args=["shared", shared_fact.pk])
    assert both(client, address, headers) == [403, 403]
    assert str(FORBIDDEN) in client.get(address, headers=headers).content.decode()
    shared_fact.refresh_from_db()
    assert shared_fact.text == "Recommended a lake."


def test_a_curator_sees_that_a_fact_is_shared_but_not_whose_page_it_came_from(
    client: Client, world: World, shared_fact: Knowledge
) -> None:
    client.force_login(world.bob.user)
    for name, args in (("assistant-knowledge", []), ("assistant-knowledge-row", [shared_fact.pk])):
        html = client.get(reverse(f"memory:{name}", args=["shared", *args])).content.decode()
        assert "Recommended a lake." in html
        assert f"/pages/{world.rows['page']}/" not in html
        assert "Question 2" not in html
    client.force_login(world.alice.user)
    html = client.get(reverse("memory:assistant-knowledge", args=["shared"])).content.decode()
    assert f"/pages/{world.rows['page']}/" in html


@pytest.mark.parametrize(("role", "status"), [(Role.OWNER, 200), (Role.CURATOR, 200), (Role.MEMBER, 404)])
def test_proposals_are_for_those_who_decide(client: Client, world: World, role: Role, status: int) -> None:
    proposal = AssistantKnowledgeFactory(assistant=world.alice.assistant, status=KnowledgeStatus.PROPOSED)
    someone = MemoryFactory(assistant=world.alice.assistant, role=role)
    client.force_login(someone.user)
    address = reverse("memory:assistant-knowledge-row", args=["shared", proposal.pk])
    assert client.get(address).status_code == status
    listed = client.get(reverse("memory:assistant-knowledge", args=["shared"]), {"status": "proposed"})
    assert (proposal.text in listed.content.decode()) == (status == 200)


def test_the_switcher_offers_only_assistants_one_works_with(client: Client, world: World) -> None:
    mine = AssistantFactory(name="Cooking coach", slug="cook")
    MemoryFactory(assistant=mine, user=world.bob.user)
    Assistant.objects.filter(slug="shared").update(name="Team helper")
    AssistantFactory(name="Somebody else's")
    client.force_login(world.bob.user)
    html = client.get(reverse("memory:overview", args=["cook"])).content.decode()
    assert "Team helper" in html
    assert "Somebody else" not in html
