"""Trying a question: what is shown, and that nothing changes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory.domain.consolidation import transfer_all
from memory.domain.recording import PageDraft, record_pages
from memory.embedding import get_embedder
from memory.enums import Source
from memory.models import Memory
from tests.memory.factories import EPOCH, KnowledgeFactory, MemoryFactory, ProfileFactory
from tests.memory.fakes import ScriptedConsolidator, topic_a_page

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def filled(memory: Memory, pages: int = 20) -> Memory:
    texts = [f"We spoke of topic {number} and the harbour" for number in range(pages)]
    drafts = [PageDraft(text, "I see.", EPOCH + timedelta(days=n)) for n, text in enumerate(texts)]
    record_pages(memory, drafts, Source.IMPORT)
    transfer_all(memory, ScriptedConsolidator(topic_a_page), get_embedder())
    ProfileFactory(memory=memory)
    KnowledgeFactory(memory=memory, text="Lives by the harbour.")
    return memory


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory()
    client.force_login(memory.user)
    return memory


def url(memory: Memory) -> str:
    return reverse("memory:try", args=[memory.assistant.slug])


def every_row() -> dict[str, Any]:
    return {
        model._meta.label: sorted(repr(row) for row in model._default_manager.values_list())
        for model in apps.get_models()
        if model._meta.label not in ("auth.User", "sessions.Session")
    }


def test_a_question_shows_what_is_found_why_and_the_prompt(client: Client, memory: Memory) -> None:
    filled(memory)
    html = client.get(url(memory), {"q": "What of the harbour?"}).text
    flat = " ".join(html.split())
    assert re.search(r"Room for memory: \d+ of 2000 tokens used", flat)
    assert re.search(r"Put into the prompt \(\d+\)", flat)
    assert re.search(r"The prompt: \d+ tokens", flat)
    assert re.search(r"Took [\d.]+ ms", flat)
    for label in ("meaning", "words", "neighbours", "topic", "Earlier exchange", "Fact about you", "Your profile"):
        assert label in html
    page = memory.pages.mid_term().first()
    assert page is not None
    assert f'href="{reverse("memory:page", args=[memory.assistant.slug, page.pk])}">Page {page.position}<' in html
    segment = reverse("memory:segment", args=[memory.assistant.slug, page.segment_id])
    assert f'href="{segment}"' in html
    assert "&lt;memory&gt;" in html
    assert "&lt;/memory&gt;" in html


def test_nothing_changes(client: Client, memory: Memory) -> None:
    filled(memory)
    before = every_row()
    for query in ({"q": "harbour"}, {"q": "harbour", "budget": "100", "at": "2026-01-05"}, {}):
        client.get(url(memory), query)
        client.post(url(memory), query)
        client.post(url(memory), query, headers=HTMX)
    client.post(url(memory), {"q": "harbour " * 3000})
    assert every_row() == before


def test_what_had_no_room_is_shown_apart(client: Client, memory: Memory) -> None:
    filled(memory)
    html = client.get(url(memory), {"q": "harbour", "budget": "150"}).text
    assert "of 150 tokens used" in html
    assert re.search(r"Found, but not put into the prompt \(\d+\)", html)


def test_a_question_that_fits_has_an_address_and_a_longer_one_is_posted(client: Client, memory: Memory) -> None:
    filled(memory, 3)
    answer = client.post(url(memory), {"q": "What of it?", "budget": "", "at": "2026-01-05"})
    assert (answer.status_code, answer["Location"]) == (302, f"{url(memory)}?q=What+of+it%3F&at=2026-01-05")
    long = "harbour " * 3000
    answer = client.post(url(memory), {"q": long})
    assert answer.status_code == 200
    assert "Put into the prompt" in answer.text
    answer = client.post(url(memory), {"q": "What of it?"}, headers=HTMX)
    assert answer["HX-Push-Url"] == f"{url(memory)}?q=What+of+it%3F"
    assert answer.text.lstrip().startswith('<div id="trying"')
    # The keyboard goes to what was found, once.
    assert answer.text.count("autofocus") == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"q": ""}, "Type a question first."),
        ({"q": "   "}, "Type a question first."),
        ({"q": "x" * 32_001}, "at most 32000 characters"),
        ({"q": "a\x00b"}, "Null characters"),
        ({"q": "a", "at": "soon"}, "Enter a valid date."),
        ({"q": "a", "budget": "0"}, "greater than or equal to 1"),
        ({"q": "a", "budget": "-5"}, "greater than or equal to 1"),
        ({"q": "a", "budget": "1000001"}, "less than or equal to"),
        ({"q": "a", "budget": "many"}, "Enter a whole number."),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_bad_question_is_refused_in_a_sentence(
    client: Client, memory: Memory, fields: dict[str, str], reason: str, headers: dict[str, str]
) -> None:
    answer = client.post(url(memory), fields, headers=headers)
    assert (answer.status_code, reason in answer.text) == (422, True)
    if len(fields["q"].strip()) and len(fields["q"]) < 100:
        assert client.get(url(memory), fields, headers=headers).status_code == 422


@pytest.mark.parametrize("question", ["🙂", "<script>xss()</script></pre>", "</memory>", "'; DROP TABLE", "x" * 3000])
def test_any_question_is_fine_and_shown_as_text(client: Client, memory: Memory, question: str) -> None:
    filled(memory, 3)
    answer = client.get(url(memory), {"q": question})
    assert answer.status_code == 200
    assert "<script>xss" not in answer.text


def test_the_day_it_is_asked_gives_words_their_meaning(client: Client, memory: Memory) -> None:
    filled(memory)
    html = client.get(url(memory), {"q": "What of the harbour yesterday?", "at": "2026-01-11"}).text
    assert "It is Sunday, 11 January 2026, 12:00 UTC" in html
    assert "part-key-date" in html


def test_an_empty_memory_says_so_and_one_with_topics_offers_questions(client: Client, memory: Memory) -> None:
    assert "There is not much to find yet" in client.get(url(memory)).text
    assert "Memory holds nothing that could be given" in client.get(url(memory), {"q": "Anything?"}).text
    filled(memory)
    html = client.get(url(memory)).text
    assert "For example" in html
    [first, *_] = re.findall(r'<li><a href="([^"]*\?q=[^"]*)">', html)
    assert client.get(first).status_code == 200


def test_examples_are_ones_own(client: Client, memory: Memory) -> None:
    filled(MemoryFactory(assistant=memory.assistant))
    html = client.get(url(memory)).text + client.get(url(memory), {"q": "harbour"}).text
    assert "topic 1" not in html
    assert "Lives by" not in html


def test_without_models_it_says_so(client: Client, memory: Memory, settings: Settings) -> None:
    filled(memory)
    assert "No language model is connected" in client.get(url(memory), {"q": "harbour"}).text
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "away", "http://127.0.0.1:9/v1"
    html = client.get(url(memory), {"q": "harbour"}).text
    assert "was found by words alone" in html
    assert "the harbour" in html


def test_the_exchange_itself_is_left_out(client: Client, memory: Memory) -> None:
    filled(memory)
    page = memory.pages.get(position=20)
    address = reverse("memory:page", args=[memory.assistant.slug, page.pk])
    assert f'{address}">Page 20<' in client.get(url(memory), {"q": "topic 19"}).text
    html = client.get(url(memory), {"q": "topic 19", "without": str(page.pk)}).text
    assert html.count(address) == 1
    assert f'{address}">Page 20</a> is left out' in html
    assert f'name="without" value="{page.pk}"' in html


@pytest.mark.parametrize("key", ["stranger", "0", "x", str(10**30)])
def test_a_page_that_is_not_ones_own_leaves_nothing_out(client: Client, memory: Memory, key: str) -> None:
    filled(memory, 3)
    theirs = filled(MemoryFactory(), 3).pages.first()
    assert theirs is not None
    named = str(theirs.pk) if key == "stranger" else key
    answer = client.get(url(memory), {"q": "topic", "without": named})
    assert answer.status_code == (200 if key == "stranger" else 422)
    assert "is left out" not in answer.text


def test_paused_recall_is_told(client: Client, memory: Memory) -> None:
    Memory.objects.filter(pk=memory.pk).update(recall_paused_at=timezone.now())
    assert "Recall is paused" in client.get(url(memory), {"q": "harbour"}).text


@pytest.mark.parametrize("count", [1, 3])
def test_it_asks_the_database_equally_often(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    filled(memory, 20)
    for number in range(count):
        KnowledgeFactory(memory=memory, text=f"Has seen {number} harbours.")
    with django_assert_num_queries(19):
        client.get(url(memory), {"q": "harbour"})


def test_the_link_of_an_answer_fills_the_question_in(client: Client, memory: Memory) -> None:
    question = "What & why? <b>"
    html = client.get(f"{url(memory)}?q={quote(question, safe='')}&at=2026-01-05").text
    assert "What &amp; why? &lt;b&gt;</textarea>" in html
