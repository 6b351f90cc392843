"""Assistants in a browser: made, set up, archived, brought back; a form that is pressed twice makes one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.world import running_product
from tests.serving import Product

pytestmark = [pytest.mark.browser, pytest.mark.process]


@pytest.fixture(scope="module")
def memoryos() -> Iterator[Product]:
    """One product for all tests here."""
    with running_product() as started:
        yield started


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def visitor(request: pytest.FixtureRequest, browser: Browser, memoryos: Product) -> Iterator[Page]:
    """Somebody signed in, with JavaScript and without."""
    with browser.new_context(java_script_enabled=request.param) as context:
        page = context.new_page()
        memoryos.sign_in(page)
        yield page


def test_an_assistant_from_the_first_day_to_the_last(visitor: Page, memoryos: Product) -> None:
    page, name = visitor, f"Cook {id(visitor)}"
    page.goto(f"{memoryos.url}/assistants/")
    page.get_by_role("link", name="New assistant").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Instructions").fill("Be brief.")
    page.get_by_role("button", name="Create").dblclick()
    page.wait_for_url("**/?assistant=cook-*")
    page.goto(f"{memoryos.url}/assistants/")
    expect(page.get_by_role("link", name=name, exact=True)).to_have_count(1)
    page.get_by_role("link", name=f"Settings of {name}").click()
    expect(page.get_by_label("Instructions")).to_have_value("Be brief.")

    page.get_by_role("link", name="Memory settings", exact=True).click()
    page.get_by_label("Latest pages kept").fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Latest pages kept")
    page.get_by_label("Latest pages kept").fill("9")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Latest pages kept")).to_have_value("9")
    close = page.locator(".message").get_by_role("button", name="Close")
    if page.evaluate("matchMedia('(scripting: enabled)').matches"):
        close.click()
        expect(page.locator(".message")).to_have_count(0)
    expect(close).to_have_count(0)
    page.get_by_role("button", name="Reset all to defaults").click()
    expect(page.get_by_label("Latest pages kept")).to_have_value("")

    page.get_by_role("link", name="Settings", exact=True).last.click()
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_label("Instructions")).to_have_count(0)
    page.goto(f"{memoryos.url}/assistants/")
    page.get_by_text("archived assistant").click()
    page.get_by_role("link", name=f"What {name} remembers").click()
    expect(page.get_by_text("This assistant is archived.").first).to_be_visible()
    expect(page.get_by_role("button", name="Pause learning")).to_have_count(0)
    page.goto(f"{memoryos.url}/assistants/")
    page.get_by_text("archived assistant").click()
    page.get_by_role("button", name=f"Bring {name} back").click()
    expect(page.get_by_role("button", name="Archive")).to_be_visible()
