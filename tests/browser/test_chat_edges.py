"""Journeys at the edges of the chat page: the keyboard's focus, Esc, two devices, dead connections, what is kept."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, WebSocketRoute, expect

from tests.browser.chat_page import ChatPage, Wire, act, question
from tests.openai_server import Behaviour, OpenAIServer

pytestmark = [pytest.mark.browser, pytest.mark.process]
TEXT = "One two three four five six seven eight nine ten."
STORED = "() => [...Object.values(localStorage), ...Object.values(sessionStorage)].join()"


def edit(chat: ChatPage, text: str) -> Locator:
    """Open the editor of the last message and type into it."""
    act(question(chat), "Edit and send again")
    box = chat.page.get_by_role("textbox", name="Your message")
    box.fill(text)
    return box


def stalled(chat: ChatPage, model: OpenAIServer) -> None:
    """Begin an answer that goes no further."""
    model.queue(Behaviour(text=TEXT, stall_after=6))
    chat.say("Count, please")
    expect(chat.running).to_contain_text("three")


def test_a_conversation_deleted_behind_a_lost_connection_is_gone(chat: ChatPage) -> None:
    chat.ask("For a while")
    conversation = chat.page.url.rstrip("/")
    chat.page.context.set_offline(True)
    expect(chat.page.get_by_text("Reconnecting…").first).to_be_visible()
    chat.box.fill("Not to be lost")
    chat.box.press("Enter")
    expect(chat.page.locator(".is-unsent")).to_have_count(1)
    chat.box.fill("Nor this")
    with chat.memoryos.client() as other:
        page = other.get(f"{conversation}/delete/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token
        other.post(f"{conversation}/delete/", data={"csrfmiddlewaretoken": token[1]}, headers={"Referer": conversation})
    chat.page.context.set_offline(False)
    expect(chat.page.get_by_role("alert")).to_contain_text("This conversation is gone.")
    expect(chat.box).to_have_value("Not to be lost\nNor this")
    expect(chat.page.locator(".is-unsent")).to_have_count(0)
    chat.new()
    expect(chat.box).to_have_value("Not to be lost\nNor this")


def test_a_temporary_conversation_leaves_no_word_in_the_browser(chat: ChatPage) -> None:
    page = chat.page
    chat.wait()
    chat.box.fill("Of a lasting one")
    page.goto(f"{chat.memoryos.url}/new/?mode=temporary")
    chat.wait()
    expect(chat.box).to_have_value("")
    chat.ask("My secret is blue")
    expect(page.get_by_role("heading", level=1)).to_have_text("My secret is blue")
    expect(page).to_have_title("Temporary conversation · MemoryOS")
    chat.box.fill("Another secret")
    assert "secret" not in page.evaluate("() => Object.values(localStorage).join()")
    page.reload()
    expect(page).to_have_title("Temporary conversation · MemoryOS")
    expect(chat.box).to_have_value("Another secret")
    chat.new()
    chat.wait()
    expect(chat.box).to_have_value("Of a lasting one")
    assert "secret" not in page.evaluate(STORED)


def test_what_is_accepted_on_a_branch_that_is_not_shown_leaves_no_ghost(chat: ChatPage) -> None:
    """Another device went back to the earlier version before this one was connected again."""

    def accept(page: WebSocketRoute, frame: dict[str, Any]) -> bool:
        if frame["type"] not in ("edit", "send"):
            return False
        page.send(json.dumps({"type": "accepted", "client_id": frame["client_id"], "message_id": 1_000_000}))
        return True

    chat.ask("I go to Paris")
    Wire(chat).answer = accept
    edit(chat, "I go to Rome").press("Enter")
    expect(chat.page.locator("#log .bubble")).to_have_text(["I go to Rome"])
    expect(chat.page.get_by_role("alert")).to_contain_text("kept there as another version")
    expect(chat.page.locator("#log .bubble")).to_have_text(["I go to Paris"])
    chat.say("By train")
    expect(chat.page.locator("#log .bubble")).to_have_text(["I go to Paris", "By train"])
    expect(chat.page.locator("#log .bubble")).to_have_text(["I go to Paris"])
    expect(chat.page.locator(".is-unsent")).to_have_count(0)


def test_the_focus_goes_on_at_the_text_box(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(status=401), Behaviour(text=TEXT, cut_after=6), Behaviour(text=" and on."))
    chat.ask("Count, please")
    for name in ("Retry", "Continue", "Write another answer"):
        chat.box.evaluate("box => box.blur()")
        button = chat.answers.last.get_by_role("button", name=name, exact=True)
        button.focus()
        button.press("Enter")
        expect(chat.box).to_be_focused()
        expect(chat.button("Stop")).to_be_hidden()
        expect(chat.answers).to_have_count(1)
    edit(chat, "Count again").press("Enter")
    expect(chat.answers).to_have_count(1)
    expect(question(chat)).to_contain_text("Count again")
    expect(chat.box).to_be_focused()


def test_esc_does_the_nearest_thing_only(chat: ChatPage, model: OpenAIServer) -> None:
    page = chat.page
    chat.ask("Hello")
    stalled(chat, model)
    keyboard = page.keyboard
    chat.page.locator("#log .memory-link").click()
    expect(page.locator(".memory-panel")).to_be_focused()
    keyboard.press("Escape")
    expect(page.locator(".memory-panel")).to_have_count(0)
    mode = page.get_by_role("button", name="Memory: Memory on")
    mode.focus()
    mode.press("Enter")
    expect(page.locator("#mode-menu button").nth(0)).to_be_focused()
    keyboard.press("ArrowDown")
    expect(page.locator("#mode-menu button").nth(1)).to_be_focused()
    keyboard.press("Escape")
    expect(page.locator("#mode-menu")).to_be_hidden()
    expect(mode).to_be_focused()
    mode.click()
    expect(page.locator("#mode-menu.is-placed")).to_be_visible()
    keyboard.press("ArrowUp")
    expect(page.locator("#mode-menu button").nth(1)).to_be_focused()
    keyboard.press("Escape")
    expect(mode).to_be_focused()
    keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    search = page.get_by_role("searchbox")
    search.fill("Hello")
    search.press("Escape")
    expect(search).to_have_value("")
    search.press("Escape")
    expect(chat.box).to_be_focused()
    expect(chat.button("Stop")).to_be_enabled()
    keyboard.press("Escape")
    expect(chat.answers.last).to_contain_text("This answer was stopped.")


def test_esc_closes_an_editor_and_stops_nothing(chat: ChatPage, model: OpenAIServer) -> None:
    chat.ask("Hello")
    other = chat.another_tab()
    box = edit(chat, "Hello there")
    stalled(other, model)
    expect(chat.running).to_contain_text("three")
    chat.page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(chat.button("Stop")).to_be_enabled()
    chat.box.press("ArrowUp")
    expect(box).to_have_count(0)
    chat.box.press("Escape")
    expect(chat.answers.last).to_contain_text("This answer was stopped.")
    chat.box.press("ArrowUp")
    expect(box).to_have_value("Count, please")


def test_an_edit_whose_message_goes_elsewhere_is_kept(chat: ChatPage, model: OpenAIServer) -> None:
    chat.ask("First")
    chat.ask("Second")
    other = chat.another_tab()
    edit(chat, "Second, typed at length")
    act(question(other, 0), "Edit and send again")
    other.page.get_by_role("textbox", name="Your message").press("Enter")
    expect(chat.page.get_by_role("alert")).to_contain_text("your edit is kept here")
    expect(chat.box).to_have_value("Second, typed at length")
    expect(chat.box).to_be_focused()


def test_a_refused_edit_leaves_another_editor_alone(chat: ChatPage) -> None:
    held: list[WebSocketRoute] = []

    def hold(page: WebSocketRoute, frame: dict[str, Any]) -> bool:
        if frame["type"] == "edit":
            held.append(page)
            held_frames.append(frame)
        return bool(frame["type"] == "edit")

    held_frames: list[dict[str, Any]] = []
    chat.ask("First")
    chat.ask("Second")
    Wire(chat).answer = hold
    edit(chat, "Second anew").press("Enter")
    act(question(chat, 0), "Edit and send again")
    box = chat.page.get_by_role("textbox", name="Your message")
    box.fill("First anew")
    box.press("Enter")
    expect(chat.page.locator(".edit-form").get_by_role("alert")).to_contain_text("still on its way")
    held[0].send(
        json.dumps({"type": "error", "code": "busy", "detail": "No.", "client_id": held_frames[0]["client_id"]})
    )
    expect(chat.box).to_have_value("Second anew")
    expect(box).to_have_value("First anew")
    expect(chat.page.locator(".bubble").last).to_have_text("Second")


def test_a_second_message_waits_for_the_first(chat: ChatPage) -> None:
    chat.ask("Hello")
    chat.page.context.set_offline(True)
    chat.say("One")
    chat.say("Two")
    expect(chat.page.get_by_role("alert")).to_contain_text("still on its way")
    expect(chat.box).to_have_value("Two")
    chat.page.context.set_offline(False)
    expect(chat.answers).to_have_count(2)
    expect(chat.page.locator("#composer-note")).to_be_hidden()
    expect(chat.box).to_have_value("Two")


def test_a_connection_that_is_dead_and_looks_open_is_given_up(chat: ChatPage, model: OpenAIServer) -> None:
    def swallow(_page: WebSocketRoute, frame: dict[str, Any]) -> bool:
        return frame["type"] in ("send", "stop") and wire.sent.count(frame["type"]) == 1

    chat.page.clock.install()
    wire = Wire(chat)
    wire.answer = swallow
    model.queue(Behaviour(text=TEXT, stall_after=6))
    chat.say("Are you there?")
    wire.wait_for("send")
    chat.page.clock.fast_forward(9_000)
    assert wire.sent.count("send") == 1
    chat.page.clock.fast_forward(2_000)
    expect(chat.running).to_contain_text("three")
    chat.button("Stop").click()
    wire.wait_for("stop")
    chat.page.clock.fast_forward(11_000)
    expect(chat.answers.last).to_contain_text("This answer was stopped.")
    assert [wire.sent.count(kind) for kind in ("send", "stop")] == [2, 2]


def test_a_refused_watch_is_repeated(chat: ChatPage) -> None:
    def refuse(page: WebSocketRoute, frame: dict[str, Any]) -> bool:
        if frame["type"] != "watch" or wire.sent.count("watch") > 2:
            return False
        page.send(json.dumps({"type": "error", "code": "too_many", "detail": "That was too fast."}))
        return True

    chat.ask("Hello")
    other = chat.another_tab()
    wire = Wire(chat)
    wire.answer = refuse
    chat.page.reload()
    other.ask("And then?")
    expect(chat.answers).to_have_count(2)


def test_notices_and_the_way_down_cover_nothing_that_is_read_or_typed(chat: ChatPage, model: OpenAIServer) -> None:
    page = chat.page
    model.queue(Behaviour(text="\n\n".join(f"Paragraph {n}." for n in range(60))))
    chat.ask("A long answer, please")
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#log .memory-link").click()
    expect(page.locator(".memory-panel")).to_be_visible()
    page.locator("#scroller").evaluate("node => { node.scrollTop -= 60 }")
    newest = chat.button("Jump to newest")
    expect(newest).to_be_visible()
    jump, scroller = newest.bounding_box(), page.locator("#scroller").bounding_box()
    assert jump
    assert scroller
    assert jump["y"] >= scroller["y"] + scroller["height"]
    before = page.locator(".thread").bounding_box()
    address = page.url
    with page.expect_navigation():
        page.locator(".when-begun button").first.evaluate("node => { node.value = 'none'; node.click() }")
    notice = page.locator("#messages .message")
    expect(notice).to_contain_text("There is no such mode.")
    assert (page.url, page.locator(".thread").bounding_box()) == (address, before)
    chat.wait()
    notice.get_by_role("button", name="Close").click()
    expect(notice).to_have_count(0)
    expect(chat.box).to_be_focused()
