"""The list of segments, found and sorted; a segment's heat over time, what was learnt from it, and its analysis."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import DjangoAssertNumQueries

from memory.domain.consolidation import promote_due
from memory.domain.pausing import pause_learning
from memory.enums import EventKind, KnowledgeStatus, Role
from memory.models import Memory, MemoryEvent, Segment, SegmentVisit
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryEventFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    SegmentPostingFactory,
    TraitFactory,
)
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory()
    client.force_login(memory.user)
    return memory


def url(memory: Memory, name: str, *args: object) -> str:
    return reverse(f"memory:{name}", args=[memory.assistant.slug, *args])


def titles(client: Client, memory: Memory, **query: str) -> list[str]:
    html = client.get(url(memory, "segments"), query).content.decode()
    return re.findall(r'<h2><a href="/memory/[^"]+/segments/\d+/">([^<]*)</a>', html)


@pytest.mark.parametrize("sort", ["heat", "newest", "size", "title"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_search_asks_the_database_equally_often(
    client: Client, memory: Memory, sort: str, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        segment = SegmentFactory(memory=memory, title=f"Tea {number}")
        PageFactory.create_batch(count, segment=segment)
    with django_assert_num_queries(11):
        assert len(titles(client, memory, search="tea", sort=sort)) == count


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("heat", ["Hot", "Big", "apple", "New"]),
        ("newest", ["New", "Big", "Hot", "apple"]),
        ("size", ["Big", "Hot", "New", "apple"]),
        ("title", ["apple", "Big", "Hot", "New"]),
        ("nonsense", ["Hot", "Big", "apple", "New"]),
    ],
)
def test_segments_are_sorted(client: Client, memory: Memory, sort: str, expected: list[str]) -> None:
    for title, visits, pages, day in (("Hot", 9, 1, 5), ("Big", 4, 3, 6), ("apple", 3, 0, 0), ("New", 1, 1, 9)):
        segment = SegmentFactory(memory=memory, title=title, visits=visits, last_visited_at=EPOCH)
        PageFactory.create_batch(pages, segment=segment, occurred_at=EPOCH + timedelta(days=day))
    assert titles(client, memory, sort=sort) == expected


def test_a_search_stays_among_ones_own_and_in_its_tab(client: Client, memory: Memory) -> None:
    mine = SegmentFactory(memory=memory, title="Mine")
    SegmentPostingFactory(segment=mine, term="harbour")
    SegmentPostingFactory(segment=SegmentFactory(title="Foreign"), term="harbour")
    put_away = SegmentFactory(memory=memory, title="Put away", archived_at=EPOCH)
    PageFactory(segment=put_away, query="By the harbour")
    assert titles(client, memory, search="harbour") == ["Mine"]
    assert titles(client, memory, search="harbour", show="archived") == ["Put away"]


def test_what_is_not_found_is_said_and_what_was_typed_is_never_markup(client: Client, memory: Memory) -> None:
    SegmentFactory(memory=memory, title="Tea")
    html = client.get(url(memory, "segments"), {"search": "<script>x</script>"}).content.decode()
    assert "No segment found" in html
    assert "&lt;script&gt;x&lt;/script&gt;" in html
    assert "<script>x" not in html
    assert 'id="segment-finder"' in html
    assert titles(client, memory, search="x" * 5000) == []
    assert titles(client, memory, search="\0") == []


def test_nothing_is_looked_for_where_there_is_nothing(client: Client, memory: Memory) -> None:
    assert 'id="segment-finder"' not in client.get(url(memory, "segments")).content.decode()


def learnt_from(segment: Segment, count: int) -> None:
    """Let `count` rows of every kind rest on the segment's pages, and as many things have happened to it."""
    memory = segment.memory
    pages = PageFactory.create_batch(2, segment=segment)
    for number in range(count):
        ProfileFactory(memory=memory).sources.set(pages)
        TraitFactory(memory=memory, dimension=("openness", "food", "sleep")[number]).evidence.set(pages)
        KnowledgeFactory(memory=memory).sources.set(pages)
        AssistantKnowledgeFactory(assistant=memory.assistant).sources.set(pages)
        MemoryEventFactory(
            memory=memory,
            kind=EventKind.TRANSFERRED,
            target_type="segment",
            target_id=segment.pk,
            after={"pages": [number]},
        )
        SegmentVisit.objects.create(segment=segment, visited_at=timezone.now())


