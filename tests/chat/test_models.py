from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from chat.enums import MessageRole, Status
from chat.models import Conversation, Message, RecalledItem
from memory.enums import Tier
from memory.models import Memory
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory, running_answer
from tests.memory.factories import MemoryFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_conversations_are_for_their_own_person_only(memory: Memory, person: User) -> None:
    mine = ConversationFactory(memory=memory)
    colleague = MemoryFactory(assistant=memory.assistant)
    ConversationFactory(memory=colleague)
    assert list(Conversation.objects.for_user(person)) == [mine]
    assert list(Conversation.objects.for_user(UserFactory())) == []


def test_conversations_are_gone_for_who_has_left_the_assistant(memory: Memory, person: User) -> None:
    ConversationFactory(memory=memory)
    person.memberships.all().delete()
    assert list(Conversation.objects.for_user(person)) == []


def test_conversations_come_newest_first_and_page_by_place(memory: Memory) -> None:
    moment = ConversationFactory(memory=memory).last_message_at
    ConversationFactory.create_batch(3, memory=memory, last_message_at=moment)
    rows = list(Conversation.objects.newest_first())
    assert [row.pk for row in rows] == sorted((row.pk for row in rows), reverse=True)
    for number, row in enumerate(rows, start=1):
        assert list(Conversation.objects.newest_first().after(row.place)) == rows[number:]


def test_only_one_answer_streams_in_a_conversation() -> None:
    answer = running_answer()
    with pytest.raises(IntegrityError, match="message_one_streaming"), transaction.atomic():
        running_answer(parent=answer.parent)
    running_answer()


def test_client_id_is_unique_in_its_conversation_only() -> None:
    question = QuestionFactory(client_id="same")
    with pytest.raises(IntegrityError, match="message_client_id_once"), transaction.atomic():
        QuestionFactory(conversation=question.conversation, client_id="same")
    QuestionFactory(client_id="same")


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("message_lease_while_streaming", {"status": Status.STREAMING}),
        ("message_of_user_whole", {"role": MessageRole.USER, "content": ""}),
        ("message_of_user_whole", {"role": MessageRole.USER, "status": Status.FAILED}),
        ("message_answer_says_something", {"content": ""}),
        ("message_role_known", {"role": "system"}),
        ("message_status_known", {"status": "lost"}),
    ],
)
def test_database_refuses_messages_that_cannot_be(constraint: str, fields: dict[str, str]) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        AnswerFactory(**fields)


@pytest.mark.parametrize(("constraint", "fields"), [("mode_known", {"mode": "odd"}), ("titled", {"title": ""})])
def test_database_refuses_conversations_that_cannot_be(constraint: str, fields: dict[str, str]) -> None:
    with pytest.raises(IntegrityError, match=f"conversation_{constraint}"):
        ConversationFactory(**fields)


def test_streaming_answers_expire_with_their_lease_and_are_writable_until_a_stop() -> None:
    alive, dead, stopping = (
        running_answer(),
        running_answer(lease=timedelta(seconds=-1)),
        running_answer(stop_requested_at="2026-03-01T09:00Z"),
    )
    assert set(Message.objects.streaming()) == {alive, dead, stopping}
    assert list(Message.objects.expired()) == [dead]
    assert set(Message.objects.writable()) == {alive, dead}


def test_deleting_a_conversation_takes_its_messages_and_what_they_recalled() -> None:
    answer = AnswerFactory()
    RecalledItem.objects.create(message=answer, rank=1, tier=Tier.MID_TERM, object_id=5, score=1.0, tokens=9)
    answer.conversation.delete()
    assert not Message.objects.exists()
    assert not RecalledItem.objects.exists()


def test_models_name_themselves_and_quote_nothing() -> None:
    answer = AnswerFactory(content="Because.")
    item = RecalledItem(message=answer, rank=1, tier=Tier.PROFILE, object_id=5, score=1.0, tokens=9)
    assert (str(answer.conversation), str(answer), str(item)) == (
        f"Conversation {answer.conversation_id}",
        f"Message {answer.pk}",
        "Profile 5",
    )
    assert answer.external_id == f"chat:{answer.pk}"
