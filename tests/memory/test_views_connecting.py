"""The pages that connect a model: who sees what, what is saved, what a test asks, and where keys never go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory.domain import probing
from memory.enums import EventKind, Purpose, Role
from memory.exceptions import ModelTimedOut
from memory.llm.findings import Fault, Mark, Probe, Step
from memory.models import Assistant, MemoryEvent, ModelCall, ModelConnection
from memory.sealing import unseal
from memory.views.assistants.probe_words import rows_of, verdict_of
from tests.memory.factories import AssistantFactory, MembershipFactory, MemoryFactory, UserFactory
from tests.openai_server import ERROR_SECRET, Behaviour, OpenAIServer

pytestmark = pytest.mark.django_db

KEY = "sk-very-secret-0123456789"
HTMX = {"HX-Request": "true"}
SERVER = "http://93.184.215.14/v1"
HOUSE = "/settings/model/"
PARTS = ("", "test/", "models/", "disconnect/")


@pytest.fixture(scope="module")
def running() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def server(running: OpenAIServer, settings: Settings) -> OpenAIServer:
    """A model server on this machine, which the installation allows."""
    running.reset()
    settings.MEMORYOS_PRIVATE_ADDRESSES = "allow"
    return running


@pytest.fixture(autouse=True)
def nothing_in_the_environment(settings: Settings) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = settings.MODEL = ""


@pytest.fixture
def assistant() -> Assistant:
    return AssistantFactory()


@pytest.fixture
def owner(assistant: Assistant, client: Client) -> User:
    user: User = MembershipFactory(assistant=assistant).user
    client.force_login(user)
    return user


@pytest.fixture
def chief(client: Client) -> User:
    user: User = UserFactory(is_superuser=True, is_staff=True)
    client.force_login(user)
    return user


def url(assistant: Assistant, part: str = "") -> str:
    return f"{reverse('assistants:model', args=[assistant.slug])}{part}"


def typed(**values: str) -> dict[str, str]:
    return {"base_url": SERVER, "model": "own-model", "key": "", "version": "", **values}


def saved(client: Client, address: str, **values: str) -> ModelConnection:
    assert client.post(address, typed(**values)).status_code == 302
    return ModelConnection.objects.get()


def version(row: ModelConnection) -> str:
    return row.updated_at.isoformat()


# --- Who sees what ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.MEMBER, Role.CURATOR])
def test_members_see_which_model_answers_and_can_change_nothing(
    client: Client, assistant: Assistant, role: Role
) -> None:
    ModelConnection.objects.create(
        assistant=assistant, base_url="https://gateway.example.org/token-abc/v1", model="own-model", sealed_key="x"
    )
    client.force_login(MembershipFactory(assistant=assistant, role=role).user)
    html = client.get(url(assistant)).text
    assert "own-model" in html
    assert "https://gateway.example.org" in html
    assert "token-abc" not in html
    assert 'type="password"' not in html
    assert 'name="base_url"' not in html
    assert "/settings/model/" not in html
    assert "Only an owner" in html
    for part in PARTS:
        for headers in ({}, HTMX):
            assert client.post(url(assistant, part), typed(), headers=headers).status_code == 403
    assert ModelConnection.objects.get().base_url.endswith("token-abc/v1")


def test_strangers_find_nothing_and_who_is_signed_out_is_sent_to_sign_in(client: Client, assistant: Assistant) -> None:
    client.force_login(MembershipFactory().user)
    for part in PARTS:
        assert client.post(url(assistant, part), typed()).status_code == 404
    assert client.get(url(assistant)).status_code == 404
    client.logout()
    assert client.get(url(assistant))["Location"].startswith("/accounts/login/")
    assert client.get(HOUSE)["Location"].startswith("/accounts/login/")


def test_the_installations_page_exists_for_superusers_alone(client: Client, owner: User) -> None:
    for part in PARTS:
        assert client.post(f"{HOUSE}{part}", typed()).status_code == 404
    assert client.get(HOUSE).status_code == 404
    assert HOUSE not in client.get("/settings/").text
    User.objects.filter(pk=owner.pk).update(is_staff=True)
    assert client.get(HOUSE).status_code == 404
    User.objects.filter(pk=owner.pk).update(is_superuser=True)
    assert client.get(HOUSE).status_code == 200
    assert HOUSE in client.get("/settings/").text


def test_an_owner_who_is_superuser_is_led_to_the_installations_page(
    client: Client, assistant: Assistant, owner: User
) -> None:
    assert HOUSE not in client.get(url(assistant)).text
    User.objects.filter(pk=owner.pk).update(is_superuser=True)
    assert HOUSE in client.get(url(assistant)).text


@pytest.mark.parametrize(
    ("configure", "words"),
    [
        ("none", "None: the built-in responder answers."),
        ("environment", "In the environment"),
        ("installation", "For the whole installation."),
        ("assistant", "Here, for this assistant alone."),
    ],
)
def test_it_says_where_the_model_comes_from(
    client: Client, assistant: Assistant, owner: User, settings: Settings, configure: str, words: str
) -> None:
    if configure == "environment":
        settings.OPENAI_API_KEY, settings.MODEL = "k-env", "env-model"
    elif configure != "none":
        whose = assistant if configure == "assistant" else None
        ModelConnection.objects.create(assistant=whose, base_url=SERVER, model="m")
    html = client.get(url(assistant)).text
    assert words in html
    assert "k-env" not in html


def test_the_page_asks_the_database_equally_often(
    client: Client, assistant: Assistant, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # session, person, membership; the connection of the form, that which answers
    for make in (lambda: None, lambda: saved(client, url(assistant))):
        make()
        client.get(url(assistant))
        with django_assert_num_queries(5):
            client.get(url(assistant))


# --- Saving -----------------------------------------------------------------------------------------------------


def test_what_is_saved_works_and_the_key_is_never_shown(client: Client, assistant: Assistant, owner: User) -> None:
    answer = client.post(url(assistant), typed(base_url=f" {SERVER}/ ", key=KEY), follow=True)
    assert "own-model answers" in answer.text
    row = ModelConnection.objects.get()
    assert (row.assistant, row.base_url, row.model, row.updated_by) == (assistant, SERVER, "own-model", owner)
    assert unseal(row.sealed_key) == KEY
    html = client.get(url(assistant)).text
    assert "A key is stored" in html
    assert f'value="{SERVER}"' in html
    for text in (answer.text, html):
        assert KEY not in text
        assert row.sealed_key not in text
    event = MemoryEvent.objects.get(kind=EventKind.CONFIGURED)
    assert event.after == {"base_url": "http://93.184.215.14", "model": "own-model"}


def test_the_timeline_says_it_in_words(client: Client, assistant: Assistant, owner: User) -> None:
    MemoryFactory(assistant=assistant, user=owner)
    row = saved(client, url(assistant), key=KEY)
    client.post(url(assistant, "disconnect/"), {"version": version(row)})
    html = client.get(reverse("memory:timeline", args=[assistant.slug])).text
    assert "The language model was set: own-model at http://93.184.215.14." in html
    assert "The language model was disconnected." in html
    assert KEY not in html


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"base_url": ""}, "This field is required."),
        ({"base_url": "https://me:pw@example.org/v1"}, "This is no address of a server"),
        ({"base_url": "ftp://example.org"}, "This is no address of a server"),
        ({"base_url": "http://127.0.0.1:11434/v1"}, "in a private network"),
        ({"base_url": "http://169.254.169.254/latest/meta-data"}, "in a private network"),
        ({"model": ""}, "This field is required."),
        ({"model": "m" * 201}, "at most 200 characters"),
        ({"key": "schlüssel"}, "plain letters, digits and signs only"),
    ],
)
def test_what_cannot_be_saved_is_told_at_its_field(
    client: Client, assistant: Assistant, owner: User, values: dict[str, str], words: str
) -> None:
    answer = client.post(url(assistant), typed(**{"key": KEY, **values}))
    assert answer.status_code == 422
    assert words in answer.text
    assert KEY not in answer.text
    assert "schlüssel" not in answer.text
    assert not ModelConnection.objects.exists()


def test_an_empty_key_keeps_the_stored_one_and_a_tick_deletes_it(
    client: Client, assistant: Assistant, owner: User
) -> None:
    row = saved(client, url(assistant), key=KEY)
    row = saved(client, url(assistant), model="newer", version=version(row))
    assert (unseal(row.sealed_key), row.model) == (KEY, "newer")
    row = saved(client, url(assistant), no_key="on", version=version(row))
    assert row.sealed_key == ""
    assert "A key is stored" not in client.get(url(assistant)).text


def test_a_stored_key_is_not_saved_for_another_address(client: Client, assistant: Assistant, owner: User) -> None:
    row = saved(client, url(assistant), key=KEY)
    answer = client.post(url(assistant), typed(base_url="http://1.1.1.1/v1", version=version(row)))
    assert answer.status_code == 422
    assert "belongs to the former address" in answer.text
    assert ModelConnection.objects.get().base_url == SERVER


def test_who_saves_later_sees_what_the_other_saved(client: Client, assistant: Assistant, owner: User) -> None:
    other = UserFactory(username="somebody")
    MembershipFactory(assistant=assistant, user=other)
    second = Client()
    second.force_login(other)
    saved(second, url(assistant), model="theirs", key=KEY)
    answer = client.post(url(assistant), typed(model="mine", base_url="http://1.1.1.1/v1"))
    assert answer.status_code == 409
    assert "theirs at http://93.184.215.14/v1, saved by somebody" in re.sub(r"\s+", " ", answer.text)
    assert 'value="mine"' in answer.text
    assert KEY not in answer.text
    shown = re.search(r'name="version" value="([^"]+)"', answer.text)
    assert shown
    row = saved(client, url(assistant), model="mine", key="k2", version=shown[1])
    assert row.model == "mine"
    gone = client.post(url(assistant, "disconnect/"), {"version": shown[1]})
    assert gone.status_code == 409
    assert ModelConnection.objects.exists()


def test_disconnecting_deletes_the_key_and_is_told(client: Client, assistant: Assistant, owner: User) -> None:
    row = saved(client, url(assistant), key=KEY)
    answer = client.post(url(assistant, "disconnect/"), {"version": version(row)}, follow=True)
    assert "The stored key is deleted." in answer.text
    assert not ModelConnection.objects.exists()
    assert client.post(url(assistant, "disconnect/"), {"version": version(row)}).status_code == 409
    assert client.get(url(assistant, "disconnect/")).status_code == 405


@pytest.mark.parametrize("nonsense", ["a\0b", "a", "", "2025-13-45T99:99", "2025-01-01T00:00:00"])
def test_nonsense_in_place_of_a_version_is_a_conflict(
    client: Client, assistant: Assistant, owner: User, nonsense: str
) -> None:
    assert client.post(url(assistant, "disconnect/"), {"version": nonsense}).status_code == 409
    saved(client, url(assistant), key=KEY)
    assert client.post(url(assistant, "disconnect/"), {"version": nonsense}).status_code == 409
    answer = client.post(url(assistant), typed(model="mine", version=nonsense))
    assert answer.status_code == (422 if "\0" in nonsense else 409)
    assert ModelConnection.objects.get().model == "own-model"


def test_a_key_that_cannot_be_read_is_said(client: Client, assistant: Assistant, owner: User) -> None:
    saved(client, url(assistant), key=KEY)
    row = ModelConnection.objects.get()
    ModelConnection.objects.filter(pk=row.pk).update(sealed_key=f"{row.sealed_key[:-6]}AAAAA=")
    html = client.get(url(assistant)).text
    assert "The stored key cannot be read: SECRET_KEY has changed." in html


def test_the_installations_model_is_saved_and_answers_for_assistants(
    client: Client, chief: User, assistant: Assistant
) -> None:
    row = saved(client, HOUSE, key=KEY, model="house-model")
    assert (row.assistant, unseal(row.sealed_key)) == (None, KEY)
    assert KEY not in client.get(HOUSE).text
    client.force_login(MembershipFactory(assistant=assistant, role=Role.MEMBER).user)
    assert "house-model" in client.get(url(assistant)).text
    client.force_login(chief)
    client.post(f"{HOUSE}disconnect/", {"version": version(row)})
    assert not ModelConnection.objects.exists()


# --- Testing ----------------------------------------------------------------------------------------------------


def try_out(client: Client, address: str, server: OpenAIServer, **values: str) -> Any:
    values = {"base_url": server.base_url, "model": "test-model", **values}
    return client.post(f"{address}test/", typed(**values), headers=HTMX)


def test_a_right_server_is_said_to_work_and_nothing_is_saved(
    client: Client, assistant: Assistant, owner: User, server: OpenAIServer
) -> None:
    answer = try_out(client, url(assistant), server, key=KEY, embedding_model="embedder")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert answer.text.count('aria-label="Good"') == 4
    for words in (
        "<strong>test-model</strong> works.",
        "It has 1 model.",
        "First words after",
        "Vectors of 64 numbers",
    ):
        assert words in answer.text
    assert KEY not in answer.text
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}
    assert not ModelConnection.objects.exists()
    assert set(ModelCall.objects.values_list("purpose", "assistant")) == {(Purpose.TEST, assistant.pk)}


def test_without_htmx_the_whole_page_comes_with_what_was_typed_but_for_the_key(
    client: Client, assistant: Assistant, owner: User, server: OpenAIServer
) -> None:
    answer = client.post(url(assistant, "test/"), typed(base_url=server.base_url, model="test-model", key=KEY))
    assert "<html" in answer.text
    assert "<strong>test-model</strong> works." in answer.text
    assert f'value="{server.base_url}"' in answer.text
    assert KEY not in answer.text


@pytest.mark.parametrize(
    ("behaviours", "words"),
    [
        ([Behaviour(status=401)], "refused the key"),
        ([Behaviour(), Behaviour(status=404), Behaviour(status=404)], "Check that it has a model of this name"),
        ([Behaviour(), Behaviour(), Behaviour(text="Eight.")], "Does not write JSON"),
        ([Behaviour(), Behaviour(text="")], "answered with nothing"),
        ([Behaviour(raw_body="<title>Router</title>", content_type="text/html")], "no server of language models"),
        ([Behaviour(status=404), Behaviour(status=404), Behaviour(status=404)], "often it ends in /v1"),
        ([Behaviour(status=503)], "server failed"),
        ([Behaviour(raw_body="[" * 200_000, content_type="application/json")], "no server of language models"),
        ([Behaviour(), Behaviour(raw_body=f"data: {'9' * 6000}\n\n")], "was not in the form asked for"),
    ],
)
def test_each_fault_has_a_plain_sentence_and_the_servers_words_are_not_shown(
    client: Client, assistant: Assistant, owner: User, server: OpenAIServer, behaviours: list[Behaviour], words: str
) -> None:
    server.default = behaviours[-1]
    server.queue(*behaviours)
    answer = try_out(client, url(assistant), server, key=KEY)
    assert answer.status_code == 200
    assert words in answer.text
    for secret in (ERROR_SECRET, "Router", KEY):
        assert secret not in answer.text


@pytest.mark.parametrize("body", ["[" * 200_000, f'{{"data": [{"9" * 6000}]}}'])
def test_a_list_that_cannot_be_read_is_told(
    client: Client, assistant: Assistant, owner: User, server: OpenAIServer, body: str
) -> None:
    server.default = Behaviour(raw_body=body, content_type="application/json")
    answer = client.post(url(assistant, "models/"), typed(base_url=server.base_url), headers=HTMX)
    assert (answer.status_code, "no server of language models" in answer.text) == (200, True)


def test_slow_silent_and_skipped_steps_have_their_words() -> None:
    slow = Step(Mark.WARNING, Fault.SLOW, first_token_ms=6200)
    rows = rows_of(Probe(Step(Mark.GOOD, models=("a", "b")), slow, Step()), key_held_back=False)
    assert [(row.mark, row.text) for row in rows] == [
        (Mark.GOOD, "Reachable. It has 2 models."),
        (Mark.WARNING, "First words after 6200 ms. That is slow for a chat."),
        (Mark.SKIPPED, "Not tried."),
    ]
    assert verdict_of(Probe(Step(Mark.GOOD), Step(Mark.GOOD), Step(Mark.GOOD), Step(Mark.BAD))) is Mark.WARNING
    assert verdict_of(Probe(Step(Mark.GOOD), slow, Step(Mark.GOOD))) is Mark.WARNING
    assert verdict_of(Probe(Step(Mark.GOOD), Step(Mark.GOOD), Step(Mark.GOOD))) is Mark.GOOD
    assert verdict_of(Probe(Step(Mark.GOOD), Step(Mark.BAD))) is Mark.BAD
    silent = rows_of(Probe(Step(Mark.BAD, error=ModelTimedOut("x")), embedding=Step()), key_held_back=True)
    assert [row.mark for row in silent] == [Mark.BAD, *[Mark.SKIPPED] * 3]
    assert silent[0].text.startswith("The language model took too long to answer. The stored key was not sent")


def test_a_private_address_is_refused_in_a_test_and_never_asked(
    client: Client, assistant: Assistant, owner: User, server: OpenAIServer, settings: Settings
) -> None:
    settings.MEMORYOS_PRIVATE_ADDRESSES = "refuse"
    for address in (server.base_url, server.base_url.replace("127.0.0.1", "localhost")):
        assert "in a private network" in try_out(client, url(assistant), server, base_url=address).text
    listed = client.post(url(assistant, "models/"), typed(base_url=server.base_url), headers=HTMX)
    assert "in a private network" in listed.text
    assert server.requests == []


def test_a_stored_key_is_tested_at_its_own_address_and_never_sent_to_another(
    client: Client, assistant: Assistant, owner: User, server: OpenAIServer
) -> None:
    saved(client, url(assistant), base_url=server.base_url, key=KEY)
    try_out(client, url(assistant), server)
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}
    with OpenAIServer() as elsewhere:
        answer = try_out(client, url(assistant), elsewhere)
        assert "The stored key was not sent" in answer.text
        listed = client.post(url(assistant, "models/"), typed(base_url=elsewhere.base_url), headers=HTMX)
        assert "The stored key was not sent" in listed.text
        assert len(elsewhere.requests) == 4
        assert all(KEY not in request.headers["authorization"] for request in elsewhere.requests)


def test_an_assistants_test_never_uses_the_installations_key(
    client: Client, assistant: Assistant, owner: User, server: OpenAIServer, settings: Settings
) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "k-environment", server.base_url
    house = UserFactory(is_superuser=True)
    boss = Client()
    boss.force_login(house)
    saved(boss, HOUSE, base_url=server.base_url, key=KEY)
    try_out(client, url(assistant), server)
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer none"}


def test_what_is_typed_wrong_is_told_before_any_server_is_asked(
    client: Client, assistant: Assistant, owner: User, server: OpenAIServer
) -> None:
    answer = try_out(client, url(assistant), server, model="", base_url="nonsense")
    assert answer.status_code == 422
    assert "Model: This field is required." in answer.text
    assert "Address of the server: This is no address" in answer.text
    assert server.requests == []


def test_a_person_cannot_test_without_end(
    client: Client, assistant: Assistant, owner: User, server: OpenAIServer
) -> None:
    address, data = url(assistant, "models/"), typed(base_url=server.base_url)
    statuses = [client.post(address, data, headers=HTMX).status_code for _ in range(probing.PER_MINUTE + 1)]
    assert statuses == [200] * probing.PER_MINUTE + [429]
    answer = try_out(client, url(assistant), server)
    assert answer.status_code == 429
    assert "many tests within a minute" in answer.text
    assert len(server.requests) == probing.PER_MINUTE


def test_the_installations_test_leaves_no_row_in_the_ledger(client: Client, chief: User, server: OpenAIServer) -> None:
    assert "works." in try_out(client, HOUSE, server).text
    assert not ModelCall.objects.exists()


# --- The list of models -----------------------------------------------------------------------------------------


def listed(client: Client, assistant: Assistant, server: OpenAIServer, **values: str) -> str:
    data = typed(base_url=server.base_url, **values)
    html: str = client.post(url(assistant, "models/"), data, headers=HTMX).text
    return html


def test_the_models_of_a_server_are_a_choice(
    client: Client, assistant: Assistant, owner: User, server: OpenAIServer
) -> None:
    server.default = Behaviour(models=("b<b>", "test-model"))
    html = listed(client, assistant, server, model="")
    assert re.findall(r"<option[^>]*>([^<]*)", html) == ["Choose one", "b&lt;b&gt;", "test-model"]
    html = listed(client, assistant, server, model="test-model")
    assert re.findall(r"<option[^>]* selected>([^<]*)", html) == ["test-model"]
    html = listed(client, assistant, server, model="mine")
    assert re.findall(r"<option[^>]* selected>([^<]*)", html) == ["mine (not in the list)"]


def test_a_name_can_be_typed_instead_and_a_list_that_fails_leaves_the_field(
    client: Client, assistant: Assistant, owner: User, server: OpenAIServer
) -> None:
    html = listed(client, assistant, server, model="mine", typed="1")
    assert "<select" not in html
    assert 'value="mine"' in html
    assert server.requests == []
    server.default = Behaviour(status=401)
    html = listed(client, assistant, server, model="mine")
    assert "refused the key" in html
    assert 'value="mine"' in html
    answer = client.post(url(assistant, "models/"), typed(base_url=""), headers=HTMX)
    assert answer.status_code == 422
    assert "Address of the server: This field is required." in answer.text


def test_the_list_works_without_htmx(client: Client, assistant: Assistant, owner: User, server: OpenAIServer) -> None:
    answer = client.post(url(assistant, "models/"), typed(base_url=server.base_url, model="", key=KEY))
    assert "<html" in answer.text
    assert "<option" in answer.text.split('<select name="model"')[1]
    assert KEY not in answer.text
    assert not ModelCall.objects.exists()


# --- Elsewhere --------------------------------------------------------------------------------------------------


def test_the_chat_and_the_overview_lead_owners_there(client: Client, assistant: Assistant, owner: User) -> None:
    MemoryFactory(assistant=assistant, user=owner)
    overview = reverse("memory:overview", args=[assistant.slug])
    for page in (f"/new/?assistant={assistant.slug}", overview):
        assert f'href="{url(assistant)}"' in client.get(page).text
    client.force_login(MembershipFactory(assistant=assistant, role=Role.CURATOR).user)
    for page in (f"/new/?assistant={assistant.slug}", overview):
        html = client.get(page).text
        assert f'href="{url(assistant)}"' not in html
        assert "An owner of this assistant can connect one." in html


def test_the_overview_names_the_assistants_own_model(client: Client, assistant: Assistant, owner: User) -> None:
    MemoryFactory(assistant=assistant, user=owner)
    saved(client, url(assistant), model="own-model")
    assert "<strong>own-model</strong>" in client.get(reverse("memory:overview", args=[assistant.slug])).text
    assert "No language model connected" not in client.get("/new/").text
