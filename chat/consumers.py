"""The websocket of a conversation: frames in, frames out, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, assert_never
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from chat import answering, groups, turns
from chat.access import Seat, take_seat
from chat.database import in_database
from chat.exceptions import ChatError, ConversationGone, SignedOut
from chat.limits import FrameBudget
from chat.news import created_frame
from chat.protocol import Error, Hello, Retry, Send, ServerFrame, Stop, Watch, client_id_of, parse_frame
from chat.watching import Watcher

logger = logging.getLogger(__name__)

CLOSE_SIGNED_OUT = 4401
CLOSE_NOT_FOUND = 4404
CLOSE_BROKEN = 1011
CLEAN_UP_SECONDS = 1.0


class ChatConsumer(AsyncWebsocketConsumer):
    """One page at one conversation. It watches; the answers are written elsewhere (`chat.answering`)."""

    # None of Channels' layers: its own subscription fails together with the layer, and the socket with it.
    # `groups.listen` brings the hints while there are any.
    channel_layer_alias = ""

    seat: Seat
    watcher: Watcher
    budget: FrameBudget
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
        try:
            self.seat, exists = await in_database(
                take_seat, user, self.scope["session"].session_key, conversation_id, token
            )
        except ConversationGone:
            await self.close(CLOSE_NOT_FOUND)
            return
        await self._take_place(exists)

    async def _take_place(self, exists: bool) -> None:
        self.budget = FrameBudget(settings.CHAT_FRAMES_PER_MINUTE, time.monotonic())
        self.watcher = Watcher(self.seat, exists, self._send_frame, self._leave)
        await self._send_frame(Hello(conversation_id=str(self.seat.conversation_id), exists=exists))
        self.pump = asyncio.create_task(self._pump(), name="pump of a chat socket")
        hints = groups.listen(self.seat.conversation_id, self._note, self.watcher.note_change)
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
        if self.pump is None:
            return
        try:
            self.budget.spend(time.monotonic())
            await self._act(parse_frame(text_data, settings.CHAT_MESSAGE_MAX_CHARACTERS))
        except ChatError as error:
            self.watcher.reply(Error(code=error.code, detail=str(error), client_id=client_id_of(text_data)))
            if isinstance(error, SignedOut):
                self.watcher.note_change()
        except Exception:
            logger.exception("A frame could not be acted on.")
            fault = ChatError("Something went wrong on the server. It has been logged; try again.")
            self.watcher.reply(Error(code=fault.code, detail=str(fault), client_id=client_id_of(text_data)))

    async def _act(self, frame: Send | Watch | Stop | Retry) -> None:
        match frame:
            case Watch():
                self.watcher.watch(frame)
            case Send():
                await self._begin(await in_database(self._send_turn, frame))
            case Retry():
                await self._begin(await in_database(self._retry_turn, frame))
            case Stop():
                await in_database(self._stop, frame)
                answering.stop_here(frame.message_id)
                await groups.send_stop(self.seat.conversation_id, frame.message_id)
            case _:
                assert_never(frame)

    def _send_turn(self, frame: Send) -> turns.Turn:
        self.seat.require_signed_in()
        return turns.begin_turn(self.seat, frame.text, frame.client_id)

    def _retry_turn(self, frame: Retry) -> turns.Turn:
        self.seat.require_signed_in()
        return turns.begin_retry(self.seat, frame.message_id)

    def _stop(self, frame: Stop) -> None:
        self.seat.require_signed_in()
        turns.request_stop(self.seat, frame.message_id)

    async def _begin(self, turn: turns.Turn) -> None:
        if turn.repeated is None:
            answering.start(turn)
        else:
            self.watcher.repeat(created_frame(turn.repeated, None))
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
