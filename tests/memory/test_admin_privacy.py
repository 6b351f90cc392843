"""What is private stays closed in the admin: in every page, list, search and filter, until it is opened and noted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, JSONField, Model, TextField, Value
from django.db.models.functions import Cast, Concat
from django.test import Client
from django.urls import reverse

from memory.admin.privacy import PrivateAdmin
from memory.enums import EventKind
from memory.models import Assistant, Knowledge, Memory, MemoryEvent, ModelCall, Page, Profile, SharedKnowledge
from tests.memory.administration import give, operator, url
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    PostingFactory,
    ProfileFactory,
    SegmentPostingFactory,
    UserFactory,
)
from tests.roles import undone
from tests.seeding import fill
from tests.xss import assert_page_is_harmless

pytestmark = pytest.mark.django_db

SECRET = "Zanzibar<b>secret"
SEEN = re.compile("zanzibar", re.IGNORECASE)
REASON = "Ticket 12: she asked us to look."
OURS = ("memory", "chat", "auth")
PRIVATE = [model for model, page in admin.site._registry.items() if isinstance(page, PrivateAdmin)]
REGISTERED = [model for model in admin.site._registry if model._meta.app_label in OURS]


@pytest.fixture
def memory() -> Memory:
    """A memory that is full of a secret wherever a person, a model or an import can put one."""
    memory = MemoryFactory()
    fill(memory, [SECRET, f"{SECRET} again"])
    page = PageFactory(memory=memory, query=SECRET, external_id=SECRET)
    PostingFactory(page=page, term="zanzibar")
    SegmentPostingFactory(segment=memory.segments.first(), term="zanzibar")
    # Names of people, assistants and models, and what members share, are nobody's secret.
    User.objects.filter(username__icontains="zanzibar").update(
        username=Concat(Value("person-"), Cast("pk", TextField()))
    )
    Assistant.objects.filter(name__icontains="zanzibar").update(name="Scout")
    Assistant.objects.update(instructions="", model_settings={})
    ModelCall.objects.update(model="gpt-4o-mini")
    MemoryEvent.objects.filter(memory=None).delete()
    Knowledge.objects.filter(memory=None).delete()
    AssistantKnowledgeFactory(assistant=memory.assistant, text="Recommends films.")
    return memory


@pytest.fixture
def person() -> User:
    return operator()


@pytest.fixture
def client(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def pages_of(model: type[Model]) -> Iterator[str]:
    """Yield the addresses of every page of a model in the admin."""
    yield url(model, "changelist")
    yield url(model, "changelist") + "?_facets=True"
    yield url(model, "add")
    for row in model._default_manager.order_by("pk")[:4]:
        for page in ("change", "delete", "history"):
            yield url(model, page, row.pk)


TOLD = {
    "chat.Message.client_id", "chat.Message.model", "chat.Message.prompt_tokens",
    "memory.Import.format", "memory.Import.language",
    "memory.Knowledge.embedding_model", "memory.Page.embedding_model", "memory.Segment.embedding_model",
    "memory.MemoryEvent.target_type", "memory.ModelCall.model",
}  # fmt: skip
"""Columns of private rows that may hold any text and say nothing of a person."""


@pytest.mark.parametrize("model", PRIVATE)
def test_whatever_column_may_hold_words_is_private_or_known_to_be_none(model: type[Model]) -> None:
    page: Any = admin.site._registry[model]
    assert page.fields
    shown = set(page.fields) - set(page.private)
    texts = (CharField, TextField, JSONField, ArrayField)
    columns = {field.name for field in model._meta.fields if isinstance(field, texts) and not field.choices}
    assert {f"{model._meta.label}.{name}" for name in columns & shown} <= TOLD
    assert columns - shown - set(page.private) - {"fingerprint", "preview", "embedding_model", "languages"} == set()
    assert not columns & {str(name) for name in page.list_display} - {name.split(".")[2] for name in TOLD}
    assert not columns & {name.lstrip("=^@").split("__")[0] for name in page.search_fields} - {"model"}


def open_with(client: Client, memory: Memory, reason: str = REASON, then: str = "") -> Any:
    return client.post(reverse("admin:memory_memory_open", args=[memory.pk]), {"reason": reason, "next": then})


def words_in(client: Client, model: type[Model]) -> list[str]:
    """Return the addresses of a model's pages that show the secret."""
    shown = []
    for address in pages_of(model):
        answer = client.get(address)
        # A row of another list (a shared fact among facts about people) leads back to the index.
        assert answer.status_code in (200, 302, 403), address
        if SEEN.search(answer.text):
            shown.append(address)
    rows = list(model._default_manager.values_list("pk", flat=True)[:5])
    confirm = client.post(
        url(model, "changelist"), {"action": "delete_selected", "_selected_action": rows}, follow=True
    )
    return [*shown, *(["confirmation"] if SEEN.search(confirm.text) else [])]


