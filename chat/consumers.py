"""The websocket of a conversation: frames in, frames out, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar, assert_never
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from chat import answering, groups, turns
from chat.access import Seat, take_seat
from chat.database import in_database
from chat.exceptions import ChatError, ConversationGone, SignedOut, TooManySockets
from chat.limits import Crowd, FrameBudget
from chat.modes import leave
from chat.protocol import (
    Accepted,
    AnyClientFrame,
    Continue,
    Edit,
    Error,
    Hello,
    Regenerate,
    Select,
    Send,
    ServerFrame,
    Stop,
    Watch,
    client_id_of,
    parse_frame,
)
from chat.watching import Watcher

logger = logging.getLogger(__name__)

Params = ParamSpec("Params")
Result = TypeVar("Result")

CLOSE_SIGNED_OUT = 4401
CLOSE_NOT_FOUND = 4404
CLOSE_TOO_MANY = 4429
CLOSE_BROKEN = 1011
CLEAN_UP_SECONDS = 1.0
WENT_AWAY = 1001
"""How browsers close a socket whose page is left or closed; a lost network says something else, or nothing."""

_crowd = Crowd()


class ChatConsumer(AsyncWebsocketConsumer):
    """One page at one conversation. It watches; the answers are written elsewhere (`chat.answering`)."""

    # None of Channels' layers: its own subscription fails together with the layer, and the socket with it.
    # `groups.listen` brings the hints while there are any.
    channel_layer_alias = ""

    seat: Seat
    watcher: Watcher
    budget: FrameBudget | None = None
    pump: asyncio.Task[None] | None = None
    listener: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket; its tasks end with it, however it ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            tasks = {task for task in (self.pump, self.listener) if task}
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=CLEAN_UP_SECONDS)
            if self.budget is not None:
                _crowd.leave(self.seat.user.pk)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the handler, without Channels' hop through the one thread that all sockets share.

        That hop closes idle connections; `in_database` gives each one back itself.
        """
        handler = getattr(self, message["type"].replace(".", "_"))
        await handler(message)

    async def connect(self) -> None:
        """Let the person in, or say why not: a close code is only seen by the browser after the handshake."""
        await self.accept()
        user: Any = self.scope["user"]
        if not user.is_authenticated:
            await self.close(CLOSE_SIGNED_OUT)
            return
        token = parse_qs(self.scope["query_string"].decode("latin-1")).get("new", [""])[0]
        conversation_id = self.scope["url_route"]["kwargs"]["conversation_id"]
        seat = Seat(user, self.scope["session"].session_key, conversation_id)
        try:
            self.seat, exists = await in_database(take_seat, seat, token)
            self.budget = _crowd.enter(user.pk, time.monotonic())
        except ConversationGone:
            await self.close(CLOSE_NOT_FOUND)
        except TooManySockets:
            await self.close(CLOSE_TOO_MANY)
        else:
            await self._take_place(exists)

    async def disconnect(self, code: int) -> None:
        """A page that was left or closed may have been the last one at a temporary conversation."""
        if code == WENT_AWAY and self.pump is not None:
            await in_database(leave, self.seat.conversation_id, timedelta(seconds=self.watcher.looked_ago))

    async def _take_place(self, exists: bool) -> None:
        self.watcher = Watcher(self.seat, exists, self._send_frame, self._leave)
        await self._send_frame(Hello(conversation_id=str(self.seat.conversation_id), exists=exists))
        self.pump = asyncio.create_task(self._pump(), name="pump of a chat socket")
        hints = groups.listen(self.seat.conversation_id, self.seat.user.pk, self._note, self.watcher.note_change)
        self.listener = asyncio.create_task(hints, name="hints for a chat socket")

    async def _pump(self) -> None:
        """Keep the page up to date; a pump that breaks closes its socket, and the page comes back with a new one."""
        try:
            await self.watcher.run()
        except OSError:
            # The browser went away while a frame was on its way to it.
            return
        except Exception:
            logger.exception("The pump of a chat socket broke.")
            await self.close(CLOSE_BROKEN)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Act on a frame; whatever is wrong with it is an `error` frame, and the socket lives on."""
        if self.pump is None or self.budget is None:
            return
        try:
            self.budget.spend(time.monotonic())
            await self._act(parse_frame(text_data, settings.CHAT_MESSAGE_MAX_CHARACTERS))
        except ChatError as error:
            self._refuse(error, text_data)
            if isinstance(error, SignedOut):
                self.watcher.note_change()
        except Exception:
            logger.exception("A frame could not be acted on.")
            self._refuse(ChatError(), text_data)

    def _refuse(self, error: ChatError, text_data: str | None) -> None:
        self.watcher.reply(Error(code=error.code, detail=str(error), client_id=client_id_of(text_data)))

    async def _act(self, frame: AnyClientFrame) -> None:
        match frame:
            case Watch():
                self.watcher.watch(frame)
            case Send(text=text, client_id=client_id):
                await self._begin(await self._signed_in(turns.begin_turn, text, client_id), client_id)
            case Edit(message_id=message_id, text=text, client_id=client_id):
                await self._begin(await self._signed_in(turns.begin_edit, message_id, text, client_id), client_id)
            case Regenerate(message_id=message_id):
                await self._begin(await self._signed_in(turns.begin_regenerate, message_id))
            case Continue(message_id=message_id):
                await self._begin(await self._signed_in(turns.begin_continue, message_id))
            case Select(message_id=message_id):
                await self._signed_in(turns.select_version, message_id)
                await self._tell_change()
            case Stop(message_id=message_id):
                await self._signed_in(turns.request_stop, message_id)
                answering.stop_here(message_id)
                await groups.send_stop(self.seat.conversation_id, message_id)
            case _:
                assert_never(frame)

    async def _signed_in(
        self, act: Callable[Concatenate[Seat, Params], Result], *args: Params.args, **kwargs: Params.kwargs
    ) -> Result:
        """Do something in the database for the person, if they are still signed in."""

        def acting() -> Result:
            self.seat.require_signed_in()
            return act(self.seat, *args, **kwargs)

        return await in_database(acting)

    async def _begin(self, turn: turns.Turn, client_id: str = "") -> None:
        if not turn.is_repeated:
            answering.start(turn)
        if client_id:
            self.watcher.reply(Accepted(client_id=client_id, message_id=turn.question_id))
        await self._tell_change()

    async def _tell_change(self) -> None:
        self.watcher.note_change()
        await groups.send_changed(self.seat.conversation_id)

    def _note(self, event: groups.Event) -> None:
        """Take a hint; a stop may be meant for an answer that this process writes."""
        match event["type"]:
            case "chat.changed":
                self.watcher.note_change()
            case "chat.delta":
                self.watcher.note_delta(event)
            case "chat.stop":
                answering.stop_here(event["message_id"])

    async def _send_frame(self, frame: ServerFrame) -> None:
        await self.send(text_data=frame.encode())

    async def _leave(self, reason: ChatError) -> None:
        await self.close(CLOSE_SIGNED_OUT if isinstance(reason, SignedOut) else CLOSE_NOT_FOUND)
