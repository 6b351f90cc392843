"""The producer once more: answers that go on, other versions, modes of memory, and a memory that somebody holds."""

import asyncio
import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from chat import answering, turns, writing
from chat.access import Seat
from chat.database import in_database
from chat.enums import Mode, Status
from chat.exceptions import MemoryBusy
from chat.models import Conversation, Message, RecalledItem
from memory.models import Memory, ModelCall, Page
from tests.chat.factories import ConversationFactory, temporary_conversation
from tests.chat.test_answering import TEXT, ask, ended, has_text, read, until
from tests.memory.factories import MemoryFactory
from tests.openai_server import DEFAULT_REPLY, Behaviour, OpenAIServer

pytestmark = pytest.mark.usefixtures("live")


class Held:
    """A memory whose row somebody holds, as an import does."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._begun, self._over = threading.Event(), threading.Event()

    async def begin(self) -> None:
        self._holding = asyncio.create_task(in_database(self._hold))
        await asyncio.to_thread(self._begun.wait, 5)

    async def end(self) -> None:
        self._over.set()
        await self._holding

    def _hold(self) -> None:
        with transaction.atomic():
            Memory.objects.locked(self._memory.pk)
            self._begun.set()
            self._over.wait(10)


async def test_a_continuation_goes_on_from_the_text_there_is(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, cut_after=3), Behaviour(text="and the rest."))
    turn = await ask(memory)
    half = (await ended(turn)).content
    assert 0 < len(half) < len(TEXT)
    seat = Seat(memory.user, None, turn.conversation_id)
    onward = await in_database(turns.begin_continue, seat, turn.answer_id)
    answering.start(onward)
    answer = await ended(onward)
    assert (answer.status, answer.content) == (Status.COMPLETE, f"{half}and the rest.")
    said = model.requests[-1].body["messages"]
    assert [message["role"] for message in said] == ["system", "user", "assistant", "user"]
    assert (said[2]["content"], "Go on exactly where it ends" in said[3]["content"]) == (half, True)
    page = await in_database(Page.objects.get)
    assert page.response == answer.content


async def test_a_continuation_that_fails_loses_nothing(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, cut_after=3), Behaviour(status=500), Behaviour(text="the end."))
    turn = await ask(memory)
    half = (await ended(turn)).content
    seat = Seat(memory.user, None, turn.conversation_id)
    for status, text in ((Status.FAILED, half), (Status.COMPLETE, f"{half}the end.")):
        turn = await in_database(turns.begin_continue, seat, turn.answer_id)
        answering.start(turn)
        answer = await ended(turn)
        assert (answer.status, answer.content) == (status, text)


async def test_the_built_in_responder_goes_on_where_it_was_cut_short(memory: Memory) -> None:
    await ended(await ask(memory, "Hi! I'm Tom, I work as a data scientist in San Francisco."))
    turn = await ask(memory, "What do you remember about my job?")
    whole = (await ended(turn)).content
    cut = Message.objects.filter(pk=turn.answer_id)
    await in_database(cut.update, content=whole[:30], status=Status.INTERRUPTED)
    seat = Seat(memory.user, None, turn.conversation_id)
    onward = await in_database(turns.begin_continue, seat, turn.answer_id)
    answering.start(onward)
    assert (await ended(onward)).content == whole


async def test_another_version_takes_the_place_of_the_earlier_ones_page(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(text="Paris is lovely."), Behaviour(text="Rome is lovely."))
    turn = await ask(memory, "I live in Paris")
    await ended(turn)
    seat = Seat(memory.user, None, turn.conversation_id)
    anew = await in_database(turns.begin_edit, seat, turn.question_id, "I live in Rome", "c2")
    answering.start(anew)
    answer = await ended(anew)
    page = await in_database(Page.objects.get)
    assert (page.query, page.response, answer.page_id) == ("I live in Rome", "Rome is lovely.", page.pk)
    assert "Paris" not in model.chats[-1].text


async def test_what_the_prompt_was_made_of_is_kept(memory: Memory, model: OpenAIServer) -> None:
    answer = await ended(await ask(memory))
    assert answer.prompt_tokens.keys() == {"instructions", "memory", "history", "question"}
    assert answer.prompt_tokens["question"] > 0


async def test_a_temporary_conversation_neither_recalls_nor_records(memory: Memory, model: OpenAIServer) -> None:
    await ended(await ask(memory, "I work as a data scientist."))
    conversation = await in_database(temporary_conversation, memory=memory)
    seat = Seat(memory.user, None, conversation.pk)
    turn = await in_database(turns.begin_turn, seat, "What is my job?", "c1")
    answering.start(turn)
    answer = await ended(turn)
    assert (answer.status, answer.page) == (Status.COMPLETE, None)
    assert "data scientist" not in model.chats[-1].text
    assert await in_database(Page.objects.count) == 1
    assert not await in_database(RecalledItem.objects.filter(message=turn.answer_id).exists)


async def test_a_read_only_conversation_recalls_and_records_nothing(memory: Memory, model: OpenAIServer) -> None:
    await ended(await ask(memory, "I work as a data scientist."))
    conversation = await in_database(ConversationFactory, memory=memory, mode=Mode.READ_ONLY)
    turn = await in_database(turns.begin_turn, Seat(memory.user, None, conversation.pk), "What is my job?", "c1")
    answering.start(turn)
    await ended(turn)
    assert "data scientist" in model.chats[-1].text
    assert await in_database(Page.objects.count) == 1


async def test_an_answer_in_a_closed_temporary_conversation_ends(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=4))
    conversation = await in_database(temporary_conversation, memory=memory)
    turn = await in_database(turns.begin_turn, Seat(memory.user, None, conversation.pk), "Hello?", "c1")
    answering.start(turn)
    await has_text(turn, "One")
    await in_database(Conversation.objects.update, closes_at=Now() - timedelta(seconds=1))
    await answering.sweep()
    assert await in_database(Message.objects.count) == 0
    await until(lambda: in_database(lambda: turn.answer_id not in answering._running))
    assert (await in_database(ModelCall.objects.get)).memory_id == memory.pk


async def test_a_continuation_stopped_before_recall_loses_nothing(memory: Memory, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, cut_after=3))
    turn = await ask(memory)
    half = (await ended(turn)).content
    onward = await in_database(turns.begin_continue, Seat(memory.user, None, turn.conversation_id), turn.answer_id)
    answering.start(onward)
    answering.stop_here(onward.answer_id)
    answer = await ended(onward)
    assert (answer.status, answer.content) == (Status.STOPPED, half)


async def test_an_answer_that_waits_for_its_memory_at_the_end_stays_alive(
    memory: Memory, model: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "LEASE", timedelta(seconds=1))
    held = Held(memory)
    await held.begin()
    turn = await ask(memory)
    await has_text(turn, DEFAULT_REPLY[:10])
    await asyncio.sleep(2)
    assert await in_database(writing.interrupt_expired) == []
    assert (await read(turn)).status == Status.STREAMING
    await held.end()
    assert (await ended(turn)).status == Status.COMPLETE


async def test_a_locked_memory_holds_up_nobody_else(memory: Memory, model: OpenAIServer) -> None:
    held = Held(memory)
    await held.begin()
    waiting = [await ask(memory, f"Question {n}?") for n in range(6)]
    other = await ask(await in_database(MemoryFactory))
    await has_text(other, DEFAULT_REPLY[:10])
    await held.end()
    for turn in (*waiting, other):
        assert (await ended(turn)).status == Status.COMPLETE


async def test_who_asks_for_a_memory_that_is_held_is_told_so(memory: Memory) -> None:
    held = Held(memory)
    await held.begin()
    conversation = await in_database(ConversationFactory, memory=memory)
    seat = Seat(memory.user, None, conversation.pk)
    with pytest.raises(MemoryBusy):
        await in_database(turns.begin_turn, seat, "Remember that I like tea", "c1")
    await held.end()
    assert (await in_database(turns.begin_turn, seat, "Remember that I like tea", "c1")).question_id
