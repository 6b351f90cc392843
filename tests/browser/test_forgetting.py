"""A person lets the assistant forget, in a real browser: with HTMX, without JavaScript, and from the chat."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.chat_page import choose
from tests.serving import USERNAME, Product, ProductFactory, manage

pytestmark = pytest.mark.browser

# A conversation of three answers in segments and short-term memory, and what a promotion would have learnt.
REMEMBER = f"""
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from chat.models import Conversation, Message
from memory.domain.assistants import ensure_default_memory
from memory.domain.consolidation import transfer_all
from memory.domain.recording import PageDraft, record_pages
from memory.embedding import get_embedder
from memory.enums import Source
from memory.exceptions import TransferConflict
from memory.llm.builtin import BuiltinConsolidator
from memory.models import Knowledge
from memory.models.knowledge import fingerprint

memory = ensure_default_memory(User.objects.get(username={USERNAME!r}))
said = [
    "My greyhound Rex chased rabbits near the river yesterday morning.",
    "The vet checked the greyhound Rex: a small wound, rabbits bite hard.",
    "The greyhound Rex sleeps by the river after chasing rabbits.",
    "My tax return needs the mortgage interest statement from the bank.",
    "The bank lost the mortgage statement, my tax deadline passed.",
    "What else?", "And then?", "Fine.",
]
now = timezone.now()
drafts = [PageDraft(query, "I see.", now + timedelta(minutes=n)) for n, query in enumerate(said)]
pages = record_pages(memory, drafts, Source.CHAT).pages
while memory.pages.short_term().count() > memory.conf.short_term_capacity:
    try:
        transfer_all(memory, BuiltinConsolidator(), get_embedder())
    except TransferConflict:
        pass  # The product's own worker was quicker.
for text, sources in (
    ("Owns a greyhound.", pages[:1]), ("Has a dog called Rex.", pages[:3]),
    ("Has a mortgage.", pages[3:5]), ("Says fine.", pages[7:]),
):
    fact = Knowledge.objects.create(
        memory=memory, subject="user", text=text, fingerprint=fingerprint(text), confirmed_at=now
    )
    fact.sources.add(*sources)
talk = Conversation.objects.create(memory=memory, title="A long talk", created_at=now, last_message_at=now)
for page in pages[3:]:
    question = Message.objects.create(conversation=talk, role="user", content=page.query, created_at=now)
    Message.objects.create(
        conversation=talk, parent=question, role="assistant", content="I see.", page=page, created_at=now
    )
