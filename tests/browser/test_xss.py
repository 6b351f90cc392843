"""Hostile text in a real browser: nothing of it runs, acts or goes anywhere, and no page asks another site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, expect

from tests.browser.chat_page import ChatPage
from tests.browser.world import fill_product, running_product
from tests.openai_server import Behaviour, OpenAIServer
from tests.serving import Product
from tests.xss import FOREIGN, PAYLOADS, RUN, storable

pytestmark = [pytest.mark.browser, pytest.mark.process]
TEXTS = [storable(payload) for payload in PAYLOADS]
POKE = """() => {
    for (const node of document.querySelectorAll("main *")) {
        for (const name of ["mouseover", "focus", "error", "toggle", "animationstart", "pointerdown"]) {
            node.dispatchEvent(new Event(name));
        }
    }
    return window.__xss;
}"""


class Watch:
    """Notes what a context asks for and is answered, and what its pages would run."""

    def __init__(self, context: BrowserContext, memoryos: Product) -> None:
        self.memoryos = memoryos
        self.foreign: list[str] = []
        self.acted: list[str] = []
        self.violations: list[str] = []
        self.policies: dict[str, str] = {}
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("dialog", lambda dialog: self.acted.append(dialog.message))
        context.on("console", lambda message: self._said(message.text))

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme != "data" and f"{address.scheme}://{address.netloc}" != self.memoryos.url:
            self.foreign.append(request.url)
        if "/logout/" in address.path:
            self.acted.append(request.url)

    def _answered(self, response: Response) -> None:
        if response.request.resource_type == "document":
            self.policies[response.url] = response.headers.get("content-security-policy", "")

    def _said(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.violations.append(text)

    def look(self, page: Page) -> None:
        """Poke what the page holds; nothing may have come of it."""
        assert page.evaluate(POKE) is None, page.url
        assert (self.foreign, self.acted, self.violations) == ([], [], []), page.url


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    """The model server."""
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def memoryos(model: OpenAIServer) -> Iterator[Product]:
    """One product for all tests of this module."""
    with running_product(
        OPENAI_BASE_URL=model.base_url, MODEL="test-model", MEMORYOS_SHORT_TERM_CAPACITY="500"
    ) as product:
        yield product


@pytest.fixture
def watched(browser: Browser, memoryos: Product) -> Iterator[tuple[Page, Watch]]:
    """A page in which the owner is signed in, with a watch over it."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    watch = Watch(context, memoryos)
    page = context.new_page()
    memoryos.sign_in(page)
    yield page, watch
    context.close()


def test_what_people_and_models_say_stays_text(
    watched: tuple[Page, Watch], memoryos: Product, model: OpenAIServer
) -> None:
    page, watch = watched
    chat = ChatPage(page, memoryos)
    chat.new()
    for begin in range(0, len(TEXTS), 24):
        text = "\n\n".join(TEXTS[begin : begin + 24]).strip()
        # Tokens are words: a payload comes in several, and stands on the page half.
        model.queue(Behaviour(text=text, tokens_per_second=600))
        chat.ask(text)
        watch.look(page)
    page.reload()
    chat.wait()
    watch.look(page)
    for link in page.locator(".answer a[href]").all():
        assert re.match(r"https?://|mailto:", link.get_attribute("href") or "")
    for title in (f"</title><img src=x onerror={RUN}>", f'"><svg onload={RUN}>{{{{7*7}}}}'):
        page.locator(".list-row.is-current").hover()
        page.locator(".list-row.is-current [popovertarget]").click()
        page.locator(".menu:popover-open a[href$='/rename/']").click()
        page.get_by_role("textbox", name="Title").fill(title)
        page.get_by_role("button", name="Rename", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        # The list comes anew, and would close a menu that is open.
        expect(page.locator(".list-row.is-current .list-link")).to_have_text(title)
        assert page.title() == f"{title} · MemoryOS"
        watch.look(page)


def test_no_page_runs_it_and_none_asks_another_site(watched: tuple[Page, Watch], memoryos: Product) -> None:
    page, watch = watched
    picture = f"![a picture]({FOREIGN}/picture.png) and [a link]({FOREIGN}/) and {FOREIGN}/bare"
    addresses = fill_product(memoryos, [*TEXTS, picture, " ".join(TEXTS)])
    admin = ["/admin/", "/admin/memory/page/", "/admin/memory/knowledge/", "/admin/chat/message/", "/admin/auth/user/"]
    for address in (*addresses, *admin, "/accounts/login/", "/nowhere/", "/setup/x/", "/memory/nowhere/"):
        page.goto(f"{memoryos.url}{address}")
        watch.look(page)
    conversation = next(address for address in addresses if re.fullmatch(r"/c/[\w-]+/", address))
    page.goto(f"{memoryos.url}{conversation}")
    expect(page.get_by_role("link", name="Image: a picture").first).to_be_visible()
    expect(page.locator(".answer img")).to_have_count(0)
    assert len(watch.policies) > 40
    for address, policy in watch.policies.items():
        assert "default-src 'self'" in policy, address
        assert "unsafe" not in policy, address
        assert "*" not in policy, address
    # Still signed in: nothing has acted.
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
