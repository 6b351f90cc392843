"""Sharing a fact, the queue of proposals and the decisions on it, with and without HTMX, by role."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from memory.domain.deciding import approve_knowledge, decline_knowledge, words_key
from memory.domain.knowledge import edit_knowledge
from memory.embedding import get_embedder
from memory.enums import EventKind, KnowledgeStatus, Role, Source
from memory.models import Knowledge, Membership, Memory, MemoryEvent
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MembershipFactory,
    MemoryFactory,
    PageFactory,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def carol(client: Client) -> Memory:
    """A curator who is signed in."""
    memory: Memory = MemoryFactory(user__username="carol", role=Role.CURATOR)
    client.force_login(memory.user)
    return memory


@pytest.fixture
def bob(client: Client) -> Memory:
    """A member who is signed in, with an owner beside him."""
    memory: Memory = MemoryFactory(user__username="bob", role=Role.MEMBER)
    MembershipFactory(assistant=memory.assistant, user__username="olga")
    client.force_login(memory.user)
    return memory


def queue(memory: Memory) -> str:
    return reverse("assistants:proposals", args=[memory.assistant.slug])


def address(name: str, entry: Knowledge) -> str:
    assert entry.assistant is not None
    return reverse(f"assistants:proposal-{name}", args=[entry.assistant.slug, entry.pk])


def fact_address(name: str, memory: Memory, fact: Knowledge) -> str:
    return reverse(f"memory:knowledge-{name}", args=[memory.assistant.slug, fact.pk])


def proposal(memory: Memory, text: str = "Recommended Dune.", **fields: object) -> Knowledge:
    entry: Knowledge = AssistantKnowledgeFactory(
        assistant=memory.assistant, text=text, status=KnowledgeStatus.PROPOSED, **fields
    )
    return entry


def status_of(entry: Knowledge) -> str:
    return Knowledge.objects.get(pk=entry.pk).status


# --- Sharing ------------------------------------------------------------------------------------------------------


def test_sharing_is_offered_only_where_there_is_somebody_to_share_with(client: Client, bob: Memory) -> None:
    fact = KnowledgeFactory(memory=bob, text="The user likes tea.")
    link = f'href="{fact_address("share", bob, fact)}"'
    page = reverse("memory:knowledge", args=[bob.assistant.slug])
    assert link in client.get(page).text
    Membership.objects.exclude(user=bob.user).delete()
    assert link not in client.get(page).text
    answer = client.post(fact_address("share", bob, fact), {"text": "Tea."}, headers=HTMX)
    assert answer.status_code == 409
    assert "Nobody else uses this assistant" in answer.text


@pytest.mark.parametrize("htmx", [True, False])
def test_what_the_others_would_see_is_shown_before_it_is_proposed(client: Client, bob: Memory, htmx: bool) -> None:
    fact = KnowledgeFactory(memory=bob, text="The user likes tea.")
    fact.sources.add(PageFactory(memory=bob, query="I like tea, says Bob privately."))
    share = fact_address("share", bob, fact)
    headers = HTMX if htmx else {}
    html = client.get(share, headers=headers).text
    assert ("<html" in html) is not htmx
    seen = html[html.index('class="share-preview"') :]
    assert "The user likes tea." in seen
    assert "From a proposal by bob" in seen
    assert "1 other person uses this assistant" in html
    assert not Knowledge.objects.filter(assistant=bob.assistant).exists()
    html = client.post(share, {"text": "Bob <b>likes</b> tea.", "preview": "1"}, headers=headers).text
    assert "Bob &lt;b&gt;likes&lt;/b&gt; tea." in html
    assert not Knowledge.objects.filter(assistant=bob.assistant).exists()
    answer = client.post(share, {"text": "Bob likes tea."}, headers=headers, follow=True)
    assert answer.status_code == 200
    assert "Proposed to the team" in answer.text
    entry = Knowledge.objects.get(assistant=bob.assistant)
    assert (entry.text, entry.status, entry.proposed_by) == ("Bob likes tea.", KnowledgeStatus.PROPOSED, bob.user)
    again = client.post(share, {"text": "Bob likes tea."}, headers=headers)
    assert again.status_code == 409
    assert "proposed already" in again.text
    assert Knowledge.objects.filter(assistant=bob.assistant).count() == 1


@pytest.mark.parametrize("htmx", [True, False])
def test_who_decides_shares_at_once(client: Client, carol: Memory, htmx: bool) -> None:
    MembershipFactory(assistant=carol.assistant)
    fact = KnowledgeFactory(memory=carol, text="The user likes tea.")
    share, headers = fact_address("share", carol, fact), HTMX if htmx else {}
    html = client.get(share, headers=headers).text
    assert "Share now" in html
    assert "Propose this" not in html
    assert "uses this assistant and sees it at once" in html
    assert '<input type="hidden" name="decided" value="1">' in html
    answer = client.post(share, {"text": "Carol likes tea.", "decided": "1"}, headers=headers, follow=True)
    assert (answer.status_code, "Shared with the team. Everybody" in answer.text) == (200, True)
    assert Knowledge.objects.get(assistant=carol.assistant).status == KnowledgeStatus.ACTIVE


def test_a_member_decides_nothing_by_asking_for_it(client: Client, bob: Memory) -> None:
    fact = KnowledgeFactory(memory=bob, text="The user likes tea.")
    share = fact_address("share", bob, fact)
    assert 'name="decided"' not in client.get(share).text
    assert "Proposed to the team" in client.post(share, {"text": "Tea.", "decided": "1"}, follow=True).text
    assert Knowledge.objects.get(assistant=bob.assistant).status == KnowledgeStatus.PROPOSED


def test_a_demo_fact_is_not_offered_for_sharing(client: Client, bob: Memory) -> None:
    fact = KnowledgeFactory(memory=bob, text="Mara likes tea.")
    fact.sources.add(PageFactory(memory=bob, source=Source.DEMO))
    share, page = fact_address("share", bob, fact), reverse("memory:knowledge", args=[bob.assistant.slug])
    assert share not in client.get(page).text
    answer = client.post(share, {"text": "Tea."}, headers=HTMX)
    assert (answer.status_code, "comes from the demo data" in answer.text) == (409, True)
    fact.sources.add(PageFactory(memory=bob))
    assert share in client.get(page).text


def test_nothing_is_shared_without_words_or_of_somebody_else(client: Client, bob: Memory) -> None:
    fact = KnowledgeFactory(memory=bob)
    other = KnowledgeFactory(memory=MemoryFactory(assistant=bob.assistant))
    for text in ("", "   ", "x" * 1001):
        assert client.post(fact_address("share", bob, fact), {"text": text}, headers=HTMX).status_code == 422
    for method in (client.get, client.post):
        assert method(fact_address("share", bob, other), headers=HTMX).status_code == 404
    assert client.post(fact_address("withdraw", bob, other), headers=HTMX).status_code == 404
    assert not Knowledge.objects.filter(assistant=bob.assistant).exists()


@pytest.mark.parametrize("htmx", [True, False])
def test_a_row_says_what_became_of_it_and_can_be_withdrawn(client: Client, bob: Memory, htmx: bool) -> None:
    fact = KnowledgeFactory(memory=bob, text="The user likes tea.")
    entry = proposal(bob, "Bob likes tea.", proposed_by=bob.user, shared_from=fact)
    row = fact_address("row", bob, fact)
    withdraw = fact_address("withdraw", bob, fact)
    assert f'action="{withdraw}"' in client.get(row, headers=HTMX).text
    approve_knowledge(entry, by=bob.user, operator=True)
    html = client.get(row, headers=HTMX).text
    assert "Shared with the team" in html
    assert withdraw not in html
    headers = HTMX if htmx else {}
    answer = client.post(withdraw, headers=headers, follow=True)
    assert "There is nothing to withdraw" in answer.text
    assert answer.status_code == (409 if htmx else 200)
    Knowledge.objects.filter(pk=entry.pk).update(status=KnowledgeStatus.PROPOSED)
    answer = client.post(withdraw, headers=headers, follow=True)
    assert "Withdrawn." in answer.text
    assert not Knowledge.objects.filter(pk=entry.pk).exists()


# --- The queue ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_the_queue_asks_the_database_equally_often(
    client: Client, carol: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        proposer = MembershipFactory(assistant=carol.assistant, role=Role.MEMBER).user
        entry = proposal(carol, f"Recommended book {number}.", proposed_by=proposer)
        entry.sources.add(PageFactory())
        proposal(carol, f"Mine, number {number}.", proposed_by=carol.user)
    with django_assert_num_queries(8):
        html = client.get(queue(carol)).text
    assert html.count('class="item proposal"') == 2 * count


def test_the_queue_shows_the_oldest_first_and_never_from_whom_something_was_learnt(
    client: Client, carol: Memory
) -> None:
    secretive = MemoryFactory(assistant=carol.assistant, user__username="secretive", role=Role.MEMBER)
    learnt = proposal(carol, "Recommended Dune.")
    learnt.sources.add(PageFactory(memory=secretive, query="My private words."))
    shared_from = KnowledgeFactory(memory=secretive, text="The user has a secret.")
    sharer = MembershipFactory(assistant=carol.assistant, user__username="bob", user__first_name="Bob").user
    proposal(carol, "Bob likes tea.", proposed_by=sharer, shared_from=shared_from)
    AssistantKnowledgeFactory(assistant=carol.assistant, text="Recommended Dune once.")
    proposal(MemoryFactory(), "Of another assistant.")
    html = client.get(queue(carol)).text
    assert html.index("Recommended Dune.") < html.index("Bob likes tea.")
    assert "Learnt from a conversation" in html
    assert "Proposed by Bob" in html
    assert "Recommended Dune once." in html
    for private in ("secretive", "My private words.", "a secret", "Of another assistant."):
        assert private not in html
    assert re.search(r'id="tab-count-proposals"[^>]*>2<', html)
    dashboard = client.get(reverse("memory:knowledge", args=[carol.assistant.slug])).text
    assert f'<a class="nav-count" href="{queue(carol)}">2 proposals</a>' in dashboard


def test_a_queue_with_nothing_in_it_says_so(client: Client, carol: Memory) -> None:
    html = client.get(queue(carol)).text
    assert "Nothing waits for a decision" in html
    assert "nav-count" not in client.get(reverse("memory:knowledge", args=[carol.assistant.slug])).text


def test_a_member_sees_their_own_proposals_and_no_others(client: Client, bob: Memory) -> None:
    assert "You have proposed nothing" in client.get(queue(bob)).text
    olga = User.objects.get(username="olga")
    mine, let_in = proposal(bob, "Mine.", proposed_by=bob.user), proposal(bob, "Let in.", proposed_by=bob.user)
    turned_down = proposal(bob, "Turned down.", proposed_by=bob.user)
    approve_knowledge(let_in, by=olga)
    decline_knowledge(turned_down, by=olga)
    proposal(bob, "Somebody else's.", proposed_by=olga)
    proposal(bob, "Learnt.")
    html = client.get(queue(bob)).text
    for words in ("Mine.", "Waits for a decision", "Shared with the team", "Declined"):
        assert words in html
    for others in ("Somebody else", "Learnt.", "tab-count-proposals", 'name="deed"'):
        assert others not in html
    for name in ("approve", "decline", "reopen"):
        assert client.post(address(name, mine)).status_code == 403
    together = reverse("assistants:proposals-together", args=[bob.assistant.slug])
    assert client.post(together, {"id": mine.pk, "deed": "approve"}).status_code == 403
    assert status_of(mine) == KnowledgeStatus.PROPOSED


@pytest.mark.parametrize("htmx", [True, False])
def test_a_member_withdraws_in_the_list(client: Client, bob: Memory, htmx: bool) -> None:
    mine = proposal(bob, "Mine.", proposed_by=bob.user)
    theirs = proposal(bob, "Theirs.", proposed_by=User.objects.get(username="olga"))
    headers = HTMX if htmx else {}
    assert client.post(address("withdraw", theirs), headers=headers).status_code == 404
    answer = client.post(address("withdraw", mine), headers=headers, follow=True)
    assert "You have proposed nothing" in answer.text
    assert not Knowledge.objects.filter(pk=mine.pk).exists()
    assert client.post(address("withdraw", mine), headers=headers).status_code == 404
    let_in = proposal(bob, "Let in.", proposed_by=bob.user)
    approve_knowledge(let_in, by=User.objects.get(username="olga"))
    assert client.post(address("withdraw", let_in), headers=headers).status_code == 409


# --- Decisions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("htmx", [True, False])
def test_approving_and_declining_with_a_way_back(client: Client, carol: Memory, htmx: bool) -> None:
    first, second = proposal(carol, "First."), proposal(carol, "Second.")
    headers = HTMX if htmx else {}
    answer = client.post(address("approve", first), {"seen": words_key("First."), "text": "First."}, headers=headers)
    assert answer.status_code == (200 if htmx else 302)
    assert status_of(first) == KnowledgeStatus.ACTIVE
    answer = client.post(address("decline", second), {"seen": words_key("Second.")}, headers=headers, follow=True)
    assert status_of(second) == KnowledgeStatus.DISABLED
    assert f'action="{address("reopen", second)}"' in answer.text
    if htmx:
        assert "<html" not in answer.text
        assert 'id="count" class="numeric muted" hx-swap-oob="true">0<' in answer.text
    assert "Nothing waits for a decision" in answer.text
    answer = client.post(address("reopen", second), headers=headers, follow=True)
    assert status_of(second) == KnowledgeStatus.PROPOSED
    assert "Second." in answer.text
    assert "Nothing waits for a decision" not in answer.text
    assert ('<div id="queue-end" hx-swap-oob="true"></div>' in answer.text) == htmx
    assert client.get(address("approve", second)).status_code == 405


def test_other_words_are_approved_in_one_step(client: Client, carol: Memory) -> None:
    entry = proposal(carol, "Recommended Dune.")
    old = AssistantKnowledgeFactory(assistant=carol.assistant, text="Recommended Emma.")
    sent = {"seen": words_key(entry.text), "text": "Recommended\r\nSolaris.", "replaces": old.pk}
    assert client.post(address("approve", entry), sent, headers=HTMX).status_code == 200
    entry.refresh_from_db()
    assert (entry.text, entry.status) == ("Recommended\nSolaris.", KnowledgeStatus.ACTIVE)
    assert Knowledge.objects.get(pk=old.pk).superseded_by == entry
    second = proposal(carol, "Second.")
    for headers in (HTMX, {}):
        too_long = {"seen": words_key("Second."), "text": "Mine. " + "x" * 1000}
        answer = client.post(address("approve", second), too_long, headers=headers)
        assert answer.status_code == 422
        # What was typed is not lost.
        assert ">Mine. xxx" in answer.text
    answer = client.post(address("approve", second), {"seen": words_key("Second."), "text": "  "}, headers=HTMX)
    assert answer.status_code == 422
    assert '<details class="proposal-words" open>' in answer.text
    foreign = AssistantKnowledgeFactory()
    answer = client.post(address("approve", second), {"text": "Second.", "replaces": foreign.pk}, headers=HTMX)
    assert answer.status_code == 404
    assert status_of(second) == KnowledgeStatus.PROPOSED


@pytest.mark.parametrize("htmx", [True, False])
def test_who_is_second_gets_409_and_changes_nothing(client: Client, carol: Memory, htmx: bool) -> None:
    dave = MembershipFactory(assistant=carol.assistant, role=Role.CURATOR, user__username="dave").user
    entry = proposal(carol)
    decline_knowledge(entry, by=dave)
    sent = {"seen": words_key(entry.text), "text": entry.text}
    answer = client.post(address("approve", entry), sent, headers=HTMX if htmx else {})
    assert answer.status_code == 409
    assert "dave has declined this already" in answer.text
    assert status_of(entry) == KnowledgeStatus.DISABLED
    assert not MemoryEvent.objects.filter(kind=EventKind.APPROVED).exists()
    mine = proposal(carol, "Another.")
    for _ in range(2):
        assert client.post(address("approve", mine), {"text": "Another."}, headers=HTMX).status_code == 200


@pytest.mark.parametrize("htmx", [True, False])
def test_words_that_changed_meanwhile_are_shown_and_not_approved(client: Client, carol: Memory, htmx: bool) -> None:
    entry = proposal(carol)
    sent = {"seen": words_key(entry.text), "text": entry.text}
    edit_knowledge(entry, "Recommended Solaris.", get_embedder(), by=carol.user)
    for name in ("approve", "decline"):
        answer = client.post(address(name, entry), sent, headers=HTMX if htmx else {})
        assert answer.status_code == 409
        assert "Its words were changed meanwhile" in answer.text
        assert "Recommended Solaris." in answer.text
        assert f'value="{words_key("Recommended Solaris.")}"' in answer.text
    assert status_of(entry) == KnowledgeStatus.PROPOSED


@pytest.mark.parametrize("htmx", [True, False])
def test_a_role_lost_while_the_page_was_open_decides_nothing(client: Client, carol: Memory, htmx: bool) -> None:
    entry = proposal(carol)
    Membership.objects.filter(user=carol.user).update(role=Role.MEMBER)
    for name in ("approve", "decline", "reopen"):
        assert client.post(address(name, entry), {}, headers=HTMX if htmx else {}).status_code == 403
    Membership.objects.filter(user=carol.user).delete()
    assert client.post(address("approve", entry), {}, headers=HTMX if htmx else {}).status_code == 404
    assert status_of(entry) == KnowledgeStatus.PROPOSED


def test_foreign_and_gone_proposals_are_not_here(client: Client, carol: Memory) -> None:
    foreign, gone = proposal(MemoryFactory()), proposal(carol)
    Knowledge.objects.filter(pk=gone.pk).delete()
    for entry in (foreign, gone):
        for name in ("approve", "decline", "reopen", "withdraw"):
            there = reverse(f"assistants:proposal-{name}", args=[carol.assistant.slug, entry.pk])
            assert client.post(there, {"text": "x"}, headers=HTMX).status_code == 404
    assert status_of(foreign) == KnowledgeStatus.PROPOSED


def test_several_at_once(client: Client, carol: Memory) -> None:
    first, second, changed = proposal(carol, "First."), proposal(carol, "Second."), proposal(carol, "Third.")
    together = reverse("assistants:proposals-together", args=[carol.assistant.slug])
    sent = {"id": [first.pk, second.pk, changed.pk], "deed": "approve"}
    sent |= {f"seen-{first.pk}": words_key("First."), f"seen-{changed.pk}": words_key("Other.")}
    html = client.post(together, sent, follow=True).text
    assert "Approved 2 proposals." in html
    assert "Not changed: “Third.”" in html
    assert [status_of(each) for each in (first, second, changed)] == ["active", "active", "proposed"]
    for nonsense in ({"deed": "approve"}, {"id": changed.pk, "deed": "delete"}, {"id": "x", "deed": "approve"}):
        assert "Nothing was changed" in client.post(together, nonsense, follow=True).text
    assert "Declined 1 proposal." in client.post(together, {"id": changed.pk, "deed": "decline"}, follow=True).text


def test_the_old_door_refuses_the_same(client: Client, carol: Memory) -> None:
    """The list of what is known of the assistant has the two buttons as well."""
    dave = MembershipFactory(assistant=carol.assistant, role=Role.CURATOR, user__username="dave").user
    entry = proposal(carol)
    approve_knowledge(entry, by=dave)
    there = reverse("memory:assistant-knowledge-decline", args=[carol.assistant.slug, entry.pk])
    answer = client.post(there, headers=HTMX)
    assert answer.status_code == 409
    assert "dave has approved this already" in answer.text
    assert status_of(entry) == KnowledgeStatus.ACTIVE


# --- Forgetting, and the timelines --------------------------------------------------------------------------------


def test_a_forgetting_says_what_becomes_of_what_was_shared(client: Client, bob: Memory) -> None:
    olga = User.objects.get(username="olga")
    facts = [KnowledgeFactory(memory=bob, text=f"The user likes {what}.") for what in ("tea", "jazz")]
    waiting, let_in = (
        proposal(bob, f"Bob likes {what}.", proposed_by=bob.user, shared_from=fact)
        for what, fact in zip(("tea", "jazz"), facts, strict=True)
    )
    approve_knowledge(let_in, by=olga)
    html = client.get(fact_address("forget", bob, facts[0])).text
    assert "Bob likes tea." in html
    assert "nobody has approved, is withdrawn with it" in html
    assert "goes for everyone who shares it" not in html
    html = client.get(fact_address("forget", bob, facts[1])).text
    assert "This stays, because you have shared it with the team" in html
    sent = re.search(r'name="fingerprint" value="([^"]+)"', html)
    assert sent is not None
    client.post(fact_address("forget", bob, facts[1]), {"fingerprint": sent[1]})
    assert (status_of(let_in), status_of(waiting)) == (KnowledgeStatus.ACTIVE, KnowledgeStatus.PROPOSED)


def test_who_proposed_sees_it_in_their_timeline_and_other_members_see_nothing(client: Client, bob: Memory) -> None:
    eve = MemoryFactory(assistant=bob.assistant, role=Role.MEMBER)
    fact = KnowledgeFactory(memory=bob, text="The user likes tea.")
    client.post(fact_address("share", bob, fact), {"text": "Bob likes tea."})
    client.post(fact_address("withdraw", bob, fact))
    timeline = reverse("memory:timeline", args=[bob.assistant.slug])
    html = client.get(timeline).text
    assert "A fact of yours was proposed to the team, as “Bob likes tea.”" in html
    assert "A proposal to the team was withdrawn." in html
    client.force_login(User.objects.get(username="olga"))
    html = client.get(timeline).text
    assert "A proposal to the team was withdrawn." in html
    assert "likes tea" not in html
    client.force_login(eve.user)
    html = client.get(timeline).text
    for words in ("proposed to the team", "withdrawn", "likes tea"):
        assert words not in html
