"""The chat as a person uses it, for the browser tests."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.serving import Product


class ChatPage:
    """One tab at the chat."""

    def __init__(self, page: Page, memoryos: Product) -> None:
        self.page = page
        self.memoryos = memoryos

    @property
    def box(self) -> Locator:
        """The text box."""
        return self.page.get_by_role("textbox", name="Message", exact=True)

    @property
    def answers(self) -> Locator:
        """Answers that have ended, oldest first."""
        return self.page.get_by_role("log").locator(".turn-assistant")

    @property
    def running(self) -> Locator:
        """The answer that is being written."""
        return self.page.locator("#running .answer")

    def button(self, name: str) -> Locator:
        """A button by its exact accessible name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def another_tab(self) -> "ChatPage":
        """Open the same address in a second tab."""
        page = self.page.context.new_page()
        page.goto(self.page.url)
        return ChatPage(page, self.memoryos)

    def new(self) -> None:
        """Begin a new conversation as a person does."""
        self.page.goto(self.memoryos.url)
        self.page.get_by_role("link", name="New conversation", exact=True).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("New conversation")

    def wait(self) -> None:
        """Wait until the page's script has begun to listen."""
        self.page.locator("#chat[data-ready]").wait_for()

    def say(self, text: str) -> None:
        """Type and press Enter."""
        self.wait()
        self.box.fill(text)
        self.box.press("Enter")

    def ask(self, text: str) -> str:
        """Say something and return the whole answer."""
        before = self.answers.count()
        self.say(text)
        expect(self.answers).to_have_count(before + 1)
        return self.answers.last.inner_text()


def choose(page: Page, title: str, item: str) -> None:
    """Choose from the menu of a conversation in the list, as somebody with a mouse does."""
    # Before its scripts have come, a form of the menu leads to another page.
    page.wait_for_load_state("load")
    page.get_by_role("link", name=title, exact=True).hover()
    page.get_by_role("button", name=f"More for “{title}”").click()
    menu = page.locator(".menu:popover-open")
    expect(menu).to_be_in_viewport(ratio=1)
    menu.get_by_text(item, exact=True).click()


def act(turn: Locator, name: str) -> None:
    """Press a button under a message."""
    turn.hover()
    turn.get_by_role("button", name=name, exact=True).click()


def question(chat: ChatPage, at: int = -1) -> Locator:
    """One of the person's messages."""
    return chat.page.locator("#log .turn-user").nth(at)


class Wire:
    """A tab's sockets under way: `lost` names kinds of frames that get lost, `answer` acts in the server's place."""

    def __init__(self, chat: ChatPage) -> None:
        self.lost: set[str] = set()
        self.sent: list[str] = []
        self._page = chat.page
        self.answer: Callable[[WebSocketRoute, dict[str, Any]], bool] = lambda *_: False
        chat.page.route_web_socket("**/ws/chat/**", self._connect)
        chat.page.reload()
        chat.wait()

    def wait_for(self, kind: str, count: int = 1) -> None:
        """Wait until so many frames of a kind have left the page, which happens beside what the test does."""
        for _ in range(500):
            if self.sent.count(kind) >= count:
                return
            self._page.wait_for_timeout(20)
        raise AssertionError(f"The page has sent {self.sent}.")

    def _connect(self, page: WebSocketRoute) -> None:
        server = page.connect_to_server()
        page.on_message(lambda text: self._to_server(page, server, str(text)))
        server.on_message(lambda text: self._to_page(page, str(text)))

    def _to_server(self, page: WebSocketRoute, server: WebSocketRoute, text: str) -> None:
        frame = json.loads(text)
        self.sent.append(frame["type"])
        if frame["type"] not in self.lost and not self.answer(page, frame):
            server.send(text)

    def _to_page(self, page: WebSocketRoute, text: str) -> None:
        if json.loads(text)["type"] not in self.lost:
            page.send(text)
