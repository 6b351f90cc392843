"""A person corrects what the assistant remembers of them, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serving import USERNAME, Product, ProductFactory, manage

pytestmark = pytest.mark.browser

# What a promotion would have learnt, written by the functions a promotion calls.
LEARN = f"""
import numpy as np
from django.contrib.auth.models import User
from django.utils import timezone
from memory.domain import knowledge, persona
from memory.domain.assistants import ensure_default_memory
from memory.domain.ledger import note_call
from memory.domain.recording import record_page
from memory.embedding import get_embedder
from memory.enums import Outcome, Purpose, Subject
from memory.llm.base import Fact, ProfileFinding, TraitFinding, Usage

memory = ensure_default_memory(User.objects.get(username={USERNAME!r}))
pages = [record_page(memory, query="I am a cook in Lund and try new food each week.", response="Delicious!")]
call = note_call(
    memory, purpose=Purpose.PROMOTION, model="test", usage=Usage(), duration_ms=1, outcome=Outcome.OK
)
persona.learn_profile(memory, [ProfileFinding("occupation", "cook", (0,))], pages, call)
persona.learn_traits(memory, [TraitFinding("openness", "low", "Tries new food.", (0,))], pages, call)
embedder = get_embedder()
facts = [Fact("Lives in Lund.", (0,)), Fact("Owns a boat.", (0,))]
learning = knowledge.Learning(memory, pages, call, embedder)
knowledge.learn_knowledge(learning, Subject.USER, facts, embedder.embed([fact.text for fact in facts]), {{}})
"""


def with_something_learnt(product: ProductFactory) -> Product:
    """Start the product with a profile attribute, a trait and two facts."""
    memoryos = product()
    learnt = manage(memoryos.data_dir, "shell", "-c", LEARN)
    assert learnt.returncode == 0, learnt.stderr
    return memoryos


def open_list(page: Page, memoryos: Product, name: str) -> None:
    page.goto(f"{memoryos.url}/memory/")
    page.get_by_role("navigation", name="Memory").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    # A click before htmx is there leads to the page that does the same without it.
    page.wait_for_load_state()


def correct_profile(page: Page) -> None:
    """Cancel an edit with Escape, fail one, save one, add an attribute and delete one, focus never lost."""
    page.get_by_role("link", name="Edit occupation").click()
    expect(page.get_by_label("Value")).to_be_focused()
    page.get_by_label("Value").fill("thrown away")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listitem").filter(has_text="occupation")).to_contain_text("cook")
    expect(page.get_by_role("link", name="Edit occupation")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("Value").fill("  ")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    page.get_by_label("Value").fill("chef de cuisine")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved “occupation”.")).to_be_visible()
    expect(page.get_by_role("link", name="Edit occupation")).to_be_focused()
    page.get_by_role("link", name="Add attribute").click()
    page.get_by_label("Name").fill("pet")
    page.get_by_label("Value").fill("a tortoise")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#count")).to_have_text("2")
    expect(page.get_by_role("link", name="Edit pet")).to_be_focused()
    page.get_by_role("link", name="Delete occupation").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Deleted “occupation”.").and_(page.locator("li"))).to_be_focused()
    expect(page.locator("#count")).to_have_text("1")


def correct_trait(page: Page) -> None:
    """Save another level and reason; ask to delete, think again, delete."""
    page.get_by_role("link", name="Edit Openness").click()
    page.get_by_label("Level").select_option("High")
    page.get_by_label("Reason").fill("Says yes to everything.")
    page.get_by_role("button", name="Save").click()
    trait = page.get_by_role("listitem").filter(has_text="Says yes to everything.")
    expect(trait).to_contain_text("High")
    page.get_by_role("link", name="Delete Openness").click()
    page.get_by_role("link", name="Cancel").click()
    expect(trait).to_be_visible()
    page.get_by_role("link", name="Delete Openness").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#count")).to_have_text("0")


def correct_fact(page: Page) -> None:
    """Be refused a fact that is there already, save another one, delete the other."""
    page.get_by_role("link", name="Edit Lives in Lund.").click()
    page.get_by_label("Fact").fill("owns a BOAT")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("An entry that says the same exists already.")).to_be_visible()
    page.get_by_label("Fact").fill("Lives in Malmö.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("listitem").filter(has_text="Lives in Malmö.")).to_contain_text("Locked")
    page.get_by_role("link", name="Delete Owns a boat.").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#count")).to_have_text("1")


def test_a_person_edits_and_deletes_in_place(product: ProductFactory, page: Page) -> None:
    memoryos = with_something_learnt(product)
    memoryos.sign_in(page)
    journeys = {"Profile": correct_profile, "Traits": correct_trait, "Facts about you": correct_fact}
    for name, correct in journeys.items():
        open_list(page, memoryos, name)
        correct(page)
    # What was done in place is what the server holds.
    for name, kept, gone in (
        ("Profile", "a tortoise", "chef de cuisine"),
        ("Traits", "No trait is known yet", "Says yes to everything."),
        ("Facts about you", "Lives in Malmö.", "Owns a boat."),
    ):
        open_list(page, memoryos, name)
        expect(page.get_by_text(kept).first).to_be_visible()
        expect(page.get_by_text(gone)).to_have_count(0)
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_text("Deleted: the fact “Owns a boat.”")).to_be_visible()


def correct_profile_plainly(page: Page) -> None:
    page.get_by_role("link", name="Edit occupation").click()
    page.get_by_label("Value").fill("chef")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved “occupation”.")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="occupation")).to_contain_text("chef")
    page.get_by_role("link", name="Delete occupation").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nothing in your profile yet")).to_be_visible()
    page.get_by_role("link", name="Add attribute").click()
    page.get_by_label("Name").fill("pet")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    page.get_by_label("Value").fill("a tortoise")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("a tortoise")).to_be_visible()


def correct_trait_plainly(page: Page) -> None:
    page.get_by_role("link", name="Edit Openness").click()
    page.get_by_label("Level").select_option("Medium")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("listitem").filter(has_text="Tries new food.")).to_contain_text("Medium")
    page.get_by_role("link", name="Delete Openness").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No trait is known yet")).to_be_visible()


def correct_fact_plainly(page: Page) -> None:
    page.get_by_role("link", name="Edit Lives in Lund.").click()
    page.get_by_label("Fact").fill("Lives in Malmö.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("listitem").filter(has_text="Lives in Malmö.")).to_contain_text("Locked")
    page.get_by_role("link", name="Delete Owns a boat.").click()
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="page 1").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Page 1")
    expect(page.get_by_role("link", name="Owns a boat.")).to_be_visible()


def test_everything_can_be_corrected_without_javascript(product: ProductFactory, browser: Browser) -> None:
    memoryos = with_something_learnt(product)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    memoryos.sign_in(page)
    journeys = {
        "Profile": correct_profile_plainly,
        "Traits": correct_trait_plainly,
        "Facts about you": correct_fact_plainly,
    }
    for name, correct in journeys.items():
        open_list(page, memoryos, name)
        correct(page)
    context.close()


def test_the_overview_follows_what_happens_by_itself(product: ProductFactory, page: Page) -> None:
    memoryos = product()
    memoryos.sign_in(page)
    page.goto(f"{memoryos.url}/memory/")
    expect(page.get_by_text("Up to date")).to_be_visible()
    expect(page.get_by_text("Say something in the chat").first).to_be_visible()
    learnt = manage(memoryos.data_dir, "shell", "-c", LEARN)
    assert learnt.returncode == 0, learnt.stderr
    # Nobody reloads the page: it asks for itself, every ten seconds at the slowest.
    expect(page.get_by_text("Learnt the fact “Owns a boat.”")).to_be_visible(timeout=20_000)
    expect(page.locator("#live-status")).not_to_be_empty()


def test_on_a_telephone_the_navigation_is_a_menu(page: Page, product: ProductFactory) -> None:
    memoryos = product()
    memoryos.sign_in(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{memoryos.url}/memory/")
    traits = page.get_by_role("link", name="Traits", exact=True).and_(page.locator(".sidebar-links a"))
    expect(traits).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).click()
    expect(traits).to_be_visible()
    page.keyboard.press("Escape")
    expect(traits).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).click()
    traits.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Traits")
    expect(traits).to_be_hidden()
