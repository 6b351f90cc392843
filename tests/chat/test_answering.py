"""The producer against a real local model server, and the sweep."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from pytest_django.fixtures import Settings

from chat import answering, database, turns
from chat.access import Seat
from chat.database import in_database
from chat.enums import Status
from chat.models import Conversation, Message
from memory.domain.retiring import archive_assistant
from memory.enums import Outcome
from memory.models import Memory, ModelCall, Page
from memory.signals import page_recorded
from tests.chat.factories import ConversationFactory, running_answer
from tests.openai_server import ERROR_SECRET, Behaviour, OpenAIServer

pytestmark = pytest.mark.usefixtures("live")
TEXT = "One two three four five six seven eight nine ten."


async def ask(memory: Memory, text: str = "Hello?") -> turns.Turn:
    """Begin a turn in a new conversation and start to answer it."""
    conversation = await in_database(ConversationFactory, memory=memory)
    turn = await in_database(turns.begin_turn, Seat(memory.user, None, conversation.pk), text, "c1")
    answering.start(turn)
    return turn


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition; a busy machine is slow, not wrong."""
    async with asyncio.timeout(15):
        while not await condition():  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.02)


async def read(turn: turns.Turn) -> Message:
    return await in_database(Message.objects.select_related("page").get, pk=turn.answer_id)


async def ended(turn: turns.Turn) -> Message:
    """Return the answer once it has ended."""

    async def is_over() -> bool:
        return (await read(turn)).status != Status.STREAMING

    await until(is_over)
    return await read(turn)


async def has_text(turn: turns.Turn, text: str) -> None:
    """Wait until the stored answer holds `text`."""

    async def holds() -> bool:
        return text in (await read(turn)).content

    await until(holds)


async def test_an_answer_is_written_and_remembered(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(text="Hi 😀 **Tom**!"))
    answer = await ended(await ask(memory, "I'm Tom."))
    assert (answer.status, answer.content, answer.error) == (Status.COMPLETE, "Hi 😀 **Tom**!", "")
    assert answer.page is not None
    assert (answer.page.query, answer.page.response) == ("I'm Tom.", "Hi 😀 **Tom**!")
    call = await in_database(ModelCall.objects.get)
    assert (call.outcome, call.model, call.tokens_out) == (Outcome.OK, "test-model", answer.tokens_out)
    assert len(model.requests) == 1


async def test_what_was_recalled_is_kept_with_the_answer(memory: Memory, model: OpenAIServer) -> None:
    await ended(await ask(memory, "I work as a data scientist."))
    answer = await ended(await ask(memory, "What is my job?"))
    items = await in_database(lambda: list(answer.recalled.values_list("rank", "tier", "object_id")))
    page_id = await in_database(lambda: Page.objects.order_by("position").values_list("pk", flat=True)[0])
    assert items == [(1, "short_term", page_id)]
    assert "data scientist" in model.requests[-1].text


@pytest.mark.parametrize(
    ("behaviour", "outcome", "words", "text"),
    [
        (Behaviour(status=401), Outcome.UNAUTHORISED, "refused the key", ""),
        (Behaviour(status=429), Outcome.RATE_LIMITED, "slow down", ""),
        (Behaviour(status=500), Outcome.SERVER_ERROR, "server failed", ""),
        (Behaviour(text=""), Outcome.EMPTY, "answered with nothing", ""),
        (Behaviour(text=TEXT, cut_after=3), Outcome.CUT_OFF, "in the middle of the answer", "One"),
        (Behaviour(text=TEXT, stall_after=3), Outcome.TIMED_OUT, "too long", "One"),
        (Behaviour(first_byte_after=9), Outcome.TIMED_OUT, "too long", ""),
    ],
)
async def test_a_failure_keeps_what_there_is_and_leaves_memory_alone(
    memory: Memory,
    model: OpenAIServer,
    settings: Settings,
    behaviour: Behaviour,
    outcome: Outcome,
    words: str,
    text: str,
) -> None:
    settings.MODEL_TIMEOUT = 0.6
    model.queue(behaviour)
    turn = await ask(memory)
    answer = await ended(turn)
    assert answer.status == Status.FAILED
    assert answer.content.startswith(text)
    assert bool(answer.content) == bool(text)
    assert words in answer.error
    assert ERROR_SECRET not in answer.error
    assert await in_database(lambda: Message.objects.filter(client_id="c1", content="Hello?").count()) == 1
    assert await in_database(Page.objects.count) == 0
    assert (await in_database(ModelCall.objects.get)).outcome == outcome


