"""Somebody stops being a member while pages of theirs are open and an answer is being written."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chat import turns
from chat.access import Seat, reserve_conversation
from chat.database import in_database
from chat.enums import Status
from chat.exceptions import ConversationGone, NotContinuable
from chat.models import Conversation, Message
from chat.titling import title_conversation
from memory.domain.accounts import delete_account
from memory.domain.membership import add_member, change_role, leave, remove_member
from memory.domain.retiring import archive_assistant
from memory.enums import Role
from memory.models import Memory, Page
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory, running_answer
from tests.chat.sockets import Socket
from tests.chat.test_consumers import begin, stored
from tests.memory.domain.test_at_once import until_waiting
from tests.memory.factories import MemoryFactory
from tests.openai_server import Behaviour, OpenAIServer

TEXT = " ".join(f"word{n}" for n in range(200))


@pytest.fixture
def memory() -> Memory:
    """A memory of a plain member; the assistant has an owner besides."""
    memory = MemoryFactory(role=Role.MEMBER)
    MemoryFactory(assistant=memory.assistant)
    return memory


def owner_of(memory: Memory) -> User:
    return User.objects.get(memberships__assistant=memory.assistant, memberships__role=Role.OWNER)


def remove(memory: Memory) -> None:
    remove_member(memory.assistant, memory.user, by=owner_of(memory))


async def closed_with(socket: Socket) -> tuple[int, list[dict[str, Any]]]:
    """Return the code with which the server closes, and what it sent before that."""
    frames = []
    async with asyncio.timeout(15):
        while (message := await socket.wire.receive_output(15))["type"] == "websocket.send":
            frames.append(json.loads(message["text"]))
    return int(message["code"]), frames


async def ended(answer_id: int) -> Message:
    """Return the answer once nobody writes it any more."""
    async with asyncio.timeout(5):
        while (answer := await in_database(Message.objects.get, pk=answer_id)).is_running:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return answer


def held(memory: Memory) -> tuple[int, int]:
    """How many pages the memory counts, and how many it has."""
    return Memory.objects.get(pk=memory.pk).page_count, Page.objects.filter(memory=memory).count()


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("how", ["removed", "left"])
async def test_who_goes_mid_answer_sees_nothing_more_of_it(memory: Memory, how: str, model: OpenAIServer) -> None:
    conversation = await in_database(ConversationFactory, memory=memory)
    model.queue(Behaviour(text=TEXT, tokens_per_second=40))
    async with Socket(memory.user, conversation.pk) as socket, Socket(memory.user, conversation.pk) as second:
        answer = await begin(socket)
        await second.send("watch", message_id=answer["message_id"], offset=0)
        await stored(answer["message_id"], 20)
        started = asyncio.get_running_loop().time()
        if how == "removed":
            await in_database(remove, memory)
        else:
            await in_database(lambda: leave(memory.assistant, by=memory.user))
        for page in (socket, second):
            code, frames = await closed_with(page)
            assert code == 4404
            # What was on its way before may arrive; the end of the answer, which comes after, does not.
            assert {frame["type"] for frame in frames} <= {"delta", "conversation", "message", "accepted"}
        assert asyncio.get_running_loop().time() - started < 1
        await socket.send("send", text="Still there?", client_id="c2")
        kept = await ended(answer["message_id"])
    assert kept.status == Status.STOPPED
    assert kept.content
    assert TEXT.startswith(kept.content)
    assert len(kept.content) < len(TEXT)
    assert await asyncio.to_thread(model.chats[0].disconnected.wait, 5)
    before = await in_database(held, memory)
    assert before == (1, 1)
    await asyncio.sleep(1)
    assert await in_database(held, memory) == before
    assert await in_database(Message.objects.get, pk=kept.pk) == kept
    assert (await in_database(Message.objects.get, pk=kept.pk)).content == kept.content
    assert await in_database(Message.objects.count) == 2


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("watches", [True, False])
async def test_a_page_whose_conversation_has_not_begun_closes_too(memory: Memory, watches: bool) -> None:
    conversation_id, token = reserve_conversation(memory)
    async with Socket(memory.user, conversation_id, token) as socket:
        if watches:
            await socket.send("watch", message_id=0)
        await asyncio.sleep(0.2)
        await in_database(remove, memory)
        assert (await closed_with(socket))[0] == 4404
    assert not await in_database(Conversation.objects.exists)


@pytest.mark.usefixtures("live")
async def test_pages_at_other_assistants_and_of_other_people_stay(memory: Memory) -> None:
    elsewhere = await in_database(MemoryFactory, user=memory.user)
    colleague = await in_database(lambda: MemoryFactory(assistant=memory.assistant, role=Role.CURATOR))
    rows = [await in_database(ConversationFactory, memory=one) for one in (elsewhere, colleague)]
    async with Socket(elsewhere.user, rows[0].pk) as mine, Socket(colleague.user, rows[1].pk) as theirs:
        for socket in (mine, theirs):
            await socket.send("watch", message_id=0)
            await socket.next("conversation")
        await in_database(remove, memory)
        await asyncio.sleep(0.3)
        for socket in (mine, theirs):
            assert await socket.wire.receive_nothing()


@pytest.mark.usefixtures("live")
async def test_a_removal_is_noticed_without_a_layer(memory: Memory, model: OpenAIServer) -> None:
    """Every hint lost: the timer of a page that follows an answer finds out."""
    conversation = await in_database(ConversationFactory, memory=memory)
    model.queue(Behaviour(text="One two three.", stall_after=2))
    async with Socket(memory.user, conversation.pk) as socket:
        await begin(socket)
        layer = get_channel_layer()
        assert isinstance(layer, InMemoryChannelLayer)
        layer.groups.clear()
        await in_database(remove, memory)
        assert (await closed_with(socket))[0] == 4404


@pytest.mark.usefixtures("live")
async def test_another_role_closes_no_page(memory: Memory) -> None:
    conversation = await in_database(ConversationFactory, memory=memory)
    async with Socket(memory.user, conversation.pk) as socket:
        await socket.send("watch", message_id=0)
        await socket.next("conversation")
        await in_database(lambda: change_role(memory.assistant, memory.user, Role.CURATOR, by=owner_of(memory)))
        await asyncio.sleep(0.3)
        assert await socket.wire.receive_nothing()


@pytest.mark.usefixtures("live")
async def test_an_archived_assistant_finishes_what_it_says_and_its_pages_stay(
    memory: Memory, model: OpenAIServer
) -> None:
    conversation = await in_database(ConversationFactory, memory=memory)
    model.queue(Behaviour(text=TEXT, tokens_per_second=100))

    async with Socket(memory.user, conversation.pk) as socket:
        answer = await begin(socket)
        await stored(answer["message_id"], 20)
        await in_database(lambda: archive_assistant(memory.assistant, by=owner_of(memory)))
        assert (await socket.next("done"))["status"] == "complete"
        assert await in_database(memory.pages.count) == 1
        await socket.send("send", text="More?", client_id="c2")
        assert (await socket.next("error"))["code"] == "archived"


@pytest.mark.usefixtures("live")
async def test_a_deleted_account_is_signed_out(memory: Memory, model: OpenAIServer) -> None:
    conversation = await in_database(ConversationFactory, memory=memory)
    model.queue(Behaviour(text=TEXT, tokens_per_second=40))
    async with Socket(memory.user, conversation.pk) as socket:
        answer = await begin(socket)
        await stored(answer["message_id"], 20)
        await in_database(lambda: delete_account(memory.user, by=memory.user))
        assert (await closed_with(socket))[0] == 4401
    assert await asyncio.to_thread(model.chats[0].disconnected.wait, 5)
    await asyncio.sleep(0.3)
    assert not await in_database(Message.objects.exists)


@pytest.mark.django_db
def test_pages_of_who_left_are_not_found(memory: Memory, client: Client) -> None:
    answer = AnswerFactory(parent=QuestionFactory(conversation=ConversationFactory(memory=memory)))
    address = answer.conversation.get_absolute_url()
    client.force_login(memory.user)
    assert client.get(address).status_code == 200
    remove(memory)
    for path in (address, f"{address}export/", f"/memory/{memory.assistant.slug}/"):
        assert client.get(path).status_code == 404
    add_member(memory.assistant, memory.user.username, Role.MEMBER, by=owner_of(memory))
    assert answer.content in client.get(address).text


@pytest.mark.django_db
@pytest.mark.parametrize("begun", [True, False], ids=["a conversation", "a reserved one"])
def test_no_turn_begins_for_who_left(memory: Memory, begun: bool) -> None:
    conversation_id, _ = reserve_conversation(memory)
    seat = Seat(memory.user, None, conversation_id, new_in=memory.pk)
    if begun:
        row = ConversationFactory(memory=memory)
        seat = Seat(memory.user, None, row.pk)
    remove(memory)
    with pytest.raises(ConversationGone):
        turns.begin_turn(seat, "Hello?", "c1")
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_removal_waits_for_a_turn_that_is_just_beginning_and_stops_it(memory: Memory) -> None:
    row = ConversationFactory(memory=memory)
    holding, removed = threading.Event(), threading.Event()

    def drop() -> None:
        holding.wait(10)
        remove(memory)
        removed.set()
        connection.close()

    thread = threading.Thread(target=drop)
    thread.start()
    with transaction.atomic():
        turn = turns.begin_turn(Seat(memory.user, None, row.pk), "Hello?", "c1")
        holding.set()
        assert not removed.wait(0.5)
    thread.join(10)
    assert Message.objects.get(pk=turn.answer_id).stop_requested_at is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["removed", "deleted"])
def test_a_turn_and_the_end_of_an_account_at_once_do_not_wait_for_each_other_for_ever(memory: Memory, how: str) -> None:
    row = ConversationFactory(memory=memory)
    raised: list[Exception] = []

    def run(deed: Callable[[], object]) -> threading.Thread:
        def guarded() -> None:
            try:
                deed()
            except DatabaseError as error:
                raised.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=guarded)
        thread.start()
        return thread

    with transaction.atomic():
        Conversation.objects.select_for_update().get(pk=row.pk)
        first = run(lambda: turns.begin_turn(Seat(memory.user, None, row.pk), "Hello?", "c1"))
        until_waiting(1)
        second = run(lambda: remove(memory) if how == "removed" else delete_account(memory.user, by=memory.user))
        until_waiting(2)
    for thread in (first, second):
        thread.join(20)
        assert not thread.is_alive()
    assert raised == []
    assert Message.objects.count() == (2 if how == "removed" else 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", ["turn", "edit", "regenerate", "continue"])
def test_a_turn_holds_the_membership_before_it_locks_the_conversation(memory: Memory, deed: str) -> None:
    row = ConversationFactory(memory=memory)
    answer = AnswerFactory(parent=QuestionFactory(conversation=row))
    seat = Seat(memory.user, None, row.pk)
    begin_it: Callable[[], object] = {
        "turn": lambda: turns.begin_turn(seat, "Hello?", "c1"),
        "edit": lambda: turns.begin_edit(seat, answer.parent_id or 0, "Hello?", "c1"),
        "regenerate": lambda: turns.begin_regenerate(seat, answer.pk),
        "continue": lambda: turns.begin_continue(seat, answer.pk),
    }[deed]
    with CaptureQueriesContext(connection) as asked, suppress(NotContinuable):
        begin_it()
    locks = [query["sql"] for query in asked if " FOR " in query["sql"]]
    held = next(n for n, sql in enumerate(locks) if "FOR KEY SHARE" in sql)
    taken = next(n for n, sql in enumerate(locks) if 'OF "chat_conversation"' in sql)
    assert held < taken


@pytest.mark.django_db
def test_the_running_answers_of_others_go_on(memory: Memory, django_capture_on_commit_callbacks: Any) -> None:
    mine, others = running_answer(parent__conversation__memory=memory), running_answer()
    with django_capture_on_commit_callbacks(execute=True):
        remove(memory)
    mine.refresh_from_db()
    others.refresh_from_db()
    assert (mine.stop_requested_at is not None, others.stop_requested_at) == (True, None)


@pytest.mark.django_db
def test_no_title_is_asked_for_who_left(memory: Memory, model: OpenAIServer) -> None:
    answer = AnswerFactory(parent=QuestionFactory(conversation=ConversationFactory(memory=memory)))
    remove(memory)
    assert not title_conversation(answer.conversation_id)
    assert model.requests == []
