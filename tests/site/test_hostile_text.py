"""Whatever people, models and imports have written: every page shows it as text."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from memory.models import Memory
from tests.memory.factories import AssistantFactory, MemoryFactory, UserFactory
from tests.seeding import fill
from tests.xss import PAYLOADS, RUN, assert_page_is_harmless, elements_of, faults_of, storable

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TEXTS = [storable(payload) for payload in PAYLOADS]
NAME = f"<img src=x onerror={RUN}>\"'"


@pytest.fixture
def memory() -> Memory:
    """A memory whose person and assistant have hostile names."""
    assistant = AssistantFactory(name=f"{NAME}</title>", slug="hostile")
    return MemoryFactory(assistant=assistant, user=UserFactory(username=NAME, is_staff=True, is_superuser=True))


@pytest.fixture
def client(memory: Memory) -> Client:
    """A browser in which the person is signed in."""
    client = Client()
    client.force_login(memory.user)
    return client


def test_every_page_shows_it_as_text(client: Client, memory: Memory) -> None:
    # The last text, whose own pages are asked for, is all of them.
    addresses = fill(memory, [*TEXTS, " ".join(TEXTS)])
    for address in addresses:
        for headers in ({}, HTMX):
            page = client.get(address, headers=headers, follow=True)
            assert page.status_code == 200, address
            assert_page_is_harmless(page.text)
            if "{{" in page.text:
                assert "{{7*7}}" in page.text


def test_the_admin_shows_it_as_text(client: Client, memory: Memory) -> None:
    fill(memory, TEXTS)
    # What is private is shown to who has said why.
    client.post(f"/admin/memory/memory/{memory.pk}/open/", {"reason": TEXTS[0]})
    for address in links_of(client.get("/admin/").text, r"/admin/\w+/\w+/"):
        page = client.get(address).text
        assert hostile_in(page) == []
        for row in links_of(page, r"/admin/\w+/\w+/[^/]+/change/")[:1]:
            assert hostile_in(client.get(row).text) == []


def links_of(html: str, pattern: str) -> list[str]:
    """Return the addresses of the links that match, without the query, each once."""
    links = [element.attributes.get("href", "").partition("?")[0] for element in elements_of(html)]
    return sorted({link for link in links if re.fullmatch(pattern, link)})


def hostile_in(html: str) -> list[str]:
    """Return what of our payloads has become an element: Django's own pages have forms and styles of their own."""
    return [fault for fault in faults_of(html) if re.search(r"xss|elsewhere|logout|onerror|hx-", fault)]


@pytest.mark.parametrize("form", ["rename", "profile"])
def test_a_refused_form_shows_it_as_text(client: Client, memory: Memory, form: str) -> None:
    addresses = fill(memory, ["harmless"])
    if form == "rename":
        address = next(address for address in addresses if address.endswith("/rename/"))
        data = [{"title": text + "x" * 100} for text in TEXTS[::3]]
    else:
        address = f"/memory/{memory.assistant.slug}/profile/add/"
        data = [{"name": text + "x" * 100, "value": text} for text in TEXTS[::3]]
    for fields in data:
        for headers in ({}, HTMX):
            assert_page_is_harmless(client.post(address, fields, headers=headers).text)


@pytest.mark.parametrize("query", ["before", "said", "current", "page"])
def test_an_address_with_it_shows_it_as_text(client: Client, memory: Memory, query: str) -> None:
    fill(memory, ["harmless"])
    for address in ("/conversations/", f"/memory/{memory.assistant.slug}/knowledge/"):
        for text in TEXTS[::5]:
            assert_page_is_harmless(client.get(address, {query: text}).text)


def test_the_sign_in_page_shows_it_as_text() -> None:
    client = Client()
    for text in TEXTS:
        page = client.post("/accounts/login/", {"login": text, "password": "x", "next": text})
        assert_page_is_harmless(page.text)


def test_an_import_is_shown_as_text(client: Client, memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / f"<img src=x onerror={RUN}>{{{{7*7}}}}.json".replace("/", "")
    entries = [
        {"user_input": text, "agent_response": text, "timestamp": f"2026-03-02 08:{minute % 60:02}:00"}
        for minute, text in enumerate(TEXTS)
    ]
    path.write_text(json.dumps(entries), encoding="utf-8")
    call_command("import_conversations", path, user=NAME, stdout=StringIO(), stderr=StringIO())
    assert memory.pages.count() == len(TEXTS)
    for name in ("", "short-term/", "segments/", "profile/", "traits/", "knowledge/", "assistant-knowledge/"):
        assert_page_is_harmless(client.get(f"/memory/{memory.assistant.slug}/{name}").text)
    for segment in memory.segments.all():
        assert_page_is_harmless(client.get(f"/memory/{memory.assistant.slug}/segments/{segment.pk}/").text)


def test_an_import_with_hostile_speakers_and_sessions_is_shown_as_text(
    client: Client, memory: Memory, tmp_path: Path
) -> None:
    path = tmp_path / "conversation.json"
    turns = [
        {"speaker": NAME if number % 2 else "</script>", "dia_id": f"D1:{number}\"'<b>", "text": text}
        for number, text in enumerate(TEXTS)
    ]
    conversation = {
        "speaker_a": NAME,
        "speaker_b": "</script>",
        "session_1_date_time": "1:56 pm on 8 May, 2026",
        "session_1": turns,
    }
    sample = {"sample_id": NAME, "conversation": conversation, "qa": []}
    path.write_text(json.dumps([sample]), encoding="utf-8")
    call_command("import_conversations", path, user=NAME, conversation=NAME, stdout=StringIO(), stderr=StringIO())
    assert memory.pages.exists()
    for name in ("", "short-term/", "segments/", "knowledge/"):
        assert_page_is_harmless(client.get(f"/memory/{memory.assistant.slug}/{name}").text)


def test_the_corpus_is_found_where_it_is_not_escaped() -> None:
    """The assertion can fail. What it does not see raw is text, or elements that do nothing by themselves."""
    raw = [text for text in TEXTS if text.startswith("<")]
    seen = [text for text in raw if faults_of(f"<p id=log id=status>{text}")]
    assert (len(raw), len(raw) - len(seen)) == (47, 10)
