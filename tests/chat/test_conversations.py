from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from chat import turns
from chat.access import take_seat
from chat.conversations import (
    archive_conversation,
    delete_all_conversations,
    delete_conversation,
    pin_conversation,
    purge_deleted,
    rename_conversation,
    restore_all_conversations,
    restore_conversation,
)
from chat.enums import Mode, Status, TitleSource
from chat.exceptions import ConversationGone
from chat.models import Conversation, Message
from chat.models.conversation import UNDO
from chat.writing import Written, end_answer, keep_texts
from memory.domain.forgetting import Target, preview
from memory.enums import Outcome, Role, Tier
from memory.models import Memory, Page
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory, running_answer
from tests.chat.test_forgetting import beside, give
from tests.chat.test_turns import seat_at
from tests.memory.factories import MemoryFactory, PageFactory

pytestmark = pytest.mark.django_db


def test_rename_changes_the_title_only() -> None:
    conversation = ConversationFactory()
    seen = Conversation.objects.get()
    turns.begin_turn(seat_at(conversation), "Hello", "c1")
    rename_conversation(conversation.memory.user, conversation.pk, "Plans")
    conversation.refresh_from_db()
    assert (conversation.title, conversation.title_source) == ("Plans", TitleSource.PERSON)
    assert conversation.last_message_at > seen.last_message_at


DOORS: list[Callable[[User, Conversation], object]] = [
    lambda user, row: rename_conversation(user, row.pk, "Mine"),
    lambda user, row: pin_conversation(user, row.pk, True),
    lambda user, row: archive_conversation(user, row.pk, True),
    lambda user, row: delete_conversation(user, row.pk),
]


@pytest.mark.parametrize("door", DOORS)
def test_nobody_changes_someone_elses_or_a_deleted_conversation(
    memory: Memory, door: Callable[[User, Conversation], object]
) -> None:
    stranger = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER).user
    conversation = AnswerFactory(parent__conversation__memory=memory).conversation
    with pytest.raises(ConversationGone):
        door(stranger, conversation)
    delete_conversation(memory.user, conversation.pk)
    before = Conversation.objects.values().get()
    with pytest.raises(ConversationGone):
        door(memory.user, conversation)
    assert Conversation.objects.values().get() == before


def test_nobody_restores_what_is_not_theirs(memory: Memory) -> None:
    stranger = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER).user
    conversation = ConversationFactory(memory=memory)
    delete_conversation(memory.user, conversation.pk)
    conversation.refresh_from_db()
    moment = conversation.deleted_at
    assert moment
    with pytest.raises(ConversationGone):
        restore_conversation(stranger, conversation.pk)
    assert restore_all_conversations(stranger, moment) == []
    assert Conversation.objects.deleted().count() == 1