"""


def with_something_remembered(product: ProductFactory) -> Product:
    """Start the product with eight pages, four facts and a conversation."""
    memoryos = product()
    done = manage(memoryos.data_dir, "shell", "-c", REMEMBER)
    assert done.returncode == 0, done.stderr
    return memoryos


def open_list(page: Page, memoryos: Product, name: str) -> None:
    page.goto(f"{memoryos.url}/memory/")
    page.get_by_role("navigation", name="Memory").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def status(page: Page, words: str) -> None:
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()


def grave_faults(page: Page) -> list[str]:
    """Return what axe finds; without transitions, or it would measure colours half-way between two states."""
    page.emulate_media(reduced_motion="reduce")
    found = Axe().run(page).response["violations"]
    return [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")]


def forget_a_fact(page: Page, memoryos: Product) -> None:
    """Ask to delete a fact, choose to forget it instead, think again, and forget it."""
    open_list(page, memoryos, "Facts about you")
    page.get_by_role("link", name="Delete Says fine.").click()
    page.get_by_role("link", name="Forget for good…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Forget a fact about you")
    page.get_by_role("link", name="Cancel").click()
    expect(page.locator("#count")).to_have_text("4")
    page.get_by_role("link", name="Delete Says fine.").click()
    page.get_by_role("link", name="Forget for good…").click()
    page.get_by_role("button", name="Forget for good").click()
    status(page, "Forgotten for good: 1 fact about you.")
    expect(page.locator("#count")).to_have_text("3")


def forget_a_page(page: Page, memoryos: Product) -> None:
    """Open a page, see what rests on it alone and what does not, forget it."""
    open_list(page, memoryos, "Facts about you")
    page.get_by_role("listitem").filter(has_text="Owns a greyhound.").get_by_role("link", name="page 1").click()
    page.get_by_role("link", name="Forget…").click()
    goes = page.locator(".forgetting-goes")
    expect(goes).to_contain_text("Page 1: My greyhound Rex chased rabbits")
    expect(goes).to_contain_text("Owns a greyhound.")
    expect(goes).not_to_contain_text("Has a dog called Rex.")
    expect(page.get_by_text("Has a dog called Rex.")).to_be_visible()
    page.get_by_role("button", name="Forget for good").click()
    status(page, "Forgotten for good: 1 page and 1 fact about you.")


def forget_chosen_pages(page: Page, memoryos: Product) -> None:
    """Choose two of the latest pages and forget them together."""
    open_list(page, memoryos, "Latest pages")
    act = page.get_by_role("button", name="Forget the chosen pages…")
    expect(act).to_be_hidden()
    for number in (7, 8):
        page.get_by_label(f"Choose page {number}").check()
    act.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Forget 2 pages")
    page.get_by_role("button", name="Forget for good").click()
    status(page, "Forgotten for good: 2 pages.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Latest pages")


def forget_the_rest(page: Page, memoryos: Product) -> None:
    """Forget everything; the name has to be typed."""
    page.goto(f"{memoryos.url}/memory/")
    page.get_by_role("link", name="Forget everything…").click()
    name = page.get_by_label("To confirm, type the assistant’s name")
    name.fill("somebody")
    page.get_by_role("button", name="Forget everything").click()
    expect(page.get_by_text("That is not the assistant’s name.")).to_be_visible()
    name.fill("assistant")
    page.get_by_role("button", name="Forget everything").click()
    status(page, "Forgotten for good: 5 pages")
    expect(page.get_by_text("Say something in the chat").first).to_be_visible()


def test_a_person_forgets_bit_by_bit_and_then_everything(product: ProductFactory, page: Page) -> None:
    memoryos = with_something_remembered(product)
    memoryos.sign_in(page)
    forget_a_fact(page, memoryos)
    forget_a_page(page, memoryos)
    # What was forgotten does not come back from the browser's own store.
    page.go_back()
    expect(page.get_by_text("It may have been deleted, forgotten or replaced meanwhile.")).to_be_visible()
    forget_chosen_pages(page, memoryos)
    forget_the_rest(page, memoryos)


def test_without_javascript_a_person_forgets_all_the_same(product: ProductFactory, browser: Browser) -> None:
    memoryos = with_something_remembered(product)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    try:
        memoryos.sign_in(page)
        for forget in (forget_a_fact, forget_a_page, forget_chosen_pages, forget_the_rest):
            forget(page, memoryos)
        page.goto(f"{memoryos.url}/conversations/")
        choose(page, "A long talk", "Delete…")
        expect(page.get_by_text("Nothing of it is in the assistant’s memory.")).to_be_visible()
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("New conversation")
    finally:
        context.close()


def test_a_deed_is_sent_once_and_a_changed_memory_is_shown_first(product: ProductFactory, page: Page) -> None:
    memoryos = with_something_remembered(product)
    memoryos.sign_in(page)
    open_list(page, memoryos, "Latest pages")
    page.locator(".page-list").get_by_role("link", name="Page 8").click()
    page.get_by_role("link", name="Forget…").click()
    second = page.context.new_page()
    second.goto(page.url)
    learn = (
        "from memory.models import Knowledge; Knowledge.objects.filter(text='Says fine.').update(text='Says: fine!')"
    )
    assert manage(memoryos.data_dir, "shell", "-c", learn).returncode == 0
    page.get_by_role("button", name="Forget for good").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was forgotten")
    expect(page.get_by_text("Says: fine!")).to_be_visible()
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="Forget for good").dblclick()
    status(page, "Forgotten for good: 1 page and 1 fact about you.")
    assert len(posts) == 1
    second.get_by_role("button", name="Forget for good").click()
    expect(second.get_by_role("heading", level=1)).to_have_text("Not found")


def test_a_conversation_goes_with_what_was_learnt_from_it(product: ProductFactory, page: Page) -> None:
    memoryos = with_something_remembered(product)
    memoryos.sign_in(page)
    page.get_by_role("link", name="A long talk", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A long talk")
    other = page.context.new_page()
    other.goto(page.url)
    choose(page, "A long talk", "Delete…")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("5 pages and what was learnt from them")
    dialog.get_by_role("link", name="Delete and forget…").click()
    expect(dialog.get_by_role("heading", level=2)).to_be_focused()
    expect(dialog).to_contain_text("Has a mortgage.")
    expect(dialog).not_to_contain_text("Owns a greyhound.")
    assert grave_faults(page) == []
    # Another tab is about to delete the same conversation: it is told that this one was quicker.
    choose(other, "A long talk", "Delete…")
    other.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).wait_for()
    dialog.get_by_role("button", name="Delete and forget").click()
    page.wait_for_url("**/new/")
    status(page, "Deleted “A long talk” and forgot for good: 5 pages")
    other.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(other.get_by_role("dialog")).to_contain_text("This conversation is gone")
    other.get_by_role("link", name="Close").click()
    expect(other.get_by_role("dialog")).to_have_count(0)
    open_list(page, memoryos, "Facts about you")
    expect(page.locator("#count")).to_have_text("2")


def test_the_chats_forms_work_on_pages_of_their_own(product: ProductFactory, page: Page) -> None:
    """With JavaScript, but without the dialog: opened in a new tab, or from a bookmark."""
    memoryos = with_something_remembered(product)
    memoryos.sign_in(page)
    page.get_by_role("link", name="A long talk", exact=True).click()
    page.wait_for_url("**/c/*/")
    talk = page.url
    page.goto(f"{talk}rename/")
    page.get_by_label("Title").fill("A short talk")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A short talk")
    page.goto(f"{talk}delete/")
    page.get_by_role("link", name="Delete and forget…").click()
    page.get_by_role("button", name="Delete and forget").click()
    status(page, "Deleted “A short talk” and forgot for good: 5 pages")