@pytest.mark.parametrize("count", [1, 3])
def test_a_segment_asks_equally_often_whatever_was_learnt_from_it(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    segment = SegmentFactory(memory=memory)
    learnt_from(segment, count)
    with django_assert_num_queries(16):
        html = client.get(url(memory, "segment", segment.pk)).content.decode()
    assert f'What was learnt from it <span class="numeric muted">{4 * count}</span>' in html
    assert html.count('<circle class="heat-dot') == 2 * count


def test_a_segment_shows_what_rests_on_its_pages_and_nothing_else(client: Client, memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, length=0)
    page, elsewhere = PageFactory(segment=segment), PageFactory(segment=SegmentFactory(memory=memory))
    KnowledgeFactory(memory=memory, text="Likes <b>tea</b>.").sources.add(page)
    KnowledgeFactory(memory=memory, text="Was a cook.", status=KnowledgeStatus.SUPERSEDED).sources.add(page)
    KnowledgeFactory(memory=memory, text="Rests elsewhere.").sources.add(elsewhere)
    AssistantKnowledgeFactory(
        assistant=memory.assistant, text="Only proposed.", status=KnowledgeStatus.PROPOSED
    ).sources.add(page)
    html = client.get(url(memory, "segment", segment.pk)).content.decode()
    assert "Likes &lt;b&gt;tea&lt;/b&gt;." in html
    assert "(Superseded)" in html
    assert "Only proposed." in html
    assert "Rests elsewhere." not in html
    memory.assistant.memberships.update(role=Role.MEMBER)
    assert "Only proposed." not in client.get(url(memory, "segment", segment.pk)).content.decode()


def test_heat_over_time_is_drawn_and_told(client: Client, memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, visits=3, length=2)
    MemoryEventFactory(
        memory=memory, kind=EventKind.TRANSFERRED, target_type="segment", target_id=segment.pk, after={"pages": [1, 2]}
    )
    SegmentVisit.objects.create(segment=segment, visited_at=timezone.now())
    html = client.get(url(memory, "segment", segment.pk)).content.decode()
    assert html.count('class="heat-path"') == html.count('class="heat-limit"') == 1
    assert "2 pages joined" in html
    assert "When it was recalled 2 times was not noted yet" in html


def queued_jobs(memory: Memory) -> int:
    return ProcrastinateJob.objects.filter(args__memory_id=memory.pk, task_name="memory.promote", status="todo").count()


def unread(memory: Memory) -> Segment:
    segment = SegmentFactory(memory=memory, title="Tea", length=1, last_visited_at=EPOCH)
    PageFactory(segment=segment, query="I like tea")
    return segment


def start_worker() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")


def test_analyse_now_with_htmx_shows_that_it_waits_and_then_what_was_learnt(client: Client, memory: Memory) -> None:
    SegmentFactory(memory=memory, promoted_at=timezone.now())
    start_worker()
    segment = unread(memory)
    analyse, state = url(memory, "segment-analyse", segment.pk), url(memory, "segment-state", segment.pk)
    page = client.get(url(memory, "segment", segment.pk)).content.decode()
    assert f'hx-post="{analyse}"' in page
    assert state not in page
    html = client.post(analyse, headers=HTMX).content.decode()
    assert "<html" not in html
    assert "1 page is read for lasting facts next." in html
    assert "Its unread pages are read next." in html
    assert analyse not in html
    assert queued_jobs(memory) == 1
    seen = re.search(r"state/\?seen=(\w+)", html)
    assert seen
    quiet = client.get(state, {"seen": seen[1]}, headers=HTMX)
    assert (quiet.status_code, quiet.content) == (204, b"")
    assert "Waiting to be read" in client.get(url(memory, "segments")).content.decode()
    assert promote_due(memory, ScriptedConsolidator(), WordEmbedder()) == 1
    KnowledgeFactory(memory=memory, text="Likes tea.").sources.set(segment.pages.all())
    html = client.get(state, {"seen": seen[1]}, headers=HTMX).content.decode()
    assert "Likes tea." in html
    assert "All its pages have been read" in html
    assert "hx-trigger" not in html


def test_analyse_now_without_javascript_leads_back(client: Client, memory: Memory) -> None:
    segment = unread(memory)
    for _ in range(2):
        answer = client.post(url(memory, "segment-analyse", segment.pk), follow=True)
        assert answer.redirect_chain == [(f"{url(memory, 'segment', segment.pk)}#learnt", 302)]
        assert "It is read as soon as a worker runs; none does just now." in answer.content.decode()
    assert queued_jobs(memory) == 1
    assert MemoryEvent.objects.filter(kind=EventKind.ASKED).count() == 1
    assert client.get(url(memory, "segment-state", segment.pk))["Location"] == url(memory, "segment", segment.pk)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("why", ["paused", "archived"])
def test_what_cannot_be_analysed_now_is_said_in_a_sentence(
    client: Client, memory: Memory, headers: dict[str, str], why: str
) -> None:
    segment = unread(memory)
    if why == "paused":
        pause_learning(memory, by=memory.user)
    else:
        Segment.objects.filter(pk=segment.pk).update(archived_at=EPOCH)
    answer = client.post(url(memory, "segment-analyse", segment.pk), headers=headers)
    assert answer.status_code == 409
    words = {"paused": "Learning is paused: nothing new is remembered", "archived": "This segment is archived."}
    assert words[why] in answer.content.decode()
    assert queued_jobs(memory) == 0


def test_a_segment_all_read_has_nothing_to_analyse(client: Client, memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, length=0)
    assert url(memory, "segment-analyse", segment.pk) not in client.get(url(memory, "segment", segment.pk)).text
    answer = client.post(url(memory, "segment-analyse", segment.pk), follow=True)
    assert "All its pages have been read already." in answer.text
    assert queued_jobs(memory) == 0


def test_a_segment_is_analysed_from_the_list(client: Client, memory: Memory) -> None:
    segment = unread(memory)
    SegmentFactory(memory=memory, title="All read", length=0)
    SegmentFactory(memory=memory, title="Put away", length=3, archived_at=EPOCH)
    analyse = url(memory, "segment-analyse", segment.pk)
    html = client.get(url(memory, "segments")).text
    assert html.count("Analyse now") == html.count(f'action="{analyse}" hx-post="{analyse}"') == 1
    assert "Analyse now" not in client.get(url(memory, "segments"), {"show": "archived"}).text
    row = {**HTMX, "HX-Target": f"analyse-{segment.pk}"}
    html = client.post(analyse, headers=row).text
    assert f'<p id="analyse-{segment.pk}" class="segment-move" tabindex="-1" autofocus>' in html
    assert "Waiting to be read" in html
    assert "heat-card" not in html
    assert queued_jobs(memory) == 1


def test_in_a_pause_the_button_in_the_list_stays_and_says_why(client: Client, memory: Memory) -> None:
    segment = unread(memory)
    pause_learning(memory, by=memory.user)
    row = {**HTMX, "HX-Target": f"analyse-{segment.pk}"}
    answer = client.post(url(memory, "segment-analyse", segment.pk), headers=row)
    assert answer.status_code == 409
    assert "Learning is paused" in answer.text
    assert "Analyse now" in answer.text
