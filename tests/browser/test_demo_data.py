"""Demo data in one click, every view of the dashboard read by following links, and gone again, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from playwright.sync_api import ConsoleMessage, Request, Response, expect

from tests.browser.chat_page import ChatPage
from tests.browser.dashboard_page import DashboardPage
from tests.browser.world import running_product
from tests.serving import Product

pytestmark = [pytest.mark.browser, pytest.mark.process]

# Each link of the dashboard, what its rows are, and how many the demo data makes of them; None: some.
VIEWS = (
    ("Timeline", ".event", 7),
    ("Try a question", ".trying-examples li", 4),
    ("Latest pages", ".page-card", 7),
    ("Segments", "li.segment", 8),
    ("Profile", ".item", 8),
    ("Traits", ".item", 16),
    ("Facts about you", ".item", 23),
    ("About the assistant", ".item", 4),
    ("Export & import", ".file-kinds li", 2),
    ("Overview", ".activity li", None),
)


@pytest.fixture(scope="module")
def memoryos() -> Iterator[Product]:
    """One product for all journeys of this module: each is somebody else's."""
    with running_product() as product:
        yield product


@contextmanager
def without_a_fault(dashboard: DashboardPage) -> Iterator[None]:
    """Let nothing fail or leave the site: no request, no script, no style."""
    faults: list[str] = []

    def look(response: Response) -> None:
        if response.status >= 400:
            faults.append(f"{response.status} {response.url}")

    def leave(request: Request) -> None:
        if not request.url.startswith((dashboard.memoryos.url, "data:", "blob:")):
            faults.append(request.url)

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            faults.append(message.text)

    dashboard.page.on("response", look)
    dashboard.page.on("request", leave)
    dashboard.page.on("console", listen)
    yield
    assert faults == []


def read_every_list(dashboard: DashboardPage) -> None:
    for name, rows, count in VIEWS:
        dashboard.open(name)
        if count is None:
            expect(dashboard.content.locator(rows).first).to_be_visible()
        else:
            expect(dashboard.content.locator(rows)).to_have_count(count)


def read_from_a_segment_to_a_fact(dashboard: DashboardPage) -> None:
    """A segment, one of its pages, a fact that rests on it, the fact's history, and that in the timeline."""
    page = dashboard.page
    dashboard.open("Segments")
    dashboard.follow(page.get_by_role("link", name="Biscuit the cat"), "Biscuit the cat")
    expect(page.locator(".page-card")).to_have_count(7)
    expect(page.get_by_role("img", name="Heat over time as a line")).to_be_visible()
    dashboard.follow(page.get_by_role("link", name="Page 3", exact=True), "Page 3")
    expect(page.locator(".page-text")).to_contain_text("came home with a cat")
    fact = "Mara has a ginger cat called Biscuit, adopted from a shelter."
    dashboard.follow(page.locator(".rests").get_by_role("link", name=fact), "Fact")
    expect(page.locator(".page-card")).to_have_count(2)
    expect(page.locator(".events .event")).to_have_count(1)
    dashboard.follow(page.get_by_role("link", name="Show it in the timeline"), "Timeline")
    expect(page.get_by_text("Only what happened to one thing.")).to_be_visible()
    expect(page.locator(".event")).to_have_count(1)
    page.locator(".event").get_by_role("link", name=fact).click()
    expect(dashboard.heading).to_have_text("Fact")


def filter_the_timeline(dashboard: DashboardPage) -> None:
    """By kind, by date, and both; then further back."""
    page = dashboard.page
    dashboard.open("Timeline")
    page.get_by_label("Deleted, forgotten").check()
    expect(page.get_by_role("heading", name="Nothing like that happened")).to_be_visible()
    page.get_by_label("Pages recorded").check()
    expect(page.locator(".event").first).to_contain_text("Demo data was loaded: 60 pages")
    today = date.today()
    page.get_by_label("From", exact=True).fill(str(today + timedelta(days=2)))
    expect(page.get_by_role("heading", name="Nothing like that happened")).to_be_visible()
    page.get_by_label("From", exact=True).fill(str(today - timedelta(days=1)))
    expect(page.locator(".event").first).to_contain_text("Demo data was loaded: 60 pages")
    assert "since=" in page.url
    page.get_by_role("link", name="Show everything").click()
    page.wait_for_load_state()
    pages = page.locator(".event").filter(has_text="60 pages of the demo data were stored.")
    pages.get_by_role("link", name="Show each").click()
    expect(page.locator(".event")).to_have_count(30)
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newest")).to_be_visible()
    expect(page.locator(".event").first).to_be_visible()


