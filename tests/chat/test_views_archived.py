"""What the chat refuses at an archived assistant: whatever would change its memory."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from chat.models import Conversation
from memory.domain.retiring import archive_assistant, restore_assistant
from memory.models import Knowledge, Memory, Page
from tests.chat.factories import AnswerFactory, QuestionFactory
from tests.memory.factories import KnowledgeFactory, PageFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TOLD = "This assistant is archived."


@pytest.fixture
def client(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def conversation(memory: Memory) -> Conversation:
    """One that memory holds a page of, with an assistant that is archived since."""
    page = PageFactory(memory=memory)
    fact = KnowledgeFactory(memory=memory)
    fact.sources.add(page)
    answer = AnswerFactory(parent=QuestionFactory(conversation__memory=memory), page=page)
    archive_assistant(memory.assistant, by=memory.user)
    found: Conversation = answer.conversation
    return found


def held() -> tuple[int, int, int]:
    return Conversation.objects.count(), Page.objects.count(), Knowledge.objects.count()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("name", ["remember", "unremember", "forget-message", "forget"])
def test_nothing_is_remembered_or_forgotten(
    client: Client, conversation: Conversation, name: str, headers: dict[str, str]
) -> None:
    answer = conversation.messages.get(role="assistant")
    arguments = [conversation.pk] if name == "forget" else [conversation.pk, answer.pk]
    data = {"text": "I love tea", "fact": Knowledge.objects.get().pk, "fingerprint": "x"}
    before = held()
    refusal = client.post(reverse(f"chat:{name}", args=arguments), data, headers=headers)
    assert refusal.status_code == 409
    assert TOLD in refusal.text
    assert ("<html" in refusal.text) == (not headers)
    assert held() == before


def test_all_of_it_can_be_read(client: Client, conversation: Conversation) -> None:
    answer = conversation.messages.get(role="assistant")
    for address in (conversation.get_absolute_url(), reverse("chat:message-memory", args=[conversation.pk, answer.pk])):
        assert client.get(address).status_code == 200
    assert TOLD.rstrip(".") in client.get(conversation.get_absolute_url()).text


def test_brought_back_it_remembers_again(client: Client, conversation: Conversation, memory: Memory) -> None:
    restore_assistant(memory.assistant, by=memory.user)
    answer = conversation.messages.get(role="assistant")
    client.post(reverse("chat:remember", args=[conversation.pk, answer.pk]), {"text": "I love tea"})
    assert Knowledge.objects.filter(text="I love tea").exists()
