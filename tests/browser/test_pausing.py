"""A person finds a segment, has it analysed, and pauses their memory, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.test_segments import with_segments
from tests.serving import Product, ProductFactory

pytestmark = pytest.mark.browser


def find_segments(page: Page, memoryos: Product) -> None:
    """Type what is looked for: the list follows, the box keeps the keyboard, and the address can be come back to."""
    page.goto(f"{memoryos.url}/memory/")
    page.get_by_role("navigation", name="Memory").get_by_role("link", name="Segments").click()
    page.wait_for_load_state()
    box = page.get_by_role("searchbox", name="Search segments")
    box.press_sequentially("mortgages")
    expect(page.locator("li.segment")).to_have_count(1)
    expect(box).to_be_focused()
    assert "search=mortgages" in page.url
    page.get_by_label("Sort by").select_option("Title")
    page.wait_for_url("**sort=title**")
    expect(page.locator("li.segment")).to_have_count(1)


def test_a_segment_is_found_analysed_and_shows_what_was_learnt(product: ProductFactory, page: Page) -> None:
    memoryos = with_segments(product)
    memoryos.sign_in(page)
    find_segments(page, memoryos)
    page.locator(".segment h2 a").click()
    page.wait_for_load_state()
    page.get_by_role("button", name="Analyse now").click()
    # The product's own worker reads it; the page notices by itself.
    expect(page.locator("#learnt")).to_contain_text("All its pages have been read")
    expect(page.get_by_role("button", name="Analyse now")).to_have_count(0)


def test_what_is_paused_is_seen_in_a_chat_that_was_open_already(product: ProductFactory, page: Page) -> None:
    memoryos = product()
    memoryos.sign_in(page)
    chat = ChatPage(page.context.new_page(), memoryos)
    chat.new()
    chat.wait()
    page.goto(f"{memoryos.url}/memory/")
    page.wait_for_load_state()
    page.get_by_role("button", name="Pause learning").click()
    expect(page.get_by_role("button", name="Resume learning")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="Learning is paused.")).to_be_visible()
    chat.page.bring_to_front()
    chat.page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(chat.page.get_by_text("Learning is paused:")).to_be_visible()
    expect(chat.page.get_by_role("button", name="Memory: Memory paused")).to_be_visible()
    assert "Learning is paused" in chat.ask("Remember that my boat is red.")
    chat.page.get_by_role("link", name="Change").click()
    chat.page.get_by_role("button", name="Resume learning").click()
    expect(chat.page.get_by_role("button", name="Pause learning")).to_be_visible()
    expect(chat.page.get_by_text("0 of 7 pages").first).to_be_visible()


def test_without_javascript_the_switches_do_the_same(product: ProductFactory, browser: Browser) -> None:
    memoryos = product()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    try:
        memoryos.sign_in(page)
        page.goto(f"{memoryos.url}/memory/")
        page.get_by_role("button", name="Stop using memory").click()
        expect(page.get_by_role("status").filter(has_text="Memory is not used any more.")).to_be_visible()
        page.goto(f"{memoryos.url}/new/")
        expect(page.get_by_text("Memory is not used:")).to_be_visible()
    finally:
        context.close()
