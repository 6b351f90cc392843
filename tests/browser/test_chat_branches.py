"""Journeys through versions of messages, continuing, modes and a killed server, on the real chat page."""

import re
import time

import pytest
from playwright.sync_api import expect
from psycopg.sql import SQL, Identifier

from tests.browser.chat_page import ChatPage, act, question
from tests.openai_server import Behaviour, OpenAIServer
from tests.serving import Product

pytestmark = [pytest.mark.browser, pytest.mark.process]
TEXT = "One two three four five six seven eight nine ten."


def test_another_answer_stands_beside_the_first_in_every_tab(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(text="One way."), Behaviour(text="Another way.", tokens_per_second=20))
    chat.ask("Which way?")
    other = chat.another_tab()
    act(chat.answers.last, "Write another answer")
    for tab in (chat, other):
        expect(tab.answers).to_have_count(1)
        expect(tab.answers.last.locator(".answer")).to_have_text("Another way.")
        expect(tab.answers.last.locator(".version-number")).to_have_text("2/2")
    act(other.answers.last, "Previous version")
    for tab in (chat, other):
        expect(tab.answers.last.locator(".answer")).to_have_text("One way.")
        expect(tab.answers.last.locator(".version-number")).to_have_text("1/2")
    expect(other.answers.last.get_by_role("button", name="Next version")).to_be_focused()
    chat.page.reload()
    expect(chat.answers.last.locator(".answer")).to_have_text("One way.")
    assert "One way." not in model.chats[-1].text


def test_a_message_said_anew_opens_a_branch(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(text="Paris, then."), Behaviour(text="By train."), Behaviour(text="Rome, then."))
    chat.ask("I go to Paris")
    chat.ask("How do I get there?")
    act(question(chat, 0), "Edit and send again")
    box = chat.page.get_by_role("textbox", name="Your message")
    expect(box).to_have_value("I go to Paris")
    box.fill("I go to Rome")
    box.press("Escape")
    expect(question(chat, 0)).to_contain_text("I go to Paris")
    act(question(chat, 0), "Edit and send again")
    box.fill("I go to Rome")
    box.press("Enter")
    expect(chat.answers.last.locator(".answer")).to_have_text("Rome, then.")
    expect(chat.page.locator("#log .bubble")).to_have_text(["I go to Rome"])
    assert "Paris" not in model.chats[-1].text
    act(question(chat), "Previous version")
    expect(chat.page.locator("#log .bubble")).to_have_text(["I go to Paris", "How do I get there?"])
    chat.page.reload()
    expect(chat.page.locator("#log .bubble")).to_have_text(["I go to Paris", "How do I get there?"])


def test_a_refused_edit_keeps_what_was_typed(chat: ChatPage, model: OpenAIServer) -> None:
    chat.ask("Short")
    act(question(chat), "Edit and send again")
    box = chat.page.get_by_role("textbox", name="Your message")
    box.fill("x" * 32_001)
    box.press("Enter")
    expect(chat.page.locator(".edit-form").get_by_role("alert")).to_contain_text("at most 32,000 can be sent")
    assert len(box.input_value()) == 32_001
    chat.button("Cancel").click()
    expect(question(chat)).to_contain_text("Short")


def test_a_stopped_answer_goes_on(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=6), Behaviour(text=" and that was all.", tokens_per_second=20))
    chat.say("Count, please")
    expect(chat.running).to_contain_text("three")
    # As the Stop button does.
    chat.page.keyboard.press("Escape")
    chat.button("Continue").click()
    expect(chat.answers.last.locator(".answer")).to_have_text(re.compile("One two three.* and that was all"))
    expect(chat.answers).to_have_count(1)
    expect(chat.page.locator(".version-number")).to_have_count(0)


def test_an_answer_of_a_killed_server_is_kept_and_goes_on(chat: ChatPage, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=8), Behaviour(text=" The end."))
    chat.say("Count, please")
    expect(chat.running).to_contain_text("four")
    until_none(chat.memoryos, "chat_message", "status = 'streaming' AND content NOT LIKE '%four%'")
    chat.memoryos.kill()
    expect(chat.page.get_by_text("Reconnecting…").first).to_be_visible()
    chat.memoryos.restart()
    expect(chat.answers.last).to_contain_text("The answer was interrupted.", timeout=20_000)
    expect(chat.answers.last.locator(".answer")).to_contain_text("four")
    chat.button("Continue").click()
    expect(chat.answers.last.locator(".answer")).to_have_text(re.compile("four.* The end"))
    expect(chat.answers).to_have_count(1)


def test_a_temporary_conversation_leaves_no_row(chat: ChatPage, model: OpenAIServer) -> None:
    chat.ask("I like tea")
    page = chat.page
    page.goto(f"{chat.memoryos.url}/new/?mode=temporary")
    expect(page.get_by_role("heading", name="A temporary conversation")).to_be_visible()
    chat.ask("My secret is blue")
    assert "I like tea" not in model.chats[-1].text
    expect(page.get_by_role("button", name="Memory: Temporary")).to_be_visible()
    address = page.url
    page.reload()
    expect(page.locator("#log .bubble")).to_have_text(["My secret is blue"])
    expect(page.get_by_role("link", name="My secret is blue")).to_have_count(0)
    page.goto(f"{chat.memoryos.url}/memory/")
    # It stays for the moment that a reload takes, and then goes with the next sweep.
    until_none(chat.memoryos, "chat_conversation", "mode = 'temporary' AND closes_at > now() + interval '15 seconds'")
    with chat.memoryos.database() as database:
        database.execute(
            "UPDATE chat_conversation SET closes_at = now() - interval '1 second' WHERE mode = 'temporary'"
        )
    until_none(chat.memoryos, "chat_conversation", "mode = 'temporary'")
    until_none(chat.memoryos, "chat_message", "content LIKE '%secret is blue%'")
    until_none(chat.memoryos, "memory_page", "query LIKE '%secret is blue%'")
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 404


def until_none(memoryos: Product, table: str, condition: str) -> None:
    """Wait until a table of the product's database holds no such row."""
    deadline = time.monotonic() + 15
    with memoryos.database() as database:
        query = SQL("SELECT count(*) FROM {} WHERE ").format(Identifier(table)) + SQL(condition)
        while (found := database.execute(query).fetchone()) != (0,) and time.monotonic() < deadline:
            time.sleep(0.1)
    assert found == (0,)


def test_a_read_only_conversation_adds_nothing(chat: ChatPage, model: OpenAIServer) -> None:
    chat.ask("I like green tea")
    chat.page.get_by_role("button", name="Memory: Memory on").click()
    chat.page.get_by_role("button", name=re.compile("^Read-only memory")).click()
    expect(chat.page.get_by_role("button", name="Memory: Read-only memory")).to_be_visible()
    chat.ask("And purple coffee")
    with chat.memoryos.database() as database:
        pages = database.execute("SELECT query FROM memory_page WHERE query ~ 'green tea|purple coffee'").fetchall()
    assert pages == [("I like green tea",)]
