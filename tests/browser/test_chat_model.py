"""Journeys through the real chat page, with a local server that speaks the OpenAI protocol."""

import json
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, WebSocketRoute, expect

from tests.browser.chat_page import ChatPage, Wire, choose
from tests.openai_server import Behaviour, OpenAIServer

pytestmark = [pytest.mark.browser, pytest.mark.process]
TEXT = "One two three 😀 four five six seven 👍🏽 eight nine ten."
LONG = "\n\n".join(f"Paragraph {n} of a long answer." for n in range(60))


def test_the_papers_example_with_a_model(chat: ChatPage, model: OpenAIServer) -> None:
    chat.ask("Hi! I'm Tom, I work as a data scientist in San Francisco.")
    expect(chat.page.get_by_text("No language model connected:")).to_have_count(0)
    chat.new()
    chat.ask("What do you remember about my job?")
    assert "data scientist" in model.chats[-1].text


def test_reload_in_the_middle_of_an_answer(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, tokens_per_second=8))
    chat.say("Count, please")
    expect(chat.running).to_contain_text("two")
    assert "/c/" in chat.page.url
    chat.page.reload()
    expect(chat.running).to_contain_text("three")
    expect(chat.answers.last.locator(".answer")).to_have_text(TEXT)
    expect(chat.answers).to_have_count(1)


def test_a_second_tab_follows_and_may_stop(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=6))
    chat.say("Count, please")
    expect(chat.running).to_contain_text("three")
    second = chat.another_tab()
    expect(second.running).to_contain_text("three")
    second.button("Stop").click()
    for tab in (chat, second):
        expect(tab.answers.last).to_contain_text("three")
        expect(tab.answers.last).to_contain_text("This answer was stopped.")
        expect(tab.button("Stop")).to_be_hidden()
    assert "Answer stopped" in chat.page.locator("#status").inner_text()
    chat.ask("Go on")
    expect(second.answers).to_have_count(2)


def test_retry_after_a_failure(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(status=401), Behaviour(text=TEXT, cut_after=6), Behaviour(text="Whole at last."))
    failed = chat.ask("Count, please")
    assert "refused the key" in failed
    chat.button("Retry").click()
    expect(chat.answers.last).to_contain_text("in the middle of the answer")
    expect(chat.answers).to_have_count(1)
    chat.button("Retry").click()
    expect(chat.answers.last.locator(".answer")).to_have_text("Whole at last.")
    expect(chat.button("Retry")).to_have_count(0)
    # What had been written stays, as a version; what said nothing does not.
    expect(chat.answers.last.locator(".version-number")).to_have_text("2/2")
    chat.page.reload()
    expect(chat.answers).to_have_count(1)
    chat.button("Previous version").click()
    expect(chat.answers.last).to_contain_text("three")


def test_a_refused_message_goes_back_into_the_box(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(first_byte_after=4))
    chat.say("Count, please")
    expect(chat.button("Stop")).to_be_visible()
    chat.say("And another thing")
    expect(chat.box).to_have_value("And another thing")
    expect(chat.page.get_by_role("alert")).to_contain_text("still answering")
    chat.button("Stop").click()
    expect(chat.answers.last).to_contain_text("This answer was stopped before it began.")
    chat.say("x" * 32_001)
    expect(chat.page.get_by_role("alert")).to_contain_text("at most 32,000 can be sent")
    assert len(chat.box.input_value()) == 32_001


def test_rename_and_delete(chat: ChatPage) -> None:
    page = chat.page
    chat.ask("What is this called?")
    expect(page.get_by_role("heading", level=1)).to_have_text("What is this called?")
    choose(page, "What is this called?", "Rename…")
    page.get_by_role("textbox", name="Title").fill("A better name")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A better name")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="A better name", exact=True)).to_have_attribute("aria-current", "page")
    other = chat.another_tab()
    choose(page, "A better name", "Delete…")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url("**/new/")
    expect(page.get_by_role("link", name="A better name", exact=True)).to_have_count(0)
    expect(other.page.get_by_role("alert")).to_contain_text("This conversation is gone.")


def test_enter_sends_and_shift_enter_and_input_methods_do_not(chat: ChatPage, model: OpenAIServer) -> None:
    chat.wait()
    chat.box.fill("one")
    chat.box.press("Shift+Enter")
    chat.box.press_sequentially("two")
    expect(chat.box).to_have_value("one\ntwo")
    chat.box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(chat.box).to_have_value("one\ntwo")
    chat.button("Send").click()
    expect(chat.page.locator(".bubble")).to_have_text("one\ntwo")


def test_what_is_typed_before_the_script_has_loaded_is_kept(chat: ChatPage) -> None:
    def type_first(route: Route) -> None:
        chat.box.fill("Early")
        route.continue_()

    chat.page.route("**/chat/chat.js", type_first)
    chat.page.reload(wait_until="commit")
    chat.wait()
    expect(chat.box).to_have_value("Early")


