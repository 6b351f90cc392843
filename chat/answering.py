"""The producer: writes one answer, whoever watches.

A producer belongs to the process and not to a socket, so a closed tab cancels nothing. While it works it keeps the
text in the database every 100 ms and renews the answer's lease; a process that dies stops renewing, and the sweep of
any other (or of the next one) marks its answers as interrupted.
"""

from __future__ import annotations

import asyncio
import contextvars
import enum
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from chat import groups, keeping, modes, writing
from chat.database import at_length, at_once, at_the_end, in_database
from chat.enums import Mode, Status
from chat.history import history_of
from chat.models import Message
from chat.text import Collector
from chat.turns import Turn
from memory.domain.connections import responder_for
from memory.domain.context import PreparedReply, prepare_reply
from memory.domain.recall import RecalledItem
from memory.domain.remembering import wish_of
from memory.enums import Outcome, Role
from memory.exceptions import ModelEmptyAnswer, ModelError
from memory.llm.base import Delta, Responder, Usage
from memory.models import Membership, Memory

logger = logging.getLogger(__name__)

KEEP_SECONDS = 0.1
"""Between two durable writes of a growing text."""
RENEW_SECONDS = 0.5
"""Between two renewals of the lease while no text comes; also how soon a stop from another process is seen then."""
TELL_SECONDS = 0.04
"""Between two deltas to the watchers."""
SWEEP_SECONDS = 1.5
"""Between two looks for answers whose writer died."""
END_PAUSES = (0.0, 0.5, 1.0)
"""Before each further attempt to store the end of an answer while the database is away."""
MENDED_BY_OWNERS = frozenset({Outcome.UNREACHABLE, Outcome.UNAUTHORISED, Outcome.REFUSED})
"""Faults of a connection, which only owners can set right."""
TELL_AN_OWNER = _("Tell an owner of this assistant.")
UNEXPECTED = _("Something went wrong on the server while answering. It has been logged; try again.")

_running: dict[int, Producer] = {}
_tasks: set[asyncio.Task[None]] = set()
_sweeper: asyncio.Task[None] | None = None


class Halt(enum.Enum):
    """Why an answer ends before the model is done."""

    STOPPED = enum.auto()
    SHUT_DOWN = enum.auto()


