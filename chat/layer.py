"""The channel layer of an installation with a single web process."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from channels.layers import InMemoryChannelLayer


class OneProcessLayer(InMemoryChannelLayer):
    """Channels' in-memory layer without what hints need not: copies, a task for each message, and a look at every
    channel and group there is at each message, by which two hundred idle sockets slow down every answer.

    A channel has its queue while it is in a group, so that nothing has to expire. Who takes a message must not change
    it: it is everybody's.
    """

    async def group_add(self, group: str, channel: str) -> None:
        """Open a channel's queue and let it hear what is sent to a group."""
        await super().group_add(group, channel)
        self.channels.setdefault(channel, asyncio.Queue(self.get_capacity(channel)))

    async def group_discard(self, group: str, channel: str) -> None:
        """Undo `group_add`; what was not taken is gone."""
        await super().group_discard(group, channel)
        self.channels.pop(channel, None)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Give a message to every channel of a group; one that is full misses it."""
        for channel in self.groups.get(group, ()):
            queue: Any = self.channels.get(channel)
            if queue is not None and not queue.full():
                queue.put_nowait((math.inf, message))

    async def receive(self, channel: str) -> dict[str, Any]:
        """Wait for the next message on a channel; on one that is in no group, nothing ever comes."""
        queue = self.channels.get(channel)
        if queue is None:
            # Channels' own consumers ask without a group, such as the one that refuses a foreign origin.
            queue = asyncio.Queue()
        _expiry, message = await queue.get()
        return message
