"""Short-term pages, segments and single pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from memory.conf import MemorySettings
from memory.domain.heat import heat
from memory.enums import KnowledgeStatus, Source
from memory.models import Memory, Page, Segment
from memory.views.base import PAGE_SIZE
from memory.views.tiers import Warmth
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    DialogueChainFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory()
    client.force_login(memory.user)
    return memory


def url(memory: Memory, name: str, *args: object) -> str:
    return reverse(f"memory:{name}", args=[memory.assistant.slug, *args])


def html_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def in_order(html: str, *words: str) -> bool:
    """Tell whether the words stand in the page in this order."""
    places = [html.find(word) for word in words]
    return -1 not in places and places == sorted(places)


@pytest.mark.parametrize("count", [1, 3])
def test_short_term_asks_the_database_equally_often(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    PageFactory.create_batch(count, memory=memory)
    with django_assert_num_queries(10):
        html = html_of(client, url(memory, "short-term"))
    assert html.count('class="page-card') == count


def test_short_term_shows_the_queue_oldest_first_with_its_dates(client: Client, memory: Memory) -> None:
    PageFactory.create_batch(2, memory=memory)
    PageFactory(segment=SegmentFactory(memory=memory), query="moved on")
    html = html_of(client, url(memory, "short-term"))
    assert in_order(html, "Question 1", "Answer 1", "Question 2", "Answer 2")
    assert '<time datetime="2026-01-01T09:01:00+00:00" data-local="minute">1 Jan 2026, 09:01 UTC</time>' in html
    assert "moved on" not in html
    assert "Room for 5 more pages" in html


@pytest.mark.parametrize(
    ("count", "marked", "words"),
    [
        (6, 0, "Room for 1 more page."),
        (7, 5, "It is full."),
        (8, 5, "There is 1 more page than fit"),
        (15, 8, "There are 8 more pages than fit"),
    ],
)
def test_short_term_marks_what_moves_next(client: Client, memory: Memory, count: int, marked: int, words: str) -> None:
    PageFactory.create_batch(count, memory=memory)
    html = html_of(client, url(memory, "short-term"))
    assert html.count("Moves next") == marked
    assert words in html


def test_short_term_is_drawn_as_places_that_lead_to_their_pages(client: Client, memory: Memory) -> None:
    pages = PageFactory.create_batch(7, memory=memory)
    html = html_of(client, url(memory, "short-term"))
    assert (html.count('class="queue-page'), html.count("queue-moves"), html.count("queue-free")) == (7, 5, 0)
    assert f'href="{url(memory, "page", pages[0].pk)}" aria-label="Page 1, moves next"' in html
    PageFactory.create_batch(93, memory=memory)
    html = html_of(client, url(memory, "short-term"))
    assert (html.count('class="queue-page'), html.count('class="queue-skipped"')) == (19, 1)


def test_in_a_pause_short_term_says_that_nothing_moves(client: Client, memory: Memory) -> None:
    PageFactory.create_batch(8, memory=memory)
    Memory.objects.update(learning_paused_at=EPOCH)
    html = html_of(client, url(memory, "short-term"))
    assert "Learning is paused: nothing comes in by chat" in html
    assert "as soon as a worker gets to it" not in html


def test_short_term_of_nothing_says_what_will_come(client: Client, memory: Memory) -> None:
    assert "Nothing here yet" in html_of(client, url(memory, "short-term"))


def test_words_of_people_are_never_markup(client: Client, memory: Memory) -> None:
    page = PageFactory(memory=memory, query="<script>alert(1)</script>", response="<b>bold</b>")
    for address in (url(memory, "short-term"), url(memory, "page", page.pk)):
        html = html_of(client, address)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert "<b>bold" not in html


@pytest.mark.parametrize("count", [1, 3])
def test_segments_ask_the_database_equally_often(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for segment in SegmentFactory.create_batch(count, memory=memory):
        PageFactory(segment=segment)
    with django_assert_num_queries(11):
        html = html_of(client, url(memory, "segments"))
    assert html.count('<li class="segment">') == count


def test_segments_stand_by_heat_with_its_parts_in_words(client: Client, memory: Memory) -> None:
    SegmentFactory(memory=memory, title="Cold", last_visited_at=EPOCH)
    SegmentFactory(memory=memory, title="Hot", visits=3, length=2, last_visited_at=timezone.now())
    SegmentFactory(memory=memory, title="Archived", visits=99, archived_at=EPOCH)
    html = html_of(client, url(memory, "segments"))
    assert in_order(
        html, ">Hot<", "Recalled 3 times, 2 pages not read yet", ">Cold<", "Recalled 0 times, all pages read"
    )
    assert 'heat <strong class="numeric">6.0</strong>' in html
    assert '<strong class="numeric">2</strong> of 200 segments' in html
    assert ">Archived<" not in html
    assert 'Archived <span class="numeric muted">1</span>' in html
    assert ">Archived<" in html_of(client, url(memory, "segments") + "?show=archived")


def test_segments_come_in_pages(client: Client, memory: Memory) -> None:
    SegmentFactory.create_batch(PAGE_SIZE + 1, memory=memory)
    first, second = (html_of(client, f"{url(memory, 'segments')}?page={n}") for n in (1, 2))
    assert (first.count('<li class="segment">'), second.count('<li class="segment">')) == (PAGE_SIZE, 1)
    assert f"1–{PAGE_SIZE} of {PAGE_SIZE + 1}" in first
    # Nonsense shows the nearest page instead of failing.
    assert html_of(client, f"{url(memory, 'segments')}?page=none").count('<li class="segment">') == PAGE_SIZE
    assert html_of(client, f"{url(memory, 'segments')}?page=99").count('<li class="segment">') == 1


@pytest.mark.parametrize("query", ["", "?show=archived"])
def test_no_segments_yet_is_said(client: Client, memory: Memory, query: str) -> None:
    html = html_of(client, url(memory, "segments") + query)
    assert ("Nothing is archived" if query else "No segments yet") in html


@pytest.mark.parametrize("count", [1, 3])
def test_a_segment_asks_the_database_equally_often(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    segment = SegmentFactory(memory=memory)
    PageFactory.create_batch(count, segment=segment)
    with django_assert_num_queries(16):
        html = html_of(client, url(memory, "segment", segment.pk))
    assert html.count('class="page-card') == count


def test_a_segment_shows_its_pages_by_chain(client: Client, memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, summary="All of it.", keywords=["clay"], visits=2, promoted_at=EPOCH)
    first, second = (DialogueChainFactory(memory=memory, summary=text) for text in ("First talk", "Second talk"))
    for chain in (first, first, second):
        PageFactory(segment=segment, chain=chain)
    html = html_of(client, url(memory, "segment", segment.pk))
    assert in_order(
        html, "All of it.", "clay", "3 pages", "First talk", "Question 1", "Question 2", "Second talk", "Question 3"
    )
    assert html.count("First talk") == 1
    assert "All its pages have been read, the last ones" in html


def test_a_page_shows_where_it_stands_and_what_rests_on_it(client: Client, memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, title="Work")
    before, page, after = (PageFactory(segment=segment, source=Source.IMPORT, keywords=["data"]) for _ in range(3))
    ProfileFactory(memory=memory, name="occupation").sources.add(page)
    TraitFactory(memory=memory).evidence.add(page)
    KnowledgeFactory(memory=memory, text="Likes tea.", status=KnowledgeStatus.SUPERSEDED).sources.add(page)
    AssistantKnowledgeFactory(assistant=memory.assistant, text="Praised tea.").sources.add(page)
    KnowledgeFactory(memory=memory, text="Rests elsewhere.").sources.add(before)
    html = html_of(client, url(memory, "page", page.pk))
    for words in (
        "Question 2", "Answer 2", ">Work<", "data", "They talked about the weather.", "occupation: data scientist",
        "Openness: High", "Likes tea.", "(Superseded)", "Praised tea.", "Not yet", "by Import",
        f'href="{url(memory, "page", before.pk)}"', f'href="{url(memory, "page", after.pk)}"',
    ):  # fmt: skip
        assert words in html, words
    assert "Rests elsewhere." not in html


def test_a_lone_short_term_page_has_no_neighbours(client: Client, memory: Memory) -> None:
    page: Page = PageFactory(memory=memory, response="")
    html = html_of(client, url(memory, "page", page.pk))
    assert "Short-term" in html
    assert "Nothing long-term was learnt from this page yet" in html
    assert 'rel="prev"' not in html
    assert 'rel="next"' not in html


def test_warmth_adds_up_to_the_heat_and_never_overflows_its_bar() -> None:
    conf = MemorySettings()
    now = EPOCH + timedelta(days=30)
    segment = Segment(visits=2, length=3, last_visited_at=EPOCH)
    warmth = Warmth.of(segment, now, conf)
    assert warmth.total == pytest.approx(heat(segment.visits, segment.length, segment.last_visited_at, now, conf))
    assert warmth.scale == pytest.approx(6.25)
    assert Warmth.of(segment, now, conf, hottest=40).scale == 40
    assert Warmth.of(Segment(visits=99, last_visited_at=EPOCH), now, conf, hottest=40).scale > 99


HTMX = {"HX-Request": "true"}


def test_a_segment_is_archived_from_its_page_and_restored_there(client: Client, memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, title="Tea", last_visited_at=EPOCH)
    page = url(memory, "segment", segment.pk)
    assert f'action="{url(memory, "segment-archive", segment.pk)}"' in html_of(client, page)
    answer = client.post(url(memory, "segment-archive", segment.pk), follow=True)
    html = answer.content.decode()
    assert answer.redirect_chain == [(f"{page}#segment-move", 302)]
    assert "Archived “Tea”." in html
    assert f'action="{url(memory, "segment-restore", segment.pk)}"' in html
    html = client.post(url(memory, "segment-restore", segment.pk), follow=True).content.decode()
    segment.refresh_from_db()
    assert (segment.archived_at, segment.visits) == (None, 1)
    assert "Restored “Tea”." in html


def test_a_segment_is_restored_from_the_list_without_htmx(client: Client, memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, title="Tea", archived_at=EPOCH)
    archived = url(memory, "segments") + "?show=archived"
    move = url(memory, "segment-restore", segment.pk) + "?show=archived"
    assert f'action="{move}"' in html_of(client, archived)
    assert client.post(move, follow=True).redirect_chain == [(archived, 302)]
    assert "Nothing is archived" in html_of(client, archived)


def test_htmx_gets_the_row_of_the_list_or_the_page_of_the_segment(client: Client, memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, title="<b>Tea</b>", archived_at=EPOCH)
    html = client.post(url(memory, "segment-restore", segment.pk) + "?show=archived", headers=HTMX).content.decode()
    assert html.startswith('<li class="segment segment-note" tabindex="-1" autofocus>')
    assert "Restored “&lt;b&gt;Tea&lt;/b&gt;”." in html
    assert 'Archived <span class="numeric muted">0</span>' in html
    assert 'hx-swap-oob="true"' in html
    address = url(memory, "segment-archive", segment.pk)
    html = client.post(address, headers={**HTMX, "HX-Target": "segment"}).content.decode()
    assert html.strip().startswith('<div id="segment"')
    assert "<html" not in html
    assert 'type="submit" autofocus>Restore</button>' in html


def test_restoring_into_a_full_memory_says_that_another_one_went(client: Client, memory: Memory) -> None:
    memory.assistant.memory_settings = {"mid_term_capacity": 1}
    memory.assistant.save()
    SegmentFactory(memory=memory, title="In the way", last_visited_at=EPOCH)
    segment = SegmentFactory(memory=memory, title="Tea", archived_at=EPOCH)
    html = client.post(url(memory, "segment-restore", segment.pk), follow=True).content.decode()
    assert "Restored “Tea”. The coldest segment was archived to make room." in html
    assert list(memory.segments.archived().values_list("title", flat=True)) == ["In the way"]


@pytest.mark.parametrize("name", ["segment-archive", "segment-restore"])
def test_nobody_moves_the_segment_of_somebody_else_or_one_that_is_gone(
    client: Client, memory: Memory, name: str
) -> None:
    foreign = SegmentFactory(archived_at=EPOCH if name == "segment-restore" else None)
    before = Segment.objects.values().get(pk=foreign.pk)
    for pk in (foreign.pk, foreign.pk + 999):
        assert client.post(url(memory, name, pk)).status_code == 404
        assert client.post(url(memory, name, pk), headers=HTMX).status_code == 404
    assert client.post(reverse(f"memory:{name}", args=[foreign.memory.assistant.slug, foreign.pk])).status_code == 404
    assert Segment.objects.values().get(pk=foreign.pk) == before
    mine = SegmentFactory(memory=memory)
    assert client.get(url(memory, name, mine.pk)).status_code == 405


def test_no_tabs_while_nothing_is_archived(client: Client, memory: Memory) -> None:
    SegmentFactory(memory=memory)
    assert 'id="segment-tabs"' not in html_of(client, url(memory, "segments"))
