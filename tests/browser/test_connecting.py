"""Connecting a model as a person does it: from the banner in the chat to the first answer of the model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.test_settings import fits, grave_faults
from tests.openai_server import Behaviour, OpenAIServer
from tests.serving import ProductFactory

pytestmark = [pytest.mark.browser, pytest.mark.process]

KEY = "sk-very-secret"


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer(Behaviour(models=("small", "test-model"))) as server:
        yield server


def test_an_owner_connects_tests_saves_and_talks(page: Page, product: ProductFactory, model: OpenAIServer) -> None:
    memoryos = product(MEMORYOS_PRIVATE_ADDRESSES="allow")
    memoryos.sign_in(page)
    page.get_by_role("link", name="Connect one").click()
    page.get_by_label("Address of the server").fill(model.base_url)
    page.get_by_label("Key", exact=True).fill(KEY)
    page.get_by_role("button", name="List models").click()
    page.locator("select[name=model]").select_option("test-model")
    model.queue(Behaviour(first_byte_after=1.0))
    test = page.get_by_role("button", name="Test connection")
    test.click()
    expect(test).to_be_disabled()
    expect(page.get_by_text("Testing…")).to_be_visible()
    expect(page.get_by_text("test-model works. Save to use it.")).to_be_visible()
    expect(test).to_be_enabled()
    expect(page.get_by_text("Testing…")).to_be_hidden()
    assert (fits(page), grave_faults(page)) == (True, [])
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    assert (fits(page), grave_faults(page)) == (True, [])
    page.locator("button.button-primary").click()
    expect(page.get_by_text("Saved. From the next message on, test-model answers.")).to_be_visible()
    assert KEY not in page.content()
    chat = ChatPage(page, memoryos)
    page.set_viewport_size({"width": 1280, "height": 800})
    chat.new()
    expect(page.get_by_text("No language model connected:")).to_have_count(0)
    assert "This is the test model" in chat.ask("Hello?")
    assert {request.headers["authorization"] for request in model.requests} == {f"Bearer {KEY}"}


def test_it_works_without_javascript_and_says_what_is_wrong(
    browser: Browser, product: ProductFactory, model: OpenAIServer
) -> None:
    memoryos = product()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    memoryos.sign_in(page)
    page.goto(f"{memoryos.url}/settings/")
    page.get_by_role("link", name="Connect a model").click()
    page.get_by_label("Address of the server").fill(model.base_url)
    page.get_by_label("Model", exact=True).fill("test-model")
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("test-model does not work like this.")).to_be_visible()
    expect(page.get_by_text("in a private network, where this installation lets nobody connect").first).to_be_visible()
    expect(page.get_by_label("Address of the server")).to_have_value(model.base_url)
    page.locator("button.button-primary").click()
    expect(page.get_by_text("This address is in a private network")).to_be_visible()
    context.close()
