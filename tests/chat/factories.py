"""Conversations and messages for tests."""

# factory_boy exports its declarations implicitly and types only its factories.
# mypy: disable-error-code="attr-defined,no-untyped-call,untyped-decorator"

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from django.db.models.functions import Now

from chat.enums import MessageRole, Mode, Status
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


class MessageFactory(RowFactory[Message]):
    """A message; the conversation shows the branch that it ends."""

    class Meta:
        model = Message
        abstract = True

    @classmethod
    def _create(cls, model_class: type[Message], *args: Any, **kwargs: Any) -> Message:
        message: Message = super()._create(model_class, *args, **kwargs)
        message.conversation.head = message
        message.conversation.save(update_fields=["head"])
        return message


class QuestionFactory(MessageFactory):
    """What the person says, at the end of the branch that the conversation shows."""

    class Meta:
        model = Message

    conversation = factory.SubFactory(ConversationFactory)
    parent = factory.LazyAttribute(lambda message: message.conversation.head)
    role = MessageRole.USER
    content = factory.Sequence(lambda n: f"Question {n}?")
    client_id = factory.Sequence(lambda n: f"client-{n}")
    created_at = SAID_AT


class AnswerFactory(MessageFactory):
    """An answer, complete unless `status` says otherwise."""

    class Meta:
        model = Message

    parent = factory.SubFactory(QuestionFactory)
    conversation = factory.SelfAttribute("parent.conversation")
    role = MessageRole.ASSISTANT
    status = Status.COMPLETE
    content = factory.Sequence(lambda n: f"Answer {n}.")
    created_at = SAID_AT


def temporary_conversation(**fields: Any) -> Conversation:
    """Return a temporary conversation that stays for a while."""
    closes_at = Now() + fields.pop("closes_in", timedelta(minutes=5))
    return ConversationFactory(mode=Mode.TEMPORARY, closes_at=closes_at, **fields)


def running_answer(*, lease: timedelta = timedelta(seconds=5), **fields: Any) -> Message:
    """Return a streaming answer whose lease ends `lease` from now; a negative one has run out."""
    return AnswerFactory(status=Status.STREAMING, lease_expires_at=Now() + lease, **{"content": "So far", **fields})
