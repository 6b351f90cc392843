from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from chat.enums import Mode
from chat.exceptions import ConversationGone, ModeFixed
from chat.models import Conversation, Message
from chat.modes import CLOSING, TEMPORARY_LEASE, change_mode, close_abandoned, keep_open, leave
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory, temporary_conversation
from tests.memory.factories import MemoryFactory

pytestmark = pytest.mark.django_db


def left(conversation: Conversation) -> timedelta:
    """Return how long a temporary conversation stays."""
    conversation.refresh_from_db()
    assert conversation.closes_at is not None
    return conversation.closes_at - timezone.now()


def test_a_conversation_may_stop_and_begin_to_record() -> None:
    conversation = ConversationFactory()
    for mode in (Mode.READ_ONLY, Mode.READ_ONLY, Mode.NORMAL):
        change_mode(conversation.memory.user, conversation.pk, mode)
        conversation.refresh_from_db()
        assert conversation.mode == mode


def test_temporary_is_for_good_and_from_the_beginning() -> None:
    lasting, passing = ConversationFactory(), temporary_conversation()
    with pytest.raises(ModeFixed):
        change_mode(lasting.memory.user, lasting.pk, Mode.TEMPORARY)
    with pytest.raises(ModeFixed):
        change_mode(passing.memory.user, passing.pk, Mode.NORMAL)


def test_nobody_changes_the_mode_of_someone_elses_conversation() -> None:
    conversation = ConversationFactory()
    other = MemoryFactory(assistant=conversation.memory.assistant).user
    with pytest.raises(ConversationGone):
        change_mode(other, conversation.pk, Mode.READ_ONLY)


def test_open_pages_keep_a_temporary_conversation() -> None:
    conversation = temporary_conversation(closes_in=timedelta(seconds=1))
    keep_open(conversation.pk)
    assert TEMPORARY_LEASE - timedelta(seconds=20) < left(conversation) <= TEMPORARY_LEASE


def test_a_closed_page_leaves_it_a_moment_and_never_more_than_it_had() -> None:
    conversation = temporary_conversation()
    leave(conversation.pk, timedelta(minutes=5))
    assert timedelta(0) < left(conversation) <= CLOSING
    Conversation.objects.update(closes_at=Now() + timedelta(seconds=1))
    leave(conversation.pk, timedelta(minutes=5))
    assert left(conversation) <= timedelta(seconds=1)


def test_a_page_that_is_loaded_again_keeps_it_whichever_is_first() -> None:
    conversation = temporary_conversation(closes_in=timedelta(seconds=1))
    # The old page looked three seconds ago; the new one has been asked for since then.
    keep_open(conversation.pk)
    leave(conversation.pk, timedelta(seconds=3))
    assert left(conversation) > timedelta(minutes=5)


def test_what_nobody_shows_any_more_goes_with_all_its_rows() -> None:
    gone = temporary_conversation(closes_in=timedelta(seconds=-1))
    AnswerFactory(parent=QuestionFactory(conversation=gone))
    kept = [temporary_conversation(), ConversationFactory()]
    assert close_abandoned() == [gone.pk]
    assert close_abandoned() == []
    assert set(Conversation.objects.all()) == set(kept)
    assert not Message.objects.exists()


def test_a_temporary_conversation_goes_although_its_person_has_left_the_assistant() -> None:
    gone = temporary_conversation(closes_in=timedelta(seconds=-1))
    gone.memory.user.memberships.all().delete()
    assert close_abandoned() == [gone.pk]
    assert not Conversation.objects.exists()


def test_lasting_conversations_are_neither_kept_open_nor_left() -> None:
    conversation = ConversationFactory()
    keep_open(conversation.pk)
    leave(conversation.pk, timedelta(minutes=5))
    conversation.refresh_from_db()
    assert conversation.closes_at is None
