"""The overview, its live part and the jobs."""
# ruff: noqa: E501  (the table of events reads best with a line an event)

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory.domain.queueing import lock_of
from memory.enums import Actor, EventKind, KnowledgeStatus, Role
from memory.llm import get_consolidator
from memory.models import Memory, MemoryEvent, Segment
from memory.views.activity import actor, recent_activity, sentence
from memory.views.tiers_picture import Numbers
from tests.memory.factories import (
    EPOCH,
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

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory()
    client.force_login(memory.user)
    return memory


def url(memory: Memory, name: str = "overview", *args: object) -> str:
    return reverse(f"memory:{name}", args=[memory.assistant.slug, *args])


def fill(memory: Memory, count: int) -> None:
    """Put `count` rows of every kind into the memory."""
    segments = SegmentFactory.create_batch(count, memory=memory)
    for n in range(count):
        PageFactory(segment=segments[n])
        PageFactory(memory=memory)
        TraitFactory(memory=memory, dimension=("openness", "food", "sleep")[n])
        # Each by somebody else and another call: what would cost a query a row if it were not joined.
        MemoryEventFactory(memory=memory, user=UserFactory(), actor=Actor.PERSON)
        MemoryEventFactory(memory=memory, model_call=ModelCallFactory(memory=memory), actor=Actor.MODEL)
    ProfileFactory.create_batch(count, memory=memory)
    KnowledgeFactory.create_batch(count, memory=memory)
    AssistantKnowledgeFactory.create_batch(count, assistant=memory.assistant)


def insert_job(memory: Memory, status: str, attempt: int = 1) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, status)"
            " VALUES ('memory', 'memory.promote', %s, jsonb_build_object('attempt', %s::int), %s) RETURNING id",
            [lock_of(memory.pk), attempt, status],
        )
        return int(cursor.fetchone()[0])


def start_worker() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")


def test_home_leads_to_the_first_assistant_and_makes_one_for_a_newcomer(client: Client) -> None:
    newcomer = UserFactory()
    client.force_login(newcomer)
    answer = client.get(reverse("memory:home"))
    assert answer["Location"] == "/memory/assistant/"
    assert client.get(answer["Location"]).status_code == 200
    client.logout()
    assert client.get(reverse("memory:home"))["Location"] == "/accounts/login/?next=/memory/"


def test_numbers_count_each_tier_once() -> None:
    memory = MemoryFactory()
    fill(memory, 3)
    fill(MemoryFactory(assistant=memory.assistant, role=Role.MEMBER), 1)
    Segment.objects.filter(pk=memory.segments.all()[0].pk).update(archived_at=EPOCH)
    KnowledgeFactory(memory=memory, status=KnowledgeStatus.ARCHIVED)
    assert Numbers.of(memory) == Numbers(
        short_term=3,
        pages=2,
        segments=2,
        segments_archived=1,
        profile=3,
        traits=3,
        knowledge=3,
        assistant_knowledge=4,
    )


