"""The websocket once more: versions, continuing, limits, temporary conversations, languages."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django.fixtures import Settings

from chat.database import in_database
from chat.models import Conversation
from memory.domain.retiring import archive_assistant
from memory.models import Memory, Page
from tests.chat.factories import ConversationFactory, temporary_conversation
from tests.chat.sockets import Socket
from tests.chat.test_consumers import TEXT, begin, said_in
from tests.openai_server import Behaviour, OpenAIServer

pytestmark = pytest.mark.usefixtures("live")


@pytest.fixture
def conversation(memory: Memory) -> Conversation:
    """An empty conversation of the person."""
    return ConversationFactory(memory=memory)


async def test_another_version_is_shown_on_every_page(
    person: User, conversation: Conversation, model: OpenAIServer
) -> None:
    model.queue(Behaviour(text="One way."), Behaviour(text="Another way."))
    async with Socket(person, conversation.pk) as first, Socket(person, conversation.pk) as second:
        await begin(first)
        one = await first.next("done")
        await second.send("watch", message_id=one["message_id"])
        await first.send("regenerate", message_id=one["message_id"])
        for socket in (first, second):
            assert (await socket.next("rewind"))["message_id"] == one["message_id"] - 1
            other = await socket.next("done")
            assert (said_in(other), "2/2" in other["html"]) == ("<p>Another way.</p>\n", True)
        await second.send("select", message_id=one["message_id"])
        for socket in (first, second):
            assert (await socket.next("rewind"))["message_id"] == one["message_id"] - 1
            again = await socket.next("message")
            assert (said_in(again), "1/2" in again["html"]) == ("<p>One way.</p>\n", True)


async def test_with_an_archived_assistant_another_version_is_shown_and_memory_stays_as_it_is(
    person: User, conversation: Conversation, model: OpenAIServer
) -> None:
    model.queue(Behaviour(text="One way."), Behaviour(text="Another way."))
    async with Socket(person, conversation.pk) as socket:
        await begin(socket)
        one = await socket.next("done")
        await socket.send("regenerate", message_id=one["message_id"])
        await socket.next("done")
        before = await in_database(list, Page.objects.values())
        await in_database(lambda: archive_assistant(conversation.memory.assistant, by=person))
        await socket.send("select", message_id=one["message_id"])
        await socket.next("rewind")
        assert said_in(await socket.next("message")) == "<p>One way.</p>\n"
        assert await in_database(list, Page.objects.values()) == before
    assert [page["response"] for page in before] == ["Another way."]


async def test_a_message_said_anew_is_accepted_and_shown_in_place_of_the_earlier_one(
    person: User, conversation: Conversation, model: OpenAIServer
) -> None:
    model.queue(Behaviour(text="Paris."), Behaviour(text="Rome."))
    async with Socket(person, conversation.pk) as socket:
        answer = await begin(socket)
        await socket.next("done")
        question = answer["message_id"] - 1
        await socket.send("edit", message_id=question, text="Where to, then?", client_id="c2")
        accepted = await socket.next("accepted")
        assert accepted["client_id"] == "c2"
        assert (await socket.next("rewind"))["message_id"] == 0
        anew = await socket.next("message")
        assert (anew["message_id"], anew["client_id"]) == (accepted["message_id"], "c2")
        assert ("Where to, then?" in anew["html"], "2/2" in anew["html"]) == (True, True)
        assert said_in(await socket.next("done")) == "<p>Rome.</p>\n"


async def test_an_answer_that_was_stopped_goes_on(
    person: User, conversation: Conversation, model: OpenAIServer
) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=4), Behaviour(text="and the rest."))
    async with Socket(person, conversation.pk) as socket:
        answer = await begin(socket)
        await socket.next("delta")
        await socket.send("stop", message_id=answer["message_id"])
        stopped = await socket.next("done")
        await socket.send("continue", message_id=stopped["message_id"])
        await socket.next("rewind")
        onward = await socket.next("message")
        text, done = await socket.whole_answer(onward["text"])
        assert text.startswith("One")
        assert "and the rest." in said_in(done)
        await socket.send("continue", message_id=done["message_id"])
        assert (await socket.next("error"))["code"] == "not_continuable"


async def test_a_person_has_so_many_sockets(person: User, conversation: Conversation, settings: Settings) -> None:
    settings.CHAT_SOCKETS_PER_PERSON = 2
    async with Socket(person, conversation.pk), Socket(person, conversation.pk):
        third = Socket(person, conversation.pk)
        await third.connect()
        assert await third.close_code() == 4429
    async with Socket(person, conversation.pk) as again:
        assert again.hello["exists"]


def closing_in(conversation: Conversation) -> timedelta:
    conversation.refresh_from_db()
    assert conversation.closes_at is not None
    return conversation.closes_at - timezone.now()


async def test_a_page_that_goes_away_leaves_its_temporary_conversation(memory: Memory, person: User) -> None:
    conversation = await in_database(temporary_conversation, memory=memory)
    socket = Socket(person, conversation.pk)
    async with socket:
        await socket.send("watch", message_id=0)
        assert (await socket.next("conversation"))["mode"] == "temporary"
    # A socket that is closed in another way may have lost its network: the conversation waits for it.
    assert await in_database(closing_in, conversation) > timedelta(minutes=1)
    await socket.connect()
    await socket.next("hello")
    await socket.wire.send_input({"type": "websocket.disconnect", "code": 1001})
    await socket.wire.wait(timeout=5)
    assert await in_database(closing_in, conversation) < timedelta(minutes=1)


async def test_refusals_are_told_in_the_persons_language(person: User, conversation: Conversation) -> None:
    async with Socket(person, conversation.pk, language="id") as socket:
        await socket.send("send", text=" ", client_id="c1")
        assert (await socket.next("error"))["detail"] == "Tulis sesuatu terlebih dahulu."
