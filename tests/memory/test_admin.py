"""The admin over the memory: every page opens, and nothing in it goes round the domain."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pgvector import HalfVector
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory import models
from memory.enums import Actor, EventKind
from memory.models import Assistant, Knowledge, Memory, MemoryEvent, Page, Profile
from tests.memory.factories import (
    AssistantFactory,
    AssistantKnowledgeFactory,
    DialogueChainFactory,
    ImportFactory,
    KnowledgeFactory,
    MembershipFactory,
    MemoryEventFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    PostingFactory,
    ProfileFactory,
    SegmentFactory,
    SegmentPostingFactory,
    SegmentVisitFactory,
    TraitFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

MODELS: list[type[Model]] = [getattr(models, name) for name in models.__all__]
VECTOR = {"embedding": HalfVector(np.full(256, 0.0625)), "embedding_model": "wordllama"}


@pytest.fixture
def chief(client: Client) -> User:
    chief = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(chief)
    return chief


def fill() -> dict[type[Model], Model]:
    """Make a row of every kind, each in a memory, at an assistant and by a person of its own."""
    memory = MemoryFactory(assistant__created_by=UserFactory())
    segment = SegmentFactory(memory=memory, **VECTOR)
    page = PageFactory(segment=segment, **VECTOR)
    call = ModelCallFactory(memory=memory)
    rows: list[Model] = [
        memory, memory.assistant, memory.assistant.memberships.get(), segment, page, page.chain or segment, call,
        PostingFactory(page=page), SegmentPostingFactory(segment=segment), SegmentVisitFactory(segment=segment),
        ProfileFactory(memory=memory), TraitFactory(memory=memory),
        KnowledgeFactory(memory=memory, superseded_by=AssistantKnowledgeFactory(), **VECTOR),
        MemoryEventFactory(memory=memory, user=UserFactory(), model_call=call, actor=Actor.MODEL),
        ImportFactory(memory=memory),
    ]  # fmt: skip
    return {type(row): row for row in rows}


def url(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:memory_{model._meta.model_name}_{page}", args=args)


def test_every_model_is_registered_usefully() -> None:
    for model in MODELS:
        registered = admin.site._registry[model]
        assert len(registered.list_display) >= 4
        assert registered.search_fields
        assert registered.__class__.__module__.startswith("memory.admin")


@pytest.mark.parametrize("model", MODELS)
def test_lists_show_rows_and_ask_the_database_equally_often(
    client: Client, chief: User, model: type[Model], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # Session, person, count, rows; two for a date hierarchy; one for what some lists filter or count by.
    more = {
        models.Posting: 4,
        models.SegmentPosting: 4,
        models.SegmentVisit: 4,
        models.Assistant: 7,
        models.Membership: 7,
        models.MemoryEvent: 7,
        models.ModelCall: 7,
        models.Import: 7,
    }
    queries = more.get(model, 6)
    fill()
    with django_assert_num_queries(queries):
        assert client.get(url(model, "changelist")).status_code == 200
    fill()
    fill()
    with django_assert_num_queries(queries):
        html = client.get(url(model, "changelist")).content.decode()
    assert html.count('<th class="field-') + html.count('<td class="field-') >= 3 * len(
        admin.site._registry[model].list_display
    )
    assert "0.0625" not in html


@pytest.mark.parametrize("model", MODELS)
def test_rows_open_and_never_show_a_whole_vector(
    client: Client, chief: User, model: type[Model], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    row = fill()[model]
    with django_assert_max_num_queries(14):
        answer = client.get(url(model, "change", row.pk))
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "0.0625" not in html
    if model in (models.Page, models.Segment, models.Knowledge):
        assert "256 numbers by wordllama" in html


@pytest.mark.parametrize("model", MODELS)
def test_lists_can_be_searched(client: Client, chief: User, model: type[Model]) -> None:
    fill()
    answer = client.get(url(model, "changelist"), {"q": "no such words"})
    assert answer.status_code == 200


@pytest.mark.parametrize("model", [m for m in MODELS if m not in (models.Assistant, models.Membership, models.Profile)])
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
    ],
)
def test_logs_and_counters_are_read_only(client: Client, chief: User, model: type[Model]) -> None:
    row = fill()[model]
    assert client.post(url(model, "change", row.pk), {}).status_code == 403


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
    assert client.post(url(model, "delete", rows[model].pk), {"post": "yes"}).status_code == 302
    assert not Memory.objects.exists()
    assert not Page.objects.exists()
    assert not MemoryEvent.objects.filter(assistant=rows[Assistant].pk, memory__isnull=False).exists()


def test_a_person_with_a_memory_can_be_deleted(client: Client, chief: User) -> None:
    memory = fill()[Memory]
    assert isinstance(memory, Memory)
    address = reverse("admin:auth_user_delete", args=[memory.user_id])
    assert client.post(address, {"post": "yes"}).status_code == 302
    assert not Memory.objects.filter(pk=memory.pk).exists()


def test_a_page_keeps_what_others_are_computed_from(client: Client, chief: User) -> None:
    page, other = PageFactory(), PageFactory(external_id=None)
    posted = {"query": "rewritten", "position": 9, "segment": "", "external_id": "", "metadata": '{"mood": "calm"}'}
    assert client.post(url(Page, "change", page.pk), posted).status_code == 302
    page.refresh_from_db()
    assert (page.query, page.position, page.metadata) == ("Question 1", 1, {"mood": "calm"})
    # Left blank it stays "no id": an empty string would be one, and the next page's a duplicate.
    assert page.external_id is None
    assert client.post(url(Page, "change", other.pk), posted).status_code == 302


def test_a_segments_words_can_be_mended_but_not_its_counters(client: Client, chief: User) -> None:
    segment = SegmentFactory(visits=2)
    answer = client.post(url(models.Segment, "change", segment.pk), {"title": "Clay", "summary": "x", "visits": 99})
    assert answer.status_code == 302
    segment.refresh_from_db()
    assert (segment.title, segment.visits) == ("Clay", 2)
    chain = DialogueChainFactory()
    client.post(url(models.DialogueChain, "change", chain.pk), {"summary": "Shorter."})
    chain.refresh_from_db()
    assert chain.summary == "Shorter."


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
    assert client.post(url(type(row), "change", row.pk), data).status_code == 302
    row.refresh_from_db()
    assert (getattr(row, field), row.locked) == (expected, True)
    event = MemoryEvent.objects.get()
    assert (event.kind, event.user_id, event.target_id) == (EventKind.EDITED, chief.pk, row.pk)


@pytest.mark.parametrize(("factory", "data", "field", "expected"), EDITS)
def test_deletions_go_through_the_domain(
    client: Client, chief: User, factory: Any, data: dict[str, str], field: str, expected: str
) -> None:
    one, two = factory(), factory()
    assert client.post(url(type(one), "delete", one.pk), {"post": "yes"}).status_code == 302
    selected = {"action": "delete_selected", "_selected_action": [two.pk], "post": "yes"}
    assert client.post(url(type(two), "changelist"), selected).status_code == 302
    assert not type(one)._default_manager.exists()
    assert [event.kind for event in MemoryEvent.objects.all()] == [EventKind.DELETED, EventKind.DELETED]


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
    answer = client.post(url(Knowledge, "change", entry.pk), {"text": "has a CAT"})
    assert answer.status_code == 200
    assert "An entry that says the same exists already." in answer.content.decode()


def test_what_the_domain_does_refuse_is_a_message(client: Client, chief: User, settings: Settings) -> None:
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "none", "http://127.0.0.1:9/v1"
    entry = KnowledgeFactory(text="Has a cat.")
    answer = client.post(url(Knowledge, "change", entry.pk), {"text": "Has a dog."}, follow=True)
    assert "could not be reached" in answer.content.decode()
    entry.refresh_from_db()
    assert entry.text == "Has a cat."


@pytest.mark.parametrize(
    ("overrides", "status"),
    [
        ({"short_term_capacity": 10}, 302),
        ({}, 302),
        ({"short_term_capacity": "many"}, 200),
        ({"no_such": 1}, 200),
        ({"short_term_capacity": 0}, 200),
        ({"recall_budget": 99_999}, 200),
        ([1], 200),
    ],
)
def test_settings_the_memory_cannot_read_are_refused(
    client: Client, chief: User, overrides: object, status: int
) -> None:
    assistant = AssistantFactory()
    posted = {
        "name": "Helper", "slug": "helper", "instructions": "", "model_settings": "{}",
        "memory_settings": json.dumps(overrides), "archived_at_0": "", "archived_at_1": "",
    }  # fmt: skip
    assert client.post(url(Assistant, "change", assistant.pk), posted).status_code == status
    posted |= {"memory_settings": "{}", "model_settings": "[1]"}
    assert client.post(url(Assistant, "change", assistant.pk), posted).status_code == 200


def test_an_assistant_takes_no_address_of_a_page(client: Client, chief: User) -> None:
    assistant = AssistantFactory(slug="new")
    posted = {
        "name": "Helper", "slug": "left", "instructions": "", "model_settings": "{}", "memory_settings": "{}",
        "archived_at_0": "", "archived_at_1": "",
    }  # fmt: skip
    refused = client.post(url(Assistant, "change", assistant.pk), posted)
    assert "is the address of another page" in refused.content.decode()
    # One that had it before the page was there keeps it.
    assert client.post(url(Assistant, "change", assistant.pk), {**posted, "slug": "new"}).status_code == 302


def test_a_membership_stays_with_its_person(client: Client, chief: User) -> None:
    membership = MembershipFactory()
    stranger = UserFactory()
    posted = {"user": stranger.pk, "role": "curator"}
    assert client.post(url(models.Membership, "change", membership.pk), posted).status_code == 302
    membership.refresh_from_db()
    assert (membership.role, membership.user_id == stranger.pk) == ("curator", False)


def test_staff_without_rights_sees_nothing(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True))
    for model in MODELS:
        assert client.get(url(model, "changelist")).status_code == 403
