"""The role matrix of the socket: every frame, sent by everybody."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from django.db.models import Max

from chat.database import in_database
from chat.models import Conversation, Message
from chat.protocol import AnyClientFrame
from memory.models import Page
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory
from tests.chat.sockets import Socket
from tests.roles import PEOPLE, SECRET, World, build_world

pytestmark = pytest.mark.usefixtures("live")

CLOSED = {"anonymous": 4401, "stranger": 4404, "former": 4404, "curator": 4404, "owner": 4404}
"""How the socket of the member's conversation is closed for everybody else, whatever frame they send."""
FRAMES: dict[str, dict[str, Any]] = {
    "watch": {"message_id": 0},
    "send": {"text": "Hello?", "client_id": "c1"},
    "edit": {"message_id": 0, "text": "Hello?", "client_id": "c1"},
    "stop": {"message_id": 0},
    "regenerate": {"message_id": 0},
    "continue": {"message_id": 0},
    "select": {"message_id": 0},
}
"""Every frame a browser can send; `message_id` 0 stands for a message that is given by the test."""
OF_A_MESSAGE = ("edit", "stop", "regenerate", "continue", "select")


def frame_names() -> list[str]:
    return [kind.model_fields["type"].annotation.__args__[0] for kind in get_args(AnyClientFrame)]


def state() -> tuple[Any, ...]:
    """Return what would change if a frame did anything."""
    newest = Message.objects.aggregate(newest=Max("pk"))["newest"]
    rows = Message.objects.order_by("pk").values_list("pk", "status", "content")
    heads = Conversation.objects.order_by("pk").values_list("pk", "head_id", "title")
    return newest, list(rows), list(heads), Page.objects.count()


def test_every_frame_is_asked_here() -> None:
    assert sorted(FRAMES) == sorted(frame_names())
    assert {*CLOSED, "member"} == set(PEOPLE)


@pytest.mark.parametrize("person", CLOSED)
async def test_nobody_else_gets_anything_by_any_frame(person: str) -> None:
    world: World = await in_database(build_world)
    before = await in_database(state)
    for kind, fields in FRAMES.items():
        socket = Socket(world.users.get(person), world.conversation.pk)
        await socket.connect()
        given = {**fields, "message_id": world.answer.pk} if "message_id" in fields else fields
        await socket.send(kind, **given)
        assert await socket.close_code() == CLOSED[person], kind
    assert await in_database(state) == before


@pytest.mark.parametrize("kind", OF_A_MESSAGE)
@pytest.mark.parametrize("whose", ["curator", "stranger"])
async def test_no_frame_reaches_a_message_of_another_conversation(kind: str, whose: str) -> None:
    world: World = await in_database(build_world)

    def theirs() -> Message:
        conversation = ConversationFactory(memory=world.users[whose].memories.get(), title="Theirs")
        question = QuestionFactory(conversation=conversation, content=f"Theirs {SECRET}?")
        answer: Message = AnswerFactory(parent=question)
        return question if kind == "edit" else answer

    target = await in_database(theirs)
    before = await in_database(state)
    async with Socket(world.users["member"], world.conversation.pk) as socket:
        await socket.send(kind, **{**FRAMES[kind], "message_id": target.pk})
        assert (await socket.next("error"))["code"] == "not_found"
    assert await in_database(state) == before
