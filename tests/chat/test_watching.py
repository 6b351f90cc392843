"""A slow reader: its own page waits, nobody else's does, and nothing piles up."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from chat import watching
from chat.access import Seat
from chat.database import in_database
from chat.enums import ErrorCode, Status
from chat.exceptions import ChatError, ConversationGone, SignedOut
from chat.groups import DeltaEvent
from chat.models import Message
from chat.protocol import ConversationState, Delta, Done, Error, ServerFrame, Watch
from chat.watching import MAX_DELTAS, MAX_REPLIES, Watcher
from tests.chat.factories import running_answer

pytestmark = pytest.mark.usefixtures("live")


class Reader:
    """A socket whose other end reads only while `reads` is set."""

    def __init__(self) -> None:
        self.got: list[ServerFrame] = []
        self.ended: ChatError | None = None
        self.reads = asyncio.Event()
        self.reads.set()

    async def send(self, frame: ServerFrame) -> None:
        """Take a frame as soon as the reader reads."""
        await self.reads.wait()
        self.got.append(frame)

    async def leave(self, reason: ChatError) -> None:
        """Note why there is nothing more to watch."""
        self.ended = reason

    async def until(self, kind: type[ServerFrame]) -> ServerFrame:
        """Return the first frame of a kind."""
        async with asyncio.timeout(5):
            while True:
                for frame in self.got:
                    if isinstance(frame, kind):
                        return frame
                await asyncio.sleep(0.01)


def signed_in(user: User) -> str:
    """Return the key of a new session of somebody."""
    client = Client()
    client.force_login(user)
    return str(client.session.session_key)


async def pumping(answer: Message, reader: Reader) -> tuple[Watcher, asyncio.Task[None]]:
    """Return a watcher of the answer's conversation, for its person, and its running pump."""
    session_key = await in_database(signed_in, answer.conversation.memory.user)
    seat = Seat(answer.conversation.memory.user, session_key, answer.conversation_id)
    watcher = Watcher(seat, True, reader.send, reader.leave)
    return watcher, asyncio.create_task(watcher.run())


async def test_a_slow_reader_gets_the_whole_text_and_no_backlog() -> None:
    answer = await in_database(running_answer, content="")
    reader = Reader()
    watcher, pump = await pumping(answer, reader)
    watcher.watch(Watch(type="watch", message_id=answer.pk, offset=0))
    await reader.until(ServerFrame)
    reader.reads.clear()
    text = "word " * 2000
    for at in range(0, len(text), 5):
        watcher.note_delta(DeltaEvent(type="chat.delta", message_id=answer.pk, offset=at, text=text[at : at + 5]))
        assert len(watcher._deltas) <= MAX_DELTAS
        if at % 1000 == 0:
            await asyncio.sleep(0)
    await in_database(Message.objects.filter(pk=answer.pk).update, content=text)
    reader.reads.set()
    async with asyncio.timeout(5):
        while "".join(frame.text for frame in reader.got if isinstance(frame, Delta)) != text:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    deltas = [frame for frame in reader.got if isinstance(frame, Delta)]
    assert len(deltas) < 2 * MAX_DELTAS
    assert [delta.offset for delta in deltas] == sorted({delta.offset for delta in deltas})
    pump.cancel()


async def test_replies_to_a_page_that_never_reads_are_bounded() -> None:
    answer = await in_database(running_answer)
    reader = Reader()
    watcher, pump = await pumping(answer, reader)
    for n in range(3 * MAX_REPLIES):
        watcher.reply(Error(code=ErrorCode.TOO_MANY, detail=str(n)))
    await reader.until(Error)
    await asyncio.sleep(0.05)
    assert [frame.detail for frame in reader.got if isinstance(frame, Error)] == [
        str(n) for n in range(2 * MAX_REPLIES, 3 * MAX_REPLIES)
    ]
    pump.cancel()


async def test_hints_for_messages_the_page_does_not_know_are_looked_up() -> None:
    answer = await in_database(running_answer, content="Half")
    reader = Reader()
    watcher, pump = await pumping(answer, reader)
    watcher.watch(Watch(type="watch", message_id=answer.pk, offset=4))
    ended = Message.objects.filter(pk=answer.pk)
    await in_database(ended.update, content="Half and whole.", status=Status.COMPLETE, lease_expires_at=None)
    watcher.note_delta(DeltaEvent(type="chat.delta", message_id=answer.pk + 7, offset=0, text="?"))
    done = await reader.until(Done)
    assert isinstance(done, Done)
    assert "<p>Half and whole.</p>\n" in done.html
    assert not [frame for frame in reader.got if isinstance(frame, Delta)]
    pump.cancel()


