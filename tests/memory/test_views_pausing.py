"""The two switches on the overview."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from memory.enums import EventKind, Role
from memory.models import Memory, MemoryEvent
from tests.memory.factories import EPOCH, MemoryFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
SWITCHES = [
    ("learning-pause", "learning-resume", "learning_paused_at", "Learning is paused", "Learning is on"),
    ("recall-pause", "recall-resume", "recall_paused_at", "Memory is not used", "Memory is used"),
]


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory(role=Role.MEMBER)
    client.force_login(memory.user)
    return memory


def url(memory: Memory, name: str = "overview") -> str:
    return reverse(f"memory:{name}", args=[memory.assistant.slug])


@pytest.mark.parametrize(("off", "on", "column", "paused", "running"), SWITCHES)
def test_a_member_turns_it_off_and_on_with_htmx(
    client: Client, memory: Memory, off: str, on: str, column: str, paused: str, running: str
) -> None:
    other = MemoryFactory(assistant=memory.assistant)
    html = client.get(url(memory)).text
    assert f"<strong>{running}</strong>" in html
    assert f'action="{url(memory, off)}" hx-post="{url(memory, off)}"' in html
    for _ in range(2):
        html = client.post(url(memory, off), headers=HTMX).text
        assert "<html" not in html
        assert f"<strong>{paused}</strong>" in html
        assert f'hx-post="{url(memory, on)}"' in html
        assert html.count(" autofocus") == 1
    memory.refresh_from_db()
    assert getattr(memory, column) is not None
    html = client.post(url(memory, on), headers=HTMX).text
    assert f"<strong>{running}</strong>" in html
    memory.refresh_from_db()
    other.refresh_from_db()
    assert (getattr(memory, column), getattr(other, column)) == (None, None)
    kinds = MemoryEvent.objects.filter(memory=memory).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == [EventKind.PAUSED, EventKind.RESUMED]


@pytest.mark.parametrize(("off", "on", "column", "paused", "running"), SWITCHES)
def test_without_javascript_it_leads_back(
    client: Client, memory: Memory, off: str, on: str, column: str, paused: str, running: str
) -> None:
    answer = client.post(url(memory, off), follow=True)
    assert answer.redirect_chain == [(f"{url(memory)}#pausing-{off.partition('-')[0]}", 302)]
    assert f"<strong>{paused}</strong>" in answer.text
    assert client.get(url(memory, off)).status_code == 405
    assert f"<strong>{running}</strong>" in client.post(url(memory, on), follow=True).text


def test_the_overview_says_since_when(client: Client, memory: Memory) -> None:
    Memory.objects.filter(pk=memory.pk).update(learning_paused_at=EPOCH)
    html = client.get(url(memory)).text
    assert "is-paused" in html
    assert '<time datetime="2026-01-01T09:00:00+00:00"' in html