class Producer:
    """One answer in the making."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self._answer = Collector()
        self._answer.add(turn.beginning)
        self._usage = Usage()
        self._memory: Memory | None = None
        self._model = ""
        self._asked_at = time.monotonic()
        self._recalled: Sequence[RecalledItem] = ()
        self._left_out: Sequence[RecalledItem] = ()
        self._visited: Sequence[int] = ()
        self._prompt_tokens: Mapping[str, int] = {}
        self._told = len(self._answer.text)
        self._grown = asyncio.Event()
        # Of the person who asked: what went wrong is said in it.
        self._language = translation.get_language() or settings.LANGUAGE_CODE
        self._halted: asyncio.Future[Halt] = asyncio.get_running_loop().create_future()

    def halt(self, reason: Halt) -> None:
        """End the answer as soon as may be; the text so far is kept. The first reason counts."""
        if not self._halted.done():
            self._halted.set_result(reason)

    async def run(self) -> None:
        """Write the answer and end it, one way or another; raises nothing."""
        reading, telling = asyncio.create_task(self._read()), asyncio.create_task(self._tell())
        # Until the end is stored: it may have to wait for the memory, and the answer must not count as dead meanwhile.
        keeping_it = asyncio.create_task(self._keep())
        try:
            ends: set[asyncio.Future[Any]] = {reading, self._halted}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            await _cancel(reading, telling)
            await self._finish(reading)
        finally:
            await _cancel(reading, telling, keeping_it)

    async def _finish(self, reading: asyncio.Task[None]) -> None:
        self._answer.close()
        # Before the end is stored, which may take its time: its frame alone would bring the last words late.
        await self._tell_news()
        if self._halted.done() and (reading.cancelled() or reading.exception()):
            await self._end_halted(self._halted.result())
        else:
            await self._end_read(reading.exception())

    async def _read(self) -> None:
        """Recall, ask the model, and collect what it says."""
        prepared, responder = await at_length(self._prepare)
        self._recalled, self._left_out = prepared.recollection.items, prepared.recollection.left_out
        self._prompt_tokens = prepared.tokens
        self._model, self._asked_at = responder.name, time.monotonic()
        begun = len(self._answer.text)
        async with aclosing(responder.stream(prepared.request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Delta):
                    self._answer.add(piece.text)
                    self._grown.set()
                else:
                    self._usage = piece
        if not self._answer.text[begun:].strip():
            raise ModelEmptyAnswer

    def _prepare(self) -> tuple[PreparedReply, Responder]:
        answer = Message.objects.select_related("parent", "conversation__memory__assistant").get(pk=self.turn.answer_id)
        memory = self._memory = answer.conversation.memory
        history = history_of(answer.question)
        prepared = prepare_reply(
            memory,
            answer.question.content,
            history.turns,
            timezone.now(),
            unfinished=self.turn.beginning,
            exclude_pages=history.elsewhere,
            recalls=answer.conversation.mode != Mode.TEMPORARY and memory.recall_paused_at is None,
            records=memory.learning_paused_at is None and _is_recorded(answer),
        )
        self._visited = prepared.recollection.visited_segments(memory.conf)
        return prepared, responder_for(memory.assistant)

    async def _keep(self) -> None:
        """Store the text as it grows; halt when the answer is no longer ours or somebody asked to stop."""
        kept, kept_at = self._answer.text, time.monotonic()
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            text = self._answer.text
            if text == kept and time.monotonic() - kept_at < RENEW_SECONDS:
                continue
            try:
                ours = await keeping.keep(self.turn.answer_id, None if text == kept else text)
            except DatabaseError as error:
                # Nothing is lost yet: the text is here, and the lease outlives some missed beats.
                logger.warning("Answer %s could not be kept just now: %s", self.turn.answer_id, error)
                continue
            if not ours:
                self.halt(Halt.STOPPED)
            kept, kept_at = text, time.monotonic()

    async def _tell(self) -> None:
        """Pass new characters on to the watchers."""
        while True:
            await self._grown.wait()
            self._grown.clear()
            await self._tell_news()
            await asyncio.sleep(TELL_SECONDS)

    async def _tell_news(self) -> None:
        told, piece = self._told, self._answer.text[self._told :]
        if piece:
            self._told += len(piece)
            await groups.send_delta(self.turn.conversation_id, self.turn.answer_id, told, piece)

    async def _end_halted(self, reason: Halt) -> None:
        if reason is Halt.STOPPED:
            await self._end(Status.STOPPED, Outcome.STOPPED)
        else:
            await self._end(Status.INTERRUPTED, Outcome.STOPPED)

    async def _end_read(self, error: BaseException | None) -> None:
        match error:
            case None:
                await self._end(Status.COMPLETE, Outcome.OK)
            case Message.DoesNotExist():
                # The conversation was deleted before the answer began.
                return
            case ModelError():
                await self._end(Status.FAILED, error.outcome, await self._words_for(error))
            case _:
                logger.error("Answer %s failed.", self.turn.answer_id, exc_info=error)
                await self._end(Status.FAILED, Outcome.SERVER_ERROR, self._unexpected)

    async def _words_for(self, error: ModelError) -> str:
        """Say what went wrong; whom to tell, where it is for an owner to mend and the person is none."""
        with translation.override(self._language):
            for_owners, told = f"{ModelError.message} {TELL_AN_OWNER}", str(error)
        if error.outcome not in MENDED_BY_OWNERS or self._memory is None:
            return told
        try:
            return told if await in_database(_is_owner, self._memory) else for_owners
        except DatabaseError as fault:
            logger.warning("Whether answer %s is an owner's could not be asked: %s", self.turn.answer_id, fault)
            return told

    async def _end(self, status: Status, outcome: Outcome, error: str = "") -> None:
        """Write the end; what cannot be recorded is confessed, at the worst with nothing but its text.

        An answer for which even that fails is left to the sweep, with the text that was kept last.
        """
        written = self._written()
        ways: tuple[Callable[[], bool], ...] = (
            partial(writing.end_answer, written, status, outcome, error),
            partial(writing.end_answer, written, Status.FAILED, Outcome.SERVER_ERROR, self._unexpected),
            partial(writing.fail_answer, written.answer_id, written.text, self._unexpected),
        )
        for way in ways:
            try:
                await _insist(way)
                break
            except Exception:
                logger.exception("Answer %s could not be recorded.", self.turn.answer_id)
        await groups.send_changed(self.turn.conversation_id)

    @property
    def _unexpected(self) -> str:
        with translation.override(self._language):
            return str(UNEXPECTED)

    def _written(self) -> writing.Written:
        return writing.Written(
            answer_id=self.turn.answer_id,
            text=self._answer.text,
            memory=self._memory,
            model=self._model,
            usage=self._usage,
            prompt_tokens=self._prompt_tokens,
            duration_ms=round((time.monotonic() - self._asked_at) * 1000),
            recalled=self._recalled,
            left_out=self._left_out,
            visited_segments=self._visited,
        )


def _is_owner(memory: Memory) -> bool:
    places = Membership.objects.filter(user=memory.user_id, assistant=memory.assistant_id)
    return places.filter(role=Role.OWNER).exists()


def _is_recorded(answer: Message) -> bool:
    """Tell whether memory will hold what was said: the whole turn, or at least what it was asked to remember."""
    asked_to = answer.conversation.mode == Mode.READ_ONLY and wish_of(answer.question.content) is not None
    return asked_to or not answer.off_record


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _insist(write: Callable[[], bool]) -> None:
    """Write to the database; one that is away for a moment is waited for. Any other fault would only come again."""
    for pause in END_PAUSES:
        try:
            await at_the_end(write)
            return
        except (OperationalError, InterfaceError) as error:
            logger.warning("The end of an answer could not be stored just now: %s", error)
        await asyncio.sleep(pause)
    await at_the_end(write)


def start(turn: Turn) -> None:
    """Begin to write an answer in the running event loop; returns at once."""
    producer = Producer(turn)
    _running[turn.answer_id] = producer
    # A context of its own: nothing of the socket or request that asked may live on in it.
    task = asyncio.create_task(producer.run(), name=f"answer {turn.answer_id}", context=contextvars.Context())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    task.add_done_callback(lambda _: _running.pop(turn.answer_id, None))


def stop_here(answer_id: int) -> None:
    """Stop an answer if this process writes it."""
    if producer := _running.get(answer_id):
        producer.halt(Halt.STOPPED)


async def startup() -> None:
    """Begin to look for answers whose writer died. Called once, before the first request."""
    global _sweeper  # noqa: PLW0603 - one per process, like its event loop
    _sweeper = asyncio.create_task(_sweep_for_ever(), name="sweep of dead answers")


async def shutdown() -> None:
    """End what is being written, keeping the text, and stop sweeping. Called once, after the last request."""
    global _sweeper  # noqa: PLW0603
    if _sweeper:
        _sweeper.cancel()
        await asyncio.wait({_sweeper})
        _sweeper = None
    for producer in list(_running.values()):
        producer.halt(Halt.SHUT_DOWN)
    if _tasks:
        await asyncio.wait(set(_tasks), timeout=writing.LEASE.total_seconds())


async def sweep() -> None:
    """Mark the answers of dead writers as interrupted, delete temporary conversations that nobody shows any more, and
    tell those who watch.
    """
    for conversation_id in await at_once(writing.interrupt_expired, tuple(_running)):
        await groups.send_changed(conversation_id)
    for conversation_id in await in_database(modes.close_abandoned):
        await groups.send_changed(conversation_id)


async def _sweep_for_ever() -> None:
    while True:
        try:
            await sweep()
        except Exception:
            # Whatever it was: without the sweep no dead answer of any process would ever end.
            logger.exception("Dead answers could not be looked for.")
        await asyncio.sleep(SWEEP_SECONDS)