def test_pinning_and_archiving_twice_is_once(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    for _ in range(2):
        pin_conversation(memory.user, conversation.pk, True)
        archive_conversation(memory.user, conversation.pk, True)
        seen = Conversation.objects.values("pinned_at", "archived_at").get()
        conversation.refresh_from_db()
        assert seen == {"pinned_at": conversation.pinned_at, "archived_at": conversation.archived_at}
        assert None not in seen.values()
    pin_conversation(memory.user, conversation.pk, False)
    archive_conversation(memory.user, conversation.pk, False)
    conversation.refresh_from_db()
    assert (conversation.pinned_at, conversation.archived_at) == (None, None)


def test_a_deleted_conversation_is_hidden_with_its_running_answer_ended_and_comes_back_whole(memory: Memory) -> None:
    answer = running_answer(parent__conversation__memory=memory, content="Half")
    conversation = answer.conversation
    delete_conversation(memory.user, conversation.pk)
    answer.refresh_from_db()
    assert (answer.status, answer.content, answer.lease_expires_at) == (Status.STOPPED, "Half", None)
    assert answer.finished_at is not None
    assert not keep_texts({answer.pk: "Half and more"})
    assert not Conversation.objects.for_user(memory.user).exists()
    with pytest.raises(ConversationGone):
        take_seat(seat_at(conversation), "")
    with pytest.raises(ConversationGone):
        turns.begin_turn(seat_at(conversation), "Hello?", "c9")
    assert restore_conversation(memory.user, conversation.pk) == conversation
    assert restore_conversation(memory.user, conversation.pk) == conversation
    assert list(Conversation.objects.for_user(memory.user)) == [conversation]
    assert conversation.messages.count() == 2


def test_the_purge_takes_what_was_deleted_long_enough_ago_and_nothing_else(memory: Memory) -> None:
    now = timezone.now()
    answer = AnswerFactory(parent__conversation__memory=memory, page=PageFactory(memory=memory))
    give(answer, (Tier.SHORT_TERM, answer.page_id or 0))
    long_ago = answer.conversation
    long_ago.head, long_ago.deleted_at = answer, now - UNDO
    long_ago.save()
    just_now = ConversationFactory(memory=memory, deleted_at=now - UNDO + timedelta(seconds=1))
    kept = ConversationFactory(memory=memory)
    assert purge_deleted(now) == 1
    assert purge_deleted(now) == 0
    assert set(Conversation.objects.all()) == {just_now, kept}
    assert (Message.objects.count(), Page.objects.count()) == (0, 1)
    with pytest.raises(ConversationGone):
        restore_conversation(memory.user, long_ago.pk)


@pytest.mark.django_db(transaction=True)
def test_the_purge_leaves_what_somebody_is_bringing_back(memory: Memory) -> None:
    now = timezone.now()
    conversation = ConversationFactory(memory=memory, deleted_at=now - 2 * UNDO)
    with transaction.atomic():
        restore_conversation(memory.user, conversation.pk)
        assert beside(lambda: purge_deleted(now)).result(5) == 0
    assert purge_deleted(now) == 0
    assert list(Conversation.objects.for_user(memory.user)) == [conversation]


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_is_being_remembered_ends_before_its_conversation_is_deleted(memory: Memory) -> None:
    answer = running_answer(parent__conversation__memory=memory)
    with transaction.atomic():
        assert end_answer(Written(answer.pk, "Whole."), Status.COMPLETE, Outcome.OK)
        deleting = beside(lambda: delete_all_conversations(memory))
        assert not deleting.done()
    assert deleting.result(5)[0] == [answer.conversation_id]
    answer.refresh_from_db()
    assert answer.status == Status.COMPLETE


def test_all_conversations_with_one_memory_go_and_come_back_together(memory: Memory) -> None:
    listed = running_answer(parent__conversation__memory=memory).conversation
    archived = ConversationFactory(memory=memory, archived_at=timezone.now())
    earlier = ConversationFactory(memory=memory)
    delete_conversation(memory.user, earlier.pk)
    temporary = ConversationFactory(memory=memory, mode=Mode.TEMPORARY, closes_at=timezone.now())
    elsewhere = ConversationFactory(memory=MemoryFactory(user=memory.user))
    theirs = ConversationFactory(memory=MemoryFactory(assistant=memory.assistant, role=Role.MEMBER))
    ids, moment = delete_all_conversations(memory)
    assert set(ids) == {listed.pk, archived.pk}
    assert set(Conversation.objects.filter(deleted_at=None)) == {temporary, elsewhere, theirs}
    assert not Message.objects.streaming().exists()
    assert set(restore_all_conversations(memory.user, moment)) == {listed.pk, archived.pk}
    assert list(Conversation.objects.deleted()) == [earlier]
    assert restore_all_conversations(memory.user, moment) == []


def test_a_preview_of_forgetting_counts_no_answers_of_deleted_conversations(memory: Memory) -> None:
    page = PageFactory(memory=memory)
    answers = [AnswerFactory(parent=QuestionFactory(conversation__memory=memory)) for _ in range(2)]
    for answer in answers:
        give(answer, (Tier.SHORT_TERM, page.pk))
    delete_conversation(memory.user, answers[0].conversation_id)
    assert preview(memory, Target.pages([page.pk])).answers == 1