async def test_the_pump_ends_when_the_conversation_is_gone() -> None:
    answer = await in_database(running_answer)
    reader = Reader()
    watcher, pump = await pumping(answer, reader)
    await in_database(answer.conversation.delete)
    watcher.watch(Watch(type="watch", message_id=0))
    async with asyncio.timeout(5):
        await pump
    assert isinstance(reader.ended, ConversationGone)


async def sign_everybody_out(_answer: Message) -> None:
    await in_database(Session.objects.all().delete)


async def end_the_membership(answer: Message) -> None:
    await in_database(answer.conversation.memory.user.memberships.all().delete)


@pytest.mark.parametrize(("end", "reason"), [(sign_everybody_out, SignedOut), (end_the_membership, ConversationGone)])
@pytest.mark.parametrize("is_told", [True, False])
async def test_a_page_that_never_watches_is_closed_too(
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Message], Awaitable[None]],
    reason: type[ChatError],
    is_told: bool,
) -> None:
    monkeypatch.setattr(watching, "IDLE_LOOK_SECONDS", 5.0 if is_told else 0.1)
    answer = await in_database(running_answer)
    reader = Reader()
    watcher, pump = await pumping(answer, reader)
    await asyncio.sleep(0.3)
    assert not pump.done()
    await end(answer)
    if is_told:
        watcher.note_change()
    async with asyncio.timeout(2):
        await pump
    assert isinstance(reader.ended, reason)
    assert reader.got == []


async def test_a_page_that_never_watches_costs_a_look_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "IDLE_LOOK_SECONDS", 0.1)
    monkeypatch.setattr(watching, "PLACE_LOOK_AT_LEAST_SECONDS", 0.1)
    looks = []
    monkeypatch.setattr(Seat, "require_place", lambda _seat, exists: looks.append(exists))
    answer = await in_database(running_answer)
    _watcher, pump = await pumping(answer, Reader())
    await asyncio.sleep(0.55)
    pump.cancel()
    assert 2 <= len(looks) <= 5
    assert set(looks) == {True}


async def test_a_page_whose_conversation_is_yet_to_come_may_stay() -> None:
    answer = await in_database(running_answer)
    person, memory = answer.conversation.memory.user, answer.conversation.memory
    seat = Seat(person, await in_database(signed_in, person), uuid4(), new_in=memory.pk)
    await in_database(seat.require_place, False)
    with pytest.raises(ConversationGone):
        await in_database(seat.require_place, True)
    await end_the_membership(answer)
    with pytest.raises(ConversationGone):
        await in_database(seat.require_place, False)


async def test_a_sign_out_is_seen_although_hints_never_pause() -> None:
    answer = await in_database(running_answer, content="")
    reader = Reader()
    watcher, pump = await pumping(answer, reader)
    watcher.watch(Watch(type="watch", message_id=answer.pk, offset=0))
    await reader.until(ConversationState)
    await in_database(Session.objects.all().delete)
    async with asyncio.timeout(5):
        for at in range(1000):
            watcher.note_delta(DeltaEvent(type="chat.delta", message_id=answer.pk, offset=at, text="x"))
            await asyncio.sleep(0.01)
            if pump.done():
                break
    assert isinstance(reader.ended, SignedOut)


async def test_hints_about_a_message_that_has_ended_are_passed_over() -> None:
    answer = await in_database(running_answer, content="Whole.")
    reader = Reader()
    watcher, pump = await pumping(answer, reader)
    watcher.watch(Watch(type="watch", message_id=answer.pk))
    await reader.until(ConversationState)
    watcher.note_delta(DeltaEvent(type="chat.delta", message_id=answer.pk, offset=6, text="?"))
    await asyncio.sleep(0.05)
    assert [type(frame) for frame in reader.got] == [ConversationState]
    pump.cancel()


async def test_a_page_that_shows_messages_learns_that_they_are_gone_whatever_it_reserved() -> None:
    answer = await in_database(running_answer)
    reader = Reader()
    session_key = await in_database(signed_in, answer.conversation.memory.user)
    seat = Seat(answer.conversation.memory.user, session_key, answer.conversation_id, new_in=1)
    await in_database(answer.conversation.delete)
    watcher = Watcher(seat, False, reader.send, reader.leave)
    watcher.watch(Watch(type="watch", message_id=answer.pk))
    async with asyncio.timeout(5):
        await watcher.run()
    assert isinstance(reader.ended, ConversationGone)
