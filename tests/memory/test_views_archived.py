"""The dashboard of an archived assistant: all can be read and exported, nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from memory.domain.retiring import archive_assistant
from memory.enums import Role
from memory.models import Memory, MemoryEvent, Profile
from memory.urls import urlpatterns
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
TOLD = "This assistant is archived."
READ: tuple[str, ...] = (
    "overview",
    "timeline",
    "try",
    "costs",
    "short-term",
    "segments",
    "profile",
    "traits",
    "knowledge",
)
READ += ("assistant-knowledge", "export")


@pytest.fixture
def rows() -> dict[str, int]:
    """One row of every kind of an archived assistant's memory."""
    memory = MemoryFactory(assistant=AssistantFactory(slug="old"))
    segment = SegmentFactory(memory=memory)
    found = {
        "memory": memory.pk,
        "job": 1,
        "call": ModelCallFactory(memory=memory).pk,
        "segment": segment.pk,
        "page": PageFactory(segment=segment).pk,
        "import": ImportFactory(memory=memory).pk,
        "profile": ProfileFactory(memory=memory).pk,
        "traits": TraitFactory(memory=memory).pk,
        "knowledge": KnowledgeFactory(memory=memory).pk,
        "assistant-knowledge": AssistantKnowledgeFactory(assistant=memory.assistant).pk,
    }
    archive_assistant(memory.assistant, by=memory.user)
    return found


@pytest.fixture
def client(rows: dict[str, int]) -> Client:
    client = Client()
    client.force_login(Memory.objects.get(pk=rows["memory"]).user)
    return client


def address(pattern: URLPattern, rows: dict[str, int]) -> str:
    name = str(pattern.name)
    arguments: dict[str, Any] = {"assistant": "old"}
    if "pk" in pattern.pattern.converters:
        arguments["pk"] = next(pk for kind, pk in rows.items() if name == kind or name.rpartition("-")[0] == kind)
    return reverse(f"memory:{name}", kwargs=arguments)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_nothing_is_changed(client: Client, rows: dict[str, int], pattern: URLPattern, headers: dict[str, str]) -> None:
    counted = MemoryEvent.objects.count()
    view = pattern.callback.view_class  # type: ignore[attr-defined]
    answer = client.post(address(pattern, rows), {"value": "x", "text": "x", "level": "low"}, headers=headers)
    if hasattr(view, "post") and pattern.name != "try":
        # No form is offered that would be refused when it is filled in.
        for refused in (answer, client.get(address(pattern, rows), headers=headers)):
            assert refused.status_code == 409
            assert TOLD in refused.text
            assert refused["Cache-Control"] == "no-store"
    else:
        assert answer.status_code == (422 if pattern.name == "try" else 405)
    assert MemoryEvent.objects.count() == counted
    assert Profile.objects.get(pk=rows["profile"]).value != "x"


@pytest.mark.parametrize("name", READ)
def test_all_can_be_read(client: Client, name: str) -> None:
    answer = client.get(reverse(f"memory:{name}", args=["old"]))
    assert answer.status_code == 200
    assert TOLD in answer.text


@pytest.mark.parametrize("name", ["export-json", "export-markdown"])
def test_all_can_be_exported(client: Client, name: str) -> None:
    answer: Any = client.get(reverse(f"memory:{name}", args=["old"]))
    assert (answer.status_code, answer.streaming) == (200, True)


def test_a_question_can_be_tried(client: Client) -> None:
    assert client.get("/memory/old/try/", {"q": "Question 1"}).status_code == 200
    assert client.post("/memory/old/try/", {"q": "Question 1"}).status_code == 302


def test_a_member_reads_theirs_and_a_stranger_nothing(rows: dict[str, int]) -> None:
    assistant = Memory.objects.get(pk=rows["memory"]).assistant
    for user, status in ((MemoryFactory(assistant=assistant, role=Role.MEMBER).user, 200), (UserFactory(), 404)):
        client = Client()
        client.force_login(user)
        answer = client.get("/memory/old/")
        assert answer.status_code == status
        assert "Bring it back" not in answer.text
        assert client.post("/memory/old/learning/pause/").status_code == (409 if status == 200 else 404)


def test_brought_back_it_is_changed_again(client: Client, rows: dict[str, int]) -> None:
    assert client.post("/assistants/old/restore/").status_code == 302
    assert client.post(f"/memory/old/profile/{rows['profile']}/edit/", {"value": "x"}).status_code == 302
    assert Profile.objects.get(pk=rows["profile"]).value == "x"
