"""The channel layer: group names, and the hints that go through it.

Everything sent here is a hint. Sockets read the truth from the database on every doubt and on a timer, so a layer
that loses messages, or none between two processes, delays an update and loses nothing.
"""

import logging
from typing import Any, TypedDict
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)


class DeltaEvent(TypedDict):
    """New characters of an answer; `offset` in code points."""

    type: str
    message_id: int
    offset: int
    text: str


class StopEvent(TypedDict):
    """Somebody asked an answer to stop; whichever process writes it acts."""

    type: str
    message_id: int


def conversation_group(conversation_id: UUID) -> str:
    """Return the group of all sockets, in all processes, that watch a conversation."""
    return f"chat.conversation.{conversation_id.hex}"


async def send_delta(conversation_id: UUID, message_id: int, offset: int, text: str) -> None:
    """Pass on new characters of an answer."""
    event = DeltaEvent(type="chat.delta", message_id=message_id, offset=offset, text=text)
    await _send(conversation_id, dict(event))


async def send_changed(conversation_id: UUID) -> None:
    """Say that something about the conversation changed: look it up."""
    await _send(conversation_id, {"type": "chat.changed"})


async def send_stop(conversation_id: UUID, message_id: int) -> None:
    """Pass on the wish to stop, for the process that writes the answer."""
    await _send(conversation_id, dict(StopEvent(type="chat.stop", message_id=message_id)))


def announce_change(conversation_id: UUID) -> None:
    """`send_changed` for synchronous code such as views."""
    async_to_sync(send_changed)(conversation_id)


async def _send(conversation_id: UUID, event: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        await layer.group_send(conversation_group(conversation_id), event)
    except Exception as error:  # noqa: BLE001 - a broken layer must never fail an answer
        logger.warning("A hint to the watchers of %s was lost: %s", conversation_id, error)
