"""A person curates what is remembered of them: two tabs, a mistake, a wish to forget, no mouse; in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from psycopg import sql

from tests.browser.chat_page import ChatPage, choose
from tests.browser.dashboard_page import DashboardPage
from tests.browser.test_accessibility import UNSEEN_FOCUS
from tests.browser.world import running_product
from tests.serving import Product

pytestmark = [pytest.mark.browser, pytest.mark.process]

FACT = "Mara keeps a sourdough starter."
# Nobody else says it, and no stemmer makes another word of it.
WORD = "Zwibbelquark"
COLUMNS = """
SELECT c.relname, a.attname, a.atttypid = 'bytea'::regtype
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm') AND a.attnum > 0 AND NOT a.attisdropped
"""


@pytest.fixture(scope="module")
def memoryos() -> Iterator[Product]:
    """One product for all journeys of this module: each is somebody else's."""
    with running_product() as product:
        yield product


def edit(dashboard: DashboardPage, fact: str) -> Locator:
    """Open the form of a fact in the list and return its box."""
    dashboard.page.get_by_role("link", name=f"Edit {fact}").click()
    box = dashboard.page.get_by_label("Fact", exact=True)
    expect(box).to_be_focused()
    return box


def restore_first_words(dashboard: DashboardPage) -> None:
    """In the history of the fact, which lists all that was done to it; the list then has the old words."""
    page, events = dashboard.page, dashboard.page.locator(".events .event")
    dashboard.open("Timeline")
    page.get_by_label("Added, changed by hand").check()
    expect(page.locator(".event")).to_have_count(2)
    page.locator(".event").first.get_by_role("link").first.click()
    expect(dashboard.heading).to_have_text("Fact")
    expect(events).to_have_count(3)
    # Newest first: my words over theirs, theirs over the first, the first.
    expect(events.nth(0).locator("ins")).to_contain_text("mine")
    expect(events.nth(0).locator("del")).to_contain_text("theirs")
    expect(events.nth(1).locator("ins")).to_contain_text("theirs")
    events.nth(1).get_by_role("button", name="Restore this").click()
    dashboard.told(f"“{FACT}” says again what it said before.")
    expect(events).to_have_count(4)
    dashboard.open("Facts about you")
    expect(dashboard.row(FACT)).to_have_count(1)


def test_a_conflict_loses_nobodys_words(dashboard: DashboardPage) -> None:
    dashboard.load_demo()
    dashboard.open("Facts about you")
    other = dashboard.another_tab()
    other.page.wait_for_load_state()
    theirs, mine = edit(other, FACT), edit(dashboard, FACT)
    theirs.fill("Mara keeps a sourdough starter, these words are theirs.")
    other.button("Save").click()
    other.told("Saved “Mara keeps a sourdough starter, these words are theirs.”")
    mine.fill("Mara keeps a sourdough starter, these words are mine.")
    with dashboard.page.expect_response(re.compile(r"/knowledge/\d+/edit/$")) as answer:
        dashboard.button("Save").click()
    assert answer.value.status == 409
    conflict = dashboard.page.get_by_role("alert")
    expect(conflict).to_contain_text("This was changed while you were editing.")
    expect(conflict.locator("ins").filter(has_text="theirs")).to_be_visible()
    expect(conflict.locator("del").filter(has_text="theirs")).to_be_visible()
    expect(conflict.locator("ins").filter(has_text="mine")).to_be_visible()
    expect(mine).to_have_value("Mara keeps a sourdough starter, these words are mine.")
    dashboard.button("Keep mine").click()
    dashboard.told("Saved “Mara keeps a sourdough starter, these words are mine.”")
    restore_first_words(dashboard)


# The list, what a row is called there, and its words.
DELETED = (
    ("Facts about you", FACT, FACT),
    ("Profile", "instrument", "cello"),
    ("Traits", "Openness", "Takes up the cello, a new country"),
)


