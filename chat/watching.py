"""Keeping one page up to date: what it has, what it lacks, and the only place that writes to its socket.

Handlers never wait for the socket. They leave hints here; one pump per socket turns them into frames. Hints are few
and bounded: when a reader is slow, or the channel layer lost something, they are thrown away and the pump reads the
difference from the database instead. So a slow reader costs its own page some time, and nobody else anything.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable

from django.db import DatabaseError

from chat.access import Seat
from chat.database import in_database
from chat.enums import Mode
from chat.exceptions import ChatError, ConversationGone, SignedOut
from chat.groups import DeltaEvent
from chat.news import MessageNews, News, news_for
from chat.protocol import Accepted, ConversationState, Delta, Error, Rewind, ServerFrame, Watch

logger = logging.getLogger(__name__)

RUNNING_LOOK_SECONDS = 1.0
"""After the last hint, or look at the database, until the next look while an answer runs."""
RUNNING_LOOK_AT_LEAST_SECONDS = 3.0
"""Between two looks while an answer runs, however many hints come."""
IDLE_LOOK_SECONDS = 15.0
"""The same while none runs."""
TEMPORARY_LOOK_SECONDS = 4.0
"""The same in a temporary conversation, which stays only while pages look (`chat.modes`)."""
PLACE_LOOK_AT_LEAST_SECONDS = 0.5
"""Between two looks whether a page that does not watch may stay: most begin to watch at once."""
MAX_DELTAS = 64
MAX_REPLIES = 32

Sender = Callable[[ServerFrame], Awaitable[None]]


class Watcher:
    """What one page has.

    `on_end` is called once with the reason why there is no more to watch: ConversationGone when the conversation is
    no longer there for this person, SignedOut when the person is no longer signed in.
    """

    def __init__(self, seat: Seat, exists: bool, send: Sender, on_end: Callable[[ChatError], Awaitable[None]]) -> None:
        self._seat = seat
        self._exists = exists
        self._send = send
        self._on_end = on_end
        self._watching = False
        self._state: ConversationState | None = None
        self._leaf = 0
        self._update_id = 0
        self._running: dict[int, int] = {}
        self._replies: deque[ServerFrame] = deque(maxlen=MAX_REPLIES)
        self._deltas: deque[DeltaEvent] = deque()
        self._stale = False
        self._looked_at = self._heard_at = self._placed_at = time.monotonic()
        self._wake = asyncio.Event()

    def watch(self, frame: Watch) -> None:
        """Begin, or begin again, from what the page says it has."""
        self._leaf, self._update_id = frame.message_id, frame.update_id
        self._running = {} if frame.offset is None else {frame.message_id: frame.offset}
        self._watching = True
        self.note_change()

    def note_change(self) -> None:
        """Something changed: look it up."""
        self._stale = True
        self._wake.set()

    def note_delta(self, event: DeltaEvent) -> None:
        """An answer grew. Beyond the bound, look it up instead."""
        if not self._watching:
            return
        if len(self._deltas) >= MAX_DELTAS:
            self._deltas.clear()
            self._stale = True
        self._deltas.append(event)
        self._wake.set()

    def reply(self, frame: Error | Accepted) -> None:
        """Answer a frame of this page. A page that sends and never reads loses the oldest replies."""
        self._replies.append(frame)
        self._wake.set()

    @property
    def looked_ago(self) -> float:
        """Seconds since the last look, which renewed the time of a temporary conversation."""
        return time.monotonic() - self._looked_at

    async def run(self) -> None:
        """Pump until cancelled, or until the conversation is gone or the person signed out."""
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), max(0.0, self._look_due() - time.monotonic()))
            except TimeoutError:
                self._stale = True
            self._wake.clear()
            while self._replies:
                await self._send(self._replies.popleft())
            try:
                await self._bring_up_to_date() if self._watching else await self._keep_place()
            except (ConversationGone, SignedOut) as reason:
                await self._on_end(reason)
                return

    def _look_due(self) -> float:
        if not self._watching:
            return self._placed_at + (PLACE_LOOK_AT_LEAST_SECONDS if self._stale else IDLE_LOOK_SECONDS)
        if self._running:
            quiet_since = max(self._looked_at, self._heard_at)
            return min(quiet_since + RUNNING_LOOK_SECONDS, self._looked_at + RUNNING_LOOK_AT_LEAST_SECONDS)
        is_temporary = self._state is not None and self._state.mode == Mode.TEMPORARY
        return self._looked_at + (TEMPORARY_LOOK_SECONDS if is_temporary else IDLE_LOOK_SECONDS)

    async def _keep_place(self) -> None:
        """Look whether a page that does not watch may stay: it is told nothing, but takes a place of the person's."""
        if time.monotonic() >= self._look_due():
            self._stale = False
            self._placed_at = time.monotonic()
            try:
                await in_database(self._seat.require_place, self._exists)
            except DatabaseError as error:
                logger.warning("Whether a page may stay at %s is not known: %s", self._seat.conversation_id, error)

    async def _bring_up_to_date(self) -> None:
        if self._stale or time.monotonic() >= self._look_due():
            self._stale = False
            self._looked_at = time.monotonic()
            try:
                await self._look()
            except DatabaseError as error:
                # The next look, at the latest on the timer, finds everything that this one missed.
                logger.warning("News of conversation %s could not be read: %s", self._seat.conversation_id, error)
        while self._deltas and not self._stale:
            await self._forward(self._deltas.popleft())

    async def _look(self) -> None:
        has = self._leaf, tuple(self._running)
        news = await in_database(news_for, self._seat, *has, self._update_id)
        if has != (self._leaf, tuple(self._running)):
            # The page said meanwhile that it has something else.
            self.note_change()
            return
        if news is None:
            if self._exists or self._leaf:
                # A page that shows messages of it knows it, whatever its reservation says.
                raise ConversationGone
            return
        self._exists = True
        await self._show_state(news)
        for message in news.running:
            await self._update(message)
        if news.rewind_to is not None:
            self._leaf = news.rewind_to
            self._running.clear()
            await self._send(Rewind(message_id=news.rewind_to))
        for message in news.added:
            await self._add(message)
        self._update_id = max(self._update_id, news.update_id)
        for note in news.learnt:
            await self._send(note)

    async def _show_state(self, news: News) -> None:
        state = ConversationState(title=news.title, mode=news.mode)
        if state != self._state:
            self._state = state
            await self._send(state)

    async def _add(self, message: MessageNews) -> None:
        self._leaf = message.message_id
        await self._send(message.created)
        if message.running_text is not None:
            self._running[message.message_id] = len(message.running_text)

    async def _update(self, message: MessageNews) -> None:
        has = self._running.get(message.message_id)
        if has is None:
            # The page said something else while a frame was on its way to it.
            return
        if message.running_text is not None:
            await self._advance(message.message_id, has, message.running_text[has:])
        elif message.done is not None:
            del self._running[message.message_id]
            await self._send(message.done)

    async def _forward(self, event: DeltaEvent) -> None:
        has = self._running.get(event["message_id"])
        if has is None and event["message_id"] == self._leaf:
            # It has ended meanwhile; the page has it whole.
            return
        if has is None or event["offset"] > has:
            self.note_change()
            return
        self._heard_at = time.monotonic()
        await self._advance(event["message_id"], has, event["text"][has - event["offset"] :])

    async def _advance(self, message_id: int, has: int, text: str) -> None:
        if text:
            self._running[message_id] = has + len(text)
            await self._send(Delta(message_id=message_id, offset=has, text=text))
