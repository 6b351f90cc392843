"""Conversations in the admin: about them, and what was said only once it is opened (`tests/memory/test_admin_*`)."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from chat.enums import TitleSource
from chat.models import Conversation, RecalledItem
from memory.enums import EventKind, Tier
from memory.models import Memory, MemoryEvent
from tests.chat.factories import AnswerFactory

pytestmark = pytest.mark.django_db


def fill(count: int) -> None:
    for n in range(count):
        answer = AnswerFactory()
        RecalledItem.objects.create(message=answer, rank=1, tier=Tier.MID_TERM, object_id=n, score=1.0, tokens=9)


def opened(client: Client, memory: Memory) -> None:
    address = reverse("admin:memory_memory_open", args=[memory.pk])
    assert client.post(address, {"reason": "A test of the pages."}).status_code == 302


@pytest.mark.parametrize("model", ["conversation", "message", "recalleditem"])
def test_lists_take_the_same_queries_however_long(
    admin_client: Client, model: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    address = reverse(f"admin:chat_{model}_changelist")
    fill(1)
    with CaptureQueriesContext(connection) as one:
        assert admin_client.get(address, {"q": "1"}).status_code == 200
    fill(2)
    with django_assert_num_queries(len(one)):
        assert admin_client.get(address, {"q": "1"}).status_code == 200


@pytest.mark.parametrize("model", ["message", "recalleditem"])
def test_what_the_chat_writes_is_read_only(admin_client: Client, model: str) -> None:
    fill(1)
    answer = AnswerFactory()
    assert admin_client.get(reverse(f"admin:chat_{model}_add")).status_code == 403
    row = answer.pk if model == "message" else RecalledItem.objects.get().pk
    page = admin_client.get(reverse(f"admin:chat_{model}_change", args=[row]))
    assert (page.status_code, 'name="_save"' in page.text) == (200, False)


def test_a_message_is_closed_until_it_is_opened(admin_client: Client, admin_user: User) -> None:
    answer = AnswerFactory(content="Zanzibar")
    address = reverse("admin:chat_message_change", args=[answer.pk])
    assert "Zanzibar" not in admin_client.get(address).text
    opened(admin_client, answer.conversation.memory)
    assert "Zanzibar" in admin_client.get(address).text
    event = MemoryEvent.objects.get()
    assert (event.kind, event.user, event.target_type, event.target_id) == (
        EventKind.OPENED,
        admin_user,
        "message",
        answer.pk,
    )


def test_a_conversations_title_can_be_mended_and_nothing_else(admin_client: Client) -> None:
    conversation = AnswerFactory().conversation
    memory = conversation.memory
    address = reverse("admin:chat_conversation_change", args=[conversation.pk])
    assert admin_client.post(address, {"title": "Mended"}).status_code == 403
    opened(admin_client, memory)
    assert admin_client.post(address, {"title": "Mended", "memory": memory.pk + 1}).status_code == 302
    conversation.refresh_from_db()
    assert (conversation.title, conversation.memory, conversation.title_source) == (
        "Mended",
        memory,
        TitleSource.PERSON,
    )
    assert admin_client.get(reverse("admin:chat_conversation_add")).status_code == 403
    event = MemoryEvent.objects.get()
    assert (event.kind, event.memory, event.after) == (EventKind.EDITED, memory, {"what": "conversation"})


def test_a_conversation_goes_for_good_and_its_person_can_see_that(admin_client: Client) -> None:
    one, two = AnswerFactory().conversation, AnswerFactory().conversation
    address = reverse("admin:chat_conversation_delete", args=[one.pk])
    assert "Messages: 2" in admin_client.get(address).text
    assert admin_client.post(address, {"post": "yes"}).status_code == 302
    selected = {"action": "delete_selected", "_selected_action": [str(two.pk)], "post": "yes"}
    assert admin_client.post(reverse("admin:chat_conversation_changelist"), selected).status_code == 302
    assert not Conversation.objects.exists()
    subject = Client()
    subject.force_login(one.memory.user)
    timeline = subject.get(reverse("memory:timeline", args=[one.memory.assistant.slug])).text
    assert "An operator deleted a conversation." in timeline


def test_an_opened_conversation_is_told_in_the_timeline(admin_client: Client) -> None:
    conversation = AnswerFactory().conversation
    opened(admin_client, conversation.memory)
    admin_client.get(reverse("admin:chat_conversation_change", args=[conversation.pk]))
    subject = Client()
    subject.force_login(conversation.memory.user)
    timeline = subject.get(reverse("memory:timeline", args=[conversation.memory.assistant.slug])).text
    assert "An operator opened a conversation." in timeline
    assert "A test of the pages." in timeline
