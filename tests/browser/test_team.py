"""The whole way of a team, two people in two browsers: invited, apart, sharing a fact, demoted, removed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.test_members import GONE, guest, invite
from tests.openai_server import OpenAIServer
from tests.serving import Product

__all__ = ["guest"]

pytestmark = [pytest.mark.browser, pytest.mark.process]

HERS = "My cat is called Zanzibar and sleeps on the piano."
HIS = "My sister Oriole teaches the harp."
SHARED = "The office closes at six on Fridays."
SLUG = "assistant"
TIERS = ("/memory/SLUG/", "/memory/SLUG/short-term/", "/memory/SLUG/timeline/")


class Team:
    """The owner and the guest, each in a browser of their own at the same assistant."""

    def __init__(self, owner: ChatPage, guest: tuple[str, Page], memoryos: Product) -> None:
        self.owner, self.memoryos = owner, memoryos
        self.name, page = guest
        self.guest = ChatPage(page, memoryos)

    def at(self, path: str) -> str:
        return f"{self.memoryos.url}{path.replace('SLUG', SLUG)}"

    def new_chat(self, who: ChatPage) -> None:
        who.page.goto(self.at("/new/?assistant=SLUG"))

    def change_role(self, role: str) -> None:
        self.owner.page.goto(self.at("/assistants/SLUG/members/"))
        row = self.owner.page.locator(".member", has_text=self.name).first
        row.get_by_role("combobox").select_option(role)
        row.get_by_role("button", name="Change").click()
        expect(self.owner.page.get_by_role("status").filter(has_text=f"{role} from now on.")).to_be_visible()


@pytest.fixture
def team(chat: ChatPage, memoryos: Product, guest: tuple[str, Page]) -> Team:
    """The guest has joined by a link."""
    team = Team(chat, guest, memoryos)
    team.guest.page.goto(invite(chat.page, team.at("/assistants/SLUG/members/")))
    team.guest.page.get_by_role("button", name="Join").click()
    expect(team.guest.page.get_by_role("status").filter(has_text="You are in.")).to_be_visible()
    return team


def asked_with(model: OpenAIServer) -> str:
    """Return everything that the model was given for the last answer."""
    return str(model.chats[-1].text)


def test_what_each_says_is_theirs_alone(team: Team, model: OpenAIServer) -> None:
    team.new_chat(team.owner)
    team.owner.ask(HERS)
    conversation = team.owner.page.url
    team.new_chat(team.guest)
    team.guest.ask(HIS)
    for who, own, other in ((team.owner, "Zanzibar", "Oriole"), (team.guest, "Oriole", "Zanzibar")):
        team.new_chat(who)
        who.ask("What do you know of me, of my cat and of my sister?")
        assert own in asked_with(model)
        assert other not in asked_with(model)
        for path in (
            "/memory/SLUG/",
            "/memory/SLUG/short-term/",
            "/memory/SLUG/timeline/",
            "/search/?q=Zanzibar+Oriole",
        ):
            who.page.goto(team.at(path))
            assert other not in who.page.locator("main").inner_text().replace("Zanzibar Oriole", "")
    found = team.guest.page.goto(conversation)
    assert found is not None
    assert found.status == 404
    assert "Zanzibar" not in team.guest.page.content()


def test_what_one_proposes_and_the_other_approves_is_known_to_both(team: Team, model: OpenAIServer) -> None:
    page = team.guest.page
    page.goto(team.at("/memory/SLUG/knowledge/"))
    page.get_by_role("link", name="Add a fact").click()
    page.get_by_label("Fact", exact=True).fill(SHARED)
    page.get_by_role("button", name="Add", exact=True).click()
    row = page.locator(".item", has_text=SHARED)
    row.get_by_text("More", exact=False).first.click()
    row.get_by_role("link", name="Share with the team…").click()
    expect(page.locator(".share-preview .item-value")).to_have_text(SHARED)
    page.get_by_role("button", name="Propose this").click()
    expect(page.locator(".item .badge", has_text="Proposed to the team")).to_have_count(1)

    team.new_chat(team.owner)
    team.owner.ask("When does the office close on Fridays?")
    assert SHARED not in asked_with(model)
    team.owner.page.goto(team.at("/assistants/SLUG/proposals/"))
    proposal = team.owner.page.locator(".proposal", has_text=SHARED)
    expect(proposal).to_contain_text(f"Proposed by {team.name}")
    proposal.get_by_role("button", name="Approve").click()
    expect(team.owner.page.locator("[data-decided]")).to_contain_text("Approved")
    team.new_chat(team.owner)
    team.owner.ask("At what time does the office close on Fridays?")
    assert SHARED in asked_with(model)


def test_a_role_that_is_taken_away_ends_on_the_open_page(team: Team) -> None:
    team.change_role("Curator")
    page = team.guest.page
    page.goto(team.at("/memory/SLUG/assistant-knowledge/"))
    page.get_by_role("link", name="Add a fact").click()
    page.get_by_label("Fact", exact=True).fill("Nobody is asked before noon.")
    team.change_role("Member")
    with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
        page.get_by_role("button", name="Add", exact=True).click()
    assert refused.value.status == 403
    expect(page.get_by_role("alert")).to_be_visible()
    team.owner.page.goto(team.at("/memory/SLUG/assistant-knowledge/"))
    assert "Nobody is asked" not in team.owner.page.content()


def test_who_is_removed_is_out_of_the_open_page_and_keeps_an_export(team: Team) -> None:
    team.new_chat(team.guest)
    team.guest.ask(HIS)
    open_page = team.guest.page.url
    team.owner.page.goto(team.at("/assistants/SLUG/members/"))
    team.owner.page.locator(".member", has_text=team.name).first.get_by_role("link", name="Remove").click()
    team.owner.page.get_by_role("button", name="Remove").click()
    expect(team.owner.page.get_by_role("status").filter(has_text="is no longer a member.")).to_be_visible()

    page = team.guest.page
    expect(page.get_by_role("alert")).to_have_text(GONE)
    for path in (open_page, team.at("/memory/SLUG/"), team.at("/assistants/SLUG/")):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 404
    page.goto(team.at("/assistants/"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Markdown").first.click()
    assert "Oriole" in download.value.path().read_text()
