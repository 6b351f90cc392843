"""Each assistant speaks with the model that was connected to it, in the chat and in the background."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.jobs import Job
from pytest_django.fixtures import Settings

from chat import titling
from chat.database import in_database
from chat.enums import Status
from chat.models import Conversation
from memory import tasks
from memory.domain.connections import connect_model
from memory.domain.queueing import QUEUE
from memory.enums import EventKind, Outcome, Role
from memory.models import Memory, MemoryEvent, ModelCall, ModelConnection
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory
from tests.chat.test_answering import ask, ended
from tests.memory.factories import MemoryFactory, PageFactory, UserFactory
from tests.openai_server import Behaviour, OpenAIServer

Servers = tuple[OpenAIServer, OpenAIServer]


@pytest.fixture(scope="module")
def running() -> Iterator[Servers]:
    with OpenAIServer() as first, OpenAIServer() as second:
        yield first, second


@pytest.fixture
def servers(running: Servers, settings: Settings) -> Servers:
    """Two servers on this machine, which people may connect; none in the environment."""
    for server in running:
        server.reset()
    settings.MEMORYOS_PRIVATE_ADDRESSES = "allow"
    settings.OPENAI_BASE_URL = settings.OPENAI_API_KEY = ""
    return running


def connected(server: OpenAIServer, name: str) -> Memory:
    """A memory at an assistant of its own, with this server."""
    memory: Memory = MemoryFactory()
    connect_model(
        memory.assistant, base_url=server.base_url, model=name, key=f"sk-{name}", by=memory.user, expected=None
    )
    return memory


def keys(server: OpenAIServer) -> set[tuple[str, str]]:
    """Which key was sent for which model."""
    return {(request.headers["authorization"], request.body["model"]) for request in server.requests}


def context() -> JobContext:
    job = Job(id=1, queue=QUEUE, lock=None, queueing_lock=None, task_name="memory.consolidate")
    return JobContext(start_timestamp=0, app=app, job=job, abort_reason=lambda: None)


@pytest.mark.usefixtures("live")
async def test_two_assistants_answer_with_two_servers(servers: Servers) -> None:
    first, second = servers
    first.default, second.default = Behaviour(text="I am the first."), Behaviour(text="I am the second.")
    memories = [await in_database(connected, server, name) for server, name in zip(servers, "ab", strict=True)]
    answers = [await ended(await ask(memory)) for memory in memories]
    assert [(answer.content, answer.model) for answer in answers] == [
        ("I am the first.", "a"),
        ("I am the second.", "b"),
    ]
    assert (keys(first), keys(second)) == ({("Bearer sk-a", "a")}, {("Bearer sk-b", "b")})


@pytest.mark.usefixtures("live")
async def test_a_private_address_that_is_no_longer_allowed_is_refused_at_the_next_answer(
    servers: Servers, settings: Settings
) -> None:
    memory = await in_database(connected, servers[0], "a")
    settings.MEMORYOS_PRIVATE_ADDRESSES = "refuse"
    answer = await ended(await ask(memory))
    assert answer.status == Status.FAILED
    assert "in a private network" in answer.error
    assert servers[0].requests == []
    assert (await in_database(ModelCall.objects.get)).outcome == Outcome.UNREACHABLE


@pytest.mark.usefixtures("live")
async def test_the_environments_address_is_not_guarded(servers: Servers, settings: Settings) -> None:
    settings.MEMORYOS_PRIVATE_ADDRESSES = "refuse"
    settings.OPENAI_BASE_URL, settings.MODEL = servers[0].base_url, "env"
    answer = await ended(await ask(await in_database(MemoryFactory)))
    assert (answer.status, answer.model) == (Status.COMPLETE, "env")


@pytest.mark.usefixtures("live")
async def test_a_key_that_cannot_be_read_fails_the_answer_and_says_what_to_do(
    servers: Servers, settings: Settings
) -> None:
    memory = await in_database(connected, servers[0], "a")
    settings.OPENAI_BASE_URL = servers[1].base_url
    await in_database(ModelConnection.objects.update, sealed_key="not a sealed key")
    answer = await ended(await ask(memory))
    assert answer.status == Status.FAILED
    assert "SECRET_KEY has changed" in answer.error
    assert (servers[0].requests, servers[1].requests) == ([], [])


@pytest.mark.usefixtures("live")
async def test_a_server_that_sends_elsewhere_is_not_followed(servers: Servers) -> None:
    first, second = servers
    memory = await in_database(connected, first, "a")
    first.default = Behaviour(location=f"{second.base_url}/chat/completions")
    answer = await ended(await ask(memory))
    assert (answer.status, second.requests) == (Status.FAILED, [])
    assert "sends to another address" in answer.error


@pytest.mark.django_db
def test_two_jobs_ask_two_servers(servers: Servers) -> None:
    memories = [connected(server, name) for server, name in zip(servers, "ab", strict=True)]
    for memory in memories:
        for _ in range(memory.conf.short_term_capacity + 1):
            PageFactory(memory=memory)
        tasks.consolidate(context(), memory_id=memory.pk)
    assert [keys(server) for server in servers] == [{("Bearer sk-a", "a")}, {("Bearer sk-b", "b")}]
    assert [memory.segments.count() for memory in memories] == [1, 1]


@pytest.mark.django_db
def test_a_job_whose_key_cannot_be_read_fails_and_says_so(servers: Servers) -> None:
    memory = connected(servers[0], "a")
    ModelConnection.objects.update(sealed_key="not a sealed key")
    for _ in range(memory.conf.short_term_capacity + 1):
        PageFactory(memory=memory)
    tasks.consolidate(context(), memory_id=memory.pk)
    failed = MemoryEvent.objects.get(kind=EventKind.FAILED)
    assert failed.after is not None
    assert failed.after["outcome"] == Outcome.UNAUTHORISED
    assert "SECRET_KEY has changed" in failed.after["reason"]
    assert memory.segments.count() == 0


def conversation_of(memory: Memory) -> Conversation:
    conversation: Conversation = ConversationFactory(memory=memory)
    AnswerFactory(parent=QuestionFactory(conversation=conversation), status=Status.COMPLETE)
    return conversation


@pytest.mark.django_db
def test_a_title_is_asked_of_the_assistants_own_server(servers: Servers) -> None:
    named = conversation_of(connected(servers[1], "b"))
    assert titling.title_conversation(named.pk)
    assert (keys(servers[0]), keys(servers[1])) == (set(), {("Bearer sk-b", "b")})
    assert not titling.title_conversation(conversation_of(MemoryFactory()).pk)


@pytest.mark.django_db
def test_the_installations_server_works_for_who_has_none(servers: Servers) -> None:
    chief = UserFactory(is_superuser=True)
    connect_model(None, base_url=servers[0].base_url, model="house", key="sk-house", by=chief, expected=None)
    memory = MemoryFactory()
    memory.assistant.model_settings = {"model": "wished"}
    memory.assistant.save()
    assert titling.title_conversation(conversation_of(memory).pk)
    assert keys(servers[0]) == {("Bearer sk-house", "wished")}


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("status", [401, 404])
async def test_who_cannot_mend_a_connection_is_told_whom_to_tell(servers: Servers, status: int) -> None:
    owner = await in_database(connected, servers[0], "a")
    member = await in_database(lambda: MemoryFactory(assistant=owner.assistant, role=Role.MEMBER))
    told = []
    for memory in (owner, member):
        servers[0].queue(Behaviour(status=status))
        told.append((await ended(await ask(memory))).error)
    assert told[0].startswith("The language model's server refused the ")
    assert told[1] == "The language model could not answer. Tell an owner of this assistant."


@pytest.mark.usefixtures("live")
async def test_what_passes_by_itself_is_told_to_everybody_alike(servers: Servers) -> None:
    owner = await in_database(connected, servers[0], "a")
    member = await in_database(lambda: MemoryFactory(assistant=owner.assistant, role=Role.MEMBER))
    servers[0].default = Behaviour(status=500)
    assert (await ended(await ask(member))).error.startswith("The language model's server failed.")
