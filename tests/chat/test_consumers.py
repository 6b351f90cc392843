"""The websocket through the site's whole ASGI stack, frame by frame."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django.fixtures import Settings

from chat import groups
from chat.access import reserve_conversation
from chat.database import in_database
from chat.enums import Status
from chat.models import Conversation, Message
from memory.models import Memory, Page
from tests.chat.factories import AnswerFactory, ConversationFactory
from tests.chat.redis import redis_server
from tests.chat.sockets import Socket
from tests.memory.factories import MemoryFactory, UserFactory
from tests.openai_server import Behaviour, OpenAIServer

pytestmark = pytest.mark.usefixtures("live")
TEXT = "One two three 😀 four five six seven 👍🏽 eight nine ten."
EXACT = {"code", "detail", "type"}


@pytest.fixture
def conversation(memory: Memory) -> Conversation:
    """An empty conversation of the person."""
    return ConversationFactory(memory=memory)


def said_in(frame: dict[str, Any]) -> str:
    """Return the rendered text in an ended answer's article."""
    found = re.search(r'<div class="answer" dir="auto">(.*?)</div>', frame["html"], re.DOTALL)
    return found.group(1) if found else ""


def let_sessions_run_out() -> None:
    """End every session by its time, of which, other than of signing out, nobody is told."""
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


async def begin(socket: Socket, text: str = "Hello?", client_id: str = "c1", has: int = 0) -> dict[str, Any]:
    """Watch, send a message, and return the frame of the answer being opened."""
    await socket.send("watch", message_id=has)
    await socket.send("send", text=text, client_id=client_id)
    while (frame := await socket.next("message"))["role"] != "assistant":
        continue
    return frame


async def test_strangers_are_turned_away(conversation: Conversation) -> None:
    async with Socket(None, conversation.pk) as socket:
        assert await socket.close_code() == 4401


async def test_foreign_pages_are_refused(person: User, conversation: Conversation) -> None:
    for origin in ("https://evil.example", "null", ""):
        socket = Socket(person, conversation.pk, origin=origin)
        await socket.connect()
        assert not socket.accepted


async def test_other_peoples_and_unknown_conversations_are_not_found(memory: Memory, person: User) -> None:
    colleague = await in_database(MemoryFactory, assistant=memory.assistant)
    theirs = await in_database(ConversationFactory, memory=colleague)
    _, token = reserve_conversation(colleague)
    for conversation_id, given in ((theirs.pk, ""), (uuid4(), ""), (uuid4(), "forged"), (uuid4(), token)):
        socket = Socket(person, conversation_id, given)
        await socket.connect()
        assert await socket.close_code() == 4404


async def test_a_question_is_answered_live(person: User, conversation: Conversation, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, tokens_per_second=60))
    async with Socket(person, conversation.pk) as socket:
        assert socket.hello == {
            "type": "hello",
            "protocol": 2,
            "conversation_id": str(conversation.pk),
            "exists": True,
        }
        await socket.send("watch", message_id=0)
        state = await socket.next("conversation")
        assert state == {"type": "conversation", "title": conversation.title, "mode": "normal"}
        await socket.send("send", text=" Hello? ", client_id="c1")
        question, answer = await socket.next("message"), await socket.next("message")
        assert (question["role"], question["client_id"]) == ("user", "c1")
        assert '<div class="bubble" dir="auto">Hello?</div>' in question["html"]
        assert (answer["role"], answer["status"]) == ("assistant", "streaming")
        text, done = await socket.whole_answer(answer["text"])
    assert TEXT.startswith(text)
    assert done.keys() == {"type", "message_id", "status", "html"}
    assert (done["message_id"], done["status"]) == (answer["message_id"], "complete")
    assert said_in(done) == f"<p>{TEXT}</p>\n"


async def test_the_first_message_creates_the_conversation(memory: Memory, person: User, model: OpenAIServer) -> None:
    conversation_id, token = reserve_conversation(memory)
    async with Socket(person, conversation_id, token) as socket:
        assert not socket.hello["exists"]
        await socket.send("watch", message_id=0)
        await socket.send("send", text="Plan my week, please", client_id="c1")
        assert (await socket.next("conversation"))["title"] == "Plan my week, please"
        _, done = await socket.whole_answer()
        assert done["status"] == "complete"
    async with Socket(person, conversation_id) as again:
        assert again.hello["exists"]


