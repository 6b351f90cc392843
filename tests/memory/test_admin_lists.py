"""The lists of the admin: useful, and as many queries for one row as for many."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import Model
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from chat.models import Conversation, LearntItem, MemoryUpdate, Message, RecalledItem
from memory.admin import calls
from memory.enums import Outcome, Purpose, Tier
from memory.models import Knowledge, Memory, ModelCall, Page, Segment
from tests.chat.factories import AnswerFactory
from tests.memory.administration import MODELS, fill, operator, url
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    SegmentFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

OURS = ("memory", "chat", "auth")
REGISTERED = [model for model in admin.site._registry if model._meta.app_label in OURS]


@pytest.fixture
def chief(client: Client) -> User:
    chief: User = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(chief)
    return chief


def fill_all() -> None:
    """Make a row of every kind, in memory, in the chat, in the queue and among people."""
    fill()
    answer = AnswerFactory()
    RecalledItem.objects.create(message=answer, rank=1, tier=Tier.MID_TERM, object_id=1, score=1.0, tokens=9)
    update = MemoryUpdate.objects.create(conversation=answer.conversation, created_at=EPOCH)
    LearntItem.objects.create(update=update, tier=Tier.PROFILE, object_id=1)
    Group.objects.create(name=f"Group {Group.objects.count()}")


@pytest.mark.parametrize("model", REGISTERED)
def test_lists_ask_the_database_equally_often_for_one_and_for_three(
    client: Client, chief: User, model: type[Model], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fill_all()
    client.get(url(model, "changelist"))
    with CaptureQueriesContext(connection) as one:
        assert client.get(url(model, "changelist")).status_code == 200
    fill_all()
    fill_all()
    with django_assert_num_queries(len(one)):
        answer = client.get(url(model, "changelist"))
    assert len(one) <= 9
    assert len(answer.context["cl"].result_list) >= 3
    assert "0.0625" not in answer.text


@pytest.mark.parametrize("model", REGISTERED)
def test_every_list_is_useful(model: type[Model]) -> None:
    registered = admin.site._registry[model]
    if model is not Group:
        assert len(registered.list_display) >= 4
        assert registered.search_help_text or model in (LearntItem, MemoryUpdate, RecalledItem)
    assert registered.search_fields
    assert registered.__class__.__module__.startswith(("memory.admin", "chat.admin"))


def test_every_model_has_pages() -> None:
    assert {*MODELS, Conversation, Message, User} <= set(admin.site._registry)


@pytest.mark.parametrize("model", REGISTERED)
def test_lists_can_be_searched(client: Client, chief: User, model: type[Model]) -> None:
    fill_all()
    answer = client.get(url(model, "changelist"), {"q": "no such words"})
    assert (answer.status_code, answer.context["cl"].result_count) == (200, 0)
    key = model._default_manager.values_list("pk", flat=True).first()
    assert client.get(url(model, "changelist"), {"q": str(key)}).status_code == 200


def test_a_memory_is_told_in_figures(client: Client) -> None:
    client.force_login(operator())
    memory = MemoryFactory(learning_paused_at=EPOCH)
    segment = SegmentFactory(memory=memory, archived_at=EPOCH)
    for _ in range(3):
        PageFactory(segment=segment)
    KnowledgeFactory(memory=memory)
    KnowledgeFactory(memory=memory, status="archived")
    ModelCallFactory(memory=memory, tokens_in=900, tokens_out=None)
    ModelCall.objects.filter(pk=ModelCallFactory(memory=memory).pk).update(created_at=EPOCH)
    MemoryFactory()
    row = client.get(url(Memory, "changelist")).context["cl"].result_list[1]
    figures = (row.pages_held, row.segments_held, row.facts_held, row.tokens_used, row.calls_made)
    assert figures == (3, 1, 1, 900, 1)
    html = client.get(url(Memory, "changelist")).text
    assert f'href="/admin/memory/page/?memory__id__exact={memory.pk}"' in html
    assert 'class="field-paused">learning<' in html
    assert "/open/" not in html
    narrowed = client.get(url(Page, "changelist"), {"memory__id__exact": memory.pk})
    assert narrowed.context["cl"].result_count == 3


def test_who_may_open_is_led_to_the_form(client: Client) -> None:
    client.force_login(operator("memory.open_private"))
    memory = MemoryFactory()
    for page in (client.get(url(Memory, "changelist")), client.get(url(Memory, "change", memory.pk))):
        assert f'href="/admin/memory/memory/{memory.pk}/open/"' in page.text


@pytest.mark.parametrize("model", [Segment, Knowledge, ModelCall])
def test_other_lists_are_narrowed_to_a_memory_too(client: Client, chief: User, model: type[Model]) -> None:
    fill()
    memory = fill()[Memory]
    answer = client.get(url(model, "changelist"), {"memory__id__exact": memory.pk})
    assert (answer.status_code, answer.context["cl"].result_count) == (200, 1)


def test_calls_are_added_up_as_they_are_listed(client: Client) -> None:
    client.force_login(operator())
    ModelCallFactory(tokens_in=100, tokens_out=10)
    ModelCallFactory(tokens_in=200, tokens_out=None, outcome=Outcome.TIMED_OUT)
    ModelCallFactory(tokens_in=1000, tokens_out=1, purpose=Purpose.REPLY)
    listed = client.get(url(ModelCall, "changelist"), {"purpose__exact": Purpose.TRANSFER})
    assert listed.context["totals"] == {"calls": 2, "tokens_in": 300, "tokens_out": 10}
    assert "2 calls are listed: 300 tokens in, 10 tokens out." in listed.text
    none = client.get(url(ModelCall, "changelist"), {"purpose__exact": Purpose.TITLE})
    assert "0 calls are listed: 0 tokens in, 0 tokens out." in none.text


@async_to_sync
async def received(answer: StreamingHttpResponse) -> list[bytes]:
    return [piece async for piece in cast("AsyncIterator[bytes]", answer.streaming_content)]


@pytest.mark.django_db(transaction=True)
def test_calls_are_exported_as_they_are_listed(client: Client) -> None:
    client.force_login(operator())
    call = ModelCallFactory(model="=cmd()", detail="quoted words", memory__user__username="@ada")
    ModelCallFactory(purpose=Purpose.REPLY)
    address = url(ModelCall, "changelist")
    link = f'href="{url(ModelCall, "export")}?purpose__exact=transfer"'
    assert link in client.get(address, {"purpose__exact": "transfer"}).text
    answer: Any = client.get(url(ModelCall, "export"), {"purpose__exact": "transfer"})
    rows = list(csv.DictReader(StringIO(b"".join(received(answer)).decode())))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="model-calls.csv"'
    assert [(row["model"], row["person"], row["tokens_in"]) for row in rows] == [("'=cmd()", "'@ada", "900")]
    assert rows[0]["created_at"] == call.created_at.isoformat()
    assert "quoted words" not in str(rows)
    assert client.get(url(ModelCall, "export"), {"detail__startswith": "q"}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_the_file_of_calls_is_made_a_batch_at_a_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "BATCH", 2)
    client.force_login(operator())
    for tokens in range(5):
        ModelCallFactory(tokens_in=tokens)
    answer: Any = client.get(url(ModelCall, "export"))
    assert answer.is_async
    pieces = received(answer)
    assert [piece.count(b"\r\n") for piece in pieces] == [1, 2, 2, 1]
    rows = csv.DictReader(StringIO(b"".join(pieces).decode()))
    assert [row["tokens_in"] for row in rows] == ["0", "1", "2", "3", "4"]


def test_calls_are_not_exported_to_others(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True))
    assert client.get(url(ModelCall, "export")).status_code == 403


def test_the_first_page_tells_what_is_to_be_done(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(operator())
    AssistantKnowledgeFactory(status="proposed")
    ModelCallFactory(tokens_in=1000, tokens_out=234)
    with django_assert_max_num_queries(16):
        html = client.get("/admin/").text
    figures = {label: number for number, label in _figures(html)}
    assert figures == {
        "Active people": str(User.objects.count()),
        "Assistants in use": "2",
        "Failed jobs": "0",
        "Proposals waiting": "1",
        "Tokens this month": "1,234",
    }
    for address in _links(html):
        assert client.get(address).status_code == 200


def test_figures_are_of_what_somebody_may_see(client: Client) -> None:
    person = UserFactory(is_staff=True)
    client.force_login(person)
    assert _figures(client.get("/admin/").text) == []


def _figures(html: str) -> list[tuple[str, str]]:
    return [(number, label.strip()) for number, label in re.findall(r"<strong>([\d,]+)</strong>([^<]+)</a>", html)]


def _links(html: str) -> list[str]:
    part = html.partition('class="operators-figures"')[2].partition("</ul>")[0]
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', part)]


def test_lists_of_many_pages_are_quick(client: Client, chief: User) -> None:
    memory = MemoryFactory()
    now = timezone.now()
    pages = [
        Page(memory=memory, position=number, query=f"Question {number}", response="x" * 200, occurred_at=now)
        for number in range(1, 10_001)
    ]
    Page.objects.bulk_create(pages, batch_size=2000)
    for model in (Page, Memory, ModelCall):
        client.get(url(model, "changelist"))
        began = time.perf_counter()
        assert client.get(url(model, "changelist")).status_code == 200
        assert client.get(url(model, "changelist"), {"q": memory.user.username}).status_code == 200
        assert time.perf_counter() - began < 2.0, model