def look_into_lists(dashboard: DashboardPage) -> None:
    """What is put away, traits of one level, facts by meaning, and a question with what it finds."""
    page = dashboard.page
    dashboard.open("Segments")
    dashboard.follow(page.get_by_role("link", name="Archived 1"), "Archived segments")
    expect(page.locator("li.segment")).to_contain_text("A laptop full of fur")
    dashboard.open("Traits")
    page.get_by_role("navigation", name="Show").get_by_role("link", name="Medium").click()
    expect(page.locator(".item")).to_have_count(6)
    dashboard.open("Facts about you")
    page.get_by_role("searchbox").press_sequentially("sourdough")
    expect(page.get_by_text("facts fit").or_(page.get_by_text("fact fits"))).to_be_visible()
    expect(page.locator(".item").first).to_contain_text("sourdough starter")
    dashboard.open("Try a question")
    page.locator(".trying-examples").get_by_role("link").first.click()
    expect(page.locator("#room-heading")).to_be_visible()
    expect(page.locator(".found-items > li").first).to_be_visible()
    expect(page.locator("#prompt-heading")).to_be_visible()


def test_demo_data_comes_is_read_and_goes(dashboard: DashboardPage) -> None:
    with without_a_fault(dashboard):
        dashboard.load_demo()
        expect(dashboard.page.locator(".tp-bar").first).to_be_visible()
        read_every_list(dashboard)
        read_from_a_segment_to_a_fact(dashboard)
        filter_the_timeline(dashboard)
        look_into_lists(dashboard)
        dashboard.open("Overview")
        dashboard.button("Remove demo data").click()
        dashboard.told("The demo data is gone: 60 pages")
        expect(dashboard.page.get_by_role("heading", name="Nothing is remembered yet")).to_be_visible()
        expect(dashboard.page.locator(".tp-place, .tp-bar")).to_have_count(0)
        for name, empty in (
            ("Latest pages", "Nothing here yet"),
            ("Segments", "No segments yet"),
            ("Profile", "Nothing in your profile yet"),
            ("Traits", "No trait is known yet"),
            ("Facts about you", "No facts yet"),
            ("About the assistant", "Nothing is known of the assistant yet"),
            ("Try a question", "There is not much to find yet"),
        ):
            dashboard.open(name)
            expect(dashboard.page.get_by_role("heading", name=empty)).to_be_visible()


def test_a_call_of_the_model_is_followed_from_the_timeline(dashboard: DashboardPage) -> None:
    """What is said with short-term memory full moves its oldest pages; removing the demo leaves what was said."""
    page = dashboard.page
    with without_a_fault(dashboard):
        dashboard.load_demo()
        chat = ChatPage(page, dashboard.memoryos)
        chat.new()
        chat.ask("My canoe is called Bramble.")
        dashboard.settle()
        expect(page.get_by_text("3 of 7 pages").first).to_be_visible()
        dashboard.open("Timeline")
        page.get_by_label("Sorted and read").check()
        page.locator(".event").first.get_by_role("link", name="built-in").first.click()
        expect(dashboard.heading).to_have_text("Model call")
        expect(page.locator("#led-to-heading ~ .events .event").first).to_be_visible()
        dashboard.follow(page.get_by_role("link", name="What else job"), "Timeline")
        expect(page.locator(".event").first).to_be_visible()
        dashboard.open("Costs")
        expect(page.locator("[aria-labelledby=by-purpose] tbody tr").first).to_be_visible()
        dashboard.open("Overview")
        dashboard.button("Remove demo data").click()
        dashboard.told("The demo data is gone")
        dashboard.open("Latest pages")
        expect(page.locator(".page-card")).to_have_count(1)
        expect(page.locator(".page-card")).to_contain_text("My canoe is called Bramble.")