def test_no_page_shows_what_is_private(client: Client, memory: Memory) -> None:
    assert len(REGISTERED) >= 25
    assert {model: words for model in REGISTERED if (words := words_in(client, model))} == {}


def test_nor_to_those_who_may_open_and_have_not(client: Client, memory: Memory, person: User) -> None:
    person.is_superuser = True
    person.save()
    assert {model: words for model in REGISTERED if (words := words_in(client, model))} == {}
    assert not MemoryEvent.objects.filter(user=person).exists()


def test_lists_stay_without_words_even_once_opened(client: Client, memory: Memory, person: User) -> None:
    give(person, "memory.open_private")
    open_with(client, memory)
    assert [model for model in REGISTERED if SEEN.search(client.get(url(model, "changelist")).text)] == []
    assert not MemoryEvent.objects.filter(user=person).exists()


def test_names_offered_by_others_forms_are_without_words(client: Client, memory: Memory, person: User) -> None:
    person.is_superuser = True
    person.save()
    for model, page in admin.site._registry.items():
        for name in page.get_autocomplete_fields(client.get("/admin/").wsgi_request):
            asked = {"app_label": model._meta.app_label, "model_name": str(model._meta.model_name), "field_name": name}
            answer = client.get("/admin/autocomplete/", asked)
            assert (answer.status_code, SEEN.search(answer.text)) == (200, None)


def test_searching_never_looks_into_what_is_private(client: Client, memory: Memory) -> None:
    for model in PRIVATE:
        for words in ("zanzibar", SECRET, "secret"):
            answer = client.get(url(model, "changelist"), {"q": words})
            assert (answer.status_code, answer.context["cl"].result_count) == (200, 0), model
        assert client.get(url(model, "changelist"), {"q": memory.user.username}).context["cl"].result_count > 0, model


def test_the_address_of_a_list_cannot_ask_what_a_row_says(client: Client) -> None:
    for model in PRIVATE:
        private = admin.site._registry[model].private  # type: ignore[attr-defined]
        assert private
        for name in private:
            for lookup in (name, f"{name}__startswith", f"{name}__isnull", f"{name}__isempty"):
                assert client.get(url(model, "changelist"), {lookup: "1"}).status_code == 400, (model, lookup)


OF_OTHER_ROWS: list[tuple[type[Model], str]] = [
    (Memory, "pages__query__icontains"),
    (Memory, "knowledge__text__startswith"),
    (Page, "segment__title__startswith"),
    (Page, "memory__knowledge__text__startswith"),
    (Page, "chain__summary__icontains"),
    (Knowledge, "superseded_by__text__icontains"),
    (Knowledge, "fingerprint"),
    (SharedKnowledge, "sources__query__icontains"),
    (User, "memories__pages__query__icontains"),
    (User, "password__startswith"),
    (User, "email__startswith"),
]


def test_nor_what_other_rows_say(client: Client, memory: Memory) -> None:
    answers = [client.get(url(model, "changelist"), {lookup: "z"}).status_code for model, lookup in OF_OTHER_ROWS]
    assert answers == [400] * len(OF_OTHER_ROWS)


def test_rows_are_in_an_order_that_tells_nothing(client: Client) -> None:
    memory = MemoryFactory()
    keys = [ProfileFactory(memory=memory, name=name).pk for name in ("b", "c", "a")]
    listed = client.get(url(Profile, "changelist")).context["cl"].result_list
    assert [row.pk for row in listed] == keys[::-1]


def test_opening_asks_why_shows_and_is_noted(memory: Memory, person: User) -> None:
    give(person, "memory.open_private")
    assert len(PRIVATE) >= 10
    for model in PRIVATE:
        # Each in a sign-in of its own, in which nothing has been opened, and with nothing noted.
        with undone():
            client = Client()
            client.force_login(person)
            opens_and_is_noted(client, memory, person, model)


