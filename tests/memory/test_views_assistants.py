"""The list of assistants, a new one, settings, duplicate, archive."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory.assistant_urls import OF_ASSISTANTS
from memory.domain.configuring import configure_assistant, setup_of
from memory.domain.roles import role_at
from memory.enums import KnowledgeStatus, Role
from memory.exceptions import NotAllowed
from memory.models import Assistant, Knowledge, Membership, Memory, MemoryEvent, ModelConnection
from memory.views.assistants.base import FOR_OWNERS
from memory.views.base import VANISHED
from memory.views.conflicts import as_seen
from tests.memory.factories import (
    EPOCH,
    AssistantFactory,
    AssistantKnowledgeFactory,
    MembershipFactory,
    MemoryFactory,
    PageFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LIST, NEW = "/assistants/", "/assistants/new/"
HTMX = {"HX-Request": "true"}
CHANGES = {
    "settings": {"name": "Taken over", "instructions": "x", "model": ""},
    "constants": {"short_term_capacity": "3"},
    "constants-reset": {},
    "archive": {},
    "restore": {},
}
WITH_SLUG = [str(pattern.name) for pattern in OF_ASSISTANTS if "assistant" in pattern.pattern.converters]


@pytest.fixture
def owner() -> Memory:
    assistant = AssistantFactory(name="Helper", slug="helper", memory_settings={"recall_pages": 3})
    return MemoryFactory(assistant=assistant)


@pytest.fixture
def client(owner: Memory) -> Client:
    """A browser in which the owner is signed in."""
    client = Client()
    client.force_login(owner.user)
    return client


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def state_of(assistant: Assistant) -> tuple[Any, ...]:
    fresh = Assistant.objects.get(pk=assistant.pk)
    return fresh.name, fresh.instructions, fresh.memory_settings, fresh.archived_at


# --- Who may -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("name", WITH_SLUG)
def test_to_a_stranger_an_assistant_does_not_exist(owner: Memory, name: str, headers: dict[str, str]) -> None:
    client = signed_in(UserFactory())
    address = reverse(f"assistants:{name}", args=["helper"])
    for answer in (client.get(address, headers=headers), client.post(address, CHANGES.get(name, {}), headers=headers)):
        assert answer.status_code == 404
        assert (str(VANISHED) if headers else "Not found") in answer.text
    assert Assistant.objects.count() == 1


@pytest.mark.parametrize("pattern", OF_ASSISTANTS, ids=lambda pattern: pattern.name)
def test_without_signing_in_there_is_nothing(owner: Memory, pattern: Any) -> None:
    known = {"assistant": "helper", "key": owner.key}
    arguments = {name: known[name] for name in pattern.pattern.converters}
    address = reverse(f"assistants:{pattern.name}", kwargs=arguments)
    for answer in (Client().get(address), Client().post(address)):
        assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={address}")


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("role", [Role.MEMBER, Role.CURATOR])
@pytest.mark.parametrize("name", CHANGES)
def test_who_is_no_owner_reads_and_changes_nothing(
    owner: Memory, name: str, role: Role, headers: dict[str, str]
) -> None:
    client = signed_in(MemoryFactory(assistant=owner.assistant, role=role).user)
    before = state_of(owner.assistant)
    answer = client.post(reverse(f"assistants:{name}", args=["helper"]), CHANGES[name], headers=headers)
    assert answer.status_code == 403
    assert (
        str(NotAllowed.message if name in ("settings", "constants", "constants-reset") else FOR_OWNERS) in answer.text
    )
    assert state_of(owner.assistant) == before
    assert MemoryEvent.objects.count() == 0
    for page in ("settings", "constants"):
        shown = client.get(reverse(f"assistants:{page}", args=["helper"]))
        assert shown.status_code == 200
        assert "Only an owner changes this." in shown.text
        assert f'action="{reverse(f"assistants:{page}", args=["helper"])}"' not in shown.text


def test_a_role_that_changed_while_the_page_was_open_counts(client: Client, owner: Memory) -> None:
    assert client.get("/assistants/helper/").status_code == 200
    MembershipFactory(assistant=owner.assistant)
    Membership.objects.filter(user=owner.user).update(role=Role.CURATOR)
    before = state_of(owner.assistant)
    for name, data in CHANGES.items():
        assert client.post(reverse(f"assistants:{name}", args=["helper"]), data).status_code == 403
    Membership.objects.filter(user=owner.user).delete()
    for name, data in CHANGES.items():
        assert client.post(reverse(f"assistants:{name}", args=["helper"]), data).status_code == 404
    assert state_of(owner.assistant) == before


# --- The list ----------------------------------------------------------------------------------------------------


def test_who_has_no_assistant_is_told_what_one_is() -> None:
    page = signed_in(UserFactory()).get(LIST)
    assert "No assistant yet" in page.text
    assert Assistant.objects.count() == 0
    assert page["Cache-Control"] == "no-store"


def test_the_list_shows_ones_own_with_role_and_members(client: Client, owner: Memory) -> None:
    MembershipFactory(assistant=owner.assistant, role=Role.MEMBER)
    MemoryFactory(user=owner.user, role=Role.CURATOR, assistant__name="<b>Cook</b>", assistant__archived_at=EPOCH)
    AssistantFactory(name="Somebody else's")
    PageFactory(memory=MemoryFactory(assistant=owner.assistant, role=Role.MEMBER))
    text = client.get(LIST).text
    assert "Somebody else" not in text
    assert "3 members" in text
    assert "&lt;b&gt;Cook&lt;/b&gt;" in text
    assert "1 archived assistant" in text
    # Another member's page says nothing of when this person talked to it.
    assert "Last talked to" not in text
    PageFactory(memory=owner)
    assert "Last talked to" in client.get(LIST).text


def test_only_an_owner_is_offered_to_bring_an_archived_one_back(client: Client, owner: Memory) -> None:
    Assistant.objects.update(archived_at=EPOCH)
    curator = signed_in(MemoryFactory(assistant=owner.assistant, role=Role.CURATOR).user)
    assert 'action="/assistants/helper/restore/"' in client.get(LIST).text
    shown = curator.get(LIST).text
    assert "/restore/" not in shown
    for address in ("/conversations/?assistant=helper", "/memory/helper/export/", "/memory/helper/"):
        assert f'href="{address}"' in shown


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_the_same_queries(count: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    user = UserFactory()
    for archived_at in (None, EPOCH):
        for _ in range(count):
            PageFactory(memory=MemoryFactory(user=user, assistant__archived_at=archived_at))
    for _ in range(count):
        Membership.objects.get(assistant=PageFactory(memory=MemoryFactory(user=user)).memory.assistant).delete()
    client = signed_in(user)
    client.get(LIST)
    with django_assert_num_queries(4):
        assert client.get(LIST).status_code == 200


# --- A new one ---------------------------------------------------------------------------------------------------


def once_in(html: str) -> str:
    found = re.search(r'name="once" value="([0-9a-f]{32})"', html)
    assert found
    return found[1]


def test_a_new_assistant_leads_to_its_chat(client: Client, owner: Memory) -> None:
    data = {"name": " Cook ", "instructions": "Be brief.", "model": "tiny", "once": once_in(client.get(NEW).text)}
    answers = [client.post(NEW, data) for _ in range(2)]
    assert [answer["Location"] for answer in answers] == ["/?assistant=cook"] * 2
    made = Assistant.objects.get(slug="cook")
    assert setup_of(made) == {"name": "Cook", "instructions": "Be brief.", "model": "tiny"}
    assert role_at(made, owner.user) is Role.OWNER
    assert client.get("/?assistant=cook").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 81}, "at most 80"),
        ({"name": "\u200b"}, "Give the assistant a name."),
        ({"name": "a\0"}, "Null characters"),
        ({"instructions": "x" * 8001}, "at most 8000"),
        ({"model": "x" * 201}, "at most 200"),
    ],
)
def test_what_cannot_be_keeps_the_words(client: Client, wrong: dict[str, str], said: str) -> None:
    answer = client.post(NEW, {"name": "Cook", "instructions": "Be <brief>.", "model": "", **wrong})
    assert answer.status_code == 422
    assert said in answer.text
    if "instructions" not in wrong:
        assert "Be &lt;brief&gt;." in answer.text
    assert Assistant.objects.count() == 1


# --- Settings ----------------------------------------------------------------------------------------------------


def test_an_owner_sets_it_up(client: Client, owner: Memory) -> None:
    page = client.get("/assistants/helper/")
    data = {**CHANGES["settings"], "was": as_seen(setup_of(owner.assistant))}
    assert page.text.count("autofocus") == 0
    answer = client.post("/assistants/helper/", data)
    assert (answer.status_code, answer["Location"]) == (302, "/assistants/helper/")
    assert Assistant.objects.get().name == "Taken over"


def test_two_owners_at_once_both_keep_their_words(client: Client, owner: Memory) -> None:
    seen = setup_of(owner.assistant)
    configure_assistant(owner.assistant, {**seen, "instructions": "Be terse."}, by=owner.user)
    data = {"name": "Helper", "instructions": "Be <kind>.", "model": "", "was": as_seen(seen)}
    answer = client.post("/assistants/helper/", data)
    assert answer.status_code == 409
    assert "This was changed while you were editing." in answer.text
    assert "terse." in answer.text
    assert "Be &lt;kind&gt;." in answer.text
    assert Assistant.objects.get().instructions == "Be terse."
    # The form carries along what stands there now: sent again, it is saved.
    again = {**data, "was": as_seen(setup_of(Assistant.objects.get()))}
    assert as_seen(setup_of(Assistant.objects.get())).replace('"', "&quot;") in answer.text
    assert client.post("/assistants/helper/", again).status_code == 302
    assert Assistant.objects.get().instructions == "Be <kind>."


def test_what_else_changed_meanwhile_is_no_conflict(client: Client, owner: Memory) -> None:
    seen = as_seen(setup_of(owner.assistant))
    Assistant.objects.update(monthly_budget=5, memory_settings={})
    assert client.post("/assistants/helper/", {**CHANGES["settings"], "was": seen}).status_code == 302
    assert Assistant.objects.get().monthly_budget == 5


def test_a_setup_that_cannot_be_is_told(client: Client) -> None:
    answer = client.post("/assistants/helper/", {"name": "\u200b", "instructions": "Kept words", "model": ""})
    assert answer.status_code == 422
    assert "Give the assistant a name." in answer.text
    assert "Kept words" in answer.text
    assert Assistant.objects.get().name == "Helper"


# --- Duplicate, archive --------------------------------------------------------------------------------------------


def test_duplicating_leads_to_the_copy_once(client: Client, owner: Memory) -> None:
    AssistantKnowledgeFactory(assistant=owner.assistant)
    data = {"once": once_in(client.get("/assistants/helper/").text), "with_knowledge": "on"}
    for _ in range(2):
        answer = client.post("/assistants/helper/duplicate/", data)
        assert answer["Location"] == "/assistants/helper-copy/"
    assert Knowledge.objects.filter(assistant__slug="helper-copy").count() == 1
    assert Assistant.objects.count() == 2


def test_a_member_copies_without_the_knowledge(owner: Memory) -> None:
    client = signed_in(MemoryFactory(assistant=owner.assistant, role=Role.MEMBER).user)
    assert "with_knowledge" not in client.get("/assistants/helper/").text
    assert client.post("/assistants/helper/duplicate/", {"with_knowledge": "on"}).status_code == 403
    assert client.post("/assistants/helper/duplicate/").status_code == 302
    assert Assistant.objects.count() == 2


def test_archived_it_can_be_read_and_not_changed_until_it_is_back(client: Client, owner: Memory) -> None:
    answer = client.post("/assistants/helper/archive/", follow=True)
    assert "nobody talks to it" in answer.text
    before = state_of(owner.assistant)
    for name in ("settings", "constants"):
        address = reverse(f"assistants:{name}", args=["helper"])
        assert "This assistant is archived." in client.get(address).text
        answer = client.post(address, CHANGES[name])
        assert answer.status_code == 409
        assert "This assistant is archived." in answer.text
    assert client.post("/assistants/helper/memory/reset/").status_code == 409
    assert state_of(owner.assistant) == before
    client.post("/assistants/helper/restore/")
    assert Assistant.objects.get().archived_at is None
    assert client.post("/assistants/helper/", CHANGES["settings"]).status_code == 302


def test_the_model_that_answers_is_named_where_it_is_not_to_be_edited(
    client: Client, owner: Memory, settings: Settings
) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    Assistant.objects.update(model_settings={"model": "wished"})
    member = signed_in(MemoryFactory(assistant=owner.assistant, role=Role.MEMBER).user)
    named = '<a href="/assistants/helper/model/">{}</a>'
    assert named.format("None: the built-in responder answers.") in member.get("/assistants/helper/").text
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    assert named.format("wished") in member.get("/assistants/helper/").text
    assert named.format("wished") not in client.get("/assistants/helper/").text
    ModelConnection.objects.create(assistant=owner.assistant, base_url="https://gateway.example.org/v1", model="own")
    for reader in (member, client):
        assert named.format("own") in reader.get("/assistants/helper/").text
    client.post("/assistants/helper/archive/")
    assert named.format("own") in client.get("/assistants/helper/").text


def test_a_connection_with_a_key_is_not_copied_and_that_is_said(client: Client, owner: Memory) -> None:
    assert "A connection with a key is not copied." in client.get("/assistants/helper/").text
    answer = client.post("/assistants/helper/duplicate/", follow=True)
    assert "and yours alone.</" in answer.text
    ModelConnection.objects.create(
        assistant=owner.assistant, base_url="https://models.example/v1", model="m", sealed_key="x"
    )
    answer = client.post("/assistants/helper/duplicate/", {"once": ""}, follow=True)
    told = answer.text[answer.text.index("and yours alone.") :].split("</div>")[0]
    assert "A connection with a key is not copied." in told
    address = answer.redirect_chain[-1][0]
    assert f'<a href="{address}model/">Connect a model</a>' in told


@pytest.mark.parametrize(("role", "shown"), [(Role.OWNER, True), (Role.CURATOR, True), (Role.MEMBER, False)])
def test_who_decides_sees_on_the_list_what_waits(client: Client, owner: Memory, role: Role, shown: bool) -> None:
    Membership.objects.filter(user=owner.user).update(role=role)
    AssistantKnowledgeFactory.create_batch(2, assistant=owner.assistant, status=KnowledgeStatus.PROPOSED)
    AssistantKnowledgeFactory(status=KnowledgeStatus.PROPOSED)
    page = client.get("/assistants/").text
    assert ('href="/assistants/helper/proposals/"' in page) is shown
    assert ("2 proposals" in page) is shown
