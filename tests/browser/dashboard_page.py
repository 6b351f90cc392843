"""The dashboard as a person uses it, for the browser tests."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.serving import Product

# Headings that differ from the words of the link that leads there.
HEADINGS = {"Overview": "What Assistant remembers of you", "Costs": "What it cost"}
# The text of each thing that recall found, best first; a long one also stands there cut short.
RECALLED = """(items) => items.map((item) => [...item.querySelectorAll(".item-value")].at(-1).textContent)"""


class DashboardPage:
    """One tab at the dashboard of somebody's own assistant."""

    def __init__(self, page: Page, memoryos: Product) -> None:
        self.page = page
        self.memoryos = memoryos

    @property
    def content(self) -> Locator:
        """What stands beside the links."""
        return self.page.locator(".dashboard-content")

    @property
    def heading(self) -> Locator:
        """The heading of the page."""
        return self.page.get_by_role("heading", level=1)

    def button(self, name: str) -> Locator:
        """A button by its exact accessible name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def row(self, words: str) -> Locator:
        """A row of long-term memory that says these words."""
        return self.page.locator(".item").filter(has_text=words)

    def another_tab(self) -> DashboardPage:
        """Open the same address in a second tab."""
        page = self.page.context.new_page()
        page.goto(self.page.url)
        return DashboardPage(page, self.memoryos)

    def overview(self) -> None:
        """Open the dashboard."""
        self.page.goto(f"{self.memoryos.url}/memory/")
        expect(self.heading).to_have_text(HEADINGS["Overview"])

    def open(self, name: str) -> None:
        """Follow a link of the dashboard's own."""
        self.page.get_by_role("navigation", name="Memory").get_by_role("link", name=name, exact=True).click()
        expect(self.heading).to_have_text(HEADINGS.get(name, name))
        # A click before htmx is there leads to the page that does the same without it.
        self.page.wait_for_load_state()

    def follow(self, link: Locator, heading: str) -> None:
        """Follow a link to the page of this heading."""
        link.click()
        expect(self.heading).to_have_text(heading)
        self.page.wait_for_load_state()

    def told(self, words: str) -> None:
        """Hear the words said."""
        expect(self.page.get_by_role("status").filter(has_text=words)).to_be_visible()

    def load_demo(self) -> None:
        """Load the demo data from the overview, and wait until the background is done with it."""
        self.overview()
        self.button("Load demo data").click()
        self.told("Demo data is loaded: 60 pages.")
        self.settle()

    def settle(self) -> None:
        """Wait on the overview until nothing works in the background."""
        expect(self.page.locator(".jobs")).to_contain_text("Up to date")

    def recalled(self, question: str) -> list[str]:
        """Try a question; return what would be put into the prompt, best first."""
        self.open("Try a question")
        self.page.get_by_label("Your question").fill(question)
        self.button("Try it").click()
        expect(self.page.locator("#room-heading")).to_be_visible()
        found: list[str] = self.page.locator("[aria-labelledby=given-heading] .found-items > li").evaluate_all(RECALLED)
        return found
