"""Conversations and messages for tests."""

# factory_boy exports its declarations implicitly and types only its factories.
# mypy: disable-error-code="attr-defined,no-untyped-call,untyped-decorator"

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from django.db.models.functions import Now

from chat.enums import MessageRole, Status
from chat.models import Conversation, Message
from tests.memory.factories import MemoryFactory, RowFactory

SAID_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class ConversationFactory(RowFactory[Conversation]):
    class Meta:
        model = Conversation

    memory = factory.SubFactory(MemoryFactory)
    title = factory.Sequence(lambda n: f"Conversation {n}")
    created_at = SAID_AT
    last_message_at = factory.Sequence(lambda n: SAID_AT + timedelta(minutes=n))


class QuestionFactory(RowFactory[Message]):
    """What the person says, after the newest message of the conversation."""

    class Meta:
        model = Message

    conversation = factory.SubFactory(ConversationFactory)
    parent = factory.LazyAttribute(lambda message: message.conversation.messages.order_by("pk").last())
    role = MessageRole.USER
    content = factory.Sequence(lambda n: f"Question {n}?")
    client_id = factory.Sequence(lambda n: f"client-{n}")
    created_at = SAID_AT


class AnswerFactory(RowFactory[Message]):
    """An answer, complete unless `status` says otherwise."""

    class Meta:
        model = Message

    parent = factory.SubFactory(QuestionFactory)
    conversation = factory.SelfAttribute("parent.conversation")
    role = MessageRole.ASSISTANT
    status = Status.COMPLETE
    content = factory.Sequence(lambda n: f"Answer {n}.")
    created_at = SAID_AT


def running_answer(*, lease: timedelta = timedelta(seconds=5), **fields: Any) -> Message:
    """Return a streaming answer whose lease ends `lease` from now; a negative one has run out."""
    return AnswerFactory(status=Status.STREAMING, lease_expires_at=Now() + lease, **{"content": "So far", **fields})
