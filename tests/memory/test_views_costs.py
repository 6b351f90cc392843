"""What a memory cost, as a picture and as tables."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from memory.enums import Outcome, Purpose
from memory.models import Memory, ModelCall
from memory.views.costs import PURPOSES
from tests.memory.factories import MemoryFactory, ModelCallFactory
from tests.paths import DATA

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory()
    client.force_login(memory.user)
    return memory


def url(memory: Memory, name: str = "costs") -> str:
    return reverse(f"memory:{name}", args=[memory.assistant.slug])


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.text


def test_every_purpose_has_words_of_its_own() -> None:
    assert set(PURPOSES) == set(Purpose)


def test_every_purpose_has_a_colour_of_its_own() -> None:
    css = (DATA.parents[1] / "static" / "memory" / "pictures.css").read_text()
    colours = dict(re.findall(r"--cost-(\w+): light-dark\((#\w+, #\w+)\);", css))
    assert set(colours) == set(Purpose.values)
    assert len(set(colours.values())) == len(colours)
    for name in colours:
        assert f".cost-{name} {{ fill: var(--cost-{name}); }}" in css
        assert f".cost-chip-{name} {{ background: var(--cost-{name}); }}" in css


@pytest.mark.parametrize("count", [1, 3])
def test_costs_ask_the_database_equally_often(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for purpose in list(Purpose)[:count]:
        for ago in range(count):
            call = ModelCallFactory(memory=memory, purpose=purpose)
            ModelCall.objects.filter(pk=call.pk).update(created_at=timezone.now() - timedelta(days=ago))
    with django_assert_num_queries(8):
        html = text_of(client, url(memory))
    assert len(re.findall(r'<rect class="cost-', html)) == count * count


def test_costs_are_drawn_and_told_and_nobody_elses_are_among_them(client: Client, memory: Memory) -> None:
    ModelCallFactory(memory=memory, purpose=Purpose.REPLY, tokens_in=12345, tokens_out=678)
    ModelCallFactory(memory=memory, purpose=Purpose.EMBEDDING, tokens_in=50, tokens_out=None, outcome=Outcome.TIMED_OUT)
    ModelCallFactory(memory=MemoryFactory(assistant=memory.assistant), purpose=Purpose.TITLE, tokens_in=99999)
    html = text_of(client, url(memory))
    assert "Tokens by day" in html
    assert (html.count('class="cost-reply"'), html.count('class="cost-embedding"')) == (1, 1)
    for words in ("Answers in the chat", "Finding by meaning", "12,345", "678", "12,395"):
        assert words in html
    assert "Naming conversations" not in html
    assert "99,999" not in html
    assert 'cost-failed" data-label="Failed">1</td>' in html
    overview = text_of(client, url(memory, "overview"))
    assert f'href="{url(memory)}"' in overview
    assert '<dt>Tokens read</dt><dd class="numeric">12,395</dd>' in overview


def test_calls_can_be_drawn_instead_and_are_where_no_tokens_were_counted(client: Client, memory: Memory) -> None:
    call = ModelCallFactory(memory=memory)
    assert "Calls by day" in text_of(client, f"{url(memory)}?show=calls")
    assert "Tokens by day" in text_of(client, f"{url(memory)}?show=nonsense")
    ModelCall.objects.filter(pk=call.pk).update(tokens_in=None, tokens_out=None)
    html = text_of(client, url(memory))
    assert "Calls by day" in html
    assert "No tokens were counted" in html


def test_a_memory_that_cost_nothing_says_so(client: Client, memory: Memory) -> None:
    assert "Nothing yet" in text_of(client, url(memory))
    assert "Nothing in the last 30 days." in text_of(client, url(memory, "overview"))


def test_numbers_of_the_picture_are_numbers_in_any_language(client: Client, memory: Memory) -> None:
    ModelCallFactory(memory=memory, tokens_in=7, tokens_out=3)
    client.cookies["memoryos_language"] = "id"
    html = text_of(client, url(memory))
    svg = html[html.index('<svg class="chart"') : html.index("</svg>", html.index('<svg class="chart"'))]
    assert not [part for part in svg.split('"') if part.replace(",", "").isdigit() and "," in part]
