"""What is paused is always to be seen in the chat; "remember this" says why it does not."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from memory.domain.budgets import set_budget
from memory.domain.pausing import pause_learning, pause_recall, resume_learning
from memory.models import Memory
from tests.chat.factories import AnswerFactory, QuestionFactory, temporary_conversation
from tests.memory.factories import MemoryFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_every_conversation_shows_what_is_paused(client: Client, memory: Memory) -> None:
    answer = AnswerFactory(parent=QuestionFactory(conversation__memory=memory))
    pages = [
        reverse("chat:conversation", args=[answer.conversation_id]),
        reverse("chat:new"),
        reverse("chat:conversation", args=[temporary_conversation(memory=memory).pk]),
    ]
    for address in pages:
        html = client.get(address).text
        assert 'id="paused"' in html
        assert "is paused" not in html
        assert 'class="model-banner paused"' not in html
    pause_learning(memory, by=memory.user)
    for address in pages:
        html = client.get(address).text
        assert "<strong>Learning is paused:</strong>" in html
        assert "Memory is not used" not in html
        assert f'href="/memory/{memory.assistant.slug}/#pausing-learning"' in html
    pause_recall(memory, by=memory.user)
    for address in pages:
        html = client.get(address).text
        assert "<strong>Learning is paused:</strong>" in html
        assert "<strong>Memory is not used:</strong>" in html
    resume_learning(memory, by=memory.user)
    html = client.get(pages[0]).text
    assert "Learning is paused" not in html
    assert f'href="/memory/{memory.assistant.slug}/#pausing-recall"' in html


def test_the_notice_is_looked_for_again(client: Client, memory: Memory) -> None:
    address = reverse("chat:paused", args=[memory.assistant.slug])
    assert f'hx-get="{address}"' in client.get(address, headers=HTMX).text
    pause_learning(memory, by=memory.user)
    html = client.get(address, headers=HTMX).text
    assert "Learning is paused" in html
    assert "<html" not in html
    assert client.get(address)["Location"] == f"/memory/{memory.assistant.slug}/"
    stranger = MemoryFactory()
    assert client.get(reverse("chat:paused", args=[stranger.assistant.slug]), headers=HTMX).status_code == 404
    assert client.post(address).status_code == 405


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_remember_this_says_that_learning_is_paused_and_keeps_the_words(
    client: Client, memory: Memory, headers: dict[str, str]
) -> None:
    answer = AnswerFactory(parent=QuestionFactory(conversation__memory=memory))
    pause_learning(memory, by=memory.user)
    address = reverse("chat:remember", args=[answer.conversation_id, answer.pk])
    refused = client.post(address, {"text": "My boat is red."}, headers=headers)
    assert refused.status_code == 422
    assert "Learning is paused: nothing new is remembered until you resume it." in refused.text
    assert "My boat is red.</textarea>" in refused.text
    assert not memory.knowledge.exists()
    resume_learning(memory, by=memory.user)
    client.post(address, {"text": "My boat is red."}, headers=headers)
    assert memory.knowledge.get().text == "My boat is red."


def test_every_conversation_says_what_a_budget_holds_up(client: Client, memory: Memory, settings: Settings) -> None:
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    answer = AnswerFactory(parent=QuestionFactory(conversation__memory=memory))
    pages = [
        (reverse("chat:conversation", args=[answer.conversation_id]), {}),
        (reverse("chat:new"), {}),
        (reverse("chat:paused", args=[memory.assistant.slug]), HTMX),
    ]
    for address, headers in pages:
        assert "Learning rests" not in client.get(address, headers=headers).text
    set_budget(memory.assistant, 0, by=memory.user)
    for address, headers in pages:
        html = client.get(address, headers=headers).text
        assert "<strong>Learning rests:</strong>" in html
        assert "answers go on" in html
        # What is said is remembered all the same: that is no pause.
        assert 'class="model-banner resting"' in html
