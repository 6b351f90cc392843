"""The dashboard as a person uses it, for the browser tests."""

from __future__ import annotations

from urllib.parse import urlencode

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
        self.slug = "assistant"

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
        # Several have an assistant of this name.
        self.slug = self.page.url.rstrip("/").rpartition("/")[2]

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
        """Load the demo data from the overview, as somebody new here."""
        self.overview()
        self.button("Load demo data").click()
        self.told("Demo data is loaded: 60 pages.")

    def settle(self) -> None:
        """Look at the overview until nothing works in the background."""
        for _ in range(60):
            self.overview()
            if "Up to date" in self.page.locator(".jobs").inner_text():
                return
        raise AssertionError("The work in the background does not come to an end.")

    def recalled(self, question: str) -> list[str]:
        """Try a question by its address; return what would be put into the prompt, best first."""
        self.page.goto(f"{self.memoryos.url}/memory/{self.slug}/try/?{urlencode({'q': question})}")
        expect(self.page.locator("#room-heading")).to_be_visible()
        found: list[str] = self.page.locator("[aria-labelledby=given-heading] .found-items > li").evaluate_all(RECALLED)
        return found
