"""What an answer becomes: code and messages that can be copied, pictures from allowed hosts, links, dates."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.world import running_product
from tests.openai_server import Behaviour, OpenAIServer
from tests.serving import Product

pytestmark = [pytest.mark.browser, pytest.mark.process]
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
ANSWER = """# Two ways

Say **this** with <b>care</b>:

```python
def greet(name):
    return f"Hello, {name}"
```

![A cat](https://pictures.example/cat.png) ![A dog](https://elsewhere.example/dog.png)

See [the manual](https://manual.example/).
"""
CODE = 'def greet(name):\n    return f"Hello, {name}"'


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    """The model server: it always gives the same answer."""
    with OpenAIServer(Behaviour(text=ANSWER)) as server:
        yield server


@pytest.fixture(scope="module")
def memoryos(model: OpenAIServer) -> Iterator[Product]:
    """One product for all tests of this module."""
    with running_product(
        OPENAI_BASE_URL=model.base_url,
        MODEL="test-model",
        MEMORYOS_SHORT_TERM_CAPACITY="500",
        CHAT_IMAGE_HOSTS="pictures.example",
    ) as product:
        yield product


@pytest.fixture
def context(browser: Browser, memoryos: Product) -> Iterator[BrowserContext]:
    """A German reader in Bangkok; what is asked of other sites is answered here."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="Asia/Bangkok")
    context.set_default_timeout(15_000)
    context.route("https://pictures.example/**", lambda route: route.fulfill(body=PIXEL, content_type="image/png"))
    yield context
    context.close()


def asked(context: BrowserContext, memoryos: Product) -> Page:
    """Return a page with one question and its answer, as the server renders them."""
    page = context.new_page()
    memoryos.sign_in(page)
    chat = ChatPage(page, memoryos)
    chat.new()
    chat.ask("How do I say *it*?")
    page.reload()
    chat.wait()
    return page


def copied(page: Page) -> str:
    """Paste into the text box and return what came."""
    box = page.get_by_role("textbox", name="Message", exact=True)
    box.fill("")
    box.press("ControlOrMeta+v")
    return box.input_value()


def test_code_and_messages_are_copied_as_they_were_written(context: BrowserContext, memoryos: Product) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=memoryos.url)
    page = asked(context, memoryos)
    block = page.locator(".code .copy-button")
    width = block.bounding_box()
    block.click()
    expect(block).to_have_text("Copied")
    expect(page.locator("#status")).to_have_text("Copied")
    assert block.bounding_box() == width
    assert copied(page) == CODE
    expect(block).to_have_text("Copy")
    expect(block).not_to_have_class("is-copied")
    for turn, words in ((".turn-assistant", ANSWER), (".turn-user", "How do I say *it*?")):
        page.locator(turn).hover()
        button = page.locator(f"{turn} [data-copy=message]")
        button.click()
        # A browser needs a moment to write to the clipboard.
        expect(button).to_contain_class("is-copied")
        assert copied(page) == words


def test_copying_works_where_there_is_no_clipboard(context: BrowserContext, memoryos: Product) -> None:
    """Plain http on the LAN is no secure context: the browser hides its clipboard."""
    context.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page = asked(context, memoryos)
    block = page.locator(".code .copy-button")
    block.focus()
    page.keyboard.press("Enter")
    expect(block).to_have_text("Copied")
    expect(block).to_be_focused()
    assert copied(page) == CODE
    expect(page.locator("body > textarea")).to_have_count(0)


def test_pictures_of_allowed_hosts_are_shown_and_others_are_links(context: BrowserContext, memoryos: Product) -> None:
    asked_for: list[str] = []
    context.on("request", lambda request: asked_for.append(request.url) if "example" in request.url else None)
    faults: list[str] = []
    context.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page = asked(context, memoryos)
    picture = page.get_by_role("img", name="A cat")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.answer img').naturalWidth === 1")
    expect(page.get_by_role("link", name="Image: A dog")).to_have_attribute("href", "https://elsewhere.example/dog.png")
    assert set(asked_for) == {"https://pictures.example/cat.png"}
    assert faults == []


def test_links_say_that_they_open_another_tab(context: BrowserContext, memoryos: Product) -> None:
    page = asked(context, memoryos)
    link = page.get_by_role("link", name="the manual", exact=True)
    expect(link).to_have_accessible_description("Opens in a new tab")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")


def test_a_time_is_whole_on_hover_in_the_readers_zone(context: BrowserContext, memoryos: Product) -> None:
    page = asked(context, memoryos)
    time = page.locator(".turn-assistant time")
    title = time.get_attribute("title") or ""
    whole = page.evaluate(
        """(moment) => new Intl.DateTimeFormat(navigator.languages[0], {
            dateStyle: "full", timeStyle: "long", timeZone: "Asia/Bangkok"
        }).format(new Date(moment))""",
        time.get_attribute("datetime"),
    )
    assert title == whole
    assert title.endswith("GMT+7")


def test_without_javascript_there_are_no_dead_buttons(
    browser: Browser, context: BrowserContext, memoryos: Product
) -> None:
    address = asked(context, memoryos).url
    plain = browser.new_context(java_script_enabled=False, storage_state=context.storage_state())
    try:
        page = plain.new_page()
        page.goto(address)
        expect(page.get_by_text("return f")).to_be_visible()
        expect(page.locator(".copy-button:visible")).to_have_count(0)
    finally:
        plain.close()
