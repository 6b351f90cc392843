"""A person looks at what an answer was given from memory, corrects it there, and says what to remember and forget."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.chat_page import ChatPage
from tests.serving import USERNAME, Product, ProductFactory, manage

pytestmark = pytest.mark.browser

# An exchange that became a page, was given two facts and a page, and left one page out; memory learnt a fact from it.
TALK = f"""
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from chat.learning import note_wish
from chat.models import Conversation, Message, RecalledItem
from memory.domain.assistants import ensure_default_memory
from memory.domain.recording import PageDraft, record_pages
from memory.enums import Source, Tier
from memory.models import Knowledge
from memory.models.knowledge import fingerprint

memory = ensure_default_memory(User.objects.get(username={USERNAME!r}))
now = timezone.now()
said = ["I keep my tea in a tin.", "The kettle is in the kitchen.", "Where do I keep my tea?"]
pages = record_pages(memory, [PageDraft(text, "I see.", now + timedelta(minutes=n)) for n, text in enumerate(said)],
    Source.CHAT).pages
facts = [
    Knowledge.objects.create(memory=memory, subject="user", text=text, fingerprint=fingerprint(text), confirmed_at=now)
    for text in ("Keeps tea in a tin.", "Likes Earl Grey.", "Owns a blue kettle.")
]
facts[2].sources.add(pages[2])
talk = Conversation.objects.create(memory=memory, title="Tea", created_at=now, last_message_at=now)
question = Message.objects.create(conversation=talk, role="user", content=said[2], created_at=now)
answer = Message.objects.create(conversation=talk, parent=question, role="assistant", content="In a tin.",
    page=pages[2], created_at=now, prompt_tokens=dict(instructions=80, memory=60, history=0, question=10))
Conversation.objects.filter(pk=talk.pk).update(head=answer)
given = [(Tier.USER_KNOWLEDGE, facts[0], 4.0), (Tier.USER_KNOWLEDGE, facts[1], 2.0), (Tier.SHORT_TERM, pages[0], 3.0)]
for rank, (tier, row, score) in enumerate([*given, (Tier.SHORT_TERM, pages[1], 1.0)], start=1):
    RecalledItem.objects.create(message=answer, rank=rank, tier=tier, object_id=row.pk, score=score, tokens=9,
        signals=dict(dense=score - 0.5, lexical=0.5), in_prompt=rank < 4)
