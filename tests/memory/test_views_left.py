"""What assistants that a person has left remember of them: a list, files, deleting for good."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.test import Client

from memory.enums import Role
from memory.models import Membership, Memory
from tests.memory.factories import AssistantFactory, AssistantKnowledgeFactory, MemoryFactory, PageFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def left() -> Memory:
    """Somebody's memory of an assistant that others still use."""
    other = MemoryFactory(assistant=AssistantFactory(name="Travel", slug="travel"))
    PageFactory(memory=other, query="Their secret")
    AssistantKnowledgeFactory(assistant=other.assistant, text="Team knowledge.")
    memory: Memory = MemoryFactory(assistant=other.assistant, role=Role.OWNER)
    PageFactory(memory=memory, query="I love Lombok")
    Membership.objects.filter(user=memory.user).delete()
    return memory


@pytest.fixture
def client(left: Memory) -> Client:
    client = Client()
    client.force_login(left.user)
    return client


def address(memory: Memory, what: str) -> str:
    return f"/assistants/left/{memory.key}/{what}"


@async_to_sync
async def received(answer: StreamingHttpResponse) -> bytes:
    return b"".join([piece async for piece in cast("AsyncIterator[bytes]", answer.streaming_content)])


def text_of(client: Client, path: str) -> str:
    answer: Any = client.get(path)
    assert (answer.status_code, answer.streaming) == (200, True)
    assert answer["Content-Disposition"].startswith("attachment")
    return received(answer).decode()


@pytest.mark.django_db(transaction=True)
def test_both_files_hold_ones_own_and_nothing_of_the_team(client: Client, left: Memory) -> None:
    told = json.loads(text_of(client, address(left, "memory.json")))
    assert [page["query"] for page in told["pages"]] == ["I love Lombok"]
    assert told["knowledge"] == []
    read = text_of(client, address(left, "memory.md"))
    assert "I love Lombok" in read
    for secret in ("Their secret", "Team knowledge"):
        assert secret not in json.dumps(told) + read


@pytest.mark.parametrize("what", ["memory.json", "memory.md", "delete/"])
def test_another_persons_key_leads_nowhere(client: Client, left: Memory, what: str) -> None:
    other = left.assistant.memories.exclude(pk=left.pk).get()
    stranger = Client()
    stranger.force_login(UserFactory())
    for who, memory in ((client, other), (stranger, left)):
        for answer in (who.get(address(memory, what)), who.post(address(memory, what))):
            assert answer.status_code == 404
    assert client.get(f"/assistants/left/{uuid4()}/{what}").status_code == 404
    assert Memory.objects.count() == 2


@pytest.mark.parametrize("what", ["memory.json", "memory.md", "delete/"])
def test_who_is_a_member_is_led_to_the_ordinary_page(client: Client, left: Memory, what: str) -> None:
    Membership.objects.create(assistant=left.assistant, user=left.user)
    for answer in (client.get(address(left, what)), client.post(address(left, what))):
        assert (answer.status_code, answer["Location"]) == (302, "/memory/travel/export/")
    assert Memory.objects.count() == 2


def test_the_list_offers_it(client: Client, left: Memory) -> None:
    text = client.get("/assistants/").text
    for what in ("memory.json", "memory.md", "delete/"):
        assert f'href="{address(left, what)}"' in text
    assert f'href="/conversations/left/{left.key}.zip"' in text
    assert "1 page" in text
    # The assistant itself is out of reach.
    assert client.get("/memory/travel/").status_code == 404
    assert client.get("/assistants/travel/").status_code == 404


def test_deleting_asks_first_and_is_for_good(client: Client, left: Memory) -> None:
    asked = client.get(address(left, "delete/"))
    assert "Delete what “Travel” remembers of you?" in asked.text
    assert "1 page goes" in asked.text
    assert Memory.objects.count() == 2
    answer = client.post(address(left, "delete/"), follow=True)
    assert "is deleted for good" in answer.text
    assert [memory.pk for memory in Memory.objects.all()] == [
        memory.pk for memory in Memory.objects.exclude(pk=left.pk)
    ]
    assert client.post(address(left, "delete/")).status_code == 404
