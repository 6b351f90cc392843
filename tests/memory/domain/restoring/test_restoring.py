"""A memory that goes out as a file and comes in again: the same, beside others, twice, by halves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from memory.domain.consolidation import transfer_all
from memory.domain.demo import demo_contents
from memory.domain.exporting import json_of
from memory.domain.forgetting import EVERYTHING, forget
from memory.domain.importing import Contents, read
from memory.domain.recall import recall
from memory.domain.restoring import restore_long_term, standing, store_pages
from memory.embedding import get_embedder
from memory.enums import EventKind, KnowledgeStatus, Role, Subject
from memory.llm import get_consolidator
from memory.models import Knowledge, Memory, ModelCall, Posting, SegmentPosting
from tests.memory.factories import (
    AssistantFactory,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 5, 12, tzinfo=UTC)
QUESTIONS = (
    "Where do I live now?",
    "What may I not eat?",
    "What is the name of my cat?",
    "Who is my sister?",
    "What did my grandfather play?",
    "How was the mountain on the Azores?",
    "What did the movers cost?",
    "Why was the laptop loud?",
    "Who is Hamish?",
    "What is my job?",
)


def contents_of(memory: Memory, *, shared: bool = True) -> Contents:
    return read(exported(memory, shared=shared), name="memory.json")


def exported(memory: Memory, *, shared: bool = True) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(b"".join(json_of(memory, NOW, shared=shared)))
    return data


def bring(memory: Memory, contents: Contents, *, shared: bool = True) -> dict[str, int]:
    """Import a file whole; return what was done."""
    found = standing(memory, contents)
    with transaction.atomic():
        added = store_pages(memory, contents, contents.pages, found)
        done = restore_long_term(memory, contents, found, by=memory.user, now=timezone.now(), shared=shared)
    return {"pages": added, **{kind: count for kind, count in done.items() if count}}


def work(memory: Memory) -> None:
    """Do what the job does that importing queues."""
    transfer_all(Memory.objects.get(pk=memory.pk), get_consolidator(), get_embedder())


def as_told(memory: Memory) -> dict[str, Any]:
    """Return an export without what belongs to the installation: keys of rows, by what they stand for."""
    data = exported(memory)
    titles = {row["id"]: row["title"] for row in data["segments"]}
    begun = {row["id"]: row["started_at"] for row in data["chains"]}
    facts = {row["id"]: row["text"] for row in data["knowledge"]}
    for page in data["pages"]:
        page["segment"], page["chain"] = titles.get(page["segment"]), begun.get(page["chain"])
        del page["position"]
    for fact in data["knowledge"]:
        fact["superseded_by"] = facts.get(fact["superseded_by"])
    data["knowledge"].sort(key=lambda fact: (fact["subject"], fact["text"]))
    for part in ("segments", "chains", "knowledge"):
        for row in data[part]:
            del row["id"]
    data["segments"].sort(key=lambda row: row["title"])
    data["chains"].sort(key=lambda row: row["started_at"])
    del data["memory"]
    return data


def recalled(memory: Memory) -> list[list[str]]:
    fresh = Memory.objects.select_related("assistant").get(pk=memory.pk)
    found = [recall(fresh, question, now=NOW, budget=4000) for question in QUESTIONS]
    return [[item.text for item in one.items] for one in found]


def assert_index_whole(memory: Memory) -> None:
    """Assert that the index holds the pages that recall may find, and every count agrees with the rows."""
    memory = Memory.objects.get(pk=memory.pk)
    inside = memory.pages.recallable()
    assert memory.page_count == inside.count()
    assert memory.term_count == inside.aggregate(total=Sum("length"))["total"]
    assert memory.term_count == Posting.objects.filter(memory=memory).aggregate(total=Sum("frequency"))["total"]
    for segment in memory.segments.all():
        assert segment.term_count == segment.pages.aggregate(total=Sum("length"))["total"]
        assert segment.length == segment.pages.unanalysed().count()
        held = SegmentPosting.objects.filter(segment=segment).aggregate(total=Sum("frequency"))["total"]
        assert held == (None if segment.archived_at else segment.term_count)
    assert not memory.pages.exclude(segment__memory=F("memory")).filter(segment__isnull=False).exists()


@pytest.fixture
def memory() -> Memory:
    """A memory in which something of every kind is, with all its vectors."""
    memory: Memory = MemoryFactory(assistant=AssistantFactory(name="Iris"))
    bring(memory, demo_contents(NOW))
    work(memory)
    return memory


def test_a_memory_that_was_wiped_comes_back_as_it_was(memory: Memory) -> None:
    before, answers = as_told(memory), recalled(memory)
    assert [len(found) > 3 for found in answers] == [True] * len(QUESTIONS)
    contents = contents_of(memory)
    forget(memory, EVERYTHING, by=memory.user)
    Knowledge.objects.filter(assistant=memory.assistant).delete()
    assert memory.pages.count() == 0
    calls = ModelCall.objects.count()
    done = bring(memory, contents)
    assert done == {"pages": 60, "profile": 8, "traits": 16, "facts": 27, "assistant_knowledge": 4}
    work(memory)
    assert as_told(memory) == before
    assert recalled(memory) == answers
    assert_index_whole(memory)
    assert ModelCall.objects.count() == calls, "no model was called"
    assert memory.pages.short_term().count() == 7


def test_another_assistant_gets_the_same(memory: Memory) -> None:
    other = MemoryFactory()
    bring(other, contents_of(memory))
    work(other)
    assert as_told(other) == as_told(memory)
    assert recalled(other) == recalled(memory)
    assert_index_whole(other)


def test_its_own_export_adds_nothing(memory: Memory) -> None:
    # Pages without an id of their own are known by their positions.
    memory.pages.update(external_id=None)
    before = as_told(memory)
    assert bring(memory, contents_of(memory)) == {"pages": 0}
    assert as_told(memory) == before
    assert memory.segments.count() == 9


def test_the_same_file_twice_adds_nothing(memory: Memory) -> None:
    other, contents = MemoryFactory(), contents_of(memory)
    bring(other, contents)
    events, before = other.events.count(), as_told(other)
    assert bring(other, contents) == {"pages": 0}
    assert (other.events.count(), as_told(other)) == (events, before)


def test_a_copy_that_comes_back_adds_only_what_is_new(memory: Memory) -> None:
    memory.pages.update(external_id=None)
    other = MemoryFactory()
    bring(other, contents_of(memory))
    PageFactory(memory=other, position=61, query="New", response="")
    assert bring(memory, contents_of(other)) == {"pages": 1}
    assert (memory.pages.count(), memory.segments.count()) == (61, 9)


def test_what_was_broken_off_goes_on_without_doubling(memory: Memory) -> None:
    other, contents = MemoryFactory(), contents_of(memory)
    store_pages(other, contents, contents.pages[:25], standing(other, contents))
    assert bring(other, contents)["pages"] == 35
    work(other)
    assert as_told(other) == as_told(memory)
    assert_index_whole(other)


def test_pages_are_appended_to_those_that_are_there(memory: Memory) -> None:
    other = MemoryFactory()
    segment = SegmentFactory(memory=other, title="Mine")
    PageFactory(segment=segment, query="Old")
    bring(other, contents_of(memory))
    assert list(other.pages.values_list("position", flat=True)) == list(range(1, 62))
    assert other.segments.count() == 10
    assert set(segment.pages.values_list("query", flat=True)) == {"Old"}


def test_a_page_with_the_same_id_and_other_words_stays(memory: Memory) -> None:
    other, contents = MemoryFactory(), contents_of(memory)
    PageFactory(memory=other, query="Mine", external_id=contents.pages[0].external_id)
    assert standing(other, contents).differing == {contents.pages[0].external_id}
    assert bring(other, contents)["pages"] == 59
    assert other.pages.get(external_id=contents.pages[0].external_id).query == "Mine"


def test_what_a_person_wrote_stays_and_else_the_newer_holds(memory: Memory) -> None:
    other = MemoryFactory()
    ProfileFactory(memory=other, name="Home", value="Oslo", locked=True)
    ProfileFactory(memory=other, name="diet", value="vegan")
    older = ProfileFactory(memory=other, name="pet", value="a dog")
    other.profile.filter(pk=older.pk).update(updated_at=NOW - timedelta(days=5000))
    TraitFactory(memory=other, dimension="humor", level="low", disabled=True)
    bring(other, contents_of(memory))
    values = dict(other.profile.values_list("name", "value"))
    assert (values["Home"], values["diet"], values["pet"]) == ("Oslo", "vegan", "Biscuit, a ginger cat")
    assert other.traits.get(dimension="humor").level == "low"
    assert other.profile.count() == 8


def test_a_fact_that_is_there_is_confirmed_not_doubled(memory: Memory) -> None:
    other = MemoryFactory()
    mine = KnowledgeFactory(memory=other, text="mara has been vegetarian for ten years", pinned=True)
    ended = KnowledgeFactory(memory=other, text="Mara lives in Bristol.", confirmed_at=NOW - timedelta(days=400))
    kept = KnowledgeFactory(memory=other, text="Ines is Mara's sister.", status=KnowledgeStatus.DISABLED)
    bring(other, contents_of(memory))
    mine.refresh_from_db()
    assert (mine.text, mine.pinned, mine.sources.count()) == ("mara has been vegetarian for ten years", True, 1)
    ended.refresh_from_db()
    assert ended.status == KnowledgeStatus.SUPERSEDED
    assert ended.superseded_by is not None
    assert ended.superseded_by.text.startswith("Mara lives in Grantown")
    kept.refresh_from_db()
    assert kept.status == KnowledgeStatus.DISABLED
    assert other.knowledge.count() == 27


def test_what_was_superseded_here_since_does_not_come_back(memory: Memory) -> None:
    contents = contents_of(memory)
    old = memory.knowledge.get(text="Mara keeps a sourdough starter.")
    new = KnowledgeFactory(memory=memory, text="Mara gave up bread.", confirmed_at=NOW)
    memory.knowledge.filter(pk=old.pk).update(status="superseded", superseded_by=new, valid_to=NOW)
    assert bring(memory, contents) == {"pages": 0}
    assert memory.knowledge.active().filter(text__contains="sourdough").count() == 0


def test_capacities_hold(memory: Memory) -> None:
    assistant = AssistantFactory(memory_settings={"knowledge_capacity": 5, "mid_term_capacity": 3})
    other = MemoryFactory(assistant=assistant)
    done = bring(other, contents_of(memory))
    assert other.knowledge.active().count() == 5
    assert other.knowledge.active().filter(pinned=True).count() == 1
    assert other.segments.active().count() == 3
    assert done["archived_segments"] == 5
    assert bring(other, contents_of(memory)) == {"pages": 0}
    work(other)
    assert_index_whole(other)


def test_knowledge_of_a_shared_assistant_is_proposed_and_members_bring_none(memory: Memory) -> None:
    contents = contents_of(memory)
    curator = MemoryFactory(role=Role.CURATOR)
    member = MemoryFactory(assistant=curator.assistant, role=Role.MEMBER)
    bring(member, contents, shared=False)
    assert curator.assistant.knowledge.count() == 0
    assert member.knowledge.filter(subject=Subject.USER).count() == 27
    bring(curator, contents)
    assert set(curator.assistant.knowledge.values_list("status", flat=True)) == {KnowledgeStatus.PROPOSED}
    assert not curator.knowledge.filter(subject=Subject.ASSISTANT).exists()


def test_an_export_names_no_pages_of_other_members(memory: Memory) -> None:
    theirs = MemoryFactory(assistant=memory.assistant)
    shared = AssistantKnowledgeFactory(assistant=memory.assistant, text="Shared.")
    shared.sources.add(PageFactory(memory=theirs, external_id="secret"))
    data = exported(memory)
    assert [fact["sources"] for fact in data["knowledge"] if fact["text"] == "Shared."] == [[]]
    assert "secret" not in json.dumps(data)
    assert [fact for fact in exported(memory, shared=False)["knowledge"] if fact["subject"] == "assistant"] == []


def test_it_is_logged_and_the_job_that_gives_vectors_is_queued() -> None:
    memory = MemoryFactory()
    bring(memory, demo_contents(NOW))
    kinds = list(memory.events.values_list("kind", flat=True))
    assert kinds.count(EventKind.RECORDED) == 60
    assert kinds.count(EventKind.IMPORTED) == 8 + 16 + 27
    assert memory.assistant.events.filter(memory=None, kind=EventKind.IMPORTED).count() == 4
    assert [job.task_name for job in ProcrastinateJob.objects.all()] == ["memory.consolidate"]
    # One more run finds all vectors made and nothing to move.
    work(memory)
    assert not memory.segments.filter(embedding__isnull=True).exists()
    assert not memory.pages.filter(embedding__isnull=True).exists()
    assert not Knowledge.objects.filter(embedding__isnull=True).exists()
