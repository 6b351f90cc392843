"""Deleting a conversation together with what was learnt from it, by HTMX and without JavaScript."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from chat.models import Conversation
from memory.domain.forgetting import Target, forget
from memory.enums import KnowledgeStatus, Role
from memory.models import Knowledge, Memory, Page
from tests.chat.factories import AnswerFactory, ConversationFactory
from tests.chat.test_forgetting import talk_about
from tests.memory.factories import AssistantKnowledgeFactory, KnowledgeFactory, MemoryFactory, PageFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(person: User) -> Client:
    """A browser in which the person is signed in."""
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def conversation(memory: Memory) -> Conversation:
    """A conversation of two answers, from one of which a fact was learnt."""
    pages = PageFactory.create_batch(2, memory=memory)
    KnowledgeFactory(memory=memory, text="Has a dog.").sources.add(pages[0])
    return talk_about(pages)


def url(conversation: Conversation, name: str = "forget") -> str:
    return reverse(f"chat:{name}", args=[conversation.pk])


def fingerprint_in(answer: HttpResponse | Any) -> str:
    found = re.search(r'name="fingerprint" value="(\w{32})"', answer.text)
    assert found
    return found[1]


def held() -> tuple[int, int, int]:
    return Conversation.objects.count(), Page.objects.count(), Knowledge.objects.count()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_deleting_offers_to_forget_what_memory_holds(
    client: Client, conversation: Conversation, headers: dict[str, str]
) -> None:
    text = " ".join(client.get(url(conversation, "delete"), headers=headers).text.split())
    assert ": 2 pages and what was learnt from them." in text
    assert f'href="{url(conversation)}"' in text
    text = client.get(url(conversation), headers=headers).text
    assert ("<html" in text) == (not headers)
    assert text.index("This goes for good") < text.index("Question 1") < text.index("Has a dog.")
    # Said of pages forgotten in the dashboard only: here the transcript goes, too.
    assert "The conversations in the chat stay" not in text
    assert held() == (1, 2, 1)


def test_both_go_at_once_without_javascript(client: Client, conversation: Conversation) -> None:
    seen = fingerprint_in(client.get(url(conversation)))
    answer = client.post(url(conversation), {"fingerprint": seen})
    assert (answer.status_code, answer.headers["Location"], held()) == (302, "/new/", (0, 0, 0))
    words = f"Deleted “{conversation.title}” and forgot for good: 2 pages and 1 fact about you."
    assert words in client.get("/new/").text
    for again in (client.post(url(conversation), {"fingerprint": seen}), client.get(url(conversation))):
        assert again.status_code == 404


def test_both_go_at_once_in_the_dialog(client: Client, memory: Memory, conversation: Conversation) -> None:
    other = talk_about([PageFactory(memory=memory)])
    here = {**HTMX, "HX-Current-URL": f"http://testserver{conversation.get_absolute_url()}"}
    answer = client.post(url(other), {"fingerprint": fingerprint_in(client.get(url(other)))}, headers=here)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, '{"conversations-changed": {}}')
    assert (answer.headers["HX-Reswap"], "and forgot for good" in answer.text) == ("none", True)
    seen = fingerprint_in(client.get(url(conversation), headers=here))
    answer = client.post(url(conversation), {"fingerprint": seen}, headers=here)
    assert (answer.headers["HX-Redirect"], held()) == ("/new/", (0, 0, 0))


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("data", [{}, {"fingerprint": ""}, {"fingerprint": "0" * 32}])
def test_what_the_person_has_not_seen_stays(
    client: Client, conversation: Conversation, data: dict[str, str], headers: dict[str, str]
) -> None:
    answer = client.post(url(conversation), data, headers=headers)
    assert (answer.status_code, held()) == (409, (1, 2, 1))
    assert "<strong>Nothing was deleted:</strong> the memory has changed meanwhile." in answer.text
    assert ("<html" in answer.text) == (not headers)
    answer = client.post(url(conversation), {"fingerprint": fingerprint_in(answer)}, headers=headers)
    assert held() == (0, 0, 0)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_where_memory_holds_nothing_of_it_only_the_transcript_can_go(
    client: Client, memory: Memory, headers: dict[str, str]
) -> None:
    conversation = AnswerFactory(parent__conversation__memory=memory).conversation
    for name in ("delete", "forget"):
        text = client.get(url(conversation, name), headers=headers).text
        assert "Nothing of it is in the assistant’s" in text
        assert f'action="{url(conversation, "delete")}"' in text
        assert url(conversation, "forget") not in text
    assert client.post(url(conversation), headers=headers).status_code == 409
    assert Conversation.objects.count() == 1


def test_pages_forgotten_in_another_tab_are_said_to_be_gone(
    client: Client, memory: Memory, conversation: Conversation
) -> None:
    seen = fingerprint_in(client.get(url(conversation)))
    forget(memory, Target.pages(memory.pages.values_list("pk", flat=True)), by=memory.user)
    answer = client.post(url(conversation), {"fingerprint": seen}, headers=HTMX)
    assert (answer.status_code, held()) == (409, (1, 0, 0))
    assert "holds nothing of it any more" in answer.text
    assert client.post(url(conversation, "delete"), headers=HTMX).headers["HX-Reswap"] == "none"


@pytest.mark.parametrize("name", ["rename", "delete", "forget"])
def test_a_conversation_deleted_in_another_tab_is_said_to_be_gone_in_the_dialog(
    client: Client, conversation: Conversation, name: str
) -> None:
    conversation.delete()
    conversation.pk = ConversationFactory.build().pk
    for answer in (
        client.get(url(conversation, name), headers=HTMX),
        client.post(url(conversation, name), headers=HTMX),
    ):
        assert (answer.status_code, answer.headers["HX-Trigger"]) == (404, '{"conversations-changed": {}}')
        assert "This conversation is gone" in answer.text
        assert "<html" not in answer.text


def test_members_are_not_shown_the_words_of_proposals(client: Client) -> None:
    member = MemoryFactory(role=Role.MEMBER)
    page = PageFactory(memory=member)
    proposal = AssistantKnowledgeFactory(
        assistant=member.assistant, text="Secret proposal.", status=KnowledgeStatus.PROPOSED
    )
    proposal.sources.add(page)
    client.force_login(member.user)
    text = client.get(url(talk_about([page]))).text
    assert "1 fact about the assistant" in text
    assert "Secret proposal." not in text


@pytest.mark.parametrize("count", [1, 3])
def test_the_preview_takes_the_same_queries_however_much_goes(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    pages = PageFactory.create_batch(count, memory=memory)
    for fact in KnowledgeFactory.create_batch(count, memory=memory):
        fact.sources.add(*pages)
    conversation = talk_about(pages)
    with django_assert_num_queries(19):
        assert client.get(url(conversation)).status_code == 200
