"""Two people share an assistant, in two browsers: invited by a link, made a curator, removed mid-answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chat_page import ChatPage
from tests.openai_server import Behaviour, OpenAIServer
from tests.serving import Product, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.process]

GONE = (
    "This conversation is gone. It was deleted meanwhile, perhaps in another tab, or you are no longer a member of the "
    "assistant. If you have left or were removed, what it remembers of you is kept under Assistants."
)
LONG = " ".join(f"word{n}" for n in range(400))


@pytest.fixture
def guest(browser: Browser, memoryos: Product, newcomers: Iterator[str]) -> Iterator[tuple[str, Page]]:
    """Somebody else's name, and their browser."""
    name = next(newcomers)
    with memoryos.client(signed_in=False) as client:
        session = sign_in(client, username=name).cookies["memoryos_session"]
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "memoryos_session", "value": session, "url": memoryos.url}])
    yield name, context.new_page()
    context.close()


def invite(page: Page, members: str) -> str:
    """Make a link for one person and return it."""
    page.goto(members)
    page.get_by_label("They come as").select_option("Member")
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_role("status").filter(has_text="The link is there.")).to_be_visible()
    expect(page.get_by_role("button", name="Copy").first).to_be_visible()
    return page.get_by_label("Link", exact=True).first.input_value()


def test_an_invited_person_talks_is_promoted_and_removed(
    chat: ChatPage, memoryos: Product, model: OpenAIServer, guest: tuple[str, Page]
) -> None:
    name, page = guest
    members = f"{memoryos.url}/assistants/assistant/members/"
    link = invite(chat.page, members)
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Join Assistant")
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("status").filter(has_text="You are in.")).to_be_visible()
    theirs = ChatPage(page, memoryos)
    model.queue(Behaviour(text=LONG, tokens_per_second=20))
    theirs.say("Tell me a story")
    # Long before it would have gone by itself.
    expect(page.get_by_text("You are in.")).to_have_count(0, timeout=2000)
    expect(theirs.running).to_contain_text("word3")

    chat.page.goto(members)
    row = chat.page.locator(".member", has_text=name).first
    row.get_by_role("combobox").select_option("Curator")
    row.get_by_role("button", name="Change").click()
    expect(chat.page.get_by_role("status").filter(has_text="Curator from now on.")).to_be_visible()
    expect(row.get_by_role("combobox")).to_be_focused()
    row.get_by_role("link", name="Remove").click()
    chat.page.get_by_role("button", name="Remove").click()
    expect(chat.page.get_by_role("status").filter(has_text="is no longer a member.")).to_be_visible()

    expect(page.get_by_role("alert")).to_have_text(GONE)
    expect(theirs.running).to_have_count(0)
    expect(theirs.box).to_be_disabled()
    expect(theirs.button("Send")).to_be_disabled()
    expect(page.get_by_role("alert").get_by_role("link", name="Assistants")).to_have_attribute("href", "/assistants/")
    expect(page.get_by_role("link", name="New conversation", exact=True)).to_have_attribute(
        "href", f"{memoryos.url}/new/"
    )
    kept = page.get_by_role("log").locator(".turn-assistant").inner_text()
    page.wait_for_timeout(500)
    assert page.get_by_role("log").locator(".turn-assistant").inner_text() == kept
    assert "word399" not in kept
    answer = page.goto(members)
    assert answer is not None
    assert answer.status == 404
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link is closed")


def test_a_link_is_withdrawn_in_place(chat: ChatPage, memoryos: Product) -> None:
    link = invite(chat.page, f"{memoryos.url}/assistants/assistant/members/")
    before = chat.page.locator(".link").count()
    chat.page.get_by_role("button", name="Copy").first.click()
    expect(chat.page.get_by_role("button", name="Copied")).to_be_visible()
    chat.page.get_by_role("button", name="Withdraw").first.click()
    expect(chat.page.locator(".link")).to_have_count(before - 1)
    expect(chat.page.get_by_role("status").filter(has_text="The link is withdrawn.")).to_be_visible()
    assert link not in chat.page.content()


def test_without_javascript_all_of_it_works(browser: Browser, memoryos: Product, session: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "memoryos_session", "value": session, "url": memoryos.url}])
    page = context.new_page()
    try:
        # The first visit makes the person's assistant.
        page.goto(memoryos.url)
        page.goto(f"{memoryos.url}/assistants/assistant/members/")
        page.get_by_role("button", name="Make a link").click()
        expect(page.get_by_label("Link", exact=True).first).to_have_attribute("readonly", "")
        expect(page.get_by_role("button", name="Copy")).to_have_count(0)
        count = page.locator(".link").count()
        page.get_by_role("button", name="Withdraw").first.click()
        expect(page.locator(".link")).to_have_count(count - 1)
        page.get_by_label("Username").fill("nobody-of-this-name")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_text("There is nobody of this name here.")).to_be_visible()
    finally:
        context.close()
