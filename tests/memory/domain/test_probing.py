"""Trying a connection: how often, with which key, and what stands in the ledger afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from memory.domain import probing
from memory.domain.probing import Pace, key_to_try, models_at, try_connection
from memory.enums import Outcome, Purpose
from memory.exceptions import TooManyTests
from memory.llm import Endpoint
from memory.models import Assistant, ModelCall, ModelConnection
from memory.sealing import seal
from tests.memory.factories import AssistantFactory, MembershipFactory
from tests.openai_server import Behaviour, OpenAIServer

pytestmark = pytest.mark.django_db

KEY = "sk-stored"


@pytest.fixture(scope="module")
def running() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def server(running: OpenAIServer) -> OpenAIServer:
    running.reset()
    return running


@pytest.fixture
def owner() -> User:
    return MembershipFactory().user


@pytest.fixture
def assistant(owner: User) -> Assistant:
    return Assistant.objects.get(memberships__user=owner)


def stored(base_url: str = "https://a.example/v1", key: str = KEY) -> ModelConnection:
    return ModelConnection(base_url=base_url, model="m", sealed_key=seal(key) if key else "")


@pytest.mark.parametrize(
    ("row", "base_url", "typed", "no_key", "sent"),
    [
        (stored(), "https://a.example/v1", "", False, (KEY, False)),
        (stored(), "https://a.example/v1", "typed", False, ("typed", False)),
        (stored(), "https://a.example/v1", "", True, ("", False)),
        (stored(), "https://a.example/v1", "typed", True, ("", False)),
        (stored(), "https://b.example/v1", "", False, ("", True)),
        (stored(), "http://a.example/v1", "", False, ("", True)),
        (stored(), "https://a.example:444/v1", "", False, ("", True)),
        (stored(), "https://a.example/v1/x", "", False, ("", True)),
        (stored(), "https://b.example/v1", "typed", False, ("typed", False)),
        (stored(key=""), "https://b.example/v1", "", False, ("", False)),
        (None, "https://a.example/v1", "", False, ("", False)),
    ],
)
def test_a_stored_key_goes_to_its_own_address_only(
    row: ModelConnection | None, base_url: str, typed: str, no_key: bool, sent: tuple[str, bool]
) -> None:
    assert key_to_try(row, base_url, typed, no_key=no_key) == sent


def test_a_key_that_cannot_be_read_is_held_back(settings: Settings) -> None:
    row = stored()
    settings.SECRET_KEY = "another-" + "1" * 50
    assert key_to_try(row, row.base_url, "", no_key=False) == ("", True)


def test_the_pace_is_each_persons_own_and_comes_back() -> None:
    pace = Pace(per_minute=2)
    pace.take(1, 0.0)
    pace.take(1, 10.0)
    with pytest.raises(TooManyTests):
        pace.take(1, 59.0)
    pace.take(2, 59.0)
    pace.take(1, 60.1)
    with pytest.raises(TooManyTests):
        pace.take(1, 60.2)
    pace.take(1, 200.0)
    pace.take(1, 200.0)


def test_a_person_cannot_test_without_end(owner: User, server: OpenAIServer) -> None:
    for _ in range(probing.PER_MINUTE):
        models_at(Endpoint("m", server.base_url), owner)
    with pytest.raises(TooManyTests):
        models_at(Endpoint("m", server.base_url), owner)
    with pytest.raises(TooManyTests):
        try_connection(None, Endpoint("m", server.base_url), "", owner)
    assert len(server.requests) == probing.PER_MINUTE


def test_what_a_test_costs_stands_in_the_ledger(assistant: Assistant, owner: User, server: OpenAIServer) -> None:
    server.queue(Behaviour(), Behaviour(), Behaviour(status=500))
    try_connection(assistant, Endpoint("test-model", server.base_url, KEY), "embedder", owner)
    calls = ModelCall.objects.order_by("pk")
    assert [(call.purpose, call.model, call.outcome, call.tokens_out) for call in calls] == [
        (Purpose.TEST, "test-model", Outcome.OK, 11),
        (Purpose.TEST, "test-model", Outcome.SERVER_ERROR, None),
        (Purpose.TEST, "embedder", Outcome.OK, None),
    ]
    assert {(call.assistant_id, call.memory_id) for call in calls} == {(assistant.pk, None)}
    assert "server failed" in calls[1].detail


def test_what_was_never_asked_costs_nothing(assistant: Assistant, owner: User) -> None:
    try_connection(assistant, Endpoint("m", "http://127.0.0.1:9/v1"), "embedder", owner)
    models_at(Endpoint("m", "http://127.0.0.1:9/v1"), owner)
    assert not ModelCall.objects.exists()


def test_a_test_for_the_installation_is_in_the_log(
    owner: User, server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    try_connection(None, Endpoint("test-model", server.base_url, KEY), "", owner)
    assert "Test of the installation's model test-model: ok" in caplog.text
    assert KEY not in caplog.text
    assert not ModelCall.objects.exists()


def test_an_assistant_that_is_deleted_meanwhile_does_no_harm(owner: User, server: OpenAIServer) -> None:
    gone = AssistantFactory()
    Assistant.objects.filter(pk=gone.pk).delete()
    assert try_connection(gone, Endpoint("test-model", server.base_url), "", owner).answer.error is None
