"""Every page for everybody: axe in light and dark, wide and narrow, magnified, without a mouse, without motion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.browser.chat_page import ChatPage
from tests.browser.world import fill_product, running_product
from tests.openai_server import Behaviour, OpenAIServer
from tests.serving import Product

pytestmark = [pytest.mark.browser, pytest.mark.process]

ANSWER = """# A heading

A paragraph with `code`, **strong** words and [a link](https://ok.example/).

- [x] done
- [ ] to do

```python
def greet(name: str) -> str:  # a comment
    return f"Hello, {name}, and a line that is much longer than what a telephone can show at once"
```

|A|table|that|is|wide|with|many|columns|and|long-words-in-them|
|-|-|-|-|-|-|-|-|-|-|
|1|2|3|4|5|6|7|8|9|averyveryverylongwordwithoutanyblank|

שלום עולם, this runs from right to left.
"""
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 390, "height": 844}
# 1280 x 800 at 200 %.
MAGNIFIED: ViewportSize = {"width": 640, "height": 400}
PUBLIC = (
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/key/1-no-token/",
    "/setup/x/",
    "/nowhere/",
)
ACCOUNT = (
    "/settings/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/reauthenticate/",
    "/accounts/sessions/",
    "/accounts/delete/",
    "/accounts/logout/",
)
# Pages of one row that come from the templates of another kind's.
LIKE_ANOTHER = re.compile(r"/(traits|assistant-knowledge)/\d+/|/(profile|segments)/\d+/forget/")
ADMIN = ("/admin/", "/admin/memory/page/", "/admin/memory/assistant/")
# What sticks out: it cannot be reached without scrolling sideways, which only code and tables may ask for.
CUT = """() => {
    const scrolls = (node) => node.closest("pre, .table-scroll, .visually-hidden, [inert], .sidebar");
    const found = [];
    for (const node of document.querySelectorAll("a, button, input, textarea, select, summary, h1, h2")) {
        const { left, right, width } = node.getBoundingClientRect();
        if (!width || !node.checkVisibility({ visibilityProperty: true }) || scrolls(node)) continue;
        if (left < -1 || right > innerWidth + 1) found.push(node.outerHTML.slice(0, 120));
    }
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? [`the page is ${scrollWidth} wide`, ...found] : found;
}"""
# Focus that cannot be seen, of everything that takes it.
UNSEEN_FOCUS = """() => {
    const node = document.activeElement;
    for (let at = node; at && at !== document.body; at = at.parentElement) {
        const { outlineStyle, outlineWidth } = getComputedStyle(at);
        if (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) return null;
    }
    return node.outerHTML.slice(0, 160);
}"""
# As on a page just loaded that gives nothing the focus: the next Tab comes to its first link.
TO_THE_TOP = """() => {
    const start = Object.assign(document.createElement("span"), { tabIndex: -1 });
    document.body.prepend(start);
    start.focus();
}"""
# The name of what has the focus, null where nothing has it or this had it before.
NEWLY_FOCUSED = """() => {
    const node = document.activeElement;
    if (node === document.body || node.dataset.passed) return null;
    node.dataset.passed = "yes";
    return node.id || node.outerHTML.slice(0, 80);
}"""
MOVING = """() => document.getAnimations().filter((animation) => animation.playState === "running").length"""


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    """The model server."""
    with OpenAIServer(Behaviour(text=ANSWER)) as server:
        yield server


@pytest.fixture(scope="module")
def memoryos(model: OpenAIServer) -> Iterator[Product]:
    """One product for all tests of this module."""
    with running_product(
        OPENAI_BASE_URL=model.base_url, MODEL="test-model", MEMORYOS_SHORT_TERM_CAPACITY="500"
    ) as product:
        yield product


@pytest.fixture(scope="module")
def addresses(memoryos: Product) -> list[str]:
    """Every page of a memory that has something of everything, in words of all lengths."""
    texts = ["Likes walking.", f"{'Long words ' * 12}{'Donaudampfschifffahrt' * 6}", ANSWER]
    return [address for address in fill_product(memoryos, texts) if not LIKE_ANOTHER.search(address)]


@pytest.fixture(scope="module")
def context(browser: Browser, memoryos: Product) -> Iterator[BrowserContext]:
    """The owner's browser. Nothing moves: axe would measure colours half-way between two states."""
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    memoryos.sign_in(context.new_page())
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab of the owner's."""
    page = context.new_page()
    yield page
    page.close()


def faults_of(page: Page) -> list[str]:
    """Return what axe calls serious or critical."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{page.url} {fault['id']}: {fault['nodes'][0]['html'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


Look = tuple[Literal["dark", "light"], ViewportSize]
LOOKS: tuple[Look, ...] = (("dark", NARROW), ("light", WIDE))
"""Both colours on both widths would find no more."""


def faults_in_every_look(page: Page, looks: Sequence[Look] = LOOKS) -> list[str]:
    """Return what axe finds in dark and narrow, light and wide."""
    faults = []
    for scheme, size in looks:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size(size)
        faults += [f"{scheme} {fault}" for fault in faults_of(page)]
    return faults


def test_axe_finds_nothing_on_any_page(page: Page, memoryos: Product, addresses: list[str]) -> None:
    # One look each, in turn: pages share their colours and their parts. The conversation itself has both below.
    faults = []
    for number, address in enumerate((*addresses, *ACCOUNT, *ADMIN, "/nowhere/")):
        page.goto(f"{memoryos.url}{address}")
        faults += faults_in_every_look(page, LOOKS[number % 2 :][:1])
    assert faults == []


def test_axe_finds_nothing_on_pages_for_everybody(browser: Browser, memoryos: Product) -> None:
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
    page = context.new_page()
    faults = []
    for address in PUBLIC:
        page.goto(f"{memoryos.url}{address}")
        faults += faults_in_every_look(page)
    page.goto(f"{memoryos.url}/accounts/login/")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    faults += faults_in_every_look(page)
    context.close()
    assert faults == []


def test_axe_finds_nothing_while_an_answer_runs_fails_and_in_dialogs(
    page: Page, memoryos: Product, model: OpenAIServer
) -> None:
    chat = ChatPage(page, memoryos)
    chat.new()
    model.queue(Behaviour(text=ANSWER, stall_after=12))
    chat.say("Begin")
    expect(chat.running).to_contain_text("paragraph")
    faults = faults_in_every_look(page)
    chat.button("Stop").click()
    expect(chat.answers).to_have_count(1)
    model.queue(Behaviour(status=401))
    chat.ask("Fail")
    faults += faults_in_every_look(page)
    for name in ("rename", "delete"):
        page.locator(".list-row.is-current [popovertarget]").focus()
        page.keyboard.press("Enter")
        page.locator(f".menu:popover-open a[href$='/{name}/']").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        faults += faults_in_every_look(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert faults == []


def test_nothing_is_cut_when_magnified_or_narrow(page: Page, memoryos: Product, addresses: list[str]) -> None:
    cut = []
    for size in (MAGNIFIED, NARROW):
        page.set_viewport_size(size)
        for address in addresses:
            page.goto(f"{memoryos.url}{address}")
            cut += [f"{size['width']} {address} {what}" for what in page.evaluate(CUT)]
    assert cut == []


def test_the_text_box_can_be_used_when_magnified(page: Page, memoryos: Product) -> None:
    page.set_viewport_size(MAGNIFIED)
    chat = ChatPage(page, memoryos)
    page.goto(f"{memoryos.url}/new/")
    chat.ask("Hello")
    for locator in (chat.box, chat.button("Send")):
        expect(locator).to_be_in_viewport(ratio=1)
    assert page.locator("#scroller").evaluate("node => node.clientHeight") > 120


def test_nothing_moves_for_who_does_not_want_it(page: Page, memoryos: Product, model: OpenAIServer) -> None:
    chat = ChatPage(page, memoryos)
    page.set_viewport_size(NARROW)
    page.goto(f"{memoryos.url}/new/")
    model.queue(Behaviour(text="Late", first_byte_after=2))
    chat.say("Begin")
    expect(page.locator(".is-waiting")).to_be_visible()
    page.get_by_role("button", name="Conversations").click()
    page.wait_for_timeout(100)
    assert page.evaluate(MOVING) == 0
    page.keyboard.press("Escape")
    expect(chat.answers).to_have_count(1)


def test_forced_colours_keep_what_is_chosen_visible(page: Page, memoryos: Product, addresses: list[str]) -> None:
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    page.goto(f"{memoryos.url}{conversation_in(addresses)}")
    box = page.locator(".composer-box").evaluate("node => getComputedStyle(node).borderTopColor")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert box != ground
    icon = page.locator("#send svg").evaluate("node => getComputedStyle(node).stroke")
    assert icon != page.locator("#send").evaluate("node => getComputedStyle(node).backgroundColor")
    page.emulate_media(forced_colors="none", reduced_motion="reduce")


def conversation_in(addresses: list[str]) -> str:
    """Return the address of the conversation among them."""
    return next(address for address in addresses if re.fullmatch(r"/c/[\w-]+/", address))


def test_the_chat_can_be_used_with_the_keyboard_alone(page: Page, memoryos: Product) -> None:
    chat = ChatPage(page, memoryos)
    page.goto(f"{memoryos.url}/new/")
    chat.wait()
    page.evaluate(TO_THE_TOP)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Assistant:")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="New conversation", exact=True)).to_be_focused()
    tab_to(page, "message")
    page.keyboard.type("Hello")
    page.keyboard.press("Enter")
    expect(chat.answers).to_have_count(1)
    expect(chat.box).to_be_focused()
    page.reload()
    chat.wait()
    passed = tab_through(page)
    assert "message" in passed
    assert [name for name in passed if name.startswith("unseen")] == []


def tab_to(page: Page, id: str) -> None:
    """Press Tab until the element has the focus; fail after a hundred."""
    for _ in range(100):
        if page.evaluate("document.activeElement.id") == id:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to #{id}")


def tab_through(page: Page) -> list[str]:
    """Press Tab from the top to the end; return the names of what had the focus, those unseen marked as such."""
    page.evaluate(TO_THE_TOP)
    passed: list[str] = []
    for _ in range(150):
        page.keyboard.press("Tab")
        name = page.evaluate(NEWLY_FOCUSED)
        if name is None:
            break
        unseen = page.evaluate(UNSEEN_FOCUS)
        passed.append(f"unseen: {unseen}" if unseen else name)
    return passed


@pytest.mark.parametrize("where", ["/memory/", "/accounts/login/", "/conversations/"])
def test_the_focus_can_be_seen_everywhere(page: Page, memoryos: Product, addresses: list[str], where: str) -> None:
    with signed_out(page) if "login" in where else signed_in(page) as reader:
        reader.goto(f"{memoryos.url}{where}")
        passed = tab_through(reader)
        assert len(passed) > 2
        assert [name for name in passed if name.startswith("unseen")] == []


@contextmanager
def signed_in(page: Page) -> Iterator[Page]:
    """The page as it is."""
    yield page


@contextmanager
def signed_out(page: Page) -> Iterator[Page]:
    """A page of somebody who has not signed in, in the same browser."""
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(reduced_motion="reduce")
    yield context.new_page()
    context.close()


def test_screen_readers_hear_of_an_answer_once_it_is_whole(page: Page, memoryos: Product, model: OpenAIServer) -> None:
    chat = ChatPage(page, memoryos)
    page.goto(f"{memoryos.url}/new/")
    model.queue(Behaviour(text="One two three four five six.", stall_after=3))
    chat.say("Count")
    expect(chat.running).to_contain_text("two")
    # One for the answer; the other tells of what a search has found.
    expect(page.locator("#content").get_by_role("status")).to_have_count(2)
    expect(page.locator("#search-status")).to_have_text("")
    expect(page.locator("#status")).to_have_text("Answering…")
    expect(page.get_by_role("log")).to_have_count(1)
    assert chat.running.evaluate("node => node.closest('[role=log]')") is None
    assert chat.running.evaluate("node => node.closest('[aria-live]').ariaLive") == "off"
    assert page.locator("[aria-live=polite], [aria-live=assertive]").count() == 0
    chat.button("Stop").click()
    expect(page.get_by_role("log").locator("article")).to_have_count(2)
    expect(page.locator("#status")).to_have_text("Answer stopped")
