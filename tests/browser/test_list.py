"""Journeys around the chat: searching, keeping, throwing away and taking back, taking along, and by keyboard alone."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.chat_page import ChatPage, choose
from tests.serving import Product, ProductFactory

pytestmark = [pytest.mark.browser, pytest.mark.process]


@pytest.fixture(scope="module")
def memoryos() -> Iterator[Product]:
    """One product for all journeys of this module: each makes conversations of its own."""
    factory = ProductFactory(Path(os.environ["MEMORYOS_TEST_DIR"]) / f"product-{uuid4().hex[:8]}")
    yield factory()
    factory.close()


@pytest.fixture(scope="module")
def session(memoryos: Product) -> str:
    """The session of the person, signed in once for all journeys."""
    with memoryos.client() as client:
        return client.cookies["memoryos_session"]


@pytest.fixture
def chat(page: Page, memoryos: Product, session: str) -> ChatPage:
    """A tab at a new conversation."""
    page.context.add_cookies([{"name": "memoryos_session", "value": session, "url": memoryos.url}])
    chat = ChatPage(page, memoryos)
    chat.new()
    return chat


def row(page: Page, title: str) -> Locator:
    """The row of a conversation in the list."""
    return page.locator(".list-row").filter(has=page.get_by_role("link", name=title, exact=True))


def faults(page: Page) -> list[str]:
    """What axe finds serious. Without transitions: it would measure colours half-way between two states."""
    page.emulate_media(reduced_motion="reduce")
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {fault['nodes'][0]['html']}" for fault in found if fault["impact"] in ("serious", "critical")
    ]


def test_what_was_said_is_found_and_opened(chat: ChatPage) -> None:
    page = chat.page
    chat.ask("My zebra eats <b>plums</b>.")
    opened = page.url
    chat.new()
    # Its script puts the focus into the text box.
    chat.wait()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("/")
    page.keyboard.type("zeb plu")
    expect(page.locator(".hit mark").first).to_have_text("zeb")
    with page.expect_response("**/search/?current=*q=zeb*"):
        page.evaluate("() => document.body.dispatchEvent(new CustomEvent('conversations-changed'))")
    expect(page.locator(".hit mark").first).to_have_text("zeb")
    assert faults(page) == []
    page.keyboard.press("ArrowDown")
    expect(page.locator(".found-title").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{opened}?at=*")
    page.get_by_role("searchbox").fill("nowhere to be found")
    expect(page.get_by_text("Nothing found for “nowhere to be found”.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(row(page, "My zebra eats <b>plums</b>.")).to_be_visible()


def test_pinned_archived_and_brought_back(chat: ChatPage) -> None:
    page = chat.page
    chat.ask("Keep me")
    choose(page, "Keep me", "Pin")
    expect(page.locator(".list-heading").first).to_have_text("Pinned")
    expect(page.get_by_role("link", name="Keep me", exact=True)).to_be_focused()
    choose(page, "Keep me", "Unpin")
    expect(page.locator(".list-heading").first).not_to_have_text("Pinned")
    choose(page, "Keep me", "Archive")
    expect(page.get_by_role("status").get_by_text("is in the archive now")).to_be_visible()
    expect(row(page, "Keep me")).to_have_count(0)
    page.get_by_role("link", name="Archived (1)").click()
    page.wait_for_url("**archived=1**", wait_until="load")
    choose(page, "Keep me", "Restore to the list")
    expect(page.get_by_text("The archive is empty.")).to_be_visible()


def test_deleted_and_taken_back(chat: ChatPage) -> None:
    page = chat.page
    for text in ("Throw me away", "Look at me"):
        chat.new()
        chat.ask(text)
    choose(page, "Throw me away", "Delete…")
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(row(page, "Throw me away")).to_have_count(0)
    assert faults(page) == []
    chat.button("Undo").click()
    expect(row(page, "Throw me away")).to_be_visible()
    expect(page.get_by_text("“Throw me away” is back.")).to_be_visible()
    # What one looks at, too: one is led away, and can still take it back.
    choose(page, "Look at me", "Delete…")
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New conversation")
    chat.button("Undo").click()
    expect(row(page, "Look at me")).to_be_visible()


def test_taken_along_as_a_file(chat: ChatPage) -> None:
    page = chat.page
    chat.ask("Take: me along")
    choose(page, "Take: me along", "Export…")
    with page.expect_download() as markdown:
        page.get_by_role("link", name="Markdown").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert markdown.value.suggested_filename == "Take me along.md"
    assert "> Take: me along\n" in Path(markdown.value.path()).read_text()
    page.goto(f"{chat.memoryos.url}/conversations/")
    page.get_by_role("link", name="Export all…").click()
    with page.expect_download() as everything:
        page.get_by_role("link", name="JSON").click()
    conversations = json.loads(Path(everything.value.path()).read_text())["conversations"]
    assert "Take: me along" in [each["title"] for each in conversations]
    # Sent piece by piece: Django would say so in the log if it had to collect a file first.
    assert "StreamingHttpResponse" not in chat.memoryos.output


def test_by_keyboard_alone(chat: ChatPage) -> None:
    page = chat.page
    chat.ask("Keys only")
    page.get_by_role("link", name="Keys only", exact=True).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".menu:popover-open").get_by_text("Pin", exact=True)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".menu:popover-open").get_by_text("Rename…")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="More for “Keys only”")).to_be_focused()
    # A letter in the text box is a letter; elsewhere it is a shortcut, unless they are switched off.
    chat.box.press_sequentially("n?/")
    expect(chat.box).to_have_value("n?/")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Keyboard shortcuts")
    assert faults(page) == []
    page.keyboard.press("n")
    page.get_by_label("Use the shortcuts of a single key").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("n")
    page.keyboard.press("?")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Use the shortcuts of a single key").check()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1)).to_have_text("New conversation")