async def test_an_answer_goes_on_without_its_socket(
    person: User, conversation: Conversation, model: OpenAIServer
) -> None:
    model.queue(Behaviour(text=TEXT, tokens_per_second=40))
    async with Socket(person, conversation.pk) as socket:
        answer = await begin(socket)
    async with Socket(person, conversation.pk) as socket:
        await socket.send("watch", message_id=answer["message_id"], offset=0)
        text, done = await socket.whole_answer()
    assert TEXT.startswith(text)
    assert said_in(done) == f"<p>{TEXT}</p>\n"


async def test_two_pages_see_the_same_answer(person: User, conversation: Conversation, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, tokens_per_second=60))
    async with Socket(person, conversation.pk) as first, Socket(person, conversation.pk) as second:
        await second.send("watch", message_id=0)
        await begin(first)
        (_, done), (_, seen) = await asyncio.gather(first.whole_answer(), second.whole_answer())
    assert done == seen


async def test_a_page_gets_exactly_what_it_lacks_in_code_points(
    person: User, conversation: Conversation, model: OpenAIServer
) -> None:
    text = "😀😀😀 " * 5 + "end"
    model.queue(Behaviour(text=text, stall_after=3))
    async with Socket(person, conversation.pk) as socket:
        answer = await begin(socket)
        await stored(answer["message_id"], 4)
        await socket.send("watch", message_id=answer["message_id"], offset=2)
        while (frame := await socket.next("delta"))["offset"] != 2:
            continue
        assert frame["text"]
        assert text[2:].startswith(frame["text"])
        await socket.send("stop", message_id=answer["message_id"])
        assert (await socket.next("done"))["status"] == "stopped"


async def stored(message_id: int, length: int) -> None:
    """Wait until so many characters of an answer are stored."""
    async with asyncio.timeout(5):
        while len((await in_database(Message.objects.get, pk=message_id)).content) < length:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_lossy_layer_loses_nothing(person: User, conversation: Conversation, model: OpenAIServer) -> None:
    """Without any hint from the layer the timer still brings the whole answer."""
    model.queue(Behaviour(text=TEXT, tokens_per_second=30))
    async with Socket(person, conversation.pk) as socket:
        await begin(socket)
        layer = get_channel_layer()
        assert layer is not None
        await layer.flush()  # the in-memory layer forgets every group
        _, done = await socket.whole_answer()
    assert said_in(done) == f"<p>{TEXT}</p>\n"


@pytest.fixture
async def no_layer(settings: Settings, redis_port: int) -> AsyncIterator[str]:
    """A channel layer in a Redis that is not there; yields the address where it could be."""
    url = f"redis://127.0.0.1:{redis_port}/0"
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [url]}}
    }
    yield url
    layer = get_channel_layer()
    assert layer is not None
    await layer.flush()


@pytest.mark.usefixtures("no_layer")
async def test_without_its_layer_the_chat_answers_from_the_database(
    person: User, conversation: Conversation, model: OpenAIServer
) -> None:
    model.queue(Behaviour(text=TEXT, tokens_per_second=30), Behaviour(text=TEXT, stall_after=4))
    async with Socket(person, conversation.pk) as socket:
        await begin(socket)
        _, done = await socket.whole_answer()
        assert said_in(done) == f"<p>{TEXT}</p>\n"
        answer = await begin(socket, client_id="c2", has=done["message_id"])
        await socket.send("stop", message_id=answer["message_id"])
        assert (await socket.next("done"))["status"] == "stopped"


