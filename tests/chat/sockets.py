"""A page's websocket, through the site's whole ASGI stack: origin check, session, routing, consumer."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from chat.database import in_database
from memoryos_site.asgi import application

ORIGIN = "http://localhost"
PATIENCE = 15.0


class Socket:
    """An open socket; an async context manager.

    `send` sends a frame, `next` waits for the next one of a kind, `close_code` for the server's close.
    """

    def __init__(
        self, user: User | None, conversation_id: UUID, token: str = "", origin: str = ORIGIN, language: str = "en"
    ) -> None:
        self.user = user
        self.language = language
        self.origin = origin
        self.path = f"/ws/chat/{conversation_id}/?new={token}" if token else f"/ws/chat/{conversation_id}/"
        self.accepted = False
        self.hello: dict[str, Any] = {}
        self.client = Client()

    async def __aenter__(self) -> Self:
        await self.connect()
        if self.accepted and self.user is not None:
            self.hello = await self.next("hello")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wire.wait(timeout=PATIENCE)

    async def connect(self) -> None:
        """Shake hands with the person's session cookie."""
        headers = [
            (b"host", b"localhost"),
            (b"origin", self.origin.encode()),
            (b"accept-language", self.language.encode()),
        ]
        if self.user is not None:
            await in_database(self.client.force_login, self.user)
            session = self.client.cookies[settings.SESSION_COOKIE_NAME].value
            headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={session}".encode()))
        path, _, query = self.path.partition("?")
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "headers": headers,
        }
        self.wire = ApplicationCommunicator(application, scope)
        await self.wire.send_input({"type": "websocket.connect"})
        first = await self.wire.receive_output(PATIENCE)
        self.accepted = first["type"] == "websocket.accept"

    async def send(self, kind: str, **fields: object) -> None:
        """Send a frame."""
        await self.send_raw(text=json.dumps({"type": kind, **fields}))

    async def send_raw(self, **data: str | bytes) -> None:
        """Send anything: `text=` or `bytes=`."""
        await self.wire.send_input({"type": "websocket.receive", **data})

    async def next(self, *kinds: str) -> dict[str, Any]:
        """Return the next frame of one of these kinds, passing over others."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self.wire.receive_output(PATIENCE)
                assert message["type"] == "websocket.send", f"the server closed the socket: {message}"
                frame: dict[str, Any] = json.loads(message["text"])
                if frame["type"] in kinds:
                    return frame

    async def whole_answer(self, has: str = "") -> tuple[str, dict[str, Any]]:
        """Follow the running answer to its end; return what the deltas (after `has`) say and the `done` frame."""
        text = has
        while True:
            frame = await self.next("delta", "done", "message")
            if frame["type"] == "message":
                if frame["role"] == "assistant" and frame["status"] == "streaming":
                    text = frame["text"]
                continue
            if frame["type"] == "done":
                return text, frame
            assert frame["offset"] == len(text)
            text += frame["text"]

    async def close_code(self) -> int:
        """Return the code with which the server closes the socket."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self.wire.receive_output(PATIENCE)
                if message["type"] == "websocket.close":
                    return int(message.get("code", 1000))