note_wish(talk, facts[2], now)
"""


def with_a_talk(product: ProductFactory) -> Product:
    """Start the product with one conversation."""
    memoryos = product()
    done = manage(memoryos.data_dir, "shell", "-c", TALK)
    assert done.returncode == 0, done.stderr
    return memoryos


def link_of(page: Page) -> Locator:
    return page.get_by_role("button", name="memories used")


def open_panel(page: Page) -> Locator:
    """Open the panel under the answer with the keyboard and return it."""
    link = link_of(page)
    expect(link).to_have_attribute("aria-expanded", "false")
    link.focus()
    page.keyboard.press("Space")
    panel = page.get_by_role("region", name="Memory of this answer")
    expect(panel).to_be_focused()
    expect(link).to_have_attribute("aria-expanded", "true")
    return panel


def row(panel: Locator, words: str) -> Locator:
    return panel.locator(".item").filter(has_text=words)


def told(page: Page, words: str) -> None:
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()


def test_what_an_answer_was_given_is_corrected_where_it_shows(page: Page, product: ProductFactory) -> None:
    memoryos = with_a_talk(product)
    memoryos.sign_in(page)
    panel = open_panel(page)
    expect(panel.get_by_role("heading", name="Put into the prompt (3)")).to_be_visible()
    expect(panel.get_by_role("heading", name="Learnt from this exchange (1)")).to_be_visible()
    expect(row(panel, "The kettle is in the kitchen.")).to_be_hidden()
    panel.get_by_text("Found, but not put into the prompt (1)").click()
    expect(row(panel, "The kettle is in the kitchen.")).to_be_visible()
    page.emulate_media(reduced_motion="reduce")
    faults = [
        each["id"] for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")
    ]
    assert faults == []

    row(panel, "Likes Earl Grey.").get_by_role("link", name="Edit").click()
    panel.get_by_label("Fact").fill("Likes Darjeeling.")
    panel.get_by_role("button", name="Save").click()
    told(page, "Saved “Likes Darjeeling.”")
    edited = row(panel, "Likes Darjeeling.")
    expect(edited.get_by_text("Locked", exact=True)).to_be_visible()
    more = edited.locator("summary", has_text="More")
    more.click()
    # Escape closes the row's menu, and not the panel around it.
    page.keyboard.press("Escape")
    expect(edited.get_by_role("button", name="Don’t use")).to_be_hidden()
    expect(more).to_be_focused()
    more.click()
    edited.get_by_role("button", name="Don’t use").click()
    back = edited.get_by_role("button", name="Use again")
    expect(back).to_be_focused()
    expect(edited.get_by_text("Not used")).to_be_visible()
    back.click()
    expect(more).to_be_focused()
    row(panel, "Keeps tea in a tin.").get_by_role("link", name="Delete").click()
    panel.get_by_role("button", name="Delete", exact=True).click()
    expect(row(panel, "Deleted “Keeps tea in a tin.”")).to_be_visible()

    said = row(panel, "I keep my tea in a tin.")
    said.get_by_role("button", name="Don’t use").click()
    expect(said.get_by_role("button", name="Use again")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(link_of(page)).to_be_focused()
    panel = open_panel(page)
    expect(panel.get_by_text("No longer in memory.")).to_be_visible()
    expect(row(panel, "I keep my tea in a tin.").get_by_text("Not used")).to_be_visible()


def test_a_message_is_remembered_taken_back_and_forgotten(page: Page, product: ProductFactory) -> None:
    memoryos = with_a_talk(product)
    memoryos.sign_in(page)
    answer = page.locator(".turn-assistant")
    answer.hover()
    answer.get_by_role("button", name="Remember this").click()
    dialog = page.get_by_role("dialog", name="Remember this")
    box = dialog.get_by_label("What to remember")
    expect(box).to_have_value("In a tin.")
    expect(box).to_be_focused()
    box.fill("My tea is in the tin.")
    dialog.get_by_role("button", name="Remember", exact=True).click()
    expect(dialog).to_be_hidden()
    told(page, "Remembered: “My tea is in the tin.”")
    page.get_by_role("button", name="Undo").click()
    told(page, "“My tea is in the tin.” is not remembered.")

    panel = open_panel(page)
    expect(row(panel, "Owns a blue kettle.")).to_be_visible()
    answer.get_by_role("button", name="Forget this").click()
    dialog = page.get_by_role("dialog", name="Forget this for good?")
    expect(dialog.get_by_text("Owns a blue kettle.")).to_be_visible()
    dialog.get_by_role("button", name="Forget for good").click()
    expect(dialog).to_be_hidden()
    told(page, "Forgotten for good: 1 page and 1 fact about you.")
    expect(panel.get_by_text("Nothing: this exchange is not in memory.")).to_be_visible()
    expect(link_of(page)).to_have_text("3 memories used")
    answer.get_by_role("button", name="Forget this").click()
    expect(page.get_by_role("dialog", name="There is nothing to forget")).to_be_visible()


def test_all_of_it_works_without_javascript(browser: Browser, product: ProductFactory) -> None:
    memoryos = with_a_talk(product)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    memoryos.sign_in(page)
    link_of(page).click()
    expect(page.get_by_role("heading", name="Put into the prompt (3)")).to_be_visible()
    tea = page.locator(".item").filter(has_text="Likes Earl Grey.")
    tea.locator("summary", has_text="More").click()
    tea.get_by_role("button", name="Pin").click()
    expect(tea.get_by_text("Pinned")).to_be_visible()
    page.goto(memoryos.url)
    page.locator(".turn-user").get_by_role("button", name="Remember this").click()
    page.get_by_label("What to remember").fill("My tea is in the tin.")
    page.get_by_role("button", name="Remember", exact=True).click()
    told(page, "Remembered: “My tea is in the tin.”")
    page.get_by_role("link", name="Show it").click()
    expect(page.get_by_text("My tea is in the tin.").first).to_be_visible()
    context.close()


def test_a_typed_wish_is_noted_in_the_conversation(page: Page, product: ProductFactory) -> None:
    memoryos = product()
    memoryos.sign_in(page)
    chat = ChatPage(page, memoryos)
    chat.new()
    chat.ask("Remember that my dog is called Rex.")
    page.reload()
    note = page.locator(".memory-update")
    note.get_by_text("Memory updated: 1 fact").click()
    note.get_by_role("link", name="my dog is called Rex.").click()
    expect(page.get_by_role("heading", name="Where it came from")).to_be_visible()
    expect(page.locator(".page-card")).to_contain_text("Remember that my dog is called Rex.")
