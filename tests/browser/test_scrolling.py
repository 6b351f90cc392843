"""What is being read stays where it is, whatever comes; who is at the end stays there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.world import running_product
from tests.openai_server import Behaviour, OpenAIServer
from tests.serving import Product

pytestmark = [pytest.mark.browser, pytest.mark.process]
LONG = "\n\n".join(f"Paragraph {n} of a long answer." for n in range(60))
# As Markdown it is much less high than as plain text.
SHRINKING = "\n".join(f"Line {n} of one paragraph." for n in range(200))
TOP = "node => node.scrollTop"


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    """The model server."""
    with OpenAIServer(Behaviour(text=LONG)) as server:
        yield server


@pytest.fixture(scope="module")
def memoryos(model: OpenAIServer) -> Iterator[Product]:
    """One product for all tests of this module."""
    with running_product(
        OPENAI_BASE_URL=model.base_url, MODEL="test-model", MEMORYOS_SHORT_TERM_CAPACITY="500"
    ) as product:
        yield product


@pytest.fixture
def chat(browser: Browser, memoryos: Product) -> Iterator[ChatPage]:
    """A conversation with one long answer, its reader at the end."""
    context = browser.new_context(viewport={"width": 1000, "height": 600})
    context.set_default_timeout(15_000)
    page = context.new_page()
    memoryos.sign_in(page)
    chat = ChatPage(page, memoryos)
    chat.new()
    chat.ask("A long answer, please")
    yield chat
    context.close()


def left(page: Page) -> float:
    """Return how many pixels are below the view."""
    return float(page.locator("#scroller").evaluate("node => node.scrollHeight - node.scrollTop - node.clientHeight"))


def test_a_reader_who_scrolls_up_a_little_is_not_pulled_back(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=LONG, tokens_per_second=150))
    chat.say("Once more")
    expect(chat.running).to_contain_text("Paragraph 5 ")
    chat.page.locator("#scroller").evaluate("node => { node.scrollTop -= 30 }")
    before = chat.page.locator("#scroller").evaluate(TOP)
    expect(chat.running).to_contain_text("Paragraph 40 ")
    assert chat.page.locator("#scroller").evaluate(TOP) == before
    expect(chat.answers).to_have_count(2)
    newest = chat.button("Jump to newest")
    expect(newest).to_have_class("button jump has-news")
    expect(newest).to_have_accessible_description("New text has come below.")
    newest.click()
    expect(newest).to_be_hidden()
    assert left(chat.page) < 2


def test_who_reads_the_running_answer_goes_on_where_it_becomes_markdown(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=SHRINKING, stall_after=600))
    chat.say("Lines, please")
    expect(chat.running).to_contain_text("Line 140 ")
    scroller = chat.page.locator("#scroller")
    scroller.evaluate(
        """node => {
            const { top, height } = document.querySelector("#running .turn").getBoundingClientRect();
            node.scrollTop += top + height / 2 - node.getBoundingClientRect().top;
        }"""
    )
    expect(chat.button("Jump to newest")).to_be_visible()
    chat.button("Stop").click()
    expect(chat.answers).to_have_count(2)
    part = chat.answers.last.evaluate(
        """node => {
            const { top, height } = node.getBoundingClientRect();
            return (document.querySelector("#scroller").getBoundingClientRect().top - top) / height;
        }"""
    )
    assert 0.4 < part < 0.6


def test_who_is_at_the_end_stays_there_when_the_view_shrinks(chat: ChatPage) -> None:
    chat.box.fill("\n" * 8)
    assert left(chat.page) < 2
    chat.page.set_viewport_size({"width": 390, "height": 400})
    chat.page.wait_for_timeout(100)
    assert left(chat.page) < 2
    expect(chat.button("Jump to newest")).to_be_hidden()


def test_what_grows_above_moves_nothing(chat: ChatPage) -> None:
    """A picture that arrives late, say."""
    chat.page.locator("#scroller").evaluate("node => { node.scrollTop = 600 }")
    line = chat.page.get_by_text("Paragraph 20 of")
    expect(chat.button("Jump to newest")).to_be_visible()
    chat.page.wait_for_timeout(50)
    before = line.bounding_box()
    chat.page.locator(".answer p").nth(2).evaluate("node => { node.style.minHeight = '300px' }")
    chat.page.wait_for_timeout(100)
    after = line.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 2
    assert "has-news" not in (chat.button("Jump to newest").get_attribute("class") or "")
