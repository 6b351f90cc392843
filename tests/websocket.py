"""A websocket client that talks to an ASGI application in this process.

`channels.testing` has one too, but importing it takes Daphne and Twisted, which this product does not use.
"""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator
from asgiref.typing import ASGI3Application


class WebsocketClient:
    """One connection; frames are JSON objects."""

    def __init__(self, application: ASGI3Application, path: str, **scope: Any) -> None:
        """Prepare a connection to `path`; `scope` adds to the ASGI scope (`user=`, `headers=` ...)."""
        self._communicator = ApplicationCommunicator(
            application,
            {"type": "websocket", "path": path, "query_string": b"", "headers": [], "subprotocols": [], **scope},
        )

    async def connect(self, seconds: float = 1) -> bool:
        """Open the connection and tell whether it was accepted."""
        await self._communicator.send_input({"type": "websocket.connect"})
        answer = await self._communicator.receive_output(seconds)
        return bool(answer["type"] == "websocket.accept")

    async def send(self, frame: Any) -> None:
        """Send a frame; a string goes as it is, anything else as JSON."""
        text = frame if isinstance(frame, str) else json.dumps(frame)
        await self._communicator.send_input({"type": "websocket.receive", "text": text})

    async def receive(self, seconds: float = 1) -> Any:
        """Return the next frame. Raises asyncio.TimeoutError, and AssertionError when the connection is closed."""
        answer = await self._communicator.receive_output(seconds)
        assert answer["type"] == "websocket.send", answer
        return json.loads(answer["text"])

    async def receives_nothing(self, seconds: float = 0.1) -> bool:
        """Tell whether no frame comes for a while."""
        return bool(await self._communicator.receive_nothing(seconds))

    async def close(self, code: int = 1000) -> None:
        """Close the connection and wait until the application has let go of it."""
        await self._communicator.send_input({"type": "websocket.disconnect", "code": code})
        await self._communicator.wait(1)