def delete(dashboard: DashboardPage, name: str) -> None:
    dashboard.page.get_by_role("link", name=f"Delete {name}").click()
    dashboard.button("Delete").click()


def test_a_deletion_is_undone(dashboard: DashboardPage) -> None:
    dashboard.load_demo()
    for where, name, words in DELETED:
        dashboard.open(where)
        before = dashboard.page.locator("#count").inner_text()
        origin = dashboard.row(words).locator(".item-meta").inner_text()
        delete(dashboard, name)
        note = dashboard.page.locator("li.item-note")
        expect(note).to_be_focused()
        expect(dashboard.page.locator("#count")).to_have_text(str(int(before) - 1))
        note.get_by_role("button", name="Undo").click()
        dashboard.told("is back.")
        expect(dashboard.page.locator("#count")).to_have_text(before)
        expect(dashboard.page.get_by_role("link", name=f"Edit {name}")).to_be_focused()
        dashboard.page.reload()
        assert dashboard.row(words).locator(".item-meta").inner_text() == origin


def test_a_deletion_is_undone_without_javascript(browser: Browser, memoryos: Product, newcomer: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "memoryos_session", "value": newcomer, "url": memoryos.url}])
    dashboard = DashboardPage(context.new_page(), memoryos)
    dashboard.overview()
    dashboard.button("Load demo data").click()
    for where, name, words in DELETED:
        dashboard.open(where)
        delete(dashboard, name)
        expect(dashboard.row(words)).to_have_count(0)
        dashboard.page.get_by_role("status").get_by_role("button", name="Undo").click()
        dashboard.told("is back.")
        expect(dashboard.heading).to_have_text(where)
        expect(dashboard.row(words)).to_have_count(1)
    context.close()


def places_of(memoryos: Product, word: str) -> set[str]:
    """Return the columns of all tables, of whatever type, that hold a word."""
    with memoryos.database() as database:
        return {
            f"{table}.{column}"
            for table, column, is_bytes in database.execute(COLUMNS).fetchall()
            if database.execute(
                sql.SQL("SELECT 1 FROM {} WHERE {} ILIKE %s LIMIT 1").format(
                    sql.Identifier(table),
                    sql.SQL("encode({}, 'escape')" if is_bytes else "{}::text").format(sql.Identifier(column)),
                ),
                [f"%{word}%"],
            ).fetchone()
        }


def search_conversations(dashboard: DashboardPage, words: str) -> Locator:
    dashboard.page.goto(f"{dashboard.memoryos.url}/search/")
    box = dashboard.page.locator("#content").get_by_role("searchbox", name="Search all conversations")
    box.fill(words)
    box.press("Enter")
    return dashboard.page.locator(".conversations-page")


def search_facts(dashboard: DashboardPage, words: str) -> Locator:
    dashboard.overview()
    dashboard.open("Facts about you")
    dashboard.page.get_by_role("searchbox").fill(words)
    expect(dashboard.page).to_have_url(re.compile(f"q={words}"))
    return dashboard.page.locator("#knowledge-list")


def forget_the_fact(dashboard: DashboardPage) -> None:
    """See first what goes, and that the page that says it does not."""
    page = dashboard.page
    dashboard.row(WORD).get_by_role("link", name="Delete").click()
    page.get_by_role("link", name="Forget for good…").click()
    expect(dashboard.heading).to_have_text("Forget a fact about you")
    expect(page.locator(".forgetting-goes")).to_contain_text(f"my parrot is called {WORD}.")
    expect(page.get_by_text("The pages that say it stay, and the assistant can recall them.")).to_be_visible()
    dashboard.button("Forget for good").click()
    dashboard.told("Forgotten for good: 1 fact about you.")


