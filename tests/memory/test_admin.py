"""The admin over the memory: every page opens, and nothing in it goes round the domain."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory import models
from memory.enums import EventKind, KnowledgeStatus
from memory.models import Assistant, Knowledge, Memory, MemoryEvent, ModelCall, Page, Profile, SharedKnowledge
from tests.memory.administration import MODELS, Rows, fill, url
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    DialogueChainFactory,
    KnowledgeFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

ADDED_BY_HAND = (models.Assistant, models.Membership, models.Profile)


@pytest.fixture
def chief(client: Client) -> User:
    """A superuser who has said why, about every memory that a test opens."""
    chief: User = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(chief)
    return chief


def opened(client: Client, memory: Memory) -> None:
    address = reverse("admin:memory_memory_open", args=[memory.pk])
    assert client.post(address, {"reason": "A test of the pages."}).status_code == 302


def shown_as(row: Model) -> type[Model]:
    """Return the model whose pages show a row."""
    return SharedKnowledge if isinstance(row, Knowledge) and row.memory_id is None else type(row)


@pytest.mark.parametrize("model", MODELS)
def test_rows_open_and_never_show_a_whole_vector(
    client: Client, chief: User, model: type[Model], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    rows: Rows = fill()
    memory = rows[Memory]
    assert isinstance(memory, Memory)
    opened(client, memory)
    with django_assert_max_num_queries(20):
        answer = client.get(url(model, "change", rows[model].pk))
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "0.0625" not in html
    if model in (models.Page, models.Segment, models.Knowledge, SharedKnowledge):
        assert "256 numbers by wordllama" in html


@pytest.mark.parametrize("model", [model for model in MODELS if model not in ADDED_BY_HAND])
def test_nothing_is_added_by_hand_that_only_the_domain_can_make(
    client: Client, chief: User, model: type[Model]
) -> None:
    assert client.get(url(model, "add")).status_code == 403


@pytest.mark.parametrize(
    "model",
    [
        models.MemoryEvent,
        models.ModelCall,
        models.Posting,
        models.SegmentPosting,
        models.SegmentVisit,
        models.Memory,
        models.Import,
        models.Invitation,
        models.ModelConnection,
        models.BackgroundJob,
    ],
)
def test_logs_and_counters_are_read_only(client: Client, chief: User, model: type[Model]) -> None:
    rows = fill()
    opened(client, rows[Memory])  # type: ignore[arg-type]
    assert client.post(url(model, "change", rows[model].pk), {}).status_code == 403


@pytest.mark.parametrize(
    "model",
    [
        models.MemoryEvent,
        models.ModelCall,
        models.Posting,
        models.SegmentPosting,
        models.Page,
        models.Segment,
        models.DialogueChain,
        models.Invitation,
    ],
)
def test_single_rows_are_not_deleted_behind_the_domains_back(client: Client, chief: User, model: type[Model]) -> None:
    row = fill()[model]
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    client.post(url(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", [models.Memory, models.Assistant])
def test_a_memory_or_an_assistant_goes_with_all_it_holds(client: Client, chief: User, model: type[Model]) -> None:
    rows = fill()
    address = url(model, "delete", rows[model].pk)
    # What goes is counted, not listed.
    assert "Pages: 1" in client.get(address).text
    assert client.post(address, {"post": "yes"}).status_code == 302
    assert not Memory.objects.exists()
    assert not Page.objects.exists()
    assert not MemoryEvent.objects.filter(assistant=rows[Assistant].pk, memory__isnull=False).exists()


def test_a_page_keeps_what_others_are_computed_from(client: Client, chief: User) -> None:
    page, other = PageFactory(), PageFactory(external_id=None)
    opened(client, page.memory)
    opened(client, other.memory)
    posted = {"query": "rewritten", "position": 9, "segment": "", "external_id": "", "metadata": '{"mood": "calm"}'}
    assert client.post(url(Page, "change", page.pk), posted).status_code == 302
    page.refresh_from_db()
    assert (page.query, page.position, page.metadata) == ("Question 1", 1, {"mood": "calm"})
    # Left blank it stays "no id": an empty string would be one, and the next page's a duplicate.
    assert page.external_id is None
    assert client.post(url(Page, "change", other.pk), posted).status_code == 302


def test_a_segments_words_can_be_mended_but_not_its_counters(client: Client, chief: User) -> None:
    segment = SegmentFactory(visits=2, title="Pots")
    opened(client, segment.memory)
    answer = client.post(url(models.Segment, "change", segment.pk), {"title": "Clay", "summary": "x", "visits": 99})
    assert answer.status_code == 302
    segment.refresh_from_db()
    assert (segment.title, segment.visits) == ("Clay", 2)
    event = MemoryEvent.objects.get()
    assert (event.kind, event.before, event.after) == (
        EventKind.EDITED,
        {"title": "Pots"},
        {"title": "Clay", "fields": ["title", "summary"]},
    )


def test_a_chains_summary_can_be_mended_and_the_log_does_not_quote_it(client: Client, chief: User) -> None:
    chain = DialogueChainFactory()
    opened(client, chain.memory)
    client.post(url(models.DialogueChain, "change", chain.pk), {"summary": "Shorter."})
    chain.refresh_from_db()
    assert chain.summary == "Shorter."
    event = MemoryEvent.objects.get()
    assert (event.kind, event.before, event.after) == (EventKind.EDITED, None, {"fields": ["summary"]})


EDITS: list[tuple[Any, dict[str, str], str, str]] = [
    (ProfileFactory, {"value": "chef"}, "value", "chef"),
    (TraitFactory, {"level": "low", "reason": "Said so."}, "level", "low"),
    (KnowledgeFactory, {"text": "Sold them."}, "text", "Sold them."),
    (AssistantKnowledgeFactory, {"text": "Likes films."}, "text", "Likes films."),
]


@pytest.mark.parametrize(("factory", "data", "field", "expected"), EDITS)
def test_edits_go_through_the_domain(
    client: Client, chief: User, factory: Any, data: dict[str, str], field: str, expected: str
) -> None:
    row = factory()
    if row.memory:
        opened(client, row.memory)
    assert client.post(url(shown_as(row), "change", row.pk), data).status_code == 302
    row.refresh_from_db()
    assert (getattr(row, field), row.locked) == (expected, True)
    event = MemoryEvent.objects.get()
    assert (event.kind, event.user_id, event.target_id) == (EventKind.EDITED, chief.pk, row.pk)


@pytest.mark.parametrize(("factory", "data", "field", "expected"), EDITS)
def test_deletions_go_through_the_domain(
    client: Client, chief: User, factory: Any, data: dict[str, str], field: str, expected: str
) -> None:
    one, two = factory(), factory()
    assert client.post(url(shown_as(one), "delete", one.pk), {"post": "yes"}).status_code == 302
    selected = {"action": "delete_selected", "_selected_action": [two.pk], "post": "yes"}
    assert client.post(url(shown_as(two), "changelist"), selected).status_code == 302
    assert not type(one)._default_manager.exists()
    assert [event.kind for event in MemoryEvent.objects.all()] == [EventKind.DELETED, EventKind.DELETED]


@pytest.mark.parametrize("how", ["one", "selected"])
def test_memories_end_as_by_their_persons_hand(client: Client, chief: User, how: str) -> None:
    memories = [MemoryFactory(), MemoryFactory()]
    for memory in memories:
        ModelCallFactory(memory=memory, detail="What was said.")
        AssistantKnowledgeFactory(assistant=memory.assistant, proposed_by=memory.user, status=KnowledgeStatus.PROPOSED)
    if how == "one":
        for memory in memories:
            assert client.post(url(Memory, "delete", memory.pk), {"post": "yes"}).status_code == 302
    else:
        keys = [memory.pk for memory in memories]
        selected = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
        assert client.post(url(Memory, "changelist"), selected).status_code == 302
    assert not Memory.objects.exists()
    assert not Knowledge.objects.exists()
    assert ModelCall.objects.filter(memory=None, detail="").count() == 2


def test_assistants_that_are_selected_are_deleted(client: Client, chief: User) -> None:
    keys = [MemoryFactory().assistant.pk for _ in range(2)]
    selected = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    assert client.post(url(Assistant, "changelist"), selected).status_code == 302
    assert not Assistant.objects.exists()


def test_an_attribute_added_by_hand_is_locked_and_logged(client: Client, chief: User) -> None:
    memory = MemoryFactory()
    client.post(url(Profile, "add"), {"memory": memory.pk, "name": "pet", "value": "cat"})
    attribute = Profile.objects.get()
    assert (attribute.memory, attribute.value, attribute.locked) == (memory, "cat", True)
    assert MemoryEvent.objects.get().user_id == chief.pk
    again = client.post(url(Profile, "add"), {"memory": memory.pk, "name": "pet", "value": "dog"})
    assert again.status_code == 200
    assert Profile.objects.get().value == "cat"


def test_what_the_domain_would_refuse_is_said_at_the_field(client: Client, chief: User) -> None:
    memory = MemoryFactory()
    KnowledgeFactory(memory=memory, text="Has a cat.")
    entry = KnowledgeFactory(memory=memory, text="Has a dog.")
    opened(client, memory)
    answer = client.post(url(Knowledge, "change", entry.pk), {"text": "has a CAT"})
    assert answer.status_code == 200
    assert "An entry that says the same exists already." in answer.content.decode()
    # The form shows what it holds, so this counts as a look, too.
    assert MemoryEvent.objects.get().kind == EventKind.OPENED


def test_what_the_domain_does_refuse_is_a_message(client: Client, chief: User, settings: Settings) -> None:
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "none", "http://127.0.0.1:9/v1"
    entry: Any = KnowledgeFactory(text="Has a cat.")
    opened(client, entry.memory)
    answer = client.post(url(Knowledge, "change", entry.pk), {"text": "Has a dog."}, follow=True)
    assert "could not be reached" in answer.content.decode()
    entry.refresh_from_db()
    assert entry.text == "Has a cat."


def test_facts_about_people_and_shared_ones_have_lists_of_their_own(client: Client, chief: User) -> None:
    mine, shared = KnowledgeFactory(), AssistantKnowledgeFactory()
    assert [row.pk for row in client.get(url(Knowledge, "changelist")).context["cl"].result_list] == [mine.pk]
    assert [row.pk for row in client.get(url(SharedKnowledge, "changelist")).context["cl"].result_list] == [shared.pk]
    assert client.get(url(SharedKnowledge, "change", mine.pk)).status_code == 302
    assert client.get(url(Knowledge, "change", shared.pk)).status_code == 302
    assert client.post(url(SharedKnowledge, "delete", mine.pk), {"post": "yes"}).status_code == 302
    assert Knowledge.objects.count() == 2
