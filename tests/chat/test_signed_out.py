"""Sockets of a session that ended close at once, those of the person's other sessions stay."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from chat.database import in_database
from chat.models import Conversation
from tests.chat.factories import ConversationFactory
from tests.chat.redis import redis_server
from tests.chat.sockets import Socket
from tests.memory.factories import PASSWORD, MemoryFactory, UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("live")]

AT_ONCE = 2.0
"""Seconds; left to its timer a socket looks every fifteen."""
NEW = "another-long-passphrase"


@pytest.fixture
def conversation(transactional_db: None) -> Conversation:
    conversation: Conversation = ConversationFactory(memory=MemoryFactory())
    return conversation


async def watch(socket: Socket) -> None:
    await socket.send("watch", message_id=0)
    await socket.next("conversation")


async def closes_at_once(socket: Socket) -> bool:
    began = time.monotonic()
    return (await socket.close_code(), time.monotonic() - began < AT_ONCE) == (4401, True)


def key_of(client: Client) -> str:
    return client.cookies[django_settings.SESSION_COOKIE_NAME].value


def end_from(desk: Client, phone: Client) -> None:
    pk = UserSession.objects.get(session_key=key_of(phone)).pk
    assert desk.post(f"/accounts/sessions/{pk}/end/").status_code == 302


def end_all_others(desk: Client, _phone: Client) -> None:
    assert desk.post("/accounts/sessions/").status_code == 302


def sign_out(_desk: Client, phone: Client) -> None:
    assert phone.post("/accounts/logout/").status_code == 302


@pytest.mark.parametrize("end", [end_from, end_all_others, sign_out])
async def test_a_session_that_ends_closes_its_sockets_and_no_others(
    conversation: Conversation, end: Callable[[Client, Client], None]
) -> None:
    person = conversation.memory.user
    async with Socket(person, conversation.pk) as desk, Socket(person, conversation.pk) as phone:
        await watch(desk)
        await watch(phone)
        await in_database(end, desk.client, phone.client)
        assert await closes_at_once(phone)
        assert await desk.wire.receive_nothing(0.3)
        await desk.send("watch", message_id=0)


async def test_every_open_conversation_of_the_session_is_closed(conversation: Conversation) -> None:
    person = conversation.memory.user
    other: Conversation = await in_database(lambda: ConversationFactory(memory=conversation.memory))
    async with Socket(person, conversation.pk) as one, Socket(person, other.pk) as two:
        await watch(one)
        await watch(two)
        desk = Client()
        await in_database(desk.force_login, person)
        await in_database(end_all_others, desk, desk)
        assert [await closes_at_once(one), await closes_at_once(two)] == [True, True]


def change_password(desk: Client, user: User) -> None:
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert desk.post("/accounts/password/change/", form).status_code == 302


def close_account(_desk: Client, user: User) -> None:
    user.is_active = False
    user.save()


def delete_account(desk: Client, _user: User) -> None:
    assert desk.post("/accounts/delete/", {"password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("change", [change_password, close_account, delete_account])
async def test_what_ends_all_sessions_closes_all_sockets(
    conversation: Conversation, change: Callable[[Client, User], None]
) -> None:
    person = conversation.memory.user
    stranger = await in_database(lambda: ConversationFactory(memory=MemoryFactory()))
    async with Socket(person, conversation.pk) as phone, Socket(stranger.memory.user, stranger.pk) as theirs:
        await watch(phone)
        await watch(theirs)
        desk = Client()
        await in_database(desk.force_login, person)
        await in_database(change, desk, person)
        assert await closes_at_once(phone)
        assert await theirs.wire.receive_nothing(0.3)


async def test_a_socket_that_has_never_watched_is_closed_too(conversation: Conversation) -> None:
    person = conversation.memory.user
    async with Socket(person, conversation.pk) as desk, Socket(person, conversation.pk) as phone:
        await in_database(sign_out, desk.client, phone.client)
        assert await closes_at_once(phone)
        assert await desk.wire.receive_nothing(0.3)


async def test_signing_in_elsewhere_closes_nothing(conversation: Conversation) -> None:
    person = conversation.memory.user
    async with Socket(person, conversation.pk) as phone:
        await watch(phone)
        form = {"login": person.username, "password": PASSWORD}
        assert (await in_database(Client().post, "/accounts/login/", form)).status_code == 302
        assert await phone.wire.receive_nothing(0.3)


async def test_through_redis_it_is_as_quick(conversation: Conversation, settings: Settings, redis_port: int) -> None:
    with redis_server(redis_port) as address:
        layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [address]}}
        settings.CHANNEL_LAYERS = {"default": layer}
        person = conversation.memory.user
        async with Socket(person, conversation.pk) as desk, Socket(person, conversation.pk) as phone:
            await watch(desk)
            await watch(phone)
            await in_database(end_from, desk.client, phone.client)
            assert await closes_at_once(phone)
            assert await desk.wire.receive_nothing(0.3)


async def test_somebody_else_closes_nothing_of_mine(conversation: Conversation) -> None:
    person = conversation.memory.user
    async with Socket(person, conversation.pk) as mine:
        await watch(mine)
        stranger = Client()
        await in_database(lambda: stranger.force_login(UserFactory()))
        pk = (await in_database(lambda: UserSession.objects.get(session_key=key_of(mine.client)))).pk
        assert (await in_database(stranger.post, f"/accounts/sessions/{pk}/end/")).status_code == 404
        assert (await in_database(stranger.post, "/accounts/sessions/")).status_code == 302
        assert await mine.wire.receive_nothing(0.3)