async def test_an_unreachable_model_is_said_so(memory: Memory, settings: Settings) -> None:
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    answer = await ended(await ask(memory))
    assert (answer.status, answer.error.split(".")[0]) == (
        Status.FAILED,
        "The language model could not be reached",
    )


async def test_a_fault_of_ours_is_confessed_and_logged(
    memory: Memory, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    settings.MODEL_TIMEOUT = "soon"
    answer = await ended(await ask(memory))
    assert (answer.status, answer.error) == (Status.FAILED, str(answering.UNEXPECTED))
    assert "ValueError" in caplog.text
    assert await in_database(ModelCall.objects.count) == 0


async def test_an_answer_that_cannot_be_recorded_is_confessed_and_its_text_kept(
    memory: Memory, model: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**event: object) -> None:
        raise RuntimeError("no room")

    page_recorded.connect(refuse)
    try:
        answer = await ended(await ask(memory))
    finally:
        page_recorded.disconnect(refuse)
    assert (answer.status, answer.error, bool(answer.content)) == (Status.FAILED, str(answering.UNEXPECTED), True)
    assert "no room" in caplog.text
    assert await in_database(Page.objects.count) == 0


async def test_a_fault_that_would_only_come_again_is_not_waited_for(
    memory: Memory, model: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    refusals: list[object] = []

    def refuse(**event: object) -> None:
        refusals.append(event)
        raise IntegrityError("no such segment")

    page_recorded.connect(refuse)
    try:
        answer = await ended(await ask(memory))
    finally:
        page_recorded.disconnect(refuse)
    assert (answer.status, answer.error, bool(answer.content)) == (Status.FAILED, str(answering.UNEXPECTED), True)
    assert len(refusals) == 1
    assert (await in_database(ModelCall.objects.get)).outcome == Outcome.SERVER_ERROR


async def test_an_answer_of_which_nothing_can_be_recorded_keeps_its_text(
    memory: Memory, model: OpenAIServer, settings: Settings
) -> None:
    settings.MODEL = "m" * 300  # longer than any column for it
    model.queue(Behaviour(text=TEXT))
    answer = await ended(await ask(memory))
    assert (answer.status, answer.content, answer.error) == (Status.FAILED, TEXT, str(answering.UNEXPECTED))
    assert await in_database(Page.objects.count) == 0


async def test_the_sweep_survives_a_fault_of_any_kind(memory: Memory, caplog: pytest.LogCaptureFixture) -> None:
    dead = await in_database(running_answer, lease=timedelta(seconds=-1))
    database._apart("lease", 1).shutdown()
    await answering.startup()
    async with asyncio.timeout(5):
        while "could not be looked for" not in caplog.text:  # noqa: ASYNC110 - the log has no event
            await asyncio.sleep(0.02)
    database._apart.cache_clear()
    answer = await ended(turns.Turn(dead.conversation_id, dead.question.pk, dead.pk))
    assert answer.status == Status.INTERRUPTED


async def test_text_is_durable_while_it_is_written(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=4))
    turn = await ask(memory)
    await has_text(turn, "One")
    assert (await read(turn)).status == Status.STREAMING


async def test_a_stop_here_keeps_the_text_and_closes_the_connection(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=4))
    turn = await ask(memory)
    await has_text(turn, "One")
    answering.stop_here(turn.answer_id)
    answer = await ended(turn)
    assert answer.status == Status.STOPPED
    assert answer.page is not None
    assert answer.page.response == answer.content
    assert (await in_database(ModelCall.objects.get)).outcome == Outcome.STOPPED
    assert await asyncio.to_thread(model.requests[0].disconnected.wait, 3)


@pytest.mark.parametrize("behaviour", [Behaviour(text=TEXT, stall_after=4), Behaviour(first_byte_after=9)])
async def test_a_stop_from_another_process_is_seen_in_the_row(
    memory: Memory, model: OpenAIServer, behaviour: Behaviour
) -> None:
    model.queue(behaviour)
    turn = await ask(memory)
    await asyncio.to_thread(model.wait_for_requests)
    await in_database(turns.request_stop, Seat(memory.user, None, turn.conversation_id), turn.answer_id)
    assert (await ended(turn)).status == Status.STOPPED


