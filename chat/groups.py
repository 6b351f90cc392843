"""The channel layer: group names, and the hints that go through it.

Everything sent here is a hint. Sockets read the truth from the database on every doubt and on a timer, so a layer
that loses messages, or none between two processes, delays an update and loses nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import BaseChannelLayer, get_channel_layer

logger = logging.getLogger(__name__)


LAYER_SECONDS = 1.0
"""How long the layer may take over anything: nobody who has a hint to give may hang on one that does not answer."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
"""Between two attempts to listen to a layer that is away."""
_NOBODY = "chat.nobody"


class ChangedEvent(TypedDict):
    """Something about the conversation changed."""

    type: Literal["chat.changed"]


class DeltaEvent(TypedDict):
    """New characters of an answer; `offset` in code points."""

    type: Literal["chat.delta"]
    message_id: int
    offset: int
    text: str


class StopEvent(TypedDict):
    """Somebody asked an answer to stop; whichever process writes it acts."""

    type: Literal["chat.stop"]
    message_id: int


Event = ChangedEvent | DeltaEvent | StopEvent


def conversation_group(conversation_id: UUID) -> str:
    """Return the group of all sockets, in all processes, that watch a conversation."""
    return f"chat.conversation.{conversation_id.hex}"


def person_group(user_id: int) -> str:
    """Return the group of all sockets of a person, wherever they watch."""
    return f"chat.person.{user_id}"


async def send_delta(conversation_id: UUID, message_id: int, offset: int, text: str) -> None:
    """Pass on new characters of an answer."""
    event = DeltaEvent(type="chat.delta", message_id=message_id, offset=offset, text=text)
    await _send(conversation_group(conversation_id), event)


async def send_changed(conversation_id: UUID) -> None:
    """Say that something about the conversation changed: look it up."""
    await _send(conversation_group(conversation_id), ChangedEvent(type="chat.changed"))


async def send_stop(conversation_id: UUID, message_id: int) -> None:
    """Pass on the wish to stop, for the process that writes the answer."""
    await _send(conversation_group(conversation_id), StopEvent(type="chat.stop", message_id=message_id))


def announce_change(conversation_id: UUID) -> None:
    """`send_changed` for synchronous code such as views."""
    async_to_sync(send_changed)(conversation_id)


def announce_changes(conversation_ids: Sequence[UUID]) -> None:
    """The same for many conversations: together they wait no longer for a layer that is away than one does."""
    async_to_sync(_send_all_changed)(conversation_ids)


def announce_to_person(user_id: int) -> None:
    """Say to all sockets of a person that what they may see changed: each looks whether it is still theirs."""
    announce_to_people([user_id])


def announce_to_people(user_ids: Sequence[int]) -> None:
    """The same for many people."""
    async_to_sync(_send_all_people)(user_ids)


async def _send_all_changed(conversation_ids: Sequence[UUID]) -> None:
    await asyncio.gather(*(send_changed(conversation_id) for conversation_id in conversation_ids))


async def _send_all_people(user_ids: Sequence[int]) -> None:
    event = ChangedEvent(type="chat.changed")
    await asyncio.gather(*(_send(person_group(user_id), event) for user_id in user_ids))


async def listen(conversation_id: UUID, user_id: int, note: Callable[[Event], None], begun: Callable[[], None]) -> None:
    """Give `note` every hint about a conversation, and every one about a person, until cancelled.

    A layer that is away is asked again, with growing pauses; `begun` is called each time hints begin to come, for
    whatever had happened before went unheard.
    """
    groups = (conversation_group(conversation_id), person_group(user_id))
    pause = FIRST_PAUSE
    while (layer := get_channel_layer()) is not None:

        def began() -> None:
            nonlocal pause
            pause = FIRST_PAUSE
            begun()

        try:
            await _listen(layer, groups, note, began)
        except Exception as error:  # noqa: BLE001 - whatever ails the layer, the timer of the watcher goes on
            logger.warning("No hints about %s for %.1f s: %r", conversation_id, pause, error)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def _listen(
    layer: BaseChannelLayer, groups: Sequence[str], note: Callable[[Event], None], begun: Callable[[], None]
) -> None:
    async with asyncio.timeout(LAYER_SECONDS):
        # Fails where the layer is away; `new_channel` would, too, but leave a queue behind at every attempt.
        await layer.group_send(_NOBODY, dict(ChangedEvent(type="chat.changed")))
        channel = await layer.new_channel()
    try:
        async with asyncio.timeout(LAYER_SECONDS):
            for group in groups:
                await layer.group_add(group, channel)
        begun()
        while True:
            event: Any = await layer.receive(channel)
            note(event)
    finally:
        await _leave(layer, groups, channel)


async def _leave(layer: BaseChannelLayer, groups: Sequence[str], channel: str) -> None:
    try:
        async with asyncio.timeout(LAYER_SECONDS):
            for group in groups:
                await layer.group_discard(group, channel)
    except Exception as error:  # noqa: BLE001 - raised while a socket closes, it would stand in for the cancellation
        logger.warning("A group of the layer could not be left: %r", error)


async def _send(group: str, event: Event) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async with asyncio.timeout(LAYER_SECONDS):
            await layer.group_send(group, dict(event))
    except Exception as error:  # noqa: BLE001 - a broken layer must never fail an answer
        logger.warning("A hint to %s was lost: %r", group, error)