def test_a_draft_survives_a_reload(chat: ChatPage) -> None:
    chat.wait()
    chat.box.fill("Not yet sent")
    chat.page.reload()
    expect(chat.box).to_have_value("Not yet sent")
    chat.ask("Sent")
    chat.page.reload()
    expect(chat.box).to_have_value("")


def test_the_connection_comes_back_and_nothing_is_sent_twice(chat: ChatPage, model: OpenAIServer) -> None:
    chat.ask("Hello")
    chat.page.context.set_offline(True)
    expect(chat.page.get_by_text("Reconnecting…").first).to_be_visible()
    chat.say("Are you there?")
    chat.page.context.set_offline(False)
    expect(chat.answers).to_have_count(2)
    expect(chat.page.locator("#connection")).to_be_hidden()
    chat.page.reload()
    expect(chat.page.locator(".bubble")).to_have_text(["Hello", "Are you there?"])


def test_a_reload_between_the_message_and_its_confirmation(chat: ChatPage, model: OpenAIServer) -> None:
    chat.ask("Hello")
    wire = Wire(chat)
    wire.lost = {"accepted", "message", "delta", "done"}
    asked = len(model.chats)
    chat.say("Are you there?")
    while len(model.chats) == asked:
        chat.page.wait_for_timeout(50)
    wire.lost = set()
    chat.page.reload()
    expect(chat.answers).to_have_count(2)
    expect(chat.page.locator(".bubble")).to_have_text(["Hello", "Are you there?"])
    chat.ask("Still there?")
    expect(chat.page.locator(".bubble")).to_have_text(["Hello", "Are you there?", "Still there?"])


def test_a_lost_stop_is_said_again(chat: ChatPage, model: OpenAIServer) -> None:
    def lose(page: WebSocketRoute, frame: dict[str, Any]) -> bool:
        if frame["type"] != "stop" or wire.sent.count("stop") > 1:
            return False
        page.close(code=1012)
        return True

    model.queue(Behaviour(text=TEXT, stall_after=6))
    wire = Wire(chat)
    wire.answer = lose
    chat.say("Count, please")
    expect(chat.running).to_contain_text("three")
    chat.button("Stop").click()
    expect(chat.answers.last).to_contain_text("This answer was stopped.", timeout=4000)
    assert wire.sent.count("stop") == 2


def test_a_refused_stop_can_be_tried_again(chat: ChatPage, model: OpenAIServer) -> None:
    def refuse(page: WebSocketRoute, frame: dict[str, Any]) -> bool:
        if frame["type"] != "stop" or wire.sent.count("stop") > 1:
            return False
        page.send(json.dumps({"type": "error", "code": "too_many", "detail": "That was too fast."}))
        return True

    model.queue(Behaviour(text=TEXT, stall_after=6))
    wire = Wire(chat)
    wire.answer = refuse
    chat.say("Count, please")
    expect(chat.running).to_contain_text("three")
    chat.button("Stop").click()
    expect(chat.page.get_by_role("alert")).to_contain_text("too fast")
    chat.button("Stop").click(timeout=3000)
    expect(chat.answers.last).to_contain_text("This answer was stopped.", timeout=4000)


def test_a_message_too_large_for_the_server_is_not_sent_for_ever(chat: ChatPage) -> None:
    def refuse(page: WebSocketRoute, frame: dict[str, Any]) -> bool:
        if frame["type"] != "send":
            return False
        page.close(code=1009)
        return True

    wire = Wire(chat)
    wire.answer = refuse
    chat.say("A very long message")
    expect(chat.page.get_by_role("alert")).to_contain_text("too large")
    expect(chat.box).to_have_value("A very long message")
    expect(chat.page.locator(".bubble")).to_have_count(0)
    while wire.sent[-1] != "watch":
        chat.page.wait_for_timeout(50)
    assert wire.sent.count("send") == 1


def test_a_sign_out_elsewhere_leads_to_the_sign_in_page(chat: ChatPage, model: OpenAIServer) -> None:
    with chat.memoryos.client() as client:
        session = client.cookies["memoryos_session"]
    chat.page.context.add_cookies([{"name": "memoryos_session", "value": session, "url": chat.memoryos.url}])
    model.queue(Behaviour(text=TEXT, stall_after=6))
    chat.new()
    chat.say("Count, please")
    expect(chat.running).to_contain_text("three")
    chat.box.fill("Not yet sent")
    other = chat.another_tab()
    other.button("Sign out").click()
    chat.page.wait_for_url("**/login/?next=/c/**")


def test_what_somebody_else_left_in_the_tab_is_thrown_away(chat: ChatPage) -> None:
    chat.wait()
    chat.box.fill("Mine")
    chat.page.evaluate(
        "() => { localStorage.setItem('draft:0:new', 'Secret'); sessionStorage.setItem('pending:0:c', 'Secret') }"
    )
    chat.page.reload()
    chat.wait()
    expect(chat.box).to_have_value("Mine")
    assert "Secret" not in chat.page.evaluate(
        "() => [...Object.values(sessionStorage), ...Object.values(localStorage)]"
    )


