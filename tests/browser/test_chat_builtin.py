"""The chat with nothing configured: the built-in responder answers."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.chat_page import ChatPage
from tests.serving import ProductFactory

pytestmark = [pytest.mark.browser, pytest.mark.process]


def test_the_papers_example_without_a_model(page: Page, product: ProductFactory) -> None:
    memoryos = product()
    memoryos.sign_in(page)
    expect(page.get_by_text("No language model connected:")).to_be_visible()
    chat = ChatPage(page, memoryos)
    chat.new()
    chat.ask("Hi! I'm Tom, I work as a data scientist in San Francisco.")
    chat.new()
    assert "data scientist" in chat.ask("What do you remember about my job?")
    # Without transitions: axe would measure colours half-way between two states.
    page.emulate_media(reduced_motion="reduce")
    assert [
        fault["id"] for fault in Axe().run(page).response["violations"] if fault["impact"] in ("serious", "critical")
    ] == []