async def test_hints_come_again_as_soon_as_the_layer_is_back(
    person: User, conversation: Conversation, no_layer: str, redis_port: int
) -> None:
    async def told(title: str) -> None:
        await in_database(Conversation.objects.filter(pk=conversation.pk).update, title=title)
        heard = asyncio.ensure_future(socket.next("conversation"))
        while not heard.done():
            await groups.send_changed(conversation.pk)
            await asyncio.wait({heard}, timeout=0.1)
        assert heard.result()["title"] == title

    async with Socket(person, conversation.pk) as socket:
        await socket.send("watch", message_id=0)
        await socket.next("conversation")
        with redis_server(redis_port):
            await told("Found out when hints began to come")
            await told("Found out by a hint")
        with redis_server(redis_port):
            await told("Found out by a hint of the next Redis")


async def test_a_gap_between_deltas_is_filled_from_the_database(
    person: User, conversation: Conversation, model: OpenAIServer
) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=6))
    async with Socket(person, conversation.pk) as socket:
        answer = await begin(socket)
        text = answer["text"]
        await groups.send_delta(conversation.pk, answer["message_id"], 500, "from far ahead")
        await groups.send_delta(conversation.pk, answer["message_id"], 0, "")
        while len(text) < 20:
            frame = await socket.next("delta")
            assert frame["offset"] == len(text)
            text += frame["text"]
        assert TEXT.startswith(text)


async def test_stop_keeps_the_text(person: User, conversation: Conversation, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=4))
    async with Socket(person, conversation.pk) as socket:
        answer = await begin(socket)
        await socket.next("delta")
        await socket.send("stop", message_id=answer["message_id"])
        done = await socket.next("done")
    assert done["status"] == "stopped"
    assert "One" in done["html"]


async def test_a_failure_is_shown_and_retried(person: User, conversation: Conversation, model: OpenAIServer) -> None:
    model.queue(Behaviour(text=TEXT, cut_after=3), Behaviour(text="Whole."))
    async with Socket(person, conversation.pk) as socket:
        failed = await begin(socket)
        done = await socket.next("done")
        assert (done["status"], "in the middle" in done["html"], "One" in done["html"]) == ("failed", True, True)
        await socket.send("regenerate", message_id=failed["message_id"])
        assert (await socket.next("rewind"))["message_id"] < failed["message_id"]
        assert (await socket.next("message"))["status"] == "streaming"
        assert said_in(await socket.next("done")) == "<p>Whole.</p>\n"
    assert await in_database(Page.objects.count) == 1


async def test_a_second_message_meanwhile_is_refused_politely(
    person: User, conversation: Conversation, model: OpenAIServer
) -> None:
    model.queue(Behaviour(first_byte_after=9))
    async with Socket(person, conversation.pk) as first, Socket(person, conversation.pk) as second:
        await begin(first)
        await second.send("send", text="Me too!", client_id="c2")
        error = await second.next("error")
    assert (error["code"], error["client_id"]) == ("busy", "c2")
    assert "still answering" in error["detail"]
    assert await in_database(Message.objects.count) == 2


async def test_two_messages_at_once_start_one_answer(
    person: User, conversation: Conversation, model: OpenAIServer
) -> None:
    model.default = Behaviour(first_byte_after=9)
    async with Socket(person, conversation.pk) as first, Socket(person, conversation.pk) as second:
        await asyncio.gather(
            first.send("send", text="One", client_id="c1"), second.send("send", text="Two", client_id="c2")
        )
        await asyncio.gather(first.send("watch", message_id=0), second.send("watch", message_id=0))
        (frame, other) = await asyncio.gather(first.next("error", "message"), second.next("error", "message"))
    assert {"error", "message"} == {frame["type"], other["type"]}
    running = Message.objects.filter(status=Status.STREAMING)
    assert (await in_database(running.count), await in_database(Message.objects.count)) == (1, 2)


