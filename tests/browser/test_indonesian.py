"""The chat in Indonesian as a browser shows it: the pages, what scripts say, and the built-in answers."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chat_page import ChatPage
from tests.serving import ProductFactory

pytestmark = [pytest.mark.browser, pytest.mark.process]

# What the status line says stays for a moment only.
LISTEN = """() => {
  window.heard = [];
  const line = document.getElementById("status");
  new MutationObserver(() => window.heard.push(line.textContent)).observe(line, { childList: true });
}"""


class IndonesianPage(ChatPage):
    """A tab whose text box has its Indonesian name."""

    @property
    def box(self) -> Locator:
        """The text box."""
        return self.page.get_by_role("textbox", name="Pesan", exact=True)


def choose(page: Page, settings: str, language: str, save: str) -> None:
    page.get_by_role("link", name=settings).click()
    page.get_by_label(language).check()
    page.get_by_role("button", name=save).click()


def test_somebody_talks_to_it_in_indonesian_and_goes_back_to_english(page: Page, product: ProductFactory) -> None:
    memoryos = product()
    memoryos.sign_in(page)
    choose(page, "Settings", "Bahasa Indonesia", "Save")
    page.get_by_role("link", name="Obrolan", exact=True).click()
    expect(page.get_by_text("Tidak ada model bahasa yang terhubung:")).to_be_visible()
    chat = IndonesianPage(page, memoryos)
    chat.wait()
    page.evaluate(LISTEN)

    answer = chat.ask("Halo! Nama saya Sari dan saya tinggal di Bandung.")

    assert "Terima kasih" in answer
    expect(page.locator("#status")).to_have_text("Jawaban siap")
    assert "Menjawab…" in page.evaluate("window.heard")
    expect(page.locator(".turn-user h2").last).to_have_text("Anda berkata")
    chat.answers.last.hover()
    expect(chat.button("Tulis jawaban lain")).to_be_visible()

    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("Menyambungkan kembali…")
    expect(page.locator("#connection")).to_be_visible()
    expect(page.locator("#status")).to_have_text("Menyambungkan kembali…")
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_be_hidden()
    assert "Bandung" in chat.ask("Di mana saya tinggal?")

    choose(page, "Pengaturan", "English", "Simpan")
    page.get_by_role("link", name="Chat", exact=True).click()
    expect(page.locator(".turn-user h2").last).to_have_text("You said")
    # What was said stays as it was said.
    expect(chat.answers.first).to_contain_text("Terima kasih")
