"""A person puts a segment away and brings it back, in a real browser, with HTMX and without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.serving import USERNAME, Product, ProductFactory, manage

pytestmark = pytest.mark.browser

REMEMBER = f"""
from contextlib import suppress
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from memory.domain.assistants import ensure_default_memory
from memory.domain.consolidation import transfer_all
from memory.domain.recording import PageDraft, record_pages
from memory.embedding import get_embedder
from memory.enums import Source
from memory.exceptions import TransferConflict
from memory.llm.builtin import BuiltinConsolidator

memory = ensure_default_memory(User.objects.get(username={USERNAME!r}))
said = [
    "My greyhound Rex chased rabbits near the river yesterday morning.",
    "The vet checked the greyhound Rex: a small wound, rabbits bite hard.",
    "My tax return needs the mortgage interest statement from the bank.",
    "The bank lost the mortgage statement, my tax deadline passed.",
    "The greyhound Rex sleeps by the river after chasing rabbits.",
    "What else?", "And then?", "Fine.",
]
start = timezone.now() - timedelta(hours=1)
drafts = [PageDraft(query, "I see.", start + timedelta(minutes=n)) for n, query in enumerate(said)]
record_pages(memory, drafts, Source.IMPORT)
# The product's own worker may be at it, too.
while memory.pages.short_term().count() > memory.conf.short_term_capacity:
    with suppress(TransferConflict):
        transfer_all(memory, BuiltinConsolidator(), get_embedder())
"""


def with_segments(product: ProductFactory) -> Product:
    """Start the product with two segments of a conversation."""
    memoryos = product()
    done = manage(memoryos.data_dir, "shell", "-c", REMEMBER)
    assert done.returncode == 0, done.stderr
    return memoryos


def open_first(page: Page, memoryos: Product) -> str:
    """Open the list and its first segment; return the segment's title."""
    page.goto(f"{memoryos.url}/memory/")
    page.get_by_role("navigation", name="Memory").get_by_role("link", name="Segments").click()
    link = page.locator(".segment h2 a").first
    title = link.inner_text()
    link.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    return title


def put_away(page: Page) -> None:
    page.get_by_role("button", name="Archive").click()
    expect(page.locator("h1 .badge")).to_contain_text("Archived")


def test_a_segment_is_put_away_and_brought_back(product: ProductFactory, page: Page) -> None:
    memoryos = with_segments(product)
    memoryos.sign_in(page)
    title = open_first(page, memoryos)
    put_away(page)
    expect(page.get_by_role("status").filter(has_text=f"Archived “{title}”.")).to_be_visible()
    expect(page.get_by_role("button", name="Restore")).to_be_focused()
    page.get_by_role("link", name="Archived segments").click()
    # Not before htmx is there: without it the list is a new page, which says nothing in the segment's place.
    page.wait_for_load_state()
    expect(page.get_by_role("navigation", name="Which segments")).to_contain_text("Archived 1")
    page.get_by_role("button", name=f"Restore “{title}”").click()
    expect(page.locator("li.segment-note")).to_contain_text(f"Restored “{title}”.")
    expect(page.locator("li.segment-note")).to_be_focused()
    expect(page.get_by_role("navigation", name="Which segments")).to_contain_text("Archived 0")
    page.locator("li.segment-note").get_by_role("link", name="Show it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_role("button", name="Archive")).to_be_visible()


def test_the_keyboard_stays_at_the_button_however_late_htmx_is(product: ProductFactory, page: Page) -> None:
    """A click before htmx has been loaded sends the form itself: the answer is a new page, with the focus nowhere."""
    memoryos = with_segments(product)
    memoryos.sign_in(page)
    open_first(page, memoryos)
    late: list[Route] = []
    # Playwright marks a handler, which it cannot do to a list's own method.
    page.route("**/htmx*.js", lambda route: late.append(route))  # noqa: PLW0108
    page.reload(wait_until="commit")
    put_away(page)
    assert page.evaluate("typeof htmx") == "undefined"
    late[-1].continue_()
    expect(page.get_by_role("button", name="Restore")).to_be_focused()
    page.wait_for_load_state()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Archive")).to_be_focused()


def test_without_javascript_forms_do_the_same(product: ProductFactory, browser: Browser) -> None:
    memoryos = with_segments(product)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    try:
        memoryos.sign_in(page)
        title = open_first(page, memoryos)
        put_away(page)
        expect(page.get_by_role("button", name="Restore")).to_be_focused()
        page.get_by_role("link", name="Archived segments").click()
        page.get_by_role("button", name=f"Restore “{title}”").click()
        expect(page.get_by_role("status").filter(has_text=f"Restored “{title}”.")).to_be_visible()
        expect(page.get_by_role("heading", name="Nothing is archived")).to_be_visible()
    finally:
        context.close()