async def test_the_same_message_twice_is_one_message(
    person: User, conversation: Conversation, model: OpenAIServer
) -> None:
    async with Socket(person, conversation.pk) as socket:
        await begin(socket)
        await socket.send("send", text="Hello?", client_id="c1")
        await socket.next("done")
        await socket.send("send", text="Hello?", client_id="c1")
        await socket.send("stop", message_id=999_999)
        assert (await socket.next("error"))["code"] == "not_found"
    assert await in_database(Message.objects.count) == 2
    assert len(model.chats) == 1


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("{", "malformed"),
        ('{"type": "dance"}', "unknown_type"),
        ('{"type": "send", "text": 5, "client_id": "c1"}', "malformed"),
        ('{"type": "send", "text": " \\u200b ", "client_id": "c1"}', "empty"),
        ('{"type": "send", "text": "' + "x" * 101 + '", "client_id": "c1"}', "too_long"),
        ("x" * 5000, "too_large"),
        (b"\x00\x01", "malformed"),
        ('{"type": "stop", "message_id": 1}', "not_found"),
        ('{"type": "regenerate", "message_id": 1}', "not_found"),
        ('{"type": "continue", "message_id": 1}', "not_found"),
        ('{"type": "select", "message_id": 1}', "not_found"),
        ('{"type": "edit", "message_id": 1, "text": "Hi", "client_id": "c1"}', "not_found"),
        ('{"type": "nope", "client_id": "\\ud83d"}', "unknown_type"),
        ('{"type": "stop", "message_id": 1, "client_id": "\\ud83d"}', "malformed"),
        ('{"type": "stop", "message_id": 1, "\\ud83d": 1}', "malformed"),
    ],
)
async def test_a_bad_frame_is_answered_and_the_socket_lives_on(
    person: User, conversation: Conversation, settings: Settings, model: OpenAIServer, raw: str | bytes, code: str
) -> None:
    settings.CHAT_MESSAGE_MAX_CHARACTERS = 100
    async with Socket(person, conversation.pk) as socket:
        await socket.send_raw(**{"bytes" if isinstance(raw, bytes) else "text": raw})
        error = await socket.next("error")
        assert (error["code"], error.keys() >= EXACT) == (code, True)
        await begin(socket, client_id="c2")
        assert (await socket.next("done"))["status"] == "complete"


