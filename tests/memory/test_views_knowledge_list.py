"""Lists of facts: searched, filtered, ordered; with HTMX and without."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory.domain.vectors import embed_new_facts
from memory.embedding import get_embedder
from memory.enums import KnowledgeStatus, Role, Source
from memory.models import Memory
from memory.views.base import PAGE_SIZE
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
)

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
PETS, MUSIC, WORK = "Adopted a puppy in March.", "Plays the violin.", "Bakes bread in Lund."


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory()
    client.force_login(memory.user)
    return memory


def url(memory: Memory, name: str, *args: object) -> str:
    return reverse(f"memory:{name}", args=[memory.assistant.slug, *args])


def three(memory: Memory) -> None:
    """Three facts, each different in everything that can be filtered by."""
    pets = KnowledgeFactory(memory=memory, text=PETS, pinned=True, confirmed_at=EPOCH, times_confirmed=2)
    pets.sources.add(PageFactory(memory=memory, source=Source.CHAT))
    music = KnowledgeFactory(memory=memory, text=MUSIC, confirmed_at=EPOCH + timedelta(days=1), times_confirmed=7)
    music.sources.add(PageFactory(memory=memory, source=Source.IMPORT))
    KnowledgeFactory(memory=memory, text=WORK, locked=True, confirmed_at=EPOCH + timedelta(days=2))
    embed_new_facts(memory, get_embedder())


def listed(client: Client, memory: Memory, **query: Any) -> list[str]:
    """Return the facts of the list, in order."""
    html = client.get(url(memory, "knowledge"), query).text
    return re.findall(r'<p class="item-value">(.*?)</p>', html)


@pytest.mark.parametrize(
    ("query", "facts"),
    [
        ({}, [PETS, WORK, MUSIC]),
        ({"sort": "latest"}, [WORK, MUSIC, PETS]),
        ({"sort": "oldest"}, [PETS, MUSIC, WORK]),
        ({"sort": "often"}, [MUSIC, PETS, WORK]),
        ({"sort": "name"}, [PETS, WORK, MUSIC]),
        ({"pinned": "yes"}, [PETS]),
        ({"pinned": "no"}, [WORK, MUSIC]),
        ({"locked": "yes"}, [WORK]),
        ({"locked": "no"}, [PETS, MUSIC]),
        ({"source": "chat"}, [PETS]),
        ({"source": "import"}, [MUSIC]),
        ({"source": "api"}, []),
        ({"source": "hand"}, [WORK]),
        ({"since": "2026-01-02"}, [WORK, MUSIC]),
        ({"until": "2026-01-02"}, [PETS, MUSIC]),
        ({"since": "2026-01-02", "until": "2026-01-02"}, [MUSIC]),
        ({"since": "2027-01-01", "until": "2025-01-01"}, []),
        ({"q": "violin"}, [MUSIC]),
        ({"q": "iolin"}, [MUSIC]),
        ({"q": "dog animal pet"}, [PETS]),
        ({"q": "violin", "pinned": "yes"}, []),
        ({"q": "in", "sort": "oldest"}, [PETS, MUSIC, WORK]),
    ],
)
def test_a_list_is_narrowed_and_ordered(
    client: Client, memory: Memory, query: dict[str, str], facts: list[str]
) -> None:
    three(memory)
    found = listed(client, memory, **query)
    if query.get("q") == "dog animal pet":
        found = found[:1]
    assert found == facts


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "nonsense"},
        {"pinned": "maybe"},
        {"source": "x" * 5000},
        {"since": "yesterday"},
        {"until": "99999-99-99"},
        {"status": "x"},
        {"page": "-4"},
        {"q": "\x00"},
        {"q": "x" * 2000},
    ],
)
def test_nonsense_narrows_nothing(client: Client, memory: Memory, query: dict[str, str]) -> None:
    three(memory)
    for headers in ({}, HTMX):
        answer = client.get(url(memory, "knowledge"), query, headers=headers)
        assert answer.status_code == 200
        assert len(re.findall(r'class="item-value"', answer.text)) == 3


def test_a_bad_date_is_told_in_a_sentence(client: Client, memory: Memory) -> None:
    three(memory)
    assert "Enter a valid date." in client.get(url(memory, "knowledge"), {"since": "soon"}).text
    assert (
        "Said from: Enter a valid date." in client.get(url(memory, "knowledge"), {"since": "soon"}, headers=HTMX).text
    )


def test_rows_say_why_they_fit(client: Client, memory: Memory) -> None:
    three(memory)
    html = client.get(url(memory, "knowledge"), {"q": "violin"}).text
    assert html.count("memory-why") == 1
    assert re.search(r"Fits by \d\.\d:", html)
    assert "meaning" in html
    assert "1</span> fact fits" in html
    assert "memory-why" not in client.get(url(memory, "knowledge")).text


def test_htmx_gets_the_list_alone(client: Client, memory: Memory) -> None:
    three(memory)
    answer = client.get(url(memory, "knowledge"), {"q": "violin"}, headers=HTMX)
    assert "<html" not in answer.text
    assert MUSIC in answer.text
    again = client.get(
        url(memory, "knowledge"), {"q": "violin"}, headers={**HTMX, "HX-History-Restore-Request": "true"}
    )
    assert "<html" in again.text


def test_an_empty_list_and_one_without_hits_say_different_things(client: Client, memory: Memory) -> None:
    assert "No facts yet" in client.get(url(memory, "knowledge")).text
    KnowledgeFactory(memory=memory)
    html = client.get(url(memory, "knowledge"), {"pinned": "yes"}).text
    assert "Nothing fits" in html
    assert f'href="{url(memory, "knowledge")}">Show all' in html


def test_without_the_embedding_model_the_search_goes_on_and_says_so(
    client: Client, memory: Memory, settings: Settings
) -> None:
    three(memory)
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "away", "http://127.0.0.1:9/v1"
    html = client.get(url(memory, "knowledge"), {"q": "violin"}).text
    assert MUSIC in html
    assert "this search goes by words alone" in html


def test_tabs_and_pages_keep_what_was_asked_for(client: Client, memory: Memory) -> None:
    for number in range(PAGE_SIZE + 1):
        KnowledgeFactory(memory=memory, text=f"Tea number {number}.")
    KnowledgeFactory(memory=memory, text="Tea of old.", status=KnowledgeStatus.ARCHIVED)
    html = client.get(url(memory, "knowledge"), {"q": "tea", "sort": "name"}).text
    assert 'href="?status=archived&amp;q=tea&amp;sort=name"' in html
    assert "q=tea&amp;sort=name&amp;page=2" in html
    assert len(listed(client, memory, q="tea", sort="name", page="2")) == 1
    assert len(listed(client, memory, q="tea", page="2")) == 1
    assert listed(client, memory, q="tea", status="archived") == ["Tea of old."]


@pytest.mark.parametrize("kind", ["knowledge", "assistant-knowledge"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_search_asks_the_database_equally_often(
    client: Client, memory: Memory, kind: str, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        text = f"Drinks tea number {number}."
        fact = (
            KnowledgeFactory(memory=memory, text=text)
            if kind == "knowledge"
            else AssistantKnowledgeFactory(assistant=memory.assistant, text=text)
        )
        fact.sources.add(PageFactory(memory=memory), PageFactory(memory=memory))
    with django_assert_num_queries(15):
        html = client.get(url(memory, kind), {"q": "tea"}).text
    assert html.count('class="item"') == count


def test_a_search_finds_nothing_of_anybody_else(client: Client, memory: Memory) -> None:
    other = MemoryFactory(assistant=memory.assistant)
    three(other)
    AssistantKnowledgeFactory(text="A violin of another assistant.")
    KnowledgeFactory(memory=memory, text="Hates music.")
    for kind in ("knowledge", "assistant-knowledge"):
        html = client.get(url(memory, kind), {"q": "violin"}).text
        assert MUSIC not in html
        assert "another assistant" not in html


def test_a_member_searches_shared_facts_and_finds_no_proposals(client: Client, memory: Memory) -> None:
    AssistantKnowledgeFactory(assistant=memory.assistant, text="Recommended a lake.")
    AssistantKnowledgeFactory(
        assistant=memory.assistant, text="Recommended a lake trip.", status=KnowledgeStatus.PROPOSED
    )
    member = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    client.force_login(member.user)
    for status in ("active", "proposed"):
        html = client.get(url(memory, "assistant-knowledge"), {"q": "lake", "status": status}).text
        assert ("Recommended a lake." in html) == (status == "active")
        assert "trip" not in html
        # Nothing to tick, to add or to press for who may not change anything.
        assert 'form="chosen"' not in html
        assert "Add a fact" not in html


def test_where_the_pages_of_others_came_from_is_not_told(client: Client, memory: Memory) -> None:
    fact = AssistantKnowledgeFactory(assistant=memory.assistant, text="Recommended a lake.")
    other = MemoryFactory(assistant=memory.assistant)
    fact.sources.add(PageFactory(memory=other, source=Source.API))
    address = url(memory, "assistant-knowledge")
    assert "Recommended a lake." not in client.get(address, {"source": "api"}).text
    client.force_login(other.user)
    assert "Recommended a lake." in client.get(address, {"source": "api"}).text


def test_rows_can_be_ticked_in_their_list_only(client: Client, memory: Memory) -> None:
    fact = KnowledgeFactory(memory=memory)
    box = f'form="chosen" name="id" value="{fact.pk}"'
    row = url(memory, "knowledge-row", fact.pk)
    in_list = {**HTMX, "HX-Current-URL": f"http://testserver{url(memory, 'knowledge')}?q=x"}
    assert box in client.get(url(memory, "knowledge")).text
    assert box in client.get(row, headers=in_list).text
    assert box not in client.get(row, headers={**HTMX, "HX-Current-URL": "http://testserver/c/1/"}).text
    assert box not in client.get(row).text


def test_a_row_drawn_anew_in_a_search_still_says_why_it_fits(client: Client, memory: Memory) -> None:
    three(memory)
    row = memory.knowledge.get(text=MUSIC)
    listing = client.get(url(memory, "knowledge"), {"q": "violin"}).text
    [bar] = re.findall(r'<div class="memory-why">.*?</svg>', listing, re.DOTALL)
    searched = {**HTMX, "HX-Current-URL": f"http://testserver{url(memory, 'knowledge')}?q=violin&sort=name"}
    for deed in ("pin", "unpin", "lock", "unlock", "disable", "enable", "archive", "unarchive"):
        html = client.post(url(memory, f"knowledge-{deed}", row.pk), headers=searched).text
        assert (html.count("memory-why"), bar in html) == (1, True), deed
    assert bar in client.get(url(memory, "knowledge-row", row.pk), headers=searched).text
    for there in (url(memory, "knowledge"), f"{url(memory, 'assistant-knowledge')}?q=violin", "/c/1/?q=violin"):
        elsewhere = {**HTMX, "HX-Current-URL": f"http://testserver{there}"}
        assert "memory-why" not in client.post(url(memory, "knowledge-pin", row.pk), headers=elsewhere).text
    # What no longer fits says nothing of it.
    other = memory.knowledge.get(text=WORK)
    assert "memory-why" not in client.get(url(memory, "knowledge-row", other.pk), headers=searched).text