def opens_and_is_noted(client: Client, memory: Memory, person: User, model: type[Model]) -> None:
    row = next(row for row in model._default_manager.order_by("-pk") if SEEN.search(str(vars(row))))
    address = url(model, "change", row.pk)
    closed = client.get(address)
    form = closed.context["open_address"]
    assert form in closed.text.replace("&amp;", "&")
    asked = client.get(form)
    assert (asked.status_code, "Why do you open this?" in asked.text) == (200, True)
    given = client.post(form, {"reason": REASON, "next": asked.context["next"]})
    assert (given.status_code, given["Location"]) == (302, address)
    before = MemoryEvent.objects.count()
    shown = client.get(address)
    assert SEEN.search(shown.text)
    event = MemoryEvent.objects.first()
    assert event is not None
    assert (MemoryEvent.objects.count(), event.kind, event.memory, event.user) == (
        before + 1,
        EventKind.OPENED,
        memory,
        person,
    )
    assert event.after == {"what": model._meta.model_name, "reason": REASON}
    # Its subject sees it, with who and why.
    subject = Client()
    subject.force_login(memory.user)
    timeline = subject.get(reverse("memory:timeline", args=[memory.assistant.slug])).text
    assert_page_is_harmless(timeline)
    assert "An operator opened" in timeline
    assert REASON in timeline
    assert person.username in timeline
    assert "An operator opened" in subject.get(reverse("memory:overview", args=[memory.assistant.slug])).text


def test_every_look_is_noted_and_the_reason_holds_for_one_memory_and_a_while(client: Client, person: User) -> None:
    give(person, "memory.open_private")
    facts: list[Any] = [KnowledgeFactory(text=f"Zanzibar {number}") for number in range(2)]
    mine, other = (url(Knowledge, "change", fact.pk) for fact in facts)
    open_with(client, facts[0].memory)
    assert [bool(SEEN.search(client.get(address).text)) for address in (mine, mine, other)] == [True, True, False]
    assert [event.target_id for event in MemoryEvent.objects.all()] == [facts[0].pk, facts[0].pk]
    session = client.session
    session["opened_private"][str(facts[0].memory_id)][0] -= 15 * 60
    session.save()
    assert not SEEN.search(client.get(mine).text)
    assert MemoryEvent.objects.count() == 2


def test_a_reason_does_not_outlive_the_permission(client: Client, person: User) -> None:
    give(person, "memory.open_private")
    fact: Any = KnowledgeFactory(text=SECRET)
    open_with(client, fact.memory)
    person.user_permissions.clear()
    assert not SEEN.search(client.get(url(Knowledge, "change", fact.pk)).text)


def test_another_sign_in_is_asked_anew(client: Client, person: User) -> None:
    give(person, "memory.open_private")
    fact: Any = KnowledgeFactory(text=SECRET)
    open_with(client, fact.memory)
    elsewhere = Client()
    elsewhere.force_login(person)
    assert not SEEN.search(elsewhere.get(url(Knowledge, "change", fact.pk)).text)


@pytest.mark.parametrize("reason", ["", "   ", "x", "y" * 301, "why\0not"])
def test_a_reason_is_needed(client: Client, person: User, reason: str) -> None:
    give(person, "memory.open_private")
    fact: Any = KnowledgeFactory(text=SECRET)
    assert open_with(client, fact.memory, reason).status_code == 422
    assert not SEEN.search(client.get(url(Knowledge, "change", fact.pk)).text)


def test_a_reason_is_shown_as_text(client: Client, person: User) -> None:
    give(person, "memory.open_private")
    fact: Any = KnowledgeFactory()
    open_with(client, fact.memory, "<script>alert(1)</script>")
    subject = Client()
    subject.force_login(fact.memory.user)
    for html in (
        client.get(url(Knowledge, "change", fact.pk)).text,
        subject.get(reverse("memory:timeline", args=[fact.memory.assistant.slug])).text,
    ):
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize("then", ["https://elsewhere.example/", "//elsewhere.example/admin/", "/accounts/logout/", ""])
def test_the_reason_leads_nowhere_else(client: Client, person: User, then: str) -> None:
    give(person, "memory.open_private")
    memory = MemoryFactory()
    assert open_with(client, memory, then=then)["Location"] == url(Memory, "change", memory.pk)


def test_once_it_is_open_the_page_says_what_to_look_at_and_until_when(client: Client, person: User) -> None:
    give(person, "memory.open_private")
    memory, other = MemoryFactory(), MemoryFactory()
    open_with(client, memory)
    page = client.get(url(Memory, "change", memory.pk)).text
    assert re.search(r"Open until \d\d:\d\d UTC: choose what to look at\.", page)
    told = page[page.index("choose what to look at") :].split("</li>")[0]
    assert [part.split('"')[0] for part in told.split('href="')[1:]] == [
        f"/admin/{name}/?memory__id__exact={memory.pk}"
        for name in (
            "memory/page", "memory/segment", "memory/profile", "memory/trait", "memory/knowledge", "chat/conversation",
        )
    ]  # fmt: skip
    listed = client.get(url(Memory, "changelist")).text
    assert (listed.count("Open until"), listed.count(f"/admin/memory/memory/{memory.pk}/open/")) == (1, 0)
    assert listed.count(f"/admin/memory/memory/{other.pk}/open/") == 1
    for name in ("memory/page", "chat/conversation"):
        assert client.get(f"/admin/{name}/?memory__id__exact={memory.pk}").status_code in (200, 403)


