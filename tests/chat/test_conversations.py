import pytest

from chat import turns
from chat.conversations import delete_conversation, rename_conversation
from chat.exceptions import ConversationGone
from chat.models import Conversation, Message
from memory.models import Memory
from tests.chat.factories import AnswerFactory, ConversationFactory
from tests.chat.test_turns import seat_at
from tests.memory.factories import MemoryFactory

pytestmark = pytest.mark.django_db


def test_rename_changes_the_title_only() -> None:
    conversation = ConversationFactory()
    seen = Conversation.objects.get()
    turns.begin_turn(seat_at(conversation), "Hello", "c1")
    rename_conversation(conversation.memory.user, conversation.pk, "Plans")
    conversation.refresh_from_db()
    assert conversation.title == "Plans"
    assert conversation.last_message_at > seen.last_message_at


def test_nobody_renames_or_deletes_someone_elses_or_a_deleted_conversation(memory: Memory) -> None:
    other = MemoryFactory(assistant=memory.assistant).user
    conversation = AnswerFactory(parent__conversation__memory=memory).conversation
    with pytest.raises(ConversationGone):
        rename_conversation(other, conversation.pk, "Mine")
    with pytest.raises(ConversationGone):
        delete_conversation(other, conversation.pk)
    delete_conversation(memory.user, conversation.pk)
    assert not Message.objects.exists()
    with pytest.raises(ConversationGone):
        rename_conversation(memory.user, conversation.pk, "Back")
    with pytest.raises(ConversationGone):
        delete_conversation(memory.user, conversation.pk)
    assert not Conversation.objects.exists()
