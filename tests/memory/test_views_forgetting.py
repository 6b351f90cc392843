"""Forgetting by hand: the preview says what goes, and just that goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from memory.domain.forgetting import EVERYTHING, Target, preview
from memory.enums import EventKind, KnowledgeStatus, Role, Source
from memory.models import Knowledge, Memory, MemoryEvent, Page, Profile, Segment, Trait
from memory.views.base import FORBIDDEN, VANISHED
from memory.views.previews import SHOWN, Some, done_in_words, in_words
from tests.memory.factories import (
    AssistantFactory,
    AssistantKnowledgeFactory,
    DialogueChainFactory,
    KnowledgeFactory,
    MemoryEventFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
)

pytestmark = pytest.mark.django_db

KINDS = {
    "profile": "profile",
    "traits": "trait",
    "knowledge": "knowledge",
    "assistant-knowledge": "assistant_knowledge",
}


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory(assistant=AssistantFactory(name="Coach Kim"))
    client.force_login(memory.user)
    return memory


def url(memory: Memory, name: str, *args: object) -> str:
    return reverse(f"memory:{name}", args=[memory.assistant.slug, *args])


def pages_url(memory: Memory, pages: Sequence[Page]) -> str:
    return url(memory, "pages-forget") + "?" + "&".join(f"id={page.pk}" for page in pages)


def html_of(answer: HttpResponse | Any) -> str:
    """Return the page as a reader sees its text run on: any white space is one space."""
    return " ".join(answer.content.decode().split())


def agree(client: Client, address: str, **data: str) -> HttpResponse | Any:
    """Look at the preview and post what it asks for."""
    found = re.search(r'name="fingerprint" value="(\w{32})"', html_of(client.get(address)))
    assert found
    return client.post(address, {"fingerprint": found[1], **data})


def row_of(kind: str, memory: Memory, number: int = 0) -> Any:
    """Make a row of long-term memory."""
    match kind:
        case "profile":
            return ProfileFactory(memory=memory)
        case "traits":
            return TraitFactory(memory=memory, dimension=("openness", "food", "sleep")[number])
        case "knowledge":
            return KnowledgeFactory(memory=memory)
    return AssistantKnowledgeFactory(assistant=memory.assistant)


def learn(memory: Memory, *pages: Page, number: int = 0) -> dict[str, Any]:
    """Return a row of each kind that rests on these pages."""
    rows = {kind: row_of(kind, memory, number) for kind in KINDS}
    for row in rows.values():
        getattr(row, "evidence" if isinstance(row, Trait) else "sources").add(*pages)
    return rows


# --- What the preview says ----------------------------------------------------------------------------------------


def test_the_preview_of_a_page_names_what_goes_what_stays_and_why(client: Client, memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, title="Walks")
    chain = DialogueChainFactory(memory=memory)
    page, other = PageFactory.create_batch(2, segment=segment, chain=chain)
    KnowledgeFactory(memory=memory, text="Walks a lot.").sources.add(page)
    ProfileFactory(memory=memory, name="dog", value="Rex").sources.add(page)
    KnowledgeFactory(memory=memory, text="Has a dog.").sources.add(page, other)
    TraitFactory(memory=memory).evidence.add(page, other)
    KnowledgeFactory(memory=memory, text="Owns a boat.", pinned=True).sources.add(page)
    AssistantKnowledgeFactory(assistant=memory.assistant, text="Likes dogs.").sources.add(page)
    shown = in_words(memory, preview(memory, Target.pages([page.pk])), may_curate=True)
    assert shown.goes == [
        Some(1, "1 page", ["Page 1: Question 1"]),
        Some(1, "1 fact about you", ["Walks a lot."]),
        Some(1, "1 profile attribute", ["dog: Rex"]),
        Some(1, "1 fact about the assistant", ["Likes dogs."]),
    ]
    assert shown.weakened == [Some(1, "1 fact about you", ["Has a dog."]), Some(1, "1 trait", ["Openness: high"])]
    assert shown.kept == [Some(1, "1 fact about you", ["Owns a boat."])]
    assert shown.anew == [Some(1, "1 segment", ["Walks"])]
    html = html_of(client.get(url(memory, "page-forget", page.pk)))
    places = [html.find(words) for words in (
        "<h1>Forget page 1</h1>", "cannot be undone", "This goes for good", "Page 1: Question 1", "Walks a lot.",
        "dog: Rex", "Likes dogs.", "for everyone who shares it", "because other pages say it as well", "Has a dog.",
        "Openness: high", "a trait loses the reason", "because someone wrote or pinned it", "Owns a boat.",
        "summed up anew from what is left", '<li dir="auto">Walks</li>', "Also the summary of 1 conversation",
        "does not reach", "The conversations in the chat stay", "Other pages that speak of the same thing",
        "Forget for good",
    )]  # fmt: skip
    assert -1 not in places
    assert places == sorted(places)


def test_a_preview_changes_nothing_and_is_never_stored_by_the_browser(client: Client, memory: Memory) -> None:
    page = PageFactory(memory=memory)
    for address in (url(memory, "page-forget", page.pk), url(memory, "page", page.pk)):
        assert client.get(address)["Cache-Control"] == "no-store"
    assert (memory.pages.count(), MemoryEvent.objects.count()) == (1, 0)


def test_long_lists_are_cut_and_the_rest_is_counted(client: Client, memory: Memory) -> None:
    pages = PageFactory.create_batch(SHOWN + 2, memory=memory, query="word " * 40)
    for fact in KnowledgeFactory.create_batch(SHOWN + 1, memory=memory):
        fact.sources.add(pages[0])
    shown = in_words(memory, preview(memory, EVERYTHING), may_curate=True)
    assert [(some.count, len(some.words), some.more) for some in shown.goes] == [(8, 6, 2), (7, 6, 1)]
    html = html_of(client.get(url(memory, "forget-everything")))
    assert "and 2 more" in html
    assert f"Page 1: {'word ' * 17}word…" in html


def test_it_says_what_would_come_back_only_where_something_could(client: Client, memory: Memory) -> None:
    typed, imported = PageFactory(memory=memory), PageFactory(memory=memory, source=Source.IMPORT)
    words = "Importing the same file again brings its pages back."
    assert words not in html_of(client.get(url(memory, "page-forget", typed.pk)))
    assert words in html_of(client.get(url(memory, "page-forget", imported.pk)))


def test_a_fact_offers_to_forget_its_pages_instead(client: Client, memory: Memory) -> None:
    fact, pages = KnowledgeFactory(memory=memory), PageFactory.create_batch(2, memory=memory)
    foreign = PageFactory(memory=MemoryFactory(assistant=memory.assistant))
    fact.sources.add(*pages, foreign)
    html = html_of(client.get(url(memory, "knowledge-forget", fact.pk)))
    assert "The pages that say it stay" in html
    assert f'<a href="{pages_url(memory, pages).replace("&", "&amp;")}">forget these pages</a>' in html
    fact.sources.add(*PageFactory.create_batch(24, memory=memory))
    html = html_of(client.get(url(memory, "knowledge-forget", fact.pk)))
    assert "It was learnt from more than 25 pages." in html
    assert "pages/forget/" not in html


def test_members_are_not_shown_the_words_of_proposals(client: Client, memory: Memory) -> None:
    member = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    page = PageFactory(memory=member)
    proposal = AssistantKnowledgeFactory(
        assistant=memory.assistant, text="Secret proposal.", status=KnowledgeStatus.PROPOSED
    )
    proposal.sources.add(page)
    shown = in_words(member, preview(member, Target.pages([page.pk])), may_curate=False)
    assert shown.goes[1:] == [Some(1, "1 fact about the assistant", [])]
    client.force_login(member.user)
    html = html_of(client.get(url(member, "page-forget", page.pk)))
    assert "Secret proposal." not in html
    assert "its words are for those who curate the assistant" in html
    assert agree(client, url(member, "page-forget", page.pk)).status_code == 302
    assert not Knowledge.objects.exists()


def test_markup_in_what_goes_is_shown_not_run(client: Client, memory: Memory) -> None:
    page = PageFactory(memory=memory, query="<i>q</i>")
    KnowledgeFactory(memory=memory, text="<i>t</i>").sources.add(page)
    html = html_of(client.get(url(memory, "page-forget", page.pk)))
    assert "<i>" not in html
    assert html.count("&lt;i&gt;") == 2


@pytest.mark.parametrize(
    ("name", "queries"), [("page", 22), ("pages", 22), ("segment", 22), ("knowledge", 13), ("everything", 18)]
)
@pytest.mark.parametrize("count", [1, 3])
def test_previews_ask_the_database_equally_often(
    client: Client,
    memory: Memory,
    name: str,
    queries: int,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    segment = SegmentFactory(memory=memory)
    pages = PageFactory.create_batch(count, segment=segment)
    for number in range(count):
        rows = learn(memory, *pages, number=number)
    addresses = {
        "page": url(memory, "page-forget", pages[0].pk),
        "pages": pages_url(memory, pages),
        "segment": url(memory, "segment-forget", segment.pk),
        "knowledge": url(memory, "knowledge-forget", rows["knowledge"].pk),
        "everything": url(memory, "forget-everything"),
    }
    # Where no fact goes, nothing is looked for that was shared of it.
    with django_assert_num_queries(queries - (name == "page" and count > 1)):
        assert client.get(addresses[name]).status_code == 200


# --- What is done -------------------------------------------------------------------------------------------------


def test_a_page_goes_with_what_rests_on_it_alone(client: Client, memory: Memory) -> None:
    page, other = PageFactory.create_batch(2, memory=memory)
    learn(memory, page)
    kept = KnowledgeFactory(memory=memory)
    kept.sources.add(page, other)
    answer = agree(client, url(memory, "page-forget", page.pk))
    assert (answer.status_code, answer["Location"]) == (302, url(memory, "short-term"))
    words = "1 page, 1 fact about you, 1 profile attribute, 1 trait and 1 fact about the assistant"
    assert f"Forgotten for good: {words}." in html_of(client.get(answer["Location"]))
    assert (list(memory.pages.all()), list(Knowledge.objects.all())) == ([other], [kept])
    assert not Profile.objects.exists()
    assert not Trait.objects.exists()
    assert MemoryEvent.objects.get(memory=memory).user == memory.user


@pytest.mark.parametrize("chosen", [1, 2, 3])
def test_pages_chosen_in_a_segment_lead_to_what_is_left_of_it(client: Client, memory: Memory, chosen: int) -> None:
    segment = SegmentFactory(memory=memory)
    pages = PageFactory.create_batch(3, segment=segment)
    address = pages_url(memory, pages[:chosen])
    html = html_of(client.get(address))
    assert ("Forget a page" if chosen == 1 else f"Forget {chosen} pages") in html
    assert f'<a href="{url(memory, "segment", segment.pk)}">Back</a>' in html
    answer = agree(client, address)
    left = url(memory, "segment", segment.pk) if chosen < 3 else url(memory, "segments")
    assert (answer.status_code, answer["Location"]) == (302, left)
    assert client.get(left).status_code == 200
    assert memory.pages.count() == 3 - chosen


@pytest.mark.parametrize("archived", [False, True])
def test_a_segment_goes_with_its_pages(client: Client, memory: Memory, archived: bool) -> None:
    segment = SegmentFactory(memory=memory, title="Walks", archived_at=timezone.now() if archived else None)
    PageFactory.create_batch(2, segment=segment)
    address = url(memory, "segment-forget", segment.pk)
    assert "<strong>Walks</strong>" in html_of(client.get(address))
    answer = agree(client, address)
    assert answer["Location"] == url(memory, "segments") + ("?show=archived" if archived else "")
    assert "Forgotten for good: 2 pages and 1 segment." in html_of(client.get(answer["Location"]))
    assert not Segment.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_goes_and_its_pages_stay(client: Client, memory: Memory, kind: str) -> None:
    page = PageFactory(memory=memory)
    rows = learn(memory, page)
    address = url(memory, f"{kind}-forget", rows[kind].pk)
    answer = agree(client, f"{address}?page=2")
    assert (answer.status_code, answer["Location"]) == (302, f"{url(memory, kind)}?page=2")
    assert f"Forgotten for good: {done_in_words_of(kind)}." in html_of(client.get(answer["Location"]))
    assert not type(rows[kind]).objects.filter(pk=rows[kind].pk).exists()
    assert list(memory.pages.all()) == [page]
    assert client.post(address).status_code == 404


def done_in_words_of(kind: str) -> str:
    names = {"profile": "profile attribute", "traits": "trait", "knowledge": "fact about you"}
    return f"1 {names.get(kind, 'fact about the assistant')}"


def test_everything_goes_when_the_assistants_name_is_typed(client: Client, memory: Memory) -> None:
    learn(memory, PageFactory(segment=SegmentFactory(memory=memory)))
    ProfileFactory(memory=memory, locked=True)
    MemoryEventFactory(memory=memory)
    bystander = PageFactory(memory=MemoryFactory(assistant=memory.assistant))
    address = url(memory, "forget-everything")
    assert f'href="{address}"' in html_of(client.get(url(memory, "overview")))
    assert "<h1>Forget everything Coach Kim remembers of you</h1>" in html_of(client.get(address))
    for typed in ("", "  ", "Coach", "Coach Kim!"):
        answer = agree(client, address, name=typed)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in html_of(answer)
    assert memory.pages.count() == 1
    answer = agree(client, address, name=" coach  kim ")
    assert (answer.status_code, answer["Location"]) == (302, url(memory, "overview"))
    words = "1 page, 1 segment, 1 fact about you, 2 profile attributes, 1 trait and 1 fact about the assistant"
    assert f"Forgotten for good: {words}." in html_of(client.get(url(memory, "overview")))
    assert list(Page.objects.all()) == [bystander]
    assert [event.kind for event in MemoryEvent.objects.filter(memory=memory)] == [EventKind.FORGOTTEN]


def test_an_empty_memory_has_only_its_log_to_forget(client: Client, memory: Memory) -> None:
    MemoryEventFactory(memory=memory)
    address = url(memory, "forget-everything")
    assert "Only the activity log would go." in html_of(client.get(address))
    assert agree(client, address, name="Coach Kim").status_code == 302
    assert "Forgotten for good: nothing." in html_of(client.get(url(memory, "overview")))


def test_what_went_is_told_as_a_list() -> None:
    memory = MemoryFactory()
    assert done_in_words(preview(memory, EVERYTHING)) == "nothing"
    PageFactory(segment=SegmentFactory(memory=memory))
    assert done_in_words(preview(memory, EVERYTHING)) == "1 page and 1 segment"


# --- What is refused ----------------------------------------------------------------------------------------------


@dataclass
class Way:
    """A forgetting that can be asked for: its address, and what it needs besides the fingerprint."""

    address: str
    data: dict[str, str]


WAYS = ["page", "pages", "segment", *KINDS, "everything"]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, memory: Memory) -> Way:
    page = PageFactory(segment=SegmentFactory(memory=memory))
    rows: dict[str, Any] = {**learn(memory, page), "page": page, "segment": page.segment}
    match request.param:
        case "pages":
            return Way(pages_url(memory, [page]), {})
        case "everything":
            return Way(url(memory, "forget-everything"), {"name": "Coach Kim"})
        case kind:
            return Way(url(memory, f"{kind}-forget", rows[kind].pk), {})


def held() -> list[int]:
    return [model._default_manager.count() for model in (Page, Segment, Knowledge, Profile, Trait)]


@pytest.mark.parametrize("fingerprint", ["", "0" * 32, None])
def test_what_the_person_has_not_seen_is_not_forgotten(client: Client, way: Way, fingerprint: str | None) -> None:
    before = held()
    seen = {} if fingerprint is None else {"fingerprint": fingerprint}
    answer = client.post(way.address, {**seen, **way.data})
    html = html_of(answer)
    assert (answer.status_code, held()) == (409, before)
    assert "<strong>Nothing was forgotten:</strong> the memory has changed meanwhile." in html
    assert f'value="{answer.context["preview"].plan.fingerprint}"' in html
    assert 'role="alert" tabindex="-1" autofocus' in html
    # Having seen it, the person may decide.
    assert agree(client, way.address, **way.data).status_code == 302
    assert held() != before


def test_a_fact_learnt_meanwhile_is_shown_first(client: Client, memory: Memory) -> None:
    page = PageFactory(memory=memory)
    address = url(memory, "page-forget", page.pk)
    seen = client.get(address).context["preview"].plan.fingerprint
    KnowledgeFactory(memory=memory, text="Learnt just now.").sources.add(page)
    answer = client.post(address, {"fingerprint": seen})
    assert answer.status_code == 409
    assert "Learnt just now." in html_of(answer)


def test_the_same_is_forgotten_once(client: Client, way: Way) -> None:
    seen = {"fingerprint": client.get(way.address).context["preview"].plan.fingerprint, **way.data}
    assert client.post(way.address, seen).status_code == 302
    again = client.post(way.address, seen)
    if way.data:
        # The memory is still there, though nothing is in it.
        assert again.status_code == 409
    else:
        for answer in (again, client.get(way.address)):
            assert answer.status_code == 404
            assert str(VANISHED) in html_of(answer)


@pytest.mark.parametrize("query", ["id=x", "id=-1", f"id={'9' * 30}", "id=1&id=", "id=999999999"])
def test_pages_that_cannot_be_are_not_found(client: Client, memory: Memory, query: str) -> None:
    address = f"{url(memory, 'pages-forget')}?{query}"
    assert (client.get(address).status_code, client.post(address).status_code) == (404, 404)


def test_without_a_page_chosen_it_says_what_to_do(client: Client, memory: Memory) -> None:
    answer = client.get(url(memory, "pages-forget"))
    assert answer.status_code == 400
    assert "Choose at least one page" in html_of(answer)
    assert client.post(url(memory, "pages-forget")).status_code == 404


def test_a_foreign_page_among_ones_own_is_not_found_and_nothing_goes(client: Client, memory: Memory) -> None:
    mine, theirs = PageFactory(memory=memory), PageFactory(memory=MemoryFactory(assistant=memory.assistant))
    address = pages_url(memory, [mine, theirs])
    assert (client.get(address).status_code, client.post(address).status_code) == (404, 404)
    assert Page.objects.count() == 2


@pytest.mark.parametrize(("role", "status"), [(Role.OWNER, 302), (Role.CURATOR, 302), (Role.MEMBER, 403)])
def test_shared_facts_are_forgotten_by_those_who_curate(
    client: Client, memory: Memory, role: Role, status: int
) -> None:
    entry = AssistantKnowledgeFactory(assistant=memory.assistant)
    someone = MemoryFactory(assistant=memory.assistant, role=role)
    seen = preview(someone, Target("assistant_knowledge", (entry.pk,))).fingerprint
    client.force_login(someone.user)
    answer = client.post(url(someone, "assistant-knowledge-forget", entry.pk), {"fingerprint": seen})
    assert (answer.status_code, Knowledge.objects.exists()) == (status, status == 403)
    if status == 403:
        assert str(FORBIDDEN) in html_of(answer)


# --- The ways to it -----------------------------------------------------------------------------------------------


def test_pages_and_segments_lead_to_their_previews(client: Client, memory: Memory) -> None:
    page = PageFactory(segment=SegmentFactory(memory=memory))
    queued = PageFactory(memory=memory)
    page_html = html_of(client.get(url(memory, "page", page.pk)))
    assert f'href="{url(memory, "page-forget", page.pk)}">Forget…</a>' in page_html
    segment_html = html_of(client.get(url(memory, "segment", page.segment_id)))
    assert f'href="{url(memory, "segment-forget", page.segment_id)}">Forget…</a>' in segment_html
    for html, listed in ((segment_html, page), (html_of(client.get(url(memory, "short-term"))), queued)):
        assert f'<form class="choosing" action="{url(memory, "pages-forget")}">' in html
        assert f'<input type="checkbox" name="id" value="{listed.pk}">' in html


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_deleting_offers_to_forget_instead_and_says_the_difference(
    client: Client, memory: Memory, kind: str, headers: dict[str, str]
) -> None:
    row = row_of(kind, memory)
    html = html_of(client.get(url(memory, f"{kind}-delete", row.pk) + "?page=2", headers=headers))
    assert "The pages it came from stay, and the activity log keeps its words." in html
    assert "Forgetting erases it from the log, too." in html
    assert f'href="{url(memory, f"{kind}-forget", row.pk)}?page=2">Forget for good…</a>' in html