def test_the_form_is_for_those_who_may_open(client: Client) -> None:
    memory = MemoryFactory()
    address = reverse("admin:memory_memory_open", args=[memory.pk])
    assert client.get(address).status_code == 403
    assert open_with(client, memory).status_code == 403
    assert Client().get(address).status_code == 302
    client.force_login(memory.user)
    assert client.get(address).status_code == 302


def test_a_memory_that_is_gone_cannot_be_opened(client: Client, person: User) -> None:
    give(person, "memory.open_private")
    assert client.get(reverse("admin:memory_memory_open", args=[10**12])).status_code == 404


CLOSED: list[tuple[type[Model], dict[str, str]]] = [
    (Profile, {"value": "chef"}),
    (Knowledge, {"text": "Sold them."}),
    (Page, {"external_id": "1", "metadata": "{}"}),
]


@pytest.mark.parametrize(("model", "posted"), CLOSED)
def test_what_is_closed_is_not_changed(
    client: Client, person: User, model: type[Model], posted: dict[str, str]
) -> None:
    give(person, "memory.open_private", f"memory.change_{model._meta.model_name}")
    row: Any = {Profile: ProfileFactory, Knowledge: KnowledgeFactory, Page: PageFactory}[model]()
    address = url(model, "change", row.pk)
    assert client.post(address, posted).status_code == 403
    open_with(client, row.memory)
    assert client.post(address, posted).status_code == 302
    kinds = MemoryEvent.objects.values_list("kind", "user")
    assert list(kinds) == [(EventKind.EDITED, person.pk)]


def test_who_may_not_open_neither_changes_adds_nor_deletes(client: Client, person: User) -> None:
    names = [f"memory.{action}_profile" for action in ("add", "change", "delete")]
    give(person, *names, "memory.delete_memory")
    row = ProfileFactory()
    asked = [
        client.post(url(Profile, "change", row.pk), {"value": "chef"}),
        client.post(url(Profile, "delete", row.pk), {"post": "yes"}),
        client.post(url(Profile, "add"), {"memory": row.memory_id, "name": "a", "value": "b"}),
        client.post(url(Memory, "delete", row.memory_id), {"post": "yes"}),
    ]
    assert [answer.status_code for answer in asked] == [403] * 4
    selected = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    client.post(url(Profile, "changelist"), selected)
    assert Profile.objects.get().value == "data scientist"


def test_what_was_done_here_is_logged_without_words(client: Client, person: User) -> None:
    give(person, "memory.open_private", "memory.change_knowledge", "memory.delete_knowledge")
    fact: Any = KnowledgeFactory(text=SECRET)
    open_with(client, fact.memory)
    client.post(url(Knowledge, "change", fact.pk), {"text": f"{SECRET} more"})
    client.post(url(Knowledge, "delete", fact.pk), {"post": "yes"})
    assert [(entry.object_repr, entry.action_flag) for entry in LogEntry.objects.order_by("pk")] == [
        (f"Fact {fact.pk}", 2),
        (f"Fact {fact.pk}", 3),
    ]
    assert not SEEN.search(client.get("/admin/").text)


def test_what_belongs_to_no_memory_is_open_to_operators(client: Client) -> None:
    fact = AssistantKnowledgeFactory(text="Recommends films.")
    assert "Recommends films." in client.get(url(SharedKnowledge, "changelist")).text
    assert "Recommends films." in client.get(url(SharedKnowledge, "change", fact.pk)).text
    assert not MemoryEvent.objects.exists()


def test_an_error_of_a_memory_that_is_gone_stays_closed(client: Client, person: User) -> None:
    give(person, "memory.open_private")
    call = ModelCall.objects.create(
        assistant=MemoryFactory().assistant, purpose="reply", model="m", duration_ms=1, outcome="ok", detail=SECRET
    )
    assert not SEEN.search(client.get(url(ModelCall, "change", call.pk)).text)


def test_staff_without_rights_sees_nothing() -> None:
    client = Client()
    client.force_login(UserFactory(is_staff=True))
    for model in REGISTERED:
        assert client.get(url(model, "changelist")).status_code == 403
    assert "operators-figures" not in client.get("/admin/").text
