"""Shared knowledge in the admin: many facts at a time, one by one in the domain."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from memory.admin import shared
from memory.embedding import get_embedder
from memory.enums import EventKind, KnowledgeStatus
from memory.models import Knowledge, MemoryEvent, SharedKnowledge
from tests.memory.administration import VECTOR, give, operator, url
from tests.memory.factories import AssistantFactory, AssistantKnowledgeFactory, KnowledgeFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/memory/sharedknowledge/"
PROPOSED, ACTIVE = KnowledgeStatus.PROPOSED, KnowledgeStatus.ACTIVE


@pytest.fixture
def person() -> User:
    return operator()


@pytest.fixture
def client(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def do(client: Client, action: str, *facts: Knowledge) -> list[str]:
    """Do an action to facts; return what is said."""
    chosen = {"action": action, "_selected_action": [fact.pk for fact in facts]}
    answer = client.post(LIST, chosen, follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def states(*facts: Knowledge) -> list[str]:
    return [Knowledge.objects.get(pk=fact.pk).status for fact in facts]


def test_proposals_are_found_by_status_and_words(client: Client) -> None:
    waiting = AssistantKnowledgeFactory(status=PROPOSED, text="Recommends films.")
    AssistantKnowledgeFactory()
    KnowledgeFactory(text="Recommends films.")
    for query in ({"status__exact": "proposed"}, {"q": "films"}):
        assert [row.pk for row in client.get(LIST, query).context["cl"].result_list] == [waiting.pk]


@pytest.mark.parametrize(
    ("action", "before", "after", "kind", "told"),
    [
        ("approve", PROPOSED, ACTIVE, EventKind.APPROVED, "3 proposals were approved."),
        ("decline", PROPOSED, KnowledgeStatus.DISABLED, EventKind.DECLINED, "3 proposals were declined."),
        ("archive", ACTIVE, KnowledgeStatus.ARCHIVED, EventKind.ARCHIVED, "3 facts were archived."),
    ],
)
def test_many_are_curated_at_once_over_assistants(
    client: Client, person: User, action: str, before: str, after: str, kind: EventKind, told: str
) -> None:
    facts = [AssistantKnowledgeFactory(status=before) for _ in range(3)]
    other = AssistantKnowledgeFactory(status=KnowledgeStatus.SUPERSEDED)
    assert do(client, action, *facts, other) == [f"{told} 1 needed nothing."]
    assert states(*facts, other) == [after, after, after, KnowledgeStatus.SUPERSEDED]
    assert list(MemoryEvent.objects.values_list("kind", "user")) == [(kind, person.pk)] * 3


def test_two_curators_at_once_decide_once(client: Client) -> None:
    fact = AssistantKnowledgeFactory(status=PROPOSED)
    second = Client()
    second.force_login(operator())
    # Both have the list before them.
    assert (client.get(LIST).status_code, second.get(LIST).status_code) == (200, 200)
    assert do(client, "approve", fact) == ["1 proposal was approved."]
    assert do(second, "decline", fact) == ["0 proposals were declined. 1 needed nothing."]
    assert states(fact) == [ACTIVE]
    assert MemoryEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_curators_in_the_same_moment_share_the_work() -> None:
    facts = [AssistantKnowledgeFactory(status=PROPOSED) for _ in range(6)]
    clients = []
    for _ in range(2):
        browser = Client()
        browser.force_login(operator())
        clients.append(browser)
    ready, pages = threading.Barrier(2), {}

    def curate(number: int, deed: str) -> None:
        try:
            ready.wait(10)
            chosen = {"action": deed, "_selected_action": [fact.pk for fact in facts]}
            # Its text: what templates were given is mixed up by Django's test client where two threads ask.
            pages[number] = clients[number].post(LIST, chosen, follow=True).text
        finally:
            connection.close()

    threads = [threading.Thread(target=curate, args=pair) for pair in ((0, "approve"), (1, "decline"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    done = [int(re.findall(r"(\d) proposals? w", pages[number])[0]) for number in range(2)]
    kinds = list(MemoryEvent.objects.values_list("kind", flat=True))
    assert sum(done) == len(kinds) == 6
    # Each fact was decided once, by one of them.
    assert done == [kinds.count(EventKind.APPROVED), kinds.count(EventKind.DECLINED)]
    assert sorted(states(*facts)) == sorted([ACTIVE] * done[0] + [KnowledgeStatus.DISABLED] * done[1])


def test_one_that_was_deleted_meanwhile_hinders_no_other(client: Client) -> None:
    gone, fact = AssistantKnowledgeFactory(status=PROPOSED), AssistantKnowledgeFactory(status=PROPOSED)
    Knowledge.objects.filter(pk=gone.pk).delete()
    assert do(client, "approve", gone, fact) == ["1 proposal was approved."]


def test_facts_of_people_cannot_be_chosen(client: Client) -> None:
    fact, other = KnowledgeFactory(), AssistantKnowledgeFactory()
    assert do(client, "archive", fact, other) == ["1 fact was archived."]
    assert states(fact) == [ACTIVE]


def test_a_choice_is_bounded(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "MOST", 2)
    facts = [AssistantKnowledgeFactory(status=PROPOSED) for _ in range(3)]
    assert do(client, "approve", *facts) == [
        "Only the first 2 facts: choose the rest again.",
        "2 proposals were approved.",
    ]
    assert states(*facts) == [ACTIVE, ACTIVE, PROPOSED]


def test_vectors_follow_the_model(client: Client) -> None:
    name = get_embedder().name
    old = AssistantKnowledgeFactory(**{**VECTOR, "embedding_model": "older"})
    bare = AssistantKnowledgeFactory()
    new = AssistantKnowledgeFactory(**{**VECTOR, "embedding_model": name})
    assert do(client, "reembed", old, bare, new) == ["2 facts were given new vectors. 1 needed nothing."]
    assert set(Knowledge.objects.values_list("embedding_model", flat=True)) == {name}
    assert do(client, "reembed", old, bare, new) == ["0 facts were given new vectors. 3 needed nothing."]


def test_an_embedder_that_is_away_loses_nothing(client: Client, settings: Settings) -> None:
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "none", "http://127.0.0.1:9/v1"
    facts = [AssistantKnowledgeFactory(**VECTOR) for _ in range(3)]
    summary, failure = do(client, "reembed", *facts)
    assert summary == "0 facts were given new vectors. 2 were not tried."
    assert failure.startswith(f"1 could not be changed: Fact {facts[0].pk}: ")
    assert "could not be reached" in failure
    assert set(Knowledge.objects.values_list("embedding_model", flat=True)) == {"wordllama"}


def test_who_may_only_look_has_no_actions(client: Client, person: User) -> None:
    person.groups.clear()
    give(person, "memory.view_sharedknowledge")
    fact = AssistantKnowledgeFactory(status=PROPOSED)
    client.post(LIST, {"action": "approve", "_selected_action": [fact.pk]})
    assert states(fact) == [PROPOSED]


def test_a_members_role_is_not_asked_of_operators(client: Client, person: User) -> None:
    fact: Any = AssistantKnowledgeFactory(status=PROPOSED, assistant=AssistantFactory())
    assert not fact.assistant.memberships.filter(user=person).exists()
    assert do(client, "approve", fact) == ["1 proposal was approved."]


def test_a_fact_is_edited_and_deleted_by_operators(client: Client) -> None:
    fact = AssistantKnowledgeFactory(text="Likes films.")
    assert client.post(url(SharedKnowledge, "change", fact.pk), {"text": "Likes books."}).status_code == 302
    assert Knowledge.objects.get().text == "Likes books."
    assert client.post(url(SharedKnowledge, "delete", fact.pk), {"post": "yes"}).status_code == 302
    assert list(MemoryEvent.objects.values_list("kind", "target_type")) == [
        (EventKind.DELETED, "knowledge"),
        (EventKind.EDITED, "knowledge"),
    ]


def test_a_stranger_is_sent_to_sign_in(client: Client) -> None:
    client.force_login(UserFactory())
    assert client.get(LIST).status_code == 302
