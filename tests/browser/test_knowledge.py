"""Facts searched, ticked and changed many at once, and a question tried, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serving import USERNAME as NAME
from tests.serving import Product, ProductFactory, manage

pytestmark = pytest.mark.browser

KNOW = f"""
from django.contrib.auth.models import User
from memory.domain.adding import add_knowledge
from memory.domain.assistants import ensure_default_memory
from memory.embedding import get_embedder

person = User.objects.get(username={NAME!r})
memory = ensure_default_memory(person)
for text in ("Adopted a puppy in March.", "Plays the violin.", "Plays the cello.", "Bakes bread in Lund."):
    add_knowledge(memory, text, get_embedder(), by=person)
"""


def with_facts(product: ProductFactory) -> Product:
    """Start the product with four facts."""
    memoryos = product()
    known = manage(memoryos.data_dir, "shell", "-c", KNOW)
    assert known.returncode == 0, known.stderr
    return memoryos


def test_facts_are_searched_ticked_and_changed_together(product: ProductFactory, page: Page) -> None:
    memoryos = with_facts(product)
    memoryos.sign_in(page)
    page.goto(f"{memoryos.url}/memory/assistant/knowledge/")
    page.wait_for_load_state()
    rows = page.locator("#knowledge-list .item")
    expect(rows).to_have_count(4)
    search = page.get_by_role("searchbox")
    search.press_sequentially("plays")
    expect(rows).to_have_count(2)
    # The words stay in the field and in the address; the keyboard stays where it was.
    expect(search).to_be_focused()
    expect(page).to_have_url(re.compile(r"[?&]q=plays"))
    every = page.get_by_label("All on this page")
    expect(page.get_by_role("button", name="Pin", exact=True)).to_be_hidden()
    every.check()
    expect(page.locator(".choose :checked")).to_have_count(2)
    page.get_by_label("Choose “Plays the cello.”").uncheck()
    assert every.evaluate("(box) => box.indeterminate")
    every.check()
    page.get_by_role("button", name="Merge…").click()
    words = page.get_by_label("What they say together")
    expect(words).to_be_focused()
    words.fill("Plays the violin and the cello.")
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.get_by_text("2 facts are one now")).to_be_visible()
    page.get_by_label("Choose “Adopted a puppy in March.”").check()
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_text("Archived 1 fact.")).to_be_visible()
    page.get_by_role("link", name="Superseded 1").click()
    page.get_by_role("button", name="Bring back Plays the cello.").click()
    expect(page.get_by_text("“Plays the cello.” holds again.")).to_be_visible()


def test_a_question_is_tried_in_place_and_has_an_address(product: ProductFactory, page: Page) -> None:
    memoryos = with_facts(product)
    memoryos.sign_in(page)
    page.goto(f"{memoryos.url}/memory/assistant/try/")
    page.wait_for_load_state()
    page.get_by_label("Your question").fill("Which instruments do I play?")
    page.get_by_role("button", name="Try it").click()
    found = page.get_by_role("heading", name=re.compile("Room for memory"))
    expect(found).to_be_focused()
    expect(page.get_by_text("Plays the violin.").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=Which\+instruments"))
    prompt = page.locator("pre", has_text="Plays the violin.")
    expect(prompt).to_be_hidden()
    page.get_by_text("Facts and exchanges", exact=False).last.click()
    expect(prompt).to_be_visible()
    page.reload()
    expect(found).to_be_visible()


def test_without_a_script_it_is_all_there(product: ProductFactory, browser: Browser) -> None:
    memoryos = with_facts(product)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    memoryos.sign_in(page)
    page.goto(f"{memoryos.url}/memory/assistant/knowledge/")
    expect(page.get_by_text("All on this page")).to_be_hidden()
    page.get_by_role("searchbox").fill("plays")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#knowledge-list .item")).to_have_count(2)
    for fact in ("Plays the violin.", "Plays the cello."):
        page.get_by_label(f"Choose “{fact}”").check()
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_text("Pinned 2 facts.")).to_be_visible()
    page.goto(f"{memoryos.url}/memory/assistant/try/")
    page.get_by_label("Your question").fill("Which instruments do I play?")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("heading", name=re.compile("Room for memory"))).to_be_visible()
    context.close()
