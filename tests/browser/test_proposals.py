"""A member shares a fact and somebody who curates goes through the queue without a mouse; in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.world import running_product
from tests.serving import PASSWORD, USERNAME, Product, manage, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.process]

SHARED = "Bob plans the release for Friday."
LEARNT = ["Recommended the novel Dune.", "Explained how to prune tomatoes.", "Suggested a walk by the river."]
"""The last one is for the test without JavaScript: either test may come first."""
_TEAM = f"""
from django.contrib.auth.models import User
from memory.domain.assistants import ensure_default_memory, open_memory
from memory.enums import KnowledgeStatus, Role
from memory.models import Membership
from tests.memory.factories import AssistantKnowledgeFactory, KnowledgeFactory

assistant = ensure_default_memory(User.objects.get(username={USERNAME!r})).assistant
bob = User.objects.create_user("bob", password={PASSWORD!r})
Membership.objects.create(assistant=assistant, user=bob, role=Role.MEMBER)
KnowledgeFactory(memory=open_memory(bob, assistant), text="The user plans the release for Friday.")
for text in {LEARNT!r}:
    AssistantKnowledgeFactory(assistant=assistant, text=text, status=KnowledgeStatus.PROPOSED)
print("SLUG", assistant.slug)
"""


@pytest.fixture(scope="module")
def memoryos() -> Iterator[Product]:
    with running_product() as product:
        yield product


@pytest.fixture(scope="module")
def slug(memoryos: Product) -> str:
    """The owner's assistant, with a member who knows something and two learnt proposals."""
    with memoryos.client():
        done = manage(memoryos.data_dir, "shell", "-c", _TEAM)
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("SLUG ")[2].split()[0]


def tab_of(page: Page, memoryos: Product, name: str) -> Page:
    """Let the tab be this person's."""
    with memoryos.client(signed_in=False) as client:
        session = sign_in(client, username=name).cookies["memoryos_session"]
    page.context.add_cookies([{"name": "memoryos_session", "value": session, "url": memoryos.url}])
    return page


def approve_of(page: Page, words: str) -> Locator:
    return page.locator(".proposal", has_text=words).get_by_role("button", name="Approve")


def test_a_fact_is_shared_and_the_queue_gone_through_by_keyboard(
    page: Page, browser: Browser, memoryos: Product, slug: str
) -> None:
    bob = tab_of(browser.new_context().new_page(), memoryos, "bob")
    bob.goto(f"{memoryos.url}/memory/{slug}/knowledge/")
    bob.get_by_text("More", exact=False).first.click()
    bob.get_by_role("link", name="Share with the team…").click()
    box = bob.get_by_label("What the others will read")
    expect(box).to_be_focused()
    box.fill(SHARED)
    expect(bob.locator(".share-preview .item-value")).to_have_text(SHARED)
    bob.get_by_role("button", name="Propose this").click()
    expect(bob.locator(".item .badge", has_text="Proposed to the team")).to_have_count(1)

    tab_of(page, memoryos, USERNAME)
    page.goto(f"{memoryos.url}/assistants/{slug}/proposals/")
    waiting = int(page.locator("#count").inner_text())
    page.keyboard.press("j")
    expect(approve_of(page, LEARNT[0])).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[data-decided]")).to_contain_text("Declined")
    expect(approve_of(page, LEARNT[1])).to_be_focused()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(approve_of(page, LEARNT[0])).to_be_focused()
    expect(page.locator("#count")).to_have_text(str(waiting))
    approve_of(page, SHARED).press("Enter")
    expect(page.locator("[data-decided]")).to_contain_text("Approved")
    expect(page.locator("#tab-count-proposals")).to_have_text(str(waiting - 1))

    bob.reload()
    expect(bob.locator(".item .badge", has_text="Shared with the team")).to_have_count(1)
    bob.context.close()


def test_without_javascript_it_goes_as_well(browser: Browser, memoryos: Product, slug: str) -> None:
    plain = tab_of(browser.new_context(java_script_enabled=False).new_page(), memoryos, USERNAME)
    plain.goto(f"{memoryos.url}/assistants/{slug}/proposals/")
    row = plain.locator(".proposal", has_text=LEARNT[2])
    row.get_by_role("button", name="Decline").click()
    expect(plain.locator("#messages")).to_contain_text("Declined")
    plain.get_by_role("button", name="Undo").click()
    row.locator("summary").click()
    row.get_by_label("The words that are approved").fill("Suggested a walk on the beach.")
    row.get_by_role("button", name="Approve").click()
    expect(plain.locator("#messages")).to_contain_text("Approved “Suggested a walk on the beach.”")
    plain.context.close()