def test_a_dialog_stays_while_the_list_changes_and_gives_the_focus_back(chat: ChatPage) -> None:
    page = chat.page
    chat.ask("First of all")
    chat.new()
    chat.ask("Second of all")
    choose(page, "First of all", "Rename…")
    title = page.get_by_role("textbox", name="Title")
    title.fill("Half typ")
    with page.expect_response("**/conversations/?current=*"):
        page.evaluate("() => document.body.dispatchEvent(new CustomEvent('conversations-changed'))")
    title.press_sequentially("ed")
    expect(title).to_have_value("Half typed")
    with page.expect_response("**/conversations/?current=*"):
        page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.get_by_role("link", name="Half typed", exact=True)).to_be_focused()
    choose(page, "Half typed", "Delete…")
    with page.expect_response("**/conversations/?current=*"):
        page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("link", name="Half typed", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="New conversation", exact=True)).to_be_focused()


def test_the_list_is_loaded_again_only_when_the_title_has_changed(chat: ChatPage) -> None:
    chat.ask("A title")
    loads: list[str] = []
    chat.page.on("request", lambda request: loads.append(request.url) if "/conversations/" in request.url else None)
    chat.page.reload()
    chat.wait()
    chat.ask("Again")
    assert len(loads) == 1


def test_the_log_follows_only_a_reader_who_is_there(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=LONG), Behaviour(text=LONG, tokens_per_second=200))
    chat.ask("A long answer, please")
    newest = chat.button("Jump to newest")
    expect(newest).to_be_hidden()
    chat.say("Once more")
    expect(chat.running).to_contain_text("Paragraph 5 ")
    chat.page.locator("#scroller").evaluate("node => { node.scrollTop = 0 }")
    expect(newest).to_be_visible()
    expect(chat.answers).to_have_count(2)
    assert chat.page.locator("#scroller").evaluate("node => node.scrollTop") == 0
    newest.click()
    expect(newest).to_be_hidden()
    expect(chat.answers.last.get_by_text("Paragraph 59")).to_be_in_viewport()


def test_a_phone_beside_a_laptop(chat: ChatPage, model: OpenAIServer, browser: Browser) -> None:
    model.queue(Behaviour(text=TEXT, tokens_per_second=8))
    chat.say("Count, please")
    expect(chat.running).to_contain_text("two")
    with browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as telephone:
        telephone.add_cookies(chat.page.context.cookies())  # type: ignore[arg-type]  # as read, so written
        phone = ChatPage(telephone.new_page(), chat.memoryos)
        phone.page.goto(chat.page.url)
        expect(phone.running).to_contain_text("four")
        for each in (phone, chat):
            expect(each.answers.last.locator(".answer")).to_have_text(TEXT)
        phone.ask("And again")
        expect(chat.answers).to_have_count(2)


def test_the_list_is_a_drawer_on_a_narrow_screen(chat: ChatPage) -> None:
    page = chat.page
    # Before its script has come, the button is a link to the list on a page of its own.
    chat.wait()
    page.set_viewport_size({"width": 390, "height": 844})
    fresh = page.get_by_role("link", name="New conversation", exact=True)
    expect(fresh).to_be_hidden()
    page.get_by_role("button", name="Conversations").click()
    expect(fresh).to_be_focused()
    chat.box.focus()
    expect(chat.box).not_to_be_focused()
    page.keyboard.press("Escape")
    expect(fresh).to_be_hidden()
    chat.box.focus()
    expect(chat.box).to_be_focused()
    page.get_by_role("button", name="Conversations").click()
    page.set_viewport_size({"width": 1280, "height": 800})
    chat.box.focus()
    expect(chat.box).to_be_focused()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(fresh).to_be_hidden()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width == 390


def test_nobody_is_told_of_tokens_and_axe_finds_no_fault(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(text="# Title\n\n```python\nx = 1  # one\n```\n\n|a|b|\n|-|-|\n|1|2|", tokens_per_second=20))
    chat.say("Show me")
    expect(chat.page.locator("#status")).to_have_text("Answering…")
    assert chat.running.evaluate("node => node.closest('[role=log]')") is None
    expect(chat.page.locator("#status")).to_have_text("Answer ready")
    for scheme in ("light", "dark"):
        # Without transitions: axe would measure colours half-way between the two schemes.
        chat.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(chat.page).response["violations"]
        assert [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")] == []


def test_hostile_text_stays_text(chat: ChatPage, model: OpenAIServer) -> None:
    payload = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    model.queue(Behaviour(text=f"{payload}\n\n[x](javascript:document.title='owned')"))
    requests: list[str] = []
    chat.page.on("request", lambda request: requests.append(request.url))
    chat.ask(payload)
    chat.page.reload()
    expect(chat.page.locator(".bubble")).to_have_text(payload)
    assert "owned" not in chat.page.title().replace(payload[:59], "")
    assert chat.page.locator("#log img, #log script").count() == 0
    assert all(url.startswith((chat.memoryos.url, "data:")) for url in requests)