@pytest.mark.parametrize("count", [1, 3])
def test_overview_asks_the_database_equally_often(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fill(memory, count)
    with django_assert_num_queries(22):
        html = client.get(url(memory)).content.decode()
    assert html.count('class="tp-place') == html.count('class="tp-bar"') == 2 * count
    assert f'<strong class="numeric">{count}</strong> of 7 pages' in html
    assert f'<span class="numeric">{count}</span> of 90 known' in html


def test_an_empty_memory_says_what_will_come(client: Client, memory: Memory) -> None:
    html = client.get(url(memory)).content.decode()
    assert "Say something in the chat" in html
    assert "The middle fills when short-term memory is full" in html
    assert html.count('class="tp-free"') == 2 * (7 + 6)


def test_it_says_whether_a_language_model_is_connected(client: Client, memory: Memory, settings: Settings) -> None:
    assert "No language model is connected" in client.get(url(memory)).content.decode()
    settings.OPENAI_API_KEY, settings.MODEL = "sk-test", "some-model"
    html = client.get(url(memory)).content.decode()
    assert "No language model is connected" not in html
    assert "some-model" in html


def test_without_a_worker_it_says_so_and_what_to_do(client: Client, memory: Memory) -> None:
    html = client.get(url(memory)).content.decode()
    assert "No worker is running" in html
    assert "make run" in html
    start_worker()
    assert "No worker is running" not in client.get(url(memory)).content.decode()


def digest_in(html: str) -> str:
    found = re.search(r"live/\?seen=(\w+)", html)
    assert found
    return found[1]


def test_the_live_part_stays_silent_until_something_changes(client: Client, memory: Memory) -> None:
    seen = digest_in(client.get(url(memory)).content.decode())
    quiet = client.get(url(memory, "live"), {"seen": seen}, headers=HTMX)
    assert (quiet.status_code, quiet.content) == (204, b"")
    PageFactory(memory=memory)
    changed = client.get(url(memory, "live"), {"seen": seen}, headers=HTMX)
    assert changed.status_code == 200
    html = changed.content.decode()
    assert digest_in(html) != seen
    assert "<html" not in html
    # The status line is filled from outside: a live region that is replaced is not read out.
    assert '<div id="live-status" hx-swap-oob="innerHTML">' in html


def test_the_live_part_without_htmx_is_the_overview(client: Client, memory: Memory) -> None:
    assert client.get(url(memory, "live"))["Location"] == url(memory)


def test_polling_slows_down_when_nothing_is_going_on(client: Client, memory: Memory) -> None:
    start_worker()
    assert 'hx-trigger="every 10s"' in client.get(url(memory)).content.decode()
    insert_job(memory, "todo")
    assert 'hx-trigger="every 3s"' in client.get(url(memory)).content.decode()


def test_a_failed_job_shows_its_reason_and_can_be_retried(client: Client, memory: Memory) -> None:
    start_worker()
    job = insert_job(memory, "failed", attempt=6)
    after = {"task": "memory.promote", "attempt": 6, "reason": "The model <b>is</b> out."}
    MemoryEventFactory(memory=memory, kind=EventKind.FAILED, target_type="memory", after=after)
    html = client.get(url(memory)).content.decode()
    assert "<strong>Learning from a segment</strong> failed 6 times" in html
    assert "The model &lt;b&gt;is&lt;/b&gt; out." in html
    answer = client.post(url(memory, "job-retry", job), headers=HTMX)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "The job runs again." in html
    assert '<dt>Waiting</dt><dd class="numeric">1</dd>' in html
    assert "job-failed" not in html


def test_retrying_without_javascript_leads_back(client: Client, memory: Memory) -> None:
    job = insert_job(memory, "failed")
    answer = client.post(url(memory, "job-retry", job), follow=True)
    assert answer.redirect_chain == [(url(memory), 302)]
    assert "The job runs again." in answer.content.decode()
    assert client.get(url(memory, "job-retry", job)).status_code == 405


def test_retrying_a_job_that_is_no_failure_any_more_says_so(client: Client, memory: Memory) -> None:
    job = insert_job(memory, "doing")
    page, fragment = (client.post(url(memory, "job-retry", job), headers=headers) for headers in ({}, HTMX))
    assert (page.status_code, fragment.status_code) == (404, 404)
    for answer in (page, fragment):
        assert "not among the failed ones" in answer.content.decode()


EVENTS: list[tuple[EventKind, str, dict[str, object] | None, dict[str, object] | None, str]] = [
    (EventKind.RECORDED, "page", None, {"source": "chat"}, "A page of the chat was remembered."),
    (EventKind.RECORDED, "page", None, {"source": "import"}, "A page was imported."),
    (EventKind.RECORDED, "page", None, {"source": "api"}, "A page came in by the API."),
    (EventKind.TRANSFERRED, "segment", None, {"title": "Art", "pages": [1, 2]}, "2 pages moved to mid-term memory, into “Art”."),
    (EventKind.TRANSFERRED, "segment", None, {"title": "Art", "pages": [1]}, "1 page moved to mid-term memory, into “Art”."),
    (EventKind.PROMOTED, "segment", None, {"title": "Art", "pages": [1]}, "Read 1 page of “Art” for lasting facts."),
    (EventKind.ARCHIVED, "segment", None, {"title": "Art"}, "The segment “Art” was archived to make room."),
    (EventKind.RESTORED, "segment", None, {"title": ""}, "The segment “without a title” was brought back."),
    (EventKind.LEARNT, "knowledge", None, {"text": "Owns a boat."}, "Learnt the fact “Owns a boat.”"),
    (EventKind.LEARNT, "profile", {"value": "cook"}, {"name": "job", "value": "chef"}, "Learnt anew: the profile attribute “job: chef”."),
    (EventKind.LEARNT, "trait", None, {"dimension": "openness", "level": "high"}, "Learnt the trait “Openness: high”."),
    (EventKind.DELETED, "profile", {"name": "job", "value": "cook"}, None, "Deleted: the profile attribute “job: cook”."),
    (EventKind.FAILED, "memory", None, {"task": "memory.consolidate", "reason": "Why."}, "Moving pages to mid-term memory failed: Why."),
    (EventKind.PAUSED, "memory", None, {"what": "learning"}, "Learning was paused."),
    (EventKind.RESUMED, "memory", {"what": "recall"}, {"what": "recall"}, "Memory was used for answers again."),
    (EventKind.ASKED, "segment", None, {"title": "Art", "unread": 2}, "Analysis asked for: the segment “Art”."),
    (EventKind.EDITED, "gone", None, None, "Edited: the gone."),
    (EventKind.FORGOTTEN, "memory", None, {"pages": 2, "segments": 0, "facts": 1, "profile": 1, "traits": 3}, "Forgotten for good: 2 pages, 1 fact about you, 1 profile attribute and 3 traits."),
    (EventKind.FORGOTTEN, "memory", None, {"pages": 1}, "Forgotten for good: 1 page."),
    (EventKind.FORGOTTEN, "memory", None, {"pages": 0}, "Forgotten for good: nothing."),
    (EventKind.FORGOTTEN, "assistant", None, {"facts": 2}, "Forgotten for good: 2 facts about the assistant."),
    # What the log says of something after its words were forgotten.
    (EventKind.RECORDED, "page", None, None, "A page was remembered, and forgotten since."),
    (EventKind.TRANSFERRED, "segment", None, {"pages": [1, 2]}, "2 pages moved to mid-term memory, into a segment whose title is forgotten."),
    (EventKind.ARCHIVED, "segment", None, None, "A segment whose title is forgotten was archived to make room."),
    (EventKind.RESTORED, "segment", None, None, "A segment whose title is forgotten was brought back."),
    (EventKind.LEARNT, "knowledge", None, None, "Learnt a fact whose words are forgotten."),
    (EventKind.DELETED, "trait", None, None, "Deleted: a trait whose words are forgotten."),
    (EventKind.MERGED, "knowledge", None, {"confirmed": 3}, "Merged: a fact whose words are forgotten."),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "target", "before", "after", "expected"), EVENTS)
