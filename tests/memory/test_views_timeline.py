"""The timeline: what happened, who did it, what changed; its filters and pages; and the page of a model call."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from memory.domain.activity import working_as
from memory.domain.knowledge import delete_knowledge, edit_knowledge
from memory.domain.proposing import propose_knowledge
from memory.domain.recording import PageDraft, record_page, record_pages
from memory.enums import Actor, EventKind, Outcome, Role, Source
from memory.models import Memory, MemoryEvent
from memory.views.activity import sentence
from memory.views.lines import lines_of
from memory.views.runs import WINDOWS, runs_of
from memory.views.timeline import LINES, OF_ONE_CALL
from memory.views.timeline_filter import GROUPS, LARGEST_KEY
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryEventFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
    UserFactory,
)
from tests.memory.fakes import WordEmbedder
from tests.memory.test_views_items import HTMX, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory()
    client.force_login(memory.user)
    return memory


def look(client: Client, memory: Memory, **wish: Any) -> str:
    answer = client.get(url(memory, "timeline"), wish)
    assert answer.status_code == 200
    return str(answer.content.decode())


def texts(client: Client, memory: Memory, **wish: Any) -> list[str]:
    """Return the sentences of a page of the timeline."""
    answer = client.get(url(memory, "timeline"), wish)
    return [line.text for day in answer.context["stretch"].days for line in day.lines]


def said(memory: Memory, number: int, at: datetime | None = None, **values: Any) -> MemoryEvent:
    """Log that a fact was learnt; `number` tells it from others."""
    values = {"kind": EventKind.LEARNT, "target_type": "knowledge", "after": {"text": f"Fact {number}"}} | values
    event: MemoryEvent = MemoryEventFactory(memory=memory, **values)
    if at:
        MemoryEvent.objects.filter(pk=event.pk).update(created_at=at)
    return event


def import_pages(memory: Memory, count: int, source: Source = Source.IMPORT) -> None:
    drafts = [PageDraft(f"Page {n}", "", timezone.now()) for n in range(count)]
    record_pages(memory, drafts, source)


# --- Lines ------------------------------------------------------------------------------------------------------------


def fill(memory: Memory, count: int) -> None:
    """Log `count` events about each kind of thing, each by somebody else and another call."""
    for number in range(count):
        things = (
            PageFactory(memory=memory),
            SegmentFactory(memory=memory),
            KnowledgeFactory(memory=memory),
            ProfileFactory(memory=memory),
            TraitFactory(memory=memory, dimension=("openness", "food", "sleep")[number]),
        )
        for thing in things:
            kind = thing._meta.model_name
            call = ModelCallFactory(memory=memory)
            made = {"kind": EventKind.LEARNT, "target_type": kind, "target_id": thing.pk, "job_id": number + 1}
            MemoryEventFactory(memory=memory, actor=Actor.MODEL, model_call=call, **made)
            MemoryEventFactory(memory=memory, actor=Actor.PERSON, user=UserFactory(), **made)


@pytest.mark.parametrize("count", [1, 3])
def test_the_timeline_asks_the_database_equally_often(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fill(memory, count)
    with django_assert_num_queries(14):
        html = look(client, memory)
    assert html.count('class="event"') == 10 * count
    assert html.count("/calls/") == 5 * count


def test_a_line_says_what_happened_who_did_it_what_changed_and_where_to_look(client: Client, memory: Memory) -> None:
    fact = KnowledgeFactory(memory=memory, text="Likes tea.")
    with working_as(77):
        edit_knowledge(fact, "Likes coffee.", WordEmbedder(), by=memory.user)
    html = look(client, memory)
    row = url(memory, "knowledge-row", fact.pk)
    assert f'<a href="{row}">Edited: the fact “Likes coffee.”</a>' in html
    assert " ".join(re.sub(r"<[^>]+>", " ", html.split('class="diff">')[1].split("</span></dd>")[0]).split()) == (
        "Likes [removed: tea. ] [added: coffee. ]"
    )
    assert re.search(r'<time datetime="[^"]+" data-local="clock">\d+:\d\d', html)
    assert " · you" in html
    assert f'href="{url(memory, "timeline")}?job=77"' in html
    assert "No longer there" not in html
    delete_knowledge(fact, by=memory.user)
    html = look(client, memory)
    assert row not in html
    assert html.count("No longer there") == 2


def test_a_model_s_deed_leads_to_its_call(client: Client, memory: Memory) -> None:
    call = ModelCallFactory(memory=memory, model="m<1>")
    said(memory, 1, actor=Actor.MODEL, model_call=call)
    html = look(client, memory)
    assert f'href="{url(memory, "call", call.pk)}"' in html
    assert "m&lt;1&gt;</a>" in html


@pytest.mark.parametrize("kind", EventKind)
def test_whatever_the_log_holds_is_said_somehow(memory: Memory, kind: EventKind) -> None:
    held: list[Any] = [None, {}, {"pages": [1]}, {"text": 5, "value": None, "level": "x", "reason": ["y"]}]
    events = [
        MemoryEventFactory(memory=memory, kind=kind, target_type=target, target_id=2**62, before=before, after=after)
        for target in ("page", "segment", "knowledge", "profile", "trait", "memory", "assistant", "gone")
        for state in held
        for before, after in ((state, state), (None, state), (state, None), ({"text": "a", "value": "b"}, state))
    ]
    lines = lines_of(memory, events, memory.user_id)
    assert [bool(line.text) for line in lines] == [True] * len(events)


def test_every_kind_has_its_words_and_its_group() -> None:
    grouped = [kind for _, kinds in GROUPS.values() for kind in kinds]
    assert sorted(grouped) == sorted(EventKind)


@pytest.mark.parametrize(
    ("kind", "after", "expected"),
    [
        (EventKind.PAUSED, {"what": "learning"}, "Learning was paused."),
        (EventKind.RESUMED, {"what": "recall"}, "Memory was used for answers again."),
        (EventKind.IMPORTED, {"pages": 2, "facts": 1}, "A file was imported: 2 pages and 1 fact about you."),
    ],
)
def test_what_happened_to_the_memory_as_a_whole(kind: EventKind, after: dict[str, Any], expected: str) -> None:
    assert sentence(MemoryEvent(kind=kind, target_type="memory", after=after)) == expected


def test_long_changes_are_folded_and_long_words_shown_in_full(client: Client, memory: Memory) -> None:
    said(memory, 1, after={"text": "word " * 60})
    said(memory, 2, kind=EventKind.EDITED, before={"text": "old " * 60}, after={"text": "new " * 60})
    said(memory, 3, kind=EventKind.MERGED, before={"text": "a"}, after={"text": "b", "said": "c <i>"})
    html = look(client, memory)
    assert html.count('<details class="event-more">') == 2
    assert html.count("word ") >= 60
    assert "c &lt;i&gt;" in html


def test_an_empty_timeline_says_what_will_come(client: Client, memory: Memory) -> None:
    assert "Say something in the chat" in look(client, memory)
    said(memory, 1)
    assert "Nothing like that happened" in look(client, memory, kind="gone")


# --- Filters ----------------------------------------------------------------------------------------------------------


def test_filters_are_put_together(client: Client, memory: Memory) -> None:
    day = datetime(2026, 3, 5, 12, tzinfo=UTC)
    events = [
        said(memory, 0, at=day),
        said(memory, 1, at=day, kind=EventKind.MERGED, actor=Actor.MODEL),
        said(memory, 2, at=day + timedelta(days=1), kind=EventKind.DELETED, actor=Actor.PERSON, target_id=9),
        said(memory, 3, at=day + timedelta(days=2), kind=EventKind.FAILED, target_type="memory", job_id=5),
        said(memory, 4, at=day + timedelta(days=2), kind=EventKind.PINNED, target_id=9, job_id=5),
    ]
    keys = [event.pk for event in events]

    def found(**wish: Any) -> list[int]:
        answer = client.get(url(memory, "timeline"), wish)
        shown = [line.event_id for each in answer.context["stretch"].days for line in each.lines]
        return [keys.index(key) for key in shown]

    assert found() == [4, 3, 2, 1, 0]
    assert found(kind="learnt") == [1, 0]
    assert found(kind=["learnt", "gone"]) == [2, 1, 0]
    assert found(who="person") == [2]
    assert found(who="job") == [4, 3, 0]
    assert found(since="2026-03-06") == [4, 3, 2]
    assert found(until="2026-03-06") == [2, 1, 0]
    assert found(since="2026-03-06", until="2026-03-06") == [2]
    assert found(job=5) == [4, 3]
    assert found(of="knowledge-9") == [4, 2]
    assert found(of="knowledge-9", who="person", kind="gone", since="2026-03-01", until="2026-04-01") == [2]
    assert found(run=f"{keys[1]}-{keys[2]}") == [2, 1]
    assert found(since="0001-01-01", until="9999-12-31") == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "nonsense"}, {"kind": ["learnt", "\0"]}, {"who": "nobody"}, {"since": "yesterday"},
        {"since": "2026-13-40"}, {"until": "9" * 500}, {"job": "x"}, {"job": "-1"}, {"job": str(2**63)},
        {"job": "9" * 5000}, {"of": "memory-1"}, {"of": "knowledge-"}, {"of": "knowledge-" + "9" * 40},
        {"of": "knowledge-1\n"}, {"run": "1"}, {"run": "²-³"}, {"since": "2026-03-02", "until": "2026-03-01"},
    ],
    ids="-".join,
)  # fmt: skip
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_what_cannot_be_looked_for_is_said_in_a_sentence(
    client: Client, memory: Memory, wish: dict[str, Any], headers: dict[str, str]
) -> None:
    said(memory, 1)
    answer = client.get(url(memory, "timeline"), wish, headers=headers)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing is shown, because this cannot be looked for" in html
    assert re.search(r"<li>[A-Z][^<]+\.</li>", html)
    assert 'class="event"' not in html
    assert ("<html" in html) == (not headers)


@pytest.mark.parametrize("before", ["x", "0", "-3", "²", "9" * 30, "", "1e3"])
def test_nonsense_for_a_page_is_the_newest_page(client: Client, memory: Memory, before: str) -> None:
    said(memory, 1)
    assert texts(client, memory, before=before) == ["Learnt the fact “Fact 1”."]


def test_a_chosen_filter_stays_chosen(client: Client, memory: Memory) -> None:
    said(memory, 1, job_id=5)
    html = look(client, memory, kind="learnt", who="job", since="2026-01-01", job=5)
    assert re.search(r'value="learnt"[^>]* checked', html)
    assert '<option value="job" selected>' in html
    assert 'value="2026-01-01"' in html
    assert '<input type="hidden" name="job" value="5"' in html
    assert "Only what job 5 did." in html


def test_htmx_gets_the_list_alone_and_the_address_is_the_form_s(client: Client, memory: Memory) -> None:
    said(memory, 1)
    html = look(client, memory)
    assert f'method="get" action="{url(memory, "timeline")}" hx-get="{url(memory, "timeline")}"' in html
    assert 'hx-push-url="true"' in html
    fragment = client.get(url(memory, "timeline"), {"kind": "learnt"}, headers=HTMX).content.decode()
    assert fragment.lstrip().startswith('<div id="timeline"')
    assert '<p id="timeline-status" hx-swap-oob="innerHTML">1 entry shown</p>' in fragment
    # Back in the browser asks by HTMX for the whole page.
    back = {**HTMX, "HX-History-Restore-Request": "true"}
    assert "<html" in client.get(url(memory, "timeline"), headers=back).content.decode()


# --- Pages of the list and runs ---------------------------------------------------------------------------------------


def test_pages_go_on_where_the_last_one_ended(client: Client, memory: Memory) -> None:
    for number in range(2 * LINES + 1):
        said(memory, number)
    seen: list[str] = []
    wish: dict[str, Any] = {"kind": "learnt"}
    for size in (LINES, LINES, 1):
        answer = client.get(url(memory, "timeline"), wish)
        page = [line.text for day in answer.context["stretch"].days for line in day.lines]
        assert len(page) == size
        seen += page
        older = answer.context["stretch"].older
        assert (f"?kind=learnt&amp;before={older}" in answer.content.decode()) == (older is not None)
        wish["before"] = older
        # What is logged meanwhile moves nothing.
        said(memory, 10**6)
    assert older is None
    assert seen == [f"Learnt the fact “Fact {number}”." for number in reversed(range(2 * LINES + 1))]
    assert "Newest" in answer.content.decode()


def test_after_the_last_page_it_says_so(client: Client, memory: Memory) -> None:
    event = said(memory, 1)
    html = look(client, memory, before=event.pk)
    assert "This is where the timeline begins." in html
    assert "Newest" in html


def test_pages_that_came_in_one_go_are_one_line_that_opens(client: Client, memory: Memory) -> None:
    said(memory, 1)
    import_pages(memory, 64)
    said(memory, 2)
    assert texts(client, memory) == [
        "Learnt the fact “Fact 2”.",
        "64 pages were imported.",
        "Learnt the fact “Fact 1”.",
    ]
    recorded = memory.events.filter(kind=EventKind.RECORDED).order_by("pk")
    first, last = recorded[0].pk, recorded[63].pk
    assert f'href="{url(memory, "timeline")}?run={first}-{last}"' in look(client, memory)
    numbers = list(memory.pages.order_by("-position").values_list("position", flat=True)[:LINES])
    assert texts(client, memory, run=f"{first}-{last}") == [f"Page {number} was imported." for number in numbers]


def test_what_one_file_brought_is_one_line_a_kind(client: Client, memory: Memory) -> None:
    for number in range(3):
        said(memory, number, kind=EventKind.IMPORTED)
    for _ in range(2):
        said(memory, 0, kind=EventKind.IMPORTED, target_type="trait")
    assert texts(client, memory) == ["Imported: 2 traits.", "Imported: 3 facts about you."]
    first, last = memory.events.order_by("pk").values_list("pk", flat=True)[:3:2]
    assert len(texts(client, memory, run=f"{first}-{last}")) == 3


def test_what_came_from_elsewhere_or_at_another_time_or_was_said_is_a_line_of_its_own(
    client: Client, memory: Memory
) -> None:
    for _ in range(2):
        record_page(memory, query="Hello", response="")
    import_pages(memory, 2)
    import_pages(memory, 1, Source.DEMO)
    import_pages(memory, 2, Source.API)
    with working_as(3):
        import_pages(memory, 2, Source.API)
    memory.events.all().update(created_at=timezone.now() - timedelta(hours=1))
    with working_as(3):
        import_pages(memory, 2, Source.API)
    assert texts(client, memory) == [
        "2 pages came in by the API.",
        "2 pages came in by the API.",
        "2 pages came in by the API.",
        "Page 5, of the demo data, was stored.",
        "2 pages were imported.",
        "Page 2, of the chat, was remembered.",
        "Page 1, of the chat, was remembered.",
    ]


def test_pages_of_the_list_and_runs_go_together(client: Client, memory: Memory) -> None:
    """A run at the end of a page belongs to it whole, whatever window it lies in."""
    for number in range(LINES - 1):
        said(memory, number)
    MemoryEvent.objects.update(created_at=timezone.now() - timedelta(hours=1))
    older = [said(memory, 10**6)]
    import_pages(memory, WINDOWS[0] + 50)
    for number in range(LINES - 1):
        said(memory, number)
    events = MemoryEvent.objects.filter(memory=memory)
    runs, before = runs_of(events, LARGEST_KEY, LINES, together=True)
    assert [run.count for run in runs] == [1] * (LINES - 1) + [WINDOWS[0] + 50]
    assert before == runs[-1].oldest.pk
    runs, before = runs_of(events, before or 0, LINES, together=True)
    assert (len(runs), runs[0].newest.pk, before) == (LINES, older[0].pk, None)
    assert texts(client, memory)[-1] == f"{WINDOWS[0] + 50} pages were imported."


def test_a_run_longer_than_all_windows_goes_on_at_the_next_page(memory: Memory) -> None:
    total = sum(WINDOWS) + 7
    event = MemoryEventFactory(memory=memory, after={"source": "import"})
    fields = {"assistant": memory.assistant, "memory": memory, "kind": event.kind, "actor": event.actor}
    rest = {"target_type": "page", "target_id": 1, "after": {"source": "import"}}
    MemoryEvent.objects.bulk_create(MemoryEvent(**fields, **rest) for _ in range(total - 1))
    [run], before = runs_of(MemoryEvent.objects.all(), LARGEST_KEY, LINES, together=True)
    assert (run.count, before) == (sum(WINDOWS), run.oldest.pk)
    [run], before = runs_of(MemoryEvent.objects.all(), before or 0, LINES, together=True)
    assert (run.count, before) == (7, None)


def test_days_stand_above_what_happened_on_them(client: Client, memory: Memory) -> None:
    for number, day in enumerate((1, 2, 2, 4)):
        said(memory, number, at=datetime(2026, 3, day, 12, tzinfo=UTC))
    days = client.get(url(memory, "timeline")).context["stretch"].days
    assert [(day.date.day, len(day.lines)) for day in days] == [(4, 1), (2, 2), (1, 1)]


# --- Who sees what ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_a_timeline_is_its_person_s_and_what_members_share_is_for_curators(client: Client, role: Role) -> None:
    other = MemoryFactory()
    shared = AssistantKnowledgeFactory(assistant=other.assistant)
    mine = MemoryFactory(assistant=other.assistant, role=role)
    said(other, 1, target_id=KnowledgeFactory(memory=other).pk, job_id=5)
    said(mine, 2, job_id=5)
    call = ModelCallFactory(memory=other)
    MemoryEventFactory(
        memory=None, assistant=other.assistant, kind=EventKind.LEARNT, target_type="knowledge", target_id=shared.pk,
        after={"text": "Shared."}, model_call=call, actor=Actor.MODEL, job_id=5,
    )  # fmt: skip
    client.force_login(mine.user)
    expected = ["Learnt the fact “Shared.”", "Learnt the fact “Fact 2”."]
    expected = expected if role != Role.MEMBER else expected[1:]
    assert texts(client, mine) == expected
    assert texts(client, mine, job=5) == expected
    assert texts(client, mine, run=f"1-{LARGEST_KEY // 10}") == expected
    html = look(client, mine)
    assert (url(mine, "assistant-knowledge-row", shared.pk) in html) == (role != Role.MEMBER)
    assert client.get(url(mine, "call", call.pk)).status_code == (404 if role == Role.MEMBER else 200)


# --- A model call -----------------------------------------------------------------------------------------------------


def test_a_call_says_what_for_what_it_cost_how_it_ended_and_what_it_led_to(client: Client, memory: Memory) -> None:
    call = ModelCallFactory(memory=memory, model="gpt-x", tokens_in=901, tokens_out=123, duration_ms=840)
    said(memory, 1, model_call=call, actor=Actor.MODEL, job_id=77)
    said(memory, 2, model_call=ModelCallFactory(memory=memory), actor=Actor.MODEL)
    html = client.get(url(memory, "call", call.pk)).content.decode()
    for words in ("gpt-x", "To sort pages by topic", ">901<", ">123<", "0.84 s", ">OK<", "Fact 1", "?job=77"):
        assert words in html, words
    assert "Fact 2" not in html


def test_a_failed_call_says_why_and_that_nothing_changed(client: Client, memory: Memory) -> None:
    call = ModelCallFactory(memory=memory, outcome=Outcome.EMPTY, detail="<b>Why</b>", tokens_in=None, tokens_out=None)
    html = client.get(url(memory, "call", call.pk)).content.decode()
    for words in ("Empty answer", "&lt;b&gt;Why&lt;/b&gt;", "Not known", "Nothing in memory changed by this call."):
        assert words in html, words


@pytest.mark.parametrize("count", [1, 3])
def test_a_call_asks_the_database_equally_often(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    call = ModelCallFactory(memory=memory)
    for number in range(count):
        said(memory, number, model_call=call, user=UserFactory(), target_id=KnowledgeFactory(memory=memory).pk)
    with django_assert_num_queries(10):
        html = client.get(url(memory, "call", call.pk)).content.decode()
    assert html.count('class="event"') == count


def test_a_call_that_led_to_much_shows_the_newest(client: Client, memory: Memory) -> None:
    call = ModelCallFactory(memory=memory)
    for number in range(OF_ONE_CALL + 1):
        said(memory, number, model_call=call)
    html = client.get(url(memory, "call", call.pk)).content.decode()
    assert html.count('class="event"') == OF_ONE_CALL
    assert "There is more than fits here." in html


def test_a_curators_own_proposal_comes_once(client: Client, memory: Memory) -> None:
    mate = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    for mine in (memory, mate):
        fact = KnowledgeFactory(memory=mine)
        propose_knowledge(fact, f"Of {mine.user.username}.", WordEmbedder(), by=mine.user)
    assert texts(client, memory) == [
        f"Proposed to the team: “Of {mate.user.username}.”",
        f"A fact of yours was proposed to the team, as “Of {memory.user.username}.”",
    ]


def test_who_left_is_named_once(client: Client, memory: Memory) -> None:
    left = MemoryEventFactory(
        memory=None, assistant=memory.assistant, kind=EventKind.LEFT, actor=Actor.PERSON, user=None,
        target_type="assistant", target_id=memory.assistant.pk, after={"name": "bob"},
    )  # fmt: skip
    assert left.user is None
    for name in ("timeline", "overview"):
        page = client.get(reverse(f"memory:{name}", args=[memory.assistant.slug])).text
        assert "bob left." in page
        assert "someone who left" not in page
        assert "· </p>" not in page
