"""Language and appearance as a browser draws them."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.serving import Product, ProductFactory

pytestmark = pytest.mark.browser

LIGHT, DARK = "rgb(248, 248, 246)", "rgb(19, 20, 18)"
PHONE = {"width": 390, "height": 800}


def grave_faults(page: Page) -> list[str]:
    """Return what axe finds; without transitions, or it would measure colours half-way between two states."""
    page.emulate_media(reduced_motion="reduce")
    found = Axe().run(page).response["violations"]
    return [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")]


def fits(page: Page) -> bool:
    fits: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return fits


def change_language_and_appearance(page: Page) -> None:
    """On a phone that is set to light: to Indonesian and dark, seen at once and on other pages, whatever the phone."""
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Bahasa Indonesia").check()
    page.get_by_label("Dark").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Tersimpan.")).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", DARK)
    page.get_by_role("link", name="Memori", exact=True).click()
    expect(page.get_by_role("heading", level=2, name="Pekerjaan latar belakang")).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", DARK)


def test_a_person_changes_language_and_appearance(product: ProductFactory, page: Page) -> None:
    memoryos: Product = product()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # the stubs want a TypedDict of their own
    page.emulate_media(color_scheme="light")
    memoryos.sign_in(page)
    expect(page.locator("body")).to_have_css("background-color", LIGHT)
    change_language_and_appearance(page)
    assert (fits(page), grave_faults(page)) == (True, [])
    said = page.evaluate("gettext('The server cannot be reached. What you wrote is still here; try again.')")
    assert said == "Server tidak dapat dihubungi. Tulisan Anda masih ada di sini; coba lagi."
    page.goto(f"{memoryos.url}/admin/")
    expect(page.locator("html")).to_have_css("color-scheme", "dark")
    page.goto(f"{memoryos.url}/settings/")
    assert (fits(page), grave_faults(page)) == (True, [])
    page.get_by_label("Sistem").check()
    page.get_by_role("button", name="Simpan").click()
    for scheme, colour in (("light", LIGHT), ("dark", DARK)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the literals
        expect(page.locator("body")).to_have_css("background-color", colour)
    page.get_by_label("Terang").check()
    page.get_by_role("button", name="Simpan").click()
    expect(page.locator("body")).to_have_css("background-color", LIGHT)
    assert grave_faults(page) == []


def test_settings_work_without_javascript(product: ProductFactory, browser: Browser) -> None:
    memoryos = product()
    context = browser.new_context(java_script_enabled=False, color_scheme="light")
    page = context.new_page()
    page.goto(f"{memoryos.url}/accounts/login/")
    page.get_by_role("button", name="Bahasa Indonesia").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Masuk")
    page.get_by_role("button", name="English").click()
    memoryos.sign_in(page)
    change_language_and_appearance(page)
    context.close()
