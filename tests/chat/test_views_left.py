"""The conversations with an assistant that a person has left: theirs to take away, and nobody else's."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import timezone

from chat.models import Conversation, Message
from memory.domain.left import delete_left_memory
from memory.enums import Role
from memory.models import Membership, Memory
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory
from tests.memory.factories import MemoryFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def left(memory: Memory) -> Memory:
    """Somebody who was removed, with conversations there and elsewhere; another member has theirs."""
    gone: Memory = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    for each, title in ((memory, "Theirs"), (gone, "Lombok"), (MemoryFactory(user=gone.user), "Elsewhere")):
        conversation = ConversationFactory(memory=each, title=title)
        conversation.head = AnswerFactory(parent=QuestionFactory(conversation=conversation, content=f"About {title}"))
        conversation.save()
    ConversationFactory(memory=gone, title="Deleted", deleted_at=timezone.now())
    Membership.objects.filter(user=gone.user, assistant=memory.assistant).delete()
    return gone


@pytest.fixture
def client(left: Memory) -> Client:
    client = Client()
    client.force_login(left.user)
    return client


@async_to_sync
async def received(answer: StreamingHttpResponse) -> bytes:
    return b"".join([piece async for piece in cast("AsyncIterator[bytes]", answer.streaming_content)])


def test_both_files_hold_what_was_said_there(client: Client, left: Memory) -> None:
    answer: Any = client.get(f"/conversations/left/{left.key}.json")
    assert answer["Content-Disposition"].startswith("attachment")
    told = json.loads(received(answer))
    assert [row["title"] for row in told["conversations"]] == ["Lombok"]
    assert told["conversations"][0]["messages"][0]["content"] == "About Lombok"
    answer = client.get(f"/conversations/left/{left.key}.zip")
    with zipfile.ZipFile(io.BytesIO(received(answer))) as archive:
        assert archive.namelist() == [f"{left.assistant.name}/Lombok.md"]


def test_it_is_out_of_reach_anywhere_else(client: Client, left: Memory) -> None:
    conversation = Conversation.objects.get(title="Lombok")
    assert client.get(conversation.get_absolute_url()).status_code == 404
    found = client.get("/search/?q=About").text
    assert ("Lombok" in found, "Elsewhere" in found) == (False, True)


@pytest.mark.parametrize("ending", ["json", "zip"])
def test_another_persons_key_leads_nowhere(client: Client, left: Memory, memory: Memory, ending: str) -> None:
    stranger = Client()
    stranger.force_login(UserFactory())
    for who, key in ((client, memory.key), (stranger, left.key), (client, uuid4())):
        assert who.get(f"/conversations/left/{key}.{ending}").status_code == 404
    assert client.post(f"/conversations/left/{left.key}.{ending}").status_code == 405
    assert Client().get(f"/conversations/left/{left.key}.{ending}").status_code == 302


@pytest.mark.parametrize("ending", ["json", "zip"])
def test_a_member_is_led_to_the_ordinary_export(client: Client, left: Memory, ending: str) -> None:
    Membership.objects.create(assistant=left.assistant, user=left.user)
    answer = client.get(f"/conversations/left/{left.key}.{ending}")
    assert (answer.status_code, answer["Location"]) == (302, "/conversations/export/")


def test_deleting_the_memory_takes_them_along(left: Memory) -> None:
    delete_left_memory(left, by=left.user)
    assert sorted(Conversation.objects.values_list("title", flat=True)) == ["Elsewhere", "Theirs"]
    assert Message.objects.filter(content="About Lombok").count() == 0