def forget_the_conversation(dashboard: DashboardPage) -> None:
    """See first what goes, here too: the page that was made of it."""
    page = dashboard.page
    page.goto(f"{dashboard.memoryos.url}/new/")
    title = page.locator("#list-place").get_by_role("link").filter(has_text=WORD).first.inner_text()
    choose(page, title, "Delete…")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name="Delete and forget…").click()
    goes = dialog.locator(".forgetting-goes")
    expect(goes).to_contain_text(f"Remember that my parrot is called {WORD}.")
    dialog.get_by_role("button", name="Delete and forget").click()
    dashboard.told("forgot for good: 1 page")


def test_what_is_forgotten_stands_nowhere(dashboard: DashboardPage) -> None:
    dashboard.load_demo()
    dashboard.settle()
    chat = ChatPage(dashboard.page, dashboard.memoryos)
    chat.new()
    chat.ask(f"Remember that my parrot is called {WORD}.")
    assert any(WORD in text for text in dashboard.recalled("What is my parrot called?"))
    expect(search_facts(dashboard, WORD)).to_contain_text(f"parrot is called {WORD}.")
    expect(search_conversations(dashboard, WORD).locator(".found").first).to_contain_text(WORD)
    # The sweep finds what there is to find.
    known = {"memory_page.query", "memory_knowledge.text", "memory_memoryevent.after", "chat_message.content"}
    assert places_of(dashboard.memoryos, WORD) >= known
    search_facts(dashboard, WORD)
    forget_the_fact(dashboard)
    forget_the_conversation(dashboard)
    assert [text for text in dashboard.recalled("What is my parrot called?") if WORD in text] == []
    expect(search_facts(dashboard, WORD)).not_to_contain_text("parrot")
    expect(search_conversations(dashboard, WORD)).to_contain_text("Nothing found for")
    assert places_of(dashboard.memoryos, WORD) == set()


def tab_to(page: Page, target: Locator, most: int = 60) -> None:
    """Press Tab until something has the focus; on the way, the focus can be seen everywhere."""
    for _ in range(most):
        page.keyboard.press("Tab")
        assert page.evaluate(UNSEEN_FOCUS) is None
        if target.evaluate("(node) => node === document.activeElement"):
            return
    raise AssertionError(f"{most} times Tab did not lead to {target}")


def edit_without_a_mouse(page: Page) -> None:
    tab_to(page, page.get_by_role("link", name=f"Edit {FACT}"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Fact", exact=True)).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Mara keeps a sourdough starter in the fridge.")
    tab_to(page, page.get_by_role("button", name="Save", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Edit Mara keeps a sourdough starter in the fridge.")).to_be_focused()


def merge_without_a_mouse(page: Page) -> None:
    search = page.get_by_role("searchbox")
    while not search.evaluate("(node) => node === document.activeElement"):
        page.keyboard.press("Shift+Tab")
    page.keyboard.type("cello")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=cello"))
    for fact in ("Mara learns the cello", "Mara's cello teacher"):
        tab_to(page, page.get_by_label(re.compile(f"^Choose “{fact}")))
        page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Merge…"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("What they say together")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Mara learns the cello with Mr Okafor.")
    tab_to(page, page.get_by_role("button", name="Merge", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 facts are one now")).to_be_visible()


def test_a_person_without_a_mouse_edits_and_merges(dashboard: DashboardPage) -> None:
    page = dashboard.page
    dashboard.load_demo()
    link = page.get_by_role("navigation", name="Memory").get_by_role("link", name="Facts about you", exact=True)
    tab_to(page, link)
    page.keyboard.press("Enter")
    expect(dashboard.heading).to_have_text("Facts about you")
    page.wait_for_load_state()
    edit_without_a_mouse(page)
    merge_without_a_mouse(page)
    # Nothing is lost: one fact stands for both, and the other is among the superseded.
    dashboard.open("Facts about you")
    expect(page.locator("#count")).to_have_text("22")
    expect(dashboard.row("Mara learns the cello with Mr Okafor.")).to_have_count(1)
    page.get_by_role("link", name="Superseded 3").click()
    expect(dashboard.row("Now: “Mara learns the cello with Mr Okafor.”")).to_have_count(1)