async def test_a_fault_of_ours_is_an_error_frame_too(
    person: User, conversation: Conversation, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with Socket(person, conversation.pk) as socket:
        settings.CHAT_MESSAGE_MAX_CHARACTERS = "many"
        await socket.send("send", text="Hello?", client_id="c1")
        error = await socket.next("error")
    assert (error["code"], error["client_id"]) == ("unavailable", "c1")
    assert "TypeError" in caplog.text


async def test_too_many_frames_are_refused_and_the_socket_lives_on(
    person: User, conversation: Conversation, settings: Settings
) -> None:
    settings.CHAT_FRAMES_PER_MINUTE = 60
    async with Socket(person, conversation.pk) as socket:
        for _ in range(61):
            await socket.send("watch", message_id=0)
        assert (await socket.next("error"))["code"] == "too_many"
        await asyncio.sleep(1.1)
        await socket.send("stop", message_id=1)
        assert (await socket.next("error"))["code"] == "not_found"


async def test_frames_about_other_conversations_find_nothing(
    memory: Memory, person: User, conversation: Conversation
) -> None:
    theirs = await in_database(AnswerFactory, status=Status.FAILED)
    mine_elsewhere = await in_database(
        AnswerFactory, status=Status.FAILED, parent__conversation=await in_database(ConversationFactory, memory=memory)
    )
    async with Socket(person, conversation.pk) as socket:
        for message in (theirs, mine_elsewhere):
            for kind in ("stop", "regenerate", "continue", "select"):
                await socket.send(kind, message_id=message.pk)
                assert (await socket.next("error"))["code"] == "not_found"
            await socket.send("edit", message_id=message.question.pk, text="Mine", client_id="c1")
            assert (await socket.next("error"))["code"] == "not_found"
        await socket.send("watch", message_id=theirs.pk, offset=0)
        await socket.send("stop", message_id=1)
        assert (await socket.next("message", "delta", "done", "error"))["type"] == "error"


async def test_who_signs_out_can_do_nothing_more(person: User, conversation: Conversation) -> None:
    async with Socket(person, conversation.pk) as socket:
        await socket.send("watch", message_id=0)
        await socket.next("conversation")
        # Its time is over: nobody is told, as somebody is who signs out.
        await in_database(let_sessions_run_out)
        await socket.send("send", text="Still me", client_id="c1")
        error = await socket.next("error")
        assert await socket.close_code() == 4401
    assert (error["code"], error["client_id"]) == ("signed_out", "c1")
    assert await in_database(Message.objects.count) == 0


@pytest.mark.parametrize("end", ["sign out", "deactivation", "new password"])
async def test_who_is_signed_out_gets_nothing_more(
    person: User, conversation: Conversation, model: OpenAIServer, end: str
) -> None:
    model.queue(Behaviour(text=TEXT * 40, tokens_per_second=30))
    async with Socket(person, conversation.pk) as socket:
        await begin(socket)
        await socket.next("delta")
        if end == "sign out":
            await in_database(socket.client.logout)
        elif end == "deactivation":
            await in_database(User.objects.filter(pk=person.pk).update, is_active=False)
        else:
            person.set_password("another-passphrase")
            await in_database(person.save)
        assert await socket.close_code() == 4401
        assert await socket.wire.receive_nothing(0.3)


async def test_the_session_is_checked_before_anything_is_told(person: User, conversation: Conversation) -> None:
    async with Socket(person, conversation.pk) as socket:
        await socket.send("watch", message_id=0)
        await socket.next("conversation")
        await in_database(let_sessions_run_out)
        await in_database(Conversation.objects.filter(pk=conversation.pk).update, title="Secret")
        await groups.send_changed(conversation.pk)
        message = await socket.wire.receive_output(5)
        assert (message["type"], message["code"]) == ("websocket.close", 4401)


async def test_a_repeated_message_is_confirmed_although_the_page_has_it(
    person: User, conversation: Conversation, model: OpenAIServer
) -> None:
    async with Socket(person, conversation.pk) as socket:
        await begin(socket)
        done = await socket.next("done")
    async with Socket(person, conversation.pk) as socket:
        await socket.send("watch", message_id=done["message_id"])
        await socket.next("conversation")
        await socket.send("send", text="Hello?", client_id="c1")
        frame = await socket.next("accepted", "message")
    assert frame == {"type": "accepted", "client_id": "c1", "message_id": done["message_id"] - 1}
    assert await in_database(Message.objects.count) == 2


async def test_a_deleted_conversation_closes_its_sockets(person: User, conversation: Conversation) -> None:
    async with Socket(person, conversation.pk) as socket:
        await socket.send("watch", message_id=0)
        await socket.next("conversation")
        await in_database(Conversation.objects.filter(pk=conversation.pk).delete)
        await groups.send_changed(conversation.pk)
        assert await socket.close_code() == 4404


async def test_who_leaves_the_assistant_leaves_the_conversation(person: User, conversation: Conversation) -> None:
    async with Socket(person, conversation.pk) as socket:
        await socket.send("watch", message_id=0)
        await socket.next("conversation")
        await in_database(person.memberships.all().delete)
        await socket.send("send", text="Hello?", client_id="c1")
        assert (await socket.next("error"))["code"] == "not_found"


async def test_a_new_title_is_told(person: User, conversation: Conversation) -> None:
    async with Socket(person, conversation.pk) as socket:
        await socket.send("watch", message_id=0)
        await socket.next("conversation")
        await in_database(Conversation.objects.filter(pk=conversation.pk).update, title="Renamed")
        await groups.send_changed(conversation.pk)
        assert (await socket.next("conversation"))["title"] == "Renamed"


async def test_more_sockets_than_the_pool_has_connections(
    memory: Memory, person: User, model: OpenAIServer, settings: Settings
) -> None:
    """Every socket gets its answer, and the database is still there for pages."""
    assert settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"] < 24
    model.default = Behaviour(text=TEXT, tokens_per_second=60)
    settings.CHAT_SOCKETS_PER_PERSON = 24

    async def journey() -> str:
        conversation_id, token = reserve_conversation(memory)
        async with Socket(person, conversation_id, token) as socket:
            answer = await begin(socket)
            if answer["status"] != "streaming":
                # A busy machine: it has ended before its frame was sent.
                return str(answer["status"])
            _, done = await socket.whole_answer(answer["text"])
            return str(done["status"])

    assert await asyncio.gather(*(journey() for _ in range(24))) == ["complete"] * 24
    assert await in_database(UserFactory)
