"""An open page of the chat without a browser: its websocket, what it asks and what comes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from chat.evaluation.arrivals import Arrived
from chat.evaluation.people import Seated
from chat.evaluation.processes import Running

OPEN_SECONDS = 20.0


class ChatPage:
    """A page that shows everything up to the seat's last message; an async context manager.

    Its frames are read as they come, by one task; `faults` says what should not have come.
    """

    def __init__(self, url: str, seat: Seated) -> None:
        self.seat = seat
        self.faults: list[str] = []
        self._address = f"ws{url.removeprefix('http')}/ws/chat/{seat.conversation_id}/"
        self._origin = url
        self._asked: Arrived | None = None
        self._ended = asyncio.Event()
        self._client_id = ""
        self._confirmed = False

    async def __aenter__(self) -> Self:
        # Compressed, as browsers ask for it.
        self._wire: ClientConnection = await connect(
            self._address,
            origin=Origin(self._origin),
            additional_headers={"Cookie": self.seat.cookie},
            open_timeout=OPEN_SECONDS,
            ping_interval=None,
        )
        await self._send(type="watch", message_id=self.seat.last_message)
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        await self._wire.close()

    async def ask(self, question: str, seconds: float) -> Arrived:
        """Ask, and return the answer as it has come when it has ended, or when so many seconds have passed."""
        self._ended.clear()
        self._client_id, self._confirmed = f"bench-{time.monotonic_ns()}", False
        self._asked = arrived = Arrived(time.monotonic_ns())
        await self._send(type="send", text=question, client_id=self._client_id)
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            self.faults.append(f"No end of the answer to {question!r} within {seconds:.0f} s.")
        return arrived

    async def _send(self, **frame: object) -> None:
        await self._wire.send(json.dumps(frame))

    async def _read(self) -> None:
        try:
            async for data in self._wire:
                self._take(json.loads(data), time.monotonic_ns())
        except ConnectionClosed as closed:
            self.faults.append(f"The socket was closed: {closed}.")
            self._ended.set()

    def _take(self, frame: dict[str, Any], at: int) -> None:
        if frame["type"] == "error":
            self.faults.append(f"The server refused a frame: {frame['detail']}")
            self._ended.set()
        answer = self._asked
        if answer is None or frame["type"] not in {"message", "delta", "done"}:
            return
        if frame["type"] == "message":
            # What was said here before we came is shown, too, and comes first.
            self._confirmed = self._confirmed or frame.get("client_id") == self._client_id
            if self._confirmed and frame["role"] == "assistant":
                answer.message_id = frame["message_id"]
        if frame["message_id"] == answer.message_id:
            answer.take(frame, at)
            if answer.ended_at:
                self._ended.set()


@asynccontextmanager
async def open_pages(product: Running, seats: Sequence[Seated], together: int = 10) -> AsyncIterator[list[ChatPage]]:
    """Open a page for each seat, some at a time, and close them after the block."""
    async with AsyncExitStack() as stack:
        pages = [ChatPage(product.url, seat) for seat in seats]
        for first in range(0, len(pages), together):
            await asyncio.gather(*(stack.enter_async_context(page) for page in pages[first : first + together]))
        yield pages