async def test_the_lease_is_renewed_while_the_model_is_silent(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(first_byte_after=9))
    turn = await ask(memory)
    first = (await read(turn)).lease_expires_at

    async def is_renewed() -> bool:
        return (await read(turn)).lease_expires_at != first

    await until(is_renewed)


@pytest.fixture
def own_connection(transactional_db: None) -> int:
    """The database process that serves the test runner itself."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


async def test_a_database_that_drops_its_connections_costs_no_answer(
    own_connection: int, memory: Memory, model: OpenAIServer
) -> None:
    def drop() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)",
                [own_connection],
            )

    model.queue(Behaviour(text=TEXT, tokens_per_second=20))
    turn = await ask(memory)
    await has_text(turn, "One")
    await in_database(drop)
    answer = await ended(turn)
    assert (answer.status, answer.content) == (Status.COMPLETE, TEXT)


async def test_a_deleted_conversation_ends_its_answer(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=4))
    turn = await ask(memory)
    await has_text(turn, "One")
    await in_database(Conversation.objects.all().delete)
    assert await asyncio.to_thread(model.requests[0].disconnected.wait, 3)
    assert await in_database(Page.objects.count) == 0


async def test_an_answer_taken_over_by_the_sweep_is_left_alone(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=4))
    turn = await ask(memory)
    await has_text(turn, "One")
    await in_database(
        Message.objects.filter(pk=turn.answer_id).update, status=Status.INTERRUPTED, lease_expires_at=None
    )
    assert await asyncio.to_thread(model.requests[0].disconnected.wait, 3)
    await answering.shutdown()
    assert (await read(turn)).status == Status.INTERRUPTED


async def test_shutdown_keeps_the_text_and_marks_the_answer(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=4))
    turn = await ask(memory)
    await has_text(turn, "One")
    await answering.shutdown()
    answer = await read(turn)
    assert (answer.status, answer.content[:3]) == (Status.INTERRUPTED, "One")
    assert await in_database(Page.objects.count) == 0


async def test_startup_sweeps_answers_of_dead_writers(memory: Memory) -> None:
    dead = await in_database(running_answer, lease=timedelta(seconds=-1))
    await answering.startup()
    answer = await ended(turns.Turn(dead.conversation_id, dead.question.pk, dead.pk))
    assert (answer.status, answer.content) == (Status.INTERRUPTED, "So far")


async def test_a_retry_does_not_show_the_model_the_failed_attempt(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, cut_after=3), Behaviour(text="Whole."))
    turn = await ask(memory)
    failed = await ended(turn)
    retried = await in_database(turns.begin_regenerate, Seat(memory.user, None, turn.conversation_id), turn.answer_id)
    answering.start(retried)
    answer = await ended(retried)
    assert (answer.status, answer.content) == (Status.COMPLETE, "Whole.")
    assert failed.content
    assert [message["role"] for message in model.requests[-1].body["messages"]] == ["system", "user"]


async def test_more_answers_at_once_than_database_threads(memory: Memory, model: OpenAIServer) -> None:
    model.default = Behaviour(text=TEXT, tokens_per_second=40)
    asked = [await ask(memory, f"Question {n}?") for n in range(20)]
    answers = await asyncio.gather(*(ended(turn) for turn in asked))
    assert {(answer.status, answer.content) for answer in answers} == {(Status.COMPLETE, TEXT)}
    assert await in_database(Page.objects.count) == 20


async def test_the_built_in_responder_answers_without_a_model(memory: Memory) -> None:
    await ended(await ask(memory, "Hi! I'm Tom, I work as a data scientist in San Francisco."))
    answer = await ended(await ask(memory, "What do you remember about my job?"))
    assert answer.status == Status.COMPLETE
    assert "data scientist" in answer.content


async def test_an_answer_being_written_is_finished_and_remembered_when_its_assistant_is_archived(
    memory: Memory, model: OpenAIServer
) -> None:
    model.queue(Behaviour(text=TEXT, tokens_per_second=20))
    turn = await ask(memory)
    await has_text(turn, "One")
    await in_database(lambda: archive_assistant(memory.assistant, by=memory.user))
    answer = await ended(turn)
    assert (answer.status, answer.content) == (Status.COMPLETE, TEXT)
    assert answer.page is not None
