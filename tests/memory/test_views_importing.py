"""Export & import in the browser: files that go out, files that come in, demo data."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory.domain.demo import DATA, load_demo
from memory.domain.disabling import pin_knowledge
from memory.domain.imports import confirm, read_upload, run
from memory.domain.persona import edit_profile
from memory.enums import ImportState, Role, Source
from memory.models import Import, Memory
from memory.views.exporting import download
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    ImportFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ENTRY = {"user_input": "Which tea?", "agent_response": "Green.", "timestamp": "2026-01-01 09:00:00"}


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory()
    client.force_login(memory.user)
    return memory


def url(memory: Memory, name: str = "export", *args: object) -> str:
    return reverse(f"memory:{name}", args=[memory.assistant.slug, *args])


def upload(client: Client, memory: Memory, data: Any, name: str = "memory.json") -> Any:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return client.post(url(memory, "import-upload"), {"file": SimpleUploadedFile(name, raw)})


def taken(client: Client, memory: Memory, data: Any) -> Import:
    """Upload a file and let the job read it."""
    answer = upload(client, memory, data)
    given = Import.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, url(memory, "import", given.pk))
    return read_upload(given)


def test_the_page_offers_files_and_takes_them(client: Client, memory: Memory) -> None:
    html = client.get(url(memory)).text
    assert f'href="{url(memory, "export-json")}" download' in html
    assert f'href="{url(memory, "export-markdown")}" download' in html
    assert 'enctype="multipart/form-data"' in html
    assert "JSON or ZIP, at most 64 MB." in html
    assert "Load demo data" in html


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_however_much_there_is(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        ImportFactory(memory=memory)
        PageFactory(memory=memory)
        KnowledgeFactory(memory=memory)
    with django_assert_num_queries(10):
        assert client.get(url(memory)).text.count("old memory.json") == count


# Under ASGI they are sent piece by piece (below); here they are collected.
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("role", "goes_along"), [(Role.OWNER, True), (Role.CURATOR, True), (Role.MEMBER, False)])
def test_files_come_with_name_and_type_and_shared_knowledge_for_those_who_curate(
    client: Client, role: Role, goes_along: bool
) -> None:
    memory = MemoryFactory(role=role)
    client.force_login(memory.user)
    PageFactory(memory=memory)
    AssistantKnowledgeFactory(assistant=memory.assistant, text="Likes lists.")
    answer = client.get(url(memory, "export-json"))
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="memory Assistant \d+ \d{4}-\d\d-\d\d.json"', answer["Content-Disposition"]
    )
    body = b"".join(answer)
    assert [page["query"] for page in json.loads(body)["pages"]] == ["Question 1"]
    assert (b"Likes lists." in body) == goes_along
    answer = client.get(url(memory, "export-markdown"))
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert (b"Likes lists." in b"".join(answer)) == goes_along


async def test_pieces_are_made_as_they_are_taken_in_the_readers_language() -> None:
    made: list[str | None] = []

    def pieces() -> Iterator[bytes]:
        for number in range(3):
            made.append(translation.get_language())
            yield str(number).encode()

    with translation.override("id"):
        answer = download(pieces(), "text/plain", "x.txt")
    stream = aiter(cast("AsyncIterator[bytes]", answer.streaming_content))
    assert (await anext(stream), made) == (b"0", ["id"])
    assert [piece async for piece in stream] == [b"1", b"2"]
    assert made == ["id", "id", "id"]


def test_a_file_is_looked_at_confirmed_and_imported(client: Client, memory: Memory) -> None:
    given = taken(client, memory, [ENTRY])
    here = url(memory, "import", given.pk)
    html = client.get(here).text
    assert "Import this?" in html
    assert "Which tea?" in html
    assert memory.pages.count() == 0
    answer = client.post(url(memory, "import-confirm", given.pk))
    assert (answer.status_code, answer["Location"]) == (302, here)
    assert "Importing…" in client.get(here).text
    run(Import.objects.get())
    html = client.get(here).text
    assert "New in the memory: 1 page." in html
    assert "data-poll" not in html
    assert memory.pages.get().source == Source.IMPORT


def test_the_same_file_again_says_that_nothing_is_new(client: Client, memory: Memory) -> None:
    run(confirm(taken(client, memory, [ENTRY]), by=memory.user))
    Import.objects.all().delete()
    given = taken(client, memory, [ENTRY])
    html = client.get(url(memory, "import", given.pk)).text
    assert "Everything in this file is in the memory already." in html
    assert url(memory, "import-confirm", given.pk) not in html


def test_what_does_not_agree_is_shown_with_what_happens(client: Client, memory: Memory) -> None:
    ProfileFactory(memory=memory, name="home", value="Oslo", locked=True)
    given = taken(client, memory, json.loads(DATA.read_text(encoding="utf-8")))
    html = client.get(url(memory, "import", given.pk)).text
    for words in ("What does not agree", "Oslo", "Grantown-on-Spey, Scotland", "Yours stays: you wrote it"):
        assert words in html


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "memory.json is empty."),
        (b"{", "memory.json is not JSON"),
        (b"\xff\xfe", "memory.json is not UTF-8 text."),
        (b"[" * 50_000, "nested too deeply"),
        ([ENTRY, {**ENTRY, "timestamp": "soon"}], "Entry 2: the timestamp &#x27;soon&#x27;"),
        ({"schema": "memoryos.memory", "version": 9}, "of version 9"),
        ([{"mapping": 3}], "Conversation 1"),
    ],
)
def test_a_file_at_fault_is_refused_with_the_reason(client: Client, memory: Memory, data: Any, fault: str) -> None:
    answer = upload(client, memory, data)
    assert answer.status_code == 422
    assert "Nothing was imported." in answer.text
    assert fault in answer.text
    assert Import.objects.count() == 0


def test_no_file_is_refused(client: Client, memory: Memory) -> None:
    answer = client.post(url(memory, "import-upload"))
    assert (answer.status_code, "Choose a file first." in answer.text) == (422, True)
    assert client.get(url(memory, "import-upload"))["Location"] == url(memory)


@pytest.mark.parametrize("bytes_", [1_000_100, 1_500_000])
def test_a_file_that_is_too_big_is_refused_with_the_sizes(
    client: Client, memory: Memory, settings: Settings, bytes_: int
) -> None:
    settings.MEMORYOS_IMPORT_MAX_MB = 1
    answer = upload(client, memory, b" " * bytes_)
    assert answer.status_code == 413
    assert re.search(r"The file has 1\.\d MB; 1 MB is the most\.", answer.text)
    assert Import.objects.count() == 0


def test_a_bomb_is_refused_at_once(client: Client, memory: Memory, settings: Settings) -> None:
    settings.MEMORYOS_IMPORT_MAX_MB = 1
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", b" " * 3_000_000)
    answer = upload(client, memory, file.getvalue(), "export.zip")
    assert answer.status_code == 413
    assert "What is packed in the ZIP file has more than 1 MB, which is the most." in answer.text
    assert Import.objects.count() == 0


class _Unread:
    """A body that must not be read."""

    def read(self, *_: int) -> bytes:
        raise AssertionError("The body was read.")

    readline = read


def test_what_says_that_it_is_too_big_is_not_even_read(memory: Memory) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(memory.user)
    answer = client.generic(
        "POST",
        url(memory, "import-upload"),
        content_type="multipart/form-data; boundary=x",
        **{"wsgi.input": _Unread(), "CONTENT_LENGTH": "100000000"},  # type: ignore[arg-type]
    )
    assert answer.status_code == 413
    assert "The file has 100 MB; 64 MB is the most." in answer.text


def test_a_forged_upload_is_refused(memory: Memory) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(memory.user)
    answer = upload(client, memory, [ENTRY])
    assert (answer.status_code, Import.objects.count()) == (403, 0)
    page = client.get(url(memory)).text
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    fields = {"file": SimpleUploadedFile("x.json", json.dumps([ENTRY]).encode()), "csrfmiddlewaretoken": token[1]}
    assert client.post(url(memory, "import-upload"), fields).status_code == 302


def test_progress_is_asked_for_while_there_is_any(client: Client, memory: Memory) -> None:
    given = ImportFactory(memory=memory, state=ImportState.IMPORTING, total=400, done=200, confirmed=True)
    here = url(memory, "import", given.pk)
    html = client.get(here).text
    assert f'hx-get="{here}?seen=importing-200" hx-trigger="every 1s"' in html
    assert f'<a class="button" href="{here}">Reload</a>' in html
    assert client.get(here, {"seen": "importing-200"}, headers=HTMX).status_code == 204
    Import.objects.update(done=400)
    fragment = client.get(here, {"seen": "importing-200"}, headers=HTMX)
    assert (fragment.status_code, "<html" in fragment.text) == (200, False)
    assert '<strong class="numeric">400</strong>' in fragment.text
    Import.objects.update(state=ImportState.DONE, added=400)
    fragment = client.get(here, {"seen": "importing-400"}, headers=HTMX)
    assert "data-poll" not in fragment.text
    assert 'id="import-status" hx-swap-oob="innerHTML">Imported<' in fragment.text


@pytest.mark.parametrize(
    ("state", "confirmed", "words"),
    [
        ("reading", False, "Reading the file…"),
        ("failed", False, "This file cannot be imported"),
        ("failed", True, "Trying again goes on from there"),
        ("cancelled", False, "Nothing was imported. The file is gone from here."),
        ("cancelled", True, "5 pages were imported by then and stay."),
    ],
)
def test_every_state_has_its_words(client: Client, memory: Memory, state: str, confirmed: bool, words: str) -> None:
    added = 5 if confirmed else 0
    given = ImportFactory(memory=memory, state=state, confirmed=confirmed, total=9, done=added, added=added)
    html = client.get(url(memory, "import", given.pk)).text
    assert words in html
    # What was halted says no reason, and shows no empty place for one.
    assert ('role="alert"' in html) == (words == "This file cannot be imported")


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("deed", ["import-confirm", "import-retry", "import-cancel"])
def test_what_has_ended_cannot_be_moved(client: Client, memory: Memory, deed: str, headers: dict[str, str]) -> None:
    given = ImportFactory(memory=memory, state=ImportState.DONE)
    answer = client.post(url(memory, deed, given.pk), headers=headers)
    assert answer.status_code == 409
    assert "This import has ended, or waits for nothing; nothing was changed." in answer.text
    assert ("<html" in answer.text) == (not headers)


def test_cancel(client: Client, memory: Memory) -> None:
    given = taken(client, memory, [ENTRY])
    answer = client.post(url(memory, "import-cancel", given.pk), headers=HTMX)
    assert (answer.status_code, "Nothing was imported." in answer.text) == (200, True)
    assert given.chunks.count() == 0


def test_demo_data_comes_and_goes_at_a_click(client: Client, memory: Memory) -> None:
    assert "Load demo data" in client.get(url(memory, "overview")).text
    answer = client.post(url(memory, "demo-load"), follow=True)
    assert "Demo data is loaded: 60 pages." in answer.text
    assert "Remove demo data" in answer.text
    assert "Remove demo data" in client.get(url(memory)).text
    again = client.post(url(memory, "demo-load"), follow=True)
    assert "The demo data is loaded already." in again.text
    answer = client.post(url(memory, "demo-remove"), follow=True)
    gone = "60 pages, 9 segments, 27 facts about you, 8 profile attributes, 16 traits and 4 facts about the assistant"
    assert f"The demo data is gone: {gone}." in answer.text
    assert "Load demo data" in answer.text
    again = client.post(url(memory, "demo-remove"), follow=True)
    assert "There is no demo data here (any more)." in again.text


def test_what_of_the_demo_data_stayed_is_told(client: Client, memory: Memory) -> None:
    load_demo(memory, by=memory.user)
    pin_knowledge(memory.knowledge.get(text="Mara keeps a sourdough starter."), by=memory.user)
    edit_profile(memory.profile.get(name="diet"), "vegan", by=memory.user)
    answer = client.post(url(memory, "demo-remove"), follow=True)
    assert "Because you changed them, these stayed: 1 fact about you and 1 profile attribute." in answer.text


def test_demo_data_is_offered_on_the_overview_of_an_empty_memory_alone(client: Client, memory: Memory) -> None:
    PageFactory(memory=memory)
    assert "demo data" not in client.get(url(memory, "overview")).text
    assert "Load demo data" in client.get(url(memory)).text


def test_every_page_works_with_demo_data(client: Client, memory: Memory) -> None:
    load_demo(memory, by=memory.user)
    for name in ("overview", "short-term", "segments", "profile", "traits", "knowledge", "assistant-knowledge"):
        assert client.get(url(memory, name)).status_code == 200
    segment = memory.segments.get(title="Biscuit the cat")
    assert "sofa" in client.get(url(memory, "segment", segment.pk)).text
