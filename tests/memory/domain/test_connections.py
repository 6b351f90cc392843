"""Which model works for an assistant, who may change that, and where the key can be seen: nowhere."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import serializers
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory import exceptions as errors
from memory.domain.connections import (
    Origin,
    connect_model,
    consolidator_for,
    disconnect_model,
    endpoint_of,
    model_connected,
    own_connection,
    responder_for,
    source_of,
)
from memory.enums import Actor, EventKind, Role
from memory.llm import Endpoint
from memory.models import Assistant, MemoryEvent, ModelConnection
from memory.sealing import unseal
from tests.memory.factories import AssistantFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

KEY = "sk-very-secret-0123456789"
SERVER = "http://93.184.215.14/v1"
OTHER = "http://1.1.1.1/v1"


@pytest.fixture(autouse=True)
def nothing_in_the_environment(settings: Settings) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = settings.MODEL = ""
    settings.MODEL_TIMEOUT = 5


@pytest.fixture
def assistant() -> Assistant:
    return AssistantFactory()


@pytest.fixture
def owner(assistant: Assistant) -> User:
    return MembershipFactory(assistant=assistant).user


@pytest.fixture
def chief() -> User:
    return UserFactory(is_superuser=True, is_staff=True)


def connect(assistant: Assistant | None, by: User, **values: Any) -> ModelConnection:
    given: dict[str, Any] = {"base_url": SERVER, "model": "own-model", "key": KEY, "expected": None}
    return connect_model(assistant, by=by, **{**given, **values})


def test_without_any_the_built_in_responder_answers(assistant: Assistant) -> None:
    assert endpoint_of(assistant) is None
    assert not model_connected(assistant)
    assert source_of(assistant).origin is Origin.NONE
    assert not responder_for(assistant).is_model
    assert not consolidator_for(assistant).is_model


def test_the_nearest_connection_comes_first(assistant: Assistant, owner: User, chief: User, settings: Settings) -> None:
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.MODEL = "http://127.0.0.1:1/v1", "k-env", "env-model"
    assert endpoint_of(assistant) == Endpoint("env-model", "http://127.0.0.1:1/v1", "k-env", 5)
    assert source_of(assistant).origin is Origin.ENVIRONMENT

    connect(None, chief, base_url=OTHER, model="house-model", key="k-house")
    assert endpoint_of(assistant) == Endpoint("house-model", OTHER, "k-house", 5, guarded=True, own=True)
    assert source_of(assistant).origin is Origin.INSTALLATION

    connect(assistant, owner)
    assert endpoint_of(assistant) == Endpoint("own-model", SERVER, KEY, 5, guarded=True, own=True)
    assert (source_of(assistant).origin, source_of(assistant).host) == (Origin.ASSISTANT, "http://93.184.215.14")
    assert (responder_for(assistant).name, consolidator_for(assistant).name) == ("own-model", "own-model")
    assert responder_for(assistant) is responder_for(assistant)

    elsewhere = endpoint_of(AssistantFactory())
    assert elsewhere is not None
    assert elsewhere.model == "house-model"


def test_an_assistant_may_wish_for_another_model_of_a_server_that_is_not_its_own(
    assistant: Assistant, owner: User, chief: User, settings: Settings
) -> None:
    assistant.model_settings = {"model": "wished"}
    settings.OPENAI_API_KEY = "k"
    assert source_of(assistant).model == responder_for(assistant).name == "wished"
    connect(None, chief)
    assert source_of(assistant).model == responder_for(assistant).name == "wished"
    connect(assistant, owner)
    assert source_of(assistant).model == responder_for(assistant).name == "own-model"


def test_it_takes_one_query(
    assistant: Assistant, owner: User, chief: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for make in (lambda: None, lambda: connect(None, chief), lambda: connect(assistant, owner)):
        make()
        for ask in (endpoint_of, source_of, model_connected):
            with django_assert_num_queries(1):
                ask(assistant)


@pytest.mark.parametrize(("value", "guarded"), [("refuse", True), ("allow", False)])
def test_what_a_person_named_is_guarded_and_what_the_operator_named_is_not(
    assistant: Assistant, owner: User, settings: Settings, value: str, guarded: bool
) -> None:
    settings.MEMORYOS_PRIVATE_ADDRESSES = value
    settings.OPENAI_BASE_URL = "http://127.0.0.1:1/v1"
    environments, _ = endpoint_of(assistant), connect(assistant, owner)
    own = endpoint_of(assistant)
    assert environments is not None
    assert own is not None
    assert (environments.guarded, own.guarded) == (False, guarded)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000/v1", "http://[::1]/v1", "http://169.254.169.254/latest"])
def test_a_private_address_is_not_saved_unless_the_installation_allows_it(
    assistant: Assistant, owner: User, settings: Settings, address: str
) -> None:
    with pytest.raises(errors.PrivateAddress):
        connect(assistant, owner, base_url=address)
    assert own_connection(assistant) is None
    settings.MEMORYOS_PRIVATE_ADDRESSES = "allow"
    assert connect(assistant, owner, base_url=address).base_url == address


@pytest.mark.parametrize("model", ["", "  ", "m" * 201, "a\nb"])
def test_a_name_that_is_none_is_refused(assistant: Assistant, owner: User, model: str) -> None:
    with pytest.raises(errors.InvalidText):
        connect(assistant, owner, model=model)


def test_a_key_is_kept_replaced_or_removed(assistant: Assistant, owner: User) -> None:
    row = connect(assistant, owner)
    row = connect(assistant, owner, key=None, model="newer", expected=row.updated_at)
    assert (unseal(row.sealed_key), row.model) == (KEY, "newer")
    row = connect(assistant, owner, key="another", expected=row.updated_at)
    assert unseal(row.sealed_key) == "another"
    row = connect(assistant, owner, key="", expected=row.updated_at)
    assert row.sealed_key == ""
    assert ModelConnection.objects.count() == 1


def test_a_stored_key_does_not_move_to_another_address(assistant: Assistant, owner: User) -> None:
    row = connect(assistant, owner)
    with pytest.raises(errors.KeyOfAnotherAddress):
        connect(assistant, owner, base_url=OTHER, key=None, expected=row.updated_at)
    row.refresh_from_db()
    assert row.base_url == SERVER
    row = connect(assistant, owner, base_url=OTHER, key="", expected=row.updated_at)
    assert (row.base_url, row.sealed_key) == (OTHER, "")
    # Without a stored key there is none to move.
    assert connect(assistant, owner, key=None, expected=row.updated_at).base_url == SERVER


def test_a_key_that_cannot_be_read_is_an_error_and_nothing_else_answers(
    assistant: Assistant, owner: User, settings: Settings
) -> None:
    settings.OPENAI_API_KEY = "k-env"
    connect(assistant, owner)
    settings.SECRET_KEY = "another-" + "1" * 50
    for ask in (endpoint_of, responder_for, consolidator_for):
        with pytest.raises(errors.ModelUnauthorised, match="SECRET_KEY has changed"):
            ask(assistant)
    assert model_connected(assistant)
    assert source_of(assistant).model == "own-model"


@pytest.mark.parametrize("role", [Role.MEMBER, Role.CURATOR])
def test_only_owners_connect_and_disconnect(assistant: Assistant, owner: User, role: Role) -> None:
    row = connect(assistant, owner)
    low = MembershipFactory(assistant=assistant, role=role).user
    foreign = MembershipFactory().user
    for person, refusal in ((low, errors.NotAllowed), (foreign, errors.NotAMember)):
        with pytest.raises(refusal):
            connect(assistant, person, model="theirs", expected=row.updated_at)
        with pytest.raises(refusal):
            disconnect_model(assistant, by=person, expected=row.updated_at)
    row.refresh_from_db()
    assert row.model == "own-model"


def test_an_operator_may_without_a_role(assistant: Assistant, chief: User) -> None:
    with pytest.raises(errors.NotAMember):
        connect(assistant, chief)
    row = connect(assistant, chief, operator=True)
    disconnect_model(assistant, by=chief, expected=row.updated_at, operator=True)
    assert own_connection(assistant) is None


def test_only_superusers_connect_the_installation(owner: User, chief: User) -> None:
    with pytest.raises(errors.NotAllowed):
        connect(None, owner)
    with pytest.raises(errors.NotAllowed):
        connect(None, UserFactory(is_superuser=True, is_active=False))
    row = connect(None, chief)
    with pytest.raises(errors.NotAllowed):
        disconnect_model(None, by=owner, expected=row.updated_at)
    disconnect_model(None, by=chief, expected=row.updated_at)
    assert own_connection(None) is None


def test_the_last_of_two_who_save_is_told(assistant: Assistant, owner: User) -> None:
    row = connect(assistant, owner)
    with pytest.raises(errors.EditConflict):
        connect(assistant, owner, model="late")
    with pytest.raises(errors.EditConflict):
        connect(assistant, owner, model="late", expected=row.updated_at - timedelta(microseconds=1))
    with pytest.raises(errors.EditConflict):
        disconnect_model(assistant, by=owner, expected=timezone.now())
    disconnect_model(assistant, by=owner, expected=row.updated_at)
    with pytest.raises(errors.EditConflict):
        disconnect_model(assistant, by=owner, expected=None)
    with pytest.raises(errors.EditConflict):
        connect(assistant, owner, expected=row.updated_at)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("of_installation", [False, True])
def test_two_who_connect_at_the_same_moment_make_one_connection(of_installation: bool) -> None:
    person = UserFactory(is_superuser=True)
    subject = None if of_installation else MembershipFactory(user=person).assistant
    start, ends = threading.Barrier(2), list[str]()

    def save(name: str) -> None:
        start.wait()
        try:
            connect(subject, person, model=name)
            ends.append("saved")
        except errors.EditConflict:
            ends.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["saved", "told"]
    assert ModelConnection.objects.count() == 1


def test_the_log_names_server_and_model_and_never_the_key(
    assistant: Assistant, owner: User, chief: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    row = connect(assistant, owner, base_url=f"{SERVER}/token-in-the-path")
    row = connect(assistant, owner, base_url=OTHER, key="short", expected=row.updated_at)
    disconnect_model(assistant, by=owner, expected=row.updated_at)
    nothing = {"base_url": "", "model": ""}
    first = {"base_url": "http://93.184.215.14", "model": "own-model"}
    second = {"base_url": "http://1.1.1.1", "model": "own-model"}
    events = MemoryEvent.objects.order_by("pk")
    assert [(event.before, event.after) for event in events] == [(nothing, first), (first, second), (second, nothing)]
    assert {(e.kind, e.actor, e.user_id, e.assistant_id, e.memory_id, e.target_type) for e in events} == {
        (EventKind.CONFIGURED, Actor.PERSON, owner.pk, assistant.pk, None, "assistant")
    }
    connect(None, chief)
    assert MemoryEvent.objects.count() == 3
    assert "own-model" in caplog.text
    for told in (serializers.serialize("json", MemoryEvent.objects.all()), caplog.text):
        assert KEY not in told
        assert "token-in-the-path" not in told


def test_the_key_shows_in_no_repr_and_in_no_column(assistant: Assistant, owner: User) -> None:
    row = connect(assistant, owner)
    endpoint = endpoint_of(assistant)
    for told in (repr(row), str(row), repr(endpoint), str(endpoint), repr(source_of(assistant)), repr(row.__dict__)):
        assert KEY not in told
    with connection.cursor() as cursor:
        cursor.execute("SELECT memory_modelconnection::text FROM memory_modelconnection")
        assert KEY not in cursor.fetchone()[0]
