"""The pages and fragments around the chat, by HTMX and without JavaScript."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from chat.models import Conversation
from chat.models.conversation import UNDO
from memory.enums import Role
from memory.models import Memory
from tests.chat.factories import (
    AnswerFactory,
    ConversationFactory,
    QuestionFactory,
    running_answer,
    temporary_conversation,
)
from tests.memory.factories import MemoryFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
CHANGED = '{"conversations-changed": {}}'


@pytest.fixture
def client(person: User) -> Client:
    """A browser in which the person is signed in."""
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def conversation(memory: Memory) -> Conversation:
    conversation: Conversation = AnswerFactory(parent__conversation=ConversationFactory(memory=memory)).conversation
    return conversation


def url(name: str, conversation: Conversation) -> str:
    return reverse(f"chat:{name}", args=[conversation.pk])


def undo_in(text: str) -> tuple[str, dict[str, str]]:
    """Return the address and the fields of the Undo that a page offers."""
    form = re.search(r'<form class="undo".*?action="([^"]+)".*?</form>', text, re.DOTALL)
    assert form
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0]))
    assert fields.pop("csrfmiddlewaretoken")
    return form[1], fields


# --- List ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 40])
def test_the_list_takes_the_same_queries_however_long(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ConversationFactory.create_batch(count, memory=memory)
    with django_assert_num_queries(8):  # session, person, assistant, membership, memory; pinned, list, archived
        client.get("/conversations/")


def test_the_list_goes_on_page_by_page_by_a_link_that_is_one(client: Client, memory: Memory) -> None:
    for n in range(35):
        ConversationFactory(memory=memory, title=f"Talk {n:02}", last_message_at=timezone.now() - timedelta(minutes=n))
    first = client.get("/conversations/").text
    link = re.search(r'<a href="([^"]+)"\s+hx-get="([^"]+)"\s+hx-trigger="intersect once, click"', first)
    assert link
    assert ("Talk 29" in first, "Talk 30" in first) == (True, False)
    page, fragment = (client.get(link[1].replace("&amp;", "&"), headers=headers) for headers in ({}, HTMX))
    for text in (page.text, fragment.text):
        assert ("Talk 29" in text, "Talk 30" in text, "Talk 34" in text) == (False, True, True)
        assert "Today</h2>" not in text
    assert ("<html" in page.text, "<ul" in fragment.text) == (True, False)
    # Loaded again, a list is as long as it was.
    assert "Talk 34" in client.get("/search/", {"rows": "60"}, headers=HTMX).text
    assert "Talk 34" not in client.get("/search/", {"rows": "-1"}, headers=HTMX).text


def test_the_list_is_grouped_by_the_readers_days(client: Client, memory: Memory) -> None:
    now = timezone.now()
    for title, ago in (("Now", 0), ("A day ago", 24)):
        ConversationFactory(memory=memory, title=title, last_message_at=now - timedelta(hours=ago))
    for zone in ("Asia/Jakarta", "America/Los_Angeles", "UTC", "nonsense", "../etc/passwd"):
        client.cookies["timezone"] = zone
        groups = client.get("/conversations/").context["listing"].groups
        assert [(group.heading, [row.title for row in group.conversations]) for group in groups] == [
            ("Today", ["Now"]),
            ("Yesterday", ["A day ago"]),
        ]


def test_an_empty_list_says_so(client: Client) -> None:
    assert "Your conversations will appear here." in client.get("/conversations/").text
    assert "The archive is empty." in client.get("/conversations/?archived=1").text


# --- Changes ------------------------------------------------------------------------------------------------------


def test_other_peoples_conversations_are_not_found(client: Client, memory: Memory) -> None:
    theirs = ConversationFactory(memory=MemoryFactory(assistant=memory.assistant, role=Role.MEMBER))
    before = Conversation.objects.values().get()
    for name in ("rename", "pin", "archive", "delete", "undelete", "forget"):
        assert client.post(url(name, theirs), {"title": "Mine", "pinned": "1", "archived": "1"}).status_code == 404
    for name in ("rename", "delete", "forget", "export", "export_markdown", "export_json"):
        assert client.get(url(name, theirs)).status_code == 404
    assert client.post(reverse("chat:undelete", args=[uuid4()])).status_code == 404
    assert Conversation.objects.values().get() == before


def test_changes_need_a_csrf_token_and_a_post(person: User, conversation: Conversation) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    addresses = [url(name, conversation) for name in ("pin", "archive", "undelete")] + ["/conversations/undelete/"]
    for address in addresses:
        assert client.post(address).status_code == 403
        assert client.get(address).status_code == 405
    assert client.post("/conversations/delete/").status_code == 403


def test_pin_and_archive_by_htmx_and_without(client: Client, conversation: Conversation) -> None:
    for headers in ({}, HTMX):
        for pinned in ("1", "0"):
            answer = client.post(url("pin", conversation), {"pinned": pinned}, headers=headers)
            assert Conversation.objects.pinned().exists() == (pinned == "1")
        answer = client.post(url("archive", conversation), {"archived": "1"}, headers=headers)
        assert not Conversation.objects.listed().exists()
        if headers:
            assert (answer.headers["HX-Reswap"], answer.headers["HX-Trigger"]) == ("none", CHANGED)
            page = answer.text
        else:
            page = client.get(answer.headers["Location"]).text
        assert conversation.title in client.get("/conversations/?archived=1").text
        assert "Archived (1)" in client.get("/conversations/").text
        assert undo_in(page) == (url("archive", conversation), {"archived": "0"})
        client.post(url("archive", conversation), {"archived": "0"})
        assert Conversation.objects.listed().exists()


def test_delete_asks_first_and_can_be_undone_without_javascript(client: Client, conversation: Conversation) -> None:
    page = client.get(url("delete", conversation)).text
    assert ("<html" in page, "For 30 minutes you can undo that" in page) == (True, True)
    assert Conversation.objects.listed().count() == 1
    answer = client.post(url("delete", conversation))
    assert answer.headers["Location"] == "/new/"
    page = client.get("/new/").text
    assert f"Deleted “{conversation.title}”." in page
    for address in (conversation.get_absolute_url(), url("export_json", conversation)):
        assert client.get(address).status_code == 404
    address, fields = undo_in(page)
    answer = client.post(address, fields)
    assert answer.headers["Location"] == conversation.get_absolute_url()
    assert f"“{conversation.title}” is back." in client.get(answer.headers["Location"]).text


def test_delete_in_the_dialog(client: Client, memory: Memory, conversation: Conversation) -> None:
    other = ConversationFactory(memory=memory)
    here = {**HTMX, "HX-Current-URL": f"http://testserver{conversation.get_absolute_url()}"}
    answer = client.post(url("delete", other), headers=here)
    assert (answer.headers["HX-Reswap"], answer.headers["HX-Trigger"]) == ("none", CHANGED)
    assert 'id="messages"' in answer.text
    assert 'hx-swap-oob="innerHTML"' in answer.text
    address, fields = undo_in(answer.text)
    answer = client.post(address, fields, headers=here)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, CHANGED)
    answer = client.post(url("delete", conversation), headers=here)
    assert answer.headers["HX-Redirect"] == "/new/"
    assert undo_in(client.get("/new/").text)[0] == url("undelete", conversation)


def test_what_is_purged_is_said_to_be_gone(client: Client, conversation: Conversation) -> None:
    client.post(url("delete", conversation))
    Conversation.objects.all().delete()
    answer = client.post(url("undelete", conversation), headers=HTMX)
    assert (answer.status_code, "This conversation is gone" in answer.text) == (404, True)


def test_all_are_deleted_after_the_word_is_typed_and_come_back(client: Client, memory: Memory) -> None:
    running_answer(parent__conversation__memory=memory)
    ConversationFactory(memory=memory, archived_at=timezone.now())
    kept = ConversationFactory(memory=MemoryFactory(user=memory.user))
    address = f"/conversations/delete/?assistant={memory.assistant.slug}"
    assert "All 2 conversations you had with" in client.get(address).text
    for word in ("", "delete", "x" * 61):
        answer = client.post(address, {"word": word})
        assert (answer.status_code, Conversation.objects.deleted().count()) == (422, 0)
        assert 'class="errors"' in answer.text
    answer = client.post(address, {"word": " Delete  ALL "})
    page = client.get(answer.headers["Location"]).text
    assert "Deleted 2 conversations." in page
    assert list(Conversation.objects.for_user(memory.user)) == [kept]
    assert "You have no conversations with" in client.get(address).text
    undo, fields = undo_in(page)
    client.post(undo, fields)
    assert Conversation.objects.for_user(memory.user).count() == 3


@pytest.mark.parametrize(
    "moment", ["", "x", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00"]
)
def test_nothing_comes_back_from_nowhere(client: Client, conversation: Conversation, moment: str) -> None:
    Conversation.objects.update(deleted_at=timezone.now() - UNDO)
    answer = client.post("/conversations/undelete/", {"deleted_at": moment}, headers=HTMX)
    assert "There was nothing left to bring back." in answer.text
    assert not Conversation.objects.for_user(conversation.memory.user).exists()


# --- Search -------------------------------------------------------------------------------------------------------


def test_search_is_a_page_and_a_fragment_with_marks(client: Client, memory: Memory) -> None:
    question = QuestionFactory(conversation__memory=memory, content="The <b>garden</b> & more")
    page, fragment = (client.get("/search/", {"q": "garden"}, headers=headers) for headers in ({}, HTMX))
    address = f"{question.conversation.get_absolute_url()}?at={question.pk}#m{question.pk}"
    for text in (page.text, fragment.text):
        assert "The &lt;b&gt;<mark>garden</mark>&lt;/b&gt; &amp; more" in text
        assert f'href="{address}"' in text
    assert ("<html" in page.text, "<html" in fragment.text) == (True, False)
    assert "1 conversation found." in fragment.text


def test_search_with_nothing_to_find(client: Client, conversation: Conversation) -> None:
    for headers in ({}, HTMX):
        assert "Nothing found for “zebra”" in client.get("/search/", {"q": "zebra"}, headers=headers).text
        assert "Type at least 2 characters." in client.get("/search/", {"q": "z"}, headers=headers).text
    assert conversation.title in client.get("/search/", {"q": " "}, headers=HTMX).text
    assert "Looks through the titles and messages" in client.get("/search/").text
    assert "&lt;script&gt;" in client.get("/search/", {"q": "<script>"}).text


def test_search_marks_what_is_archived_and_leaves_out_strangers(client: Client, memory: Memory) -> None:
    ConversationFactory(memory=memory, title="apple one", archived_at=timezone.now())
    theirs = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    QuestionFactory(conversation=ConversationFactory(memory=theirs, title="apple two"), content="apple three")
    text = client.get("/search/", {"q": "apple"}).text
    assert ('<span class="badge">Archived</span>' in text, "two" in text, "three" in text) == (True, False, False)


def test_search_goes_on_page_by_page(client: Client, memory: Memory) -> None:
    for n in range(22):
        ConversationFactory(memory=memory, title=f"apple {n:02} & co")
    link = re.search(r'<a href="(/search/[^"]+)"', client.get("/search/", {"q": "apple & co"}).text)
    assert link
    address = link[1].replace("&amp;", "&")
    assert ["apple 00" in client.get(address, headers=headers).text.replace("<mark>", "").replace("</mark>", "")
            for headers in ({}, HTMX)] == [True, True]  # fmt: skip
    assert '<ul class="conversation-list' not in client.get(address, headers=HTMX).text


@pytest.mark.parametrize("count", [1, 5])
def test_search_takes_the_same_queries_however_much_is_found(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        QuestionFactory(conversation__memory=memory, content="apple")
    with django_assert_num_queries(11):  # session, person; the search's own nine
        client.get("/search/", {"q": "apple"})


# --- Export -------------------------------------------------------------------------------------------------------


def test_the_forms_of_an_export_are_asked_for(client: Client, conversation: Conversation) -> None:
    for headers in ({}, HTMX):
        text = client.get(url("export", conversation), headers=headers).text
        assert f'href="{url("export_markdown", conversation)}" download' in text
        assert 'href="/conversations/export.zip" download' in client.get("/conversations/export/", headers=headers).text


def test_a_temporary_conversation_is_in_no_export(client: Client, memory: Memory) -> None:
    conversation = temporary_conversation(memory=memory)
    for name in ("export", "export_markdown", "export_json"):
        assert client.get(url(name, conversation)).status_code == 404
    page = client.get(conversation.get_absolute_url())
    assert page.status_code == 200
    assert str(conversation.pk) in page.text
    assert url("export", conversation) not in page.text


# Under ASGI they are sent piece by piece (`test_process`); here they are collected.
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators")
@pytest.mark.django_db(transaction=True)
def test_files_come_with_their_names_and_types(client: Client, memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory, title='../猫 "x"')
    bodies = {}
    for address, kind in (
        (url("export_markdown", conversation), "text/markdown; charset=utf-8"),
        (url("export_json", conversation), "application/json; charset=utf-8"),
        ("/conversations/export.zip", "application/zip"),
        ("/conversations/export.json", "application/json; charset=utf-8"),
    ):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
        assert answer.headers["Content-Disposition"].startswith("attachment; filename")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        bodies[address] = b"".join(answer)
        if address.endswith(".md"):
            assert answer.headers["Content-Disposition"].endswith("filename*=utf-8''%E7%8C%AB%20x.md")
    assert json.loads(bodies[url("export_json", conversation)])["id"] == str(conversation.pk)
    assert len(json.loads(bodies["/conversations/export.json"])["conversations"]) == 1
    with zipfile.ZipFile(io.BytesIO(bodies["/conversations/export.zip"])) as archive:
        assert [name.split("/")[1] for name in archive.namelist()] == ["猫 x.md"]


# --- Shortcuts ----------------------------------------------------------------------------------------------------


def test_the_shortcuts_are_listed_on_a_page_of_their_own_and_in_every_page(client: Client) -> None:
    for address in ("/shortcuts/", "/new/", "/conversations/", "/search/"):
        assert 'id="shortcuts-title"' in client.get(address).text