def test_events_read_as_sentences(
    kind: EventKind, target: str, before: dict[str, object] | None, after: dict[str, object] | None, expected: str
) -> None:
    assert sentence(MemoryEvent(kind=kind, target_type=target, before=before, after=after)) == expected


def test_lately_leads_to_segments_the_log_still_knows() -> None:
    memory = MemoryFactory()
    for after in ({"pages": [1]}, {"title": "Art", "pages": [1]}):
        MemoryEventFactory(memory=memory, kind=EventKind.TRANSFERRED, target_type="segment", target_id=5, after=after)
    links = [line.segment_id for line in recent_activity(memory, memory.user_id, shared=False)]
    assert links == [5, None]


def test_long_words_in_events_are_shortened() -> None:
    event = MemoryEvent(kind=EventKind.LEARNT, target_type="knowledge", after={"text": "x" * 500})
    assert sentence(event) == f"Learnt the fact “{'x' * 79}…”"


def test_events_name_who_did_it() -> None:
    memory = MemoryFactory()
    made: Callable[..., MemoryEvent] = MemoryEventFactory
    other = UserFactory(username="kim")
    assert actor(made(memory=memory, actor=Actor.PERSON, user=memory.user), memory.user_id) == "you"
    assert actor(made(memory=memory, actor=Actor.PERSON, user=other), memory.user_id) == "kim"
    assert actor(made(memory=memory, actor=Actor.PERSON), memory.user_id) == "someone who left"
    call = ModelCallFactory(memory=memory, model="m1")
    assert actor(made(memory=memory, actor=Actor.MODEL, model_call=call), memory.user_id) == "m1"
    rules = ModelCallFactory(memory=memory, model=get_consolidator().name)
    assert actor(made(memory=memory, actor=Actor.MODEL, model_call=rules), memory.user_id) == "built-in rules"
    assert actor(made(memory=memory), memory.user_id) == "background work"


def test_lately_tells_of_an_import_once() -> None:
    memory = MemoryFactory()
    MemoryEventFactory(memory=memory, kind=EventKind.IMPORTED, target_type="knowledge", after={"text": "Likes tea."})
    for source in ("import", "demo", "chat"):
        recorded = MemoryEventFactory(
            memory=memory, kind=EventKind.RECORDED, target_type="page", after={"source": source}
        )
    whole = MemoryEventFactory(memory=memory, kind=EventKind.IMPORTED, target_type="memory", after={"facts": 1})
    learnt = MemoryEventFactory(memory=memory, kind=EventKind.LEARNT, target_type="knowledge", after={"text": "Runs."})
    lately = [line.event_id for line in recent_activity(memory, memory.user_id, shared=False)]
    assert lately == [learnt.pk, whole.pk, recorded.pk]


def test_activity_of_the_shared_assistant_is_for_those_who_curate_it() -> None:
    memory = MemoryFactory()
    shared = MemoryEventFactory(memory=None, assistant=memory.assistant, target_type="knowledge")
    foreign = MemoryEventFactory(memory=MemoryFactory(assistant=memory.assistant, role=Role.MEMBER))
    mine = MemoryEventFactory(memory=memory)
    assert [line.event_id for line in recent_activity(memory, memory.user_id, shared=False)] == [mine.pk]
    curated = [line.event_id for line in recent_activity(memory, memory.user_id, shared=True)]
    assert curated == [mine.pk, shared.pk]
    assert foreign.pk not in curated
