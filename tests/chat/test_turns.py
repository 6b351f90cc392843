import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django.fixtures import Settings

from chat import turns
from chat.access import Seat, reserve_conversation, take_seat
from chat.branches import read_tree
from chat.enums import MessageRole, Mode, Status
from chat.exceptions import (
    AssistantArchived,
    Busy,
    ConversationGone,
    EmptyMessage,
    MessageNotFound,
    NotContinuable,
    TooManyAnswers,
)
from chat.models import Allowance, Conversation, Message
from chat.writing import keep_texts
from memory.models import Assistant, Memory
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory, running_answer
from tests.memory.factories import MemoryFactory

pytestmark = pytest.mark.django_db


def shown(conversation: Conversation) -> list[int]:
    """Return the messages that a conversation shows."""
    conversation.refresh_from_db()
    return read_tree(conversation.pk).path(conversation.head_id)


def seat_at(conversation: Conversation, user: User | None = None) -> Seat:
    return Seat(user or conversation.memory.user, None, conversation.pk)


def test_begin_turn_creates_the_conversation_with_its_first_message(memory: Memory, person: User) -> None:
    conversation_id, token = reserve_conversation(memory)
    seat, exists = take_seat(Seat(person, None, conversation_id), token)
    assert not exists
    assert not Conversation.objects.exists()
    turn = turns.begin_turn(seat, "  Hello there ", "c1")
    conversation = Conversation.objects.get()
    question, answer = conversation.messages.order_by("pk")
    assert (conversation.pk, conversation.title, conversation.memory) == (conversation_id, "Hello there", memory)
    assert (question.role, question.content, question.client_id) == (MessageRole.USER, "Hello there", "c1")
    assert (answer.status, answer.parent, answer.content) == (Status.STREAMING, question, "")
    assert turn == turns.Turn(conversation_id, question.pk, answer.pk)
    assert conversation.head == answer


def test_begin_turn_goes_on_from_the_end_of_the_shown_branch() -> None:
    answer = AnswerFactory()
    before = answer.conversation.last_message_at
    turns.begin_turn(seat_at(answer.conversation), "And then?", "c2")
    question = Message.objects.get(client_id="c2")
    assert question.parent == answer
    assert question.conversation.last_message_at > before


def test_begin_turn_with_a_known_client_id_does_nothing(memory: Memory) -> None:
    seat = seat_at(ConversationFactory(memory=memory))
    first = turns.begin_turn(seat, "Hello", "same")
    again = turns.begin_turn(seat, "Hello", "same")
    assert (again.question_id, again.answer_id) == (first.question_id, first.answer_id)
    assert again.is_repeated
    assert Message.objects.count() == 2


def test_begin_turn_is_refused_while_an_answer_runs() -> None:
    answer = running_answer()
    with pytest.raises(Busy):
        turns.begin_turn(seat_at(answer.conversation), "Hello?", "c2")
    assert Message.objects.count() == 2


def test_begin_turn_ends_an_answer_whose_writer_died() -> None:
    dead = running_answer(lease=timedelta(seconds=-1), content="Half")
    turns.begin_turn(seat_at(dead.conversation), "Hello?", "c2")
    dead.refresh_from_db()
    assert (dead.status, dead.content) == (Status.INTERRUPTED, "Half")


def test_begin_turn_stores_nothing_of_an_empty_message(memory: Memory, person: User) -> None:
    conversation_id, token = reserve_conversation(memory)
    seat, _ = take_seat(Seat(person, None, conversation_id), token)
    with pytest.raises(EmptyMessage):
        turns.begin_turn(seat, " \u200b ", "c1")
    assert not Conversation.objects.exists()


def test_nobody_gets_a_seat_or_a_turn_at_someone_elses_conversation(memory: Memory) -> None:
    other = MemoryFactory(assistant=memory.assistant).user
    answer = AnswerFactory(parent__conversation__memory=memory)
    conversation = answer.conversation
    with pytest.raises(ConversationGone):
        take_seat(Seat(other, None, conversation.pk), "")
    forged = seat_at(conversation, other)
    for attempt in (
        lambda: turns.begin_turn(forged, "Hello", "c1"),
        lambda: turns.begin_edit(forged, answer.question.pk, "Hello", "c1"),
        lambda: turns.begin_regenerate(forged, answer.pk),
        lambda: turns.begin_continue(forged, answer.pk),
        lambda: turns.select_version(forged, answer.pk),
        lambda: turns.request_stop(forged, answer.pk),
    ):
        with pytest.raises(ConversationGone):
            attempt()


def test_a_reservation_is_for_one_person_and_one_conversation(memory: Memory, person: User) -> None:
    other = MemoryFactory(assistant=memory.assistant)
    conversation_id, token = reserve_conversation(memory)
    for user, wanted, given in (
        (other.user, conversation_id, token),
        (person, uuid4(), token),
        (person, conversation_id, ""),
        (person, conversation_id, f"{token}x"),
        (person, conversation_id, "a:b:c"),
    ):
        with pytest.raises(ConversationGone):
            take_seat(Seat(user, None, wanted), given)
    theirs = ConversationFactory(memory=other)
    with pytest.raises(ConversationGone):
        take_seat(Seat(person, None, theirs.pk), token)


def test_a_reservation_ends_with_the_membership(memory: Memory, person: User) -> None:
    conversation_id, token = reserve_conversation(memory)
    seat, _ = take_seat(Seat(person, None, conversation_id), token)
    person.memberships.all().delete()
    with pytest.raises(ConversationGone):
        turns.begin_turn(seat, "Hello", "c1")
    with pytest.raises(ConversationGone):
        take_seat(Seat(person, None, conversation_id), token)


@pytest.mark.parametrize("status", [Status.FAILED, Status.INTERRUPTED, Status.COMPLETE, Status.STOPPED])
def test_regenerate_opens_another_version_and_keeps_the_earlier_one(status: Status) -> None:
    earlier = AnswerFactory(status=status, content="Half")
    turn = turns.begin_regenerate(seat_at(earlier.conversation), earlier.pk)
    earlier.refresh_from_db()
    version = Message.objects.get(pk=turn.answer_id)
    assert (earlier.content, earlier.status) == ("Half", status)
    assert (version.parent, version.status, version.content) == (earlier.parent, Status.STREAMING, "")
    assert turn.question_id == earlier.parent_id
    assert shown(earlier.conversation) == [earlier.parent_id, version.pk]
    with pytest.raises(Busy):
        turns.begin_regenerate(seat_at(earlier.conversation), earlier.pk)


def test_regenerate_and_continue_find_ended_answers_of_their_own_conversation_only() -> None:
    answer = AnswerFactory(status=Status.FAILED, content="Half")
    seat = seat_at(answer.conversation)
    for missing in (answer.question.pk, AnswerFactory(status=Status.FAILED).pk, answer.pk + 1000):
        with pytest.raises(MessageNotFound):
            turns.begin_regenerate(seat, missing)
        with pytest.raises(MessageNotFound):
            turns.begin_continue(seat, missing)


def test_regenerate_further_up_shows_a_branch_without_what_followed() -> None:
    first = AnswerFactory()
    second = AnswerFactory(parent=QuestionFactory(conversation=first.conversation))
    turn = turns.begin_regenerate(seat_at(first.conversation), first.pk)
    assert shown(first.conversation) == [first.parent_id, turn.answer_id]
    assert Message.objects.filter(pk=second.pk).exists()


def test_edit_says_a_message_anew_beside_the_earlier_one() -> None:
    answer = AnswerFactory()
    follow_up = QuestionFactory(conversation=answer.conversation, content="And in Paris?")
    AnswerFactory(parent=follow_up)
    turn = turns.begin_edit(seat_at(answer.conversation), follow_up.pk, " And in Rome? ", "c9")
    anew = Message.objects.get(client_id="c9")
    follow_up.refresh_from_db()
    assert (follow_up.content, anew.content, anew.parent) == ("And in Paris?", "And in Rome?", answer)
    assert shown(answer.conversation) == [answer.parent_id, answer.pk, anew.pk, turn.answer_id]


def test_edit_of_the_first_message_begins_another_root() -> None:
    answer = AnswerFactory()
    turn = turns.begin_edit(seat_at(answer.conversation), answer.question.pk, "Hello instead", "c9")
    assert Message.objects.get(pk=turn.question_id).parent is None
    assert shown(answer.conversation) == [turn.question_id, turn.answer_id]


def test_edit_with_a_known_client_id_does_nothing() -> None:
    answer = AnswerFactory()
    seat = seat_at(answer.conversation)
    first = turns.begin_edit(seat, answer.question.pk, "Anew", "same")
    again = turns.begin_edit(seat, answer.question.pk, "Anew", "same")
    assert (again.answer_id, again.is_repeated) == (first.answer_id, True)
    assert Message.objects.count() == 4


def test_edit_is_for_ones_own_words_in_this_conversation() -> None:
    answer = AnswerFactory()
    seat = seat_at(answer.conversation)
    for missing in (answer.pk, QuestionFactory().pk, answer.pk + 1000):
        with pytest.raises(MessageNotFound):
            turns.begin_edit(seat, missing, "Anew", "c9")
    with pytest.raises(EmptyMessage):
        turns.begin_edit(seat, answer.question.pk, "  ", "c9")


@pytest.mark.parametrize("status", [Status.FAILED, Status.INTERRUPTED, Status.STOPPED])
def test_continue_begins_with_the_text_there_is(status: Status) -> None:
    unfinished = AnswerFactory(status=status, content="One two")
    turn = turns.begin_continue(seat_at(unfinished.conversation), unfinished.pk)
    version = Message.objects.get(pk=turn.answer_id)
    assert (version.content, version.continues, version.parent) == ("One two", unfinished, unfinished.parent)
    assert read_tree(unfinished.conversation_id).versions(version.pk).ids == (version.pk,)


@pytest.mark.parametrize(
    ("status", "content"), [(Status.COMPLETE, "Whole."), (Status.FAILED, ""), (Status.STOPPED, " ")]
)
def test_continue_is_for_answers_that_were_cut_short(status: Status, content: str) -> None:
    answer = AnswerFactory(status=status, content=content)
    with pytest.raises(NotContinuable):
        turns.begin_continue(seat_at(answer.conversation), answer.pk)


def test_select_shows_the_branch_of_a_message_to_its_newest_end() -> None:
    first = AnswerFactory()
    conversation = first.conversation
    second = AnswerFactory(parent=QuestionFactory(conversation=conversation))
    other = AnswerFactory(parent=first.question)
    assert shown(conversation) == [first.parent_id, other.pk]
    turns.select_version(seat_at(conversation), first.pk)
    assert shown(conversation) == [first.parent_id, first.pk, second.parent_id, second.pk]


def test_select_is_refused_while_an_answer_runs_and_for_other_conversations() -> None:
    answer = AnswerFactory()
    with pytest.raises(MessageNotFound):
        turns.select_version(seat_at(answer.conversation), AnswerFactory().pk)
    running = running_answer(parent=answer.question)
    with pytest.raises(Busy):
        turns.select_version(seat_at(answer.conversation), answer.pk)
    Message.objects.filter(pk=running.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    turns.select_version(seat_at(answer.conversation), answer.pk)
    assert shown(answer.conversation) == [answer.parent_id, answer.pk]


def test_a_person_may_begin_so_many_answers_a_minute(settings: Settings) -> None:
    settings.CHAT_ANSWERS_PER_MINUTE = 2
    memory = MemoryFactory()
    seats = [seat_at(ConversationFactory(memory=memory)) for _ in range(3)]
    turns.begin_turn(seats[0], "One", "c1")
    turns.begin_turn(seats[1], "Two", "c1")
    with pytest.raises(TooManyAnswers):
        turns.begin_turn(seats[2], "Three", "c1")
    turns.begin_turn(seat_at(ConversationFactory()), "Somebody else's", "c1")
    Allowance.objects.update(counted_at=F("counted_at") - timedelta(seconds=31))
    turns.begin_turn(seats[2], "Three", "c1")


def test_what_is_deleted_or_was_temporary_counts_as_well(memory: Memory, settings: Settings) -> None:
    settings.CHAT_ANSWERS_PER_MINUTE = 2
    for _ in range(2):
        conversation_id, token = reserve_conversation(memory, Mode.TEMPORARY)
        seat, _ = take_seat(Seat(memory.user, None, conversation_id), token)
        turns.begin_turn(seat, "Hello", "c1")
        Conversation.objects.get().delete()
    with pytest.raises(TooManyAnswers):
        turns.begin_turn(seat_at(ConversationFactory(memory=memory)), "Hello", "c1")


def test_what_is_refused_or_repeated_counts_not(settings: Settings) -> None:
    settings.CHAT_ANSWERS_PER_MINUTE = 2
    seat = seat_at(ConversationFactory())
    turns.begin_turn(seat, "Hello", "c1")
    turns.begin_turn(seat, "Hello", "c1")
    with pytest.raises(Busy):
        turns.begin_turn(seat, "Hello?", "c2")
    assert 1 <= Allowance.objects.get().answers_left < 1.5


@pytest.mark.django_db(transaction=True)
def test_two_conversations_at_once_do_not_both_take_the_last_answer(memory: Memory, settings: Settings) -> None:
    settings.CHAT_ANSWERS_PER_MINUTE = 1
    seats = [seat_at(ConversationFactory(memory=memory)) for _ in range(2)]
    barrier = threading.Barrier(2)

    def begin(seat: Seat) -> bool:
        try:
            with transaction.atomic():
                barrier.wait(5)
                turns.begin_turn(seat, "Hello", "c1")
                # Long enough for the other one to have come as far as it can.
                time.sleep(0.2)
        except TooManyAnswers:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(begin, seats)) == [False, True]


def test_a_message_takes_its_conversation_out_of_the_archive() -> None:
    conversation = ConversationFactory(archived_at=timezone.now())
    turns.begin_turn(seat_at(conversation), "Hello again", "c1")
    conversation.refresh_from_db()
    assert conversation.archived_at is None


def test_with_an_archived_assistant_nothing_more_is_said() -> None:
    answer = AnswerFactory(status=Status.STOPPED, content="Half")
    conversation, seat, question_id = answer.conversation, seat_at(answer.conversation), answer.question.pk
    conversation_id, token = reserve_conversation(conversation.memory)
    new, _ = take_seat(Seat(seat.user, None, conversation_id), token)
    Assistant.objects.update(archived_at=timezone.now())
    refused: list[Callable[[], object]] = [
        lambda: turns.begin_turn(seat, "Remember that I moved.", "n1"),
        lambda: turns.begin_turn(new, "Hello", "n1"),
        lambda: turns.begin_edit(seat, question_id, "Hello", "n1"),
        lambda: turns.begin_regenerate(seat, answer.pk),
        lambda: turns.begin_continue(seat, answer.pk),
    ]
    for begin in refused:
        with pytest.raises(AssistantArchived):
            begin()
    assert (Message.objects.count(), Conversation.objects.count(), Allowance.objects.count()) == (2, 1, 0)
    turns.select_version(seat, question_id)
    Assistant.objects.update(archived_at=None)
    turns.begin_continue(seat, answer.pk)


@pytest.mark.parametrize("mode", list(Mode))
def test_a_conversation_begins_in_the_mode_it_was_reserved_for(mode: Mode) -> None:
    memory = MemoryFactory()
    conversation_id, token = reserve_conversation(memory, mode)
    seat, _ = take_seat(Seat(memory.user, None, conversation_id), token)
    turns.begin_turn(seat, "Hello", "c1")
    conversation = Conversation.objects.get()
    assert (conversation.mode, conversation.closes_at is not None) == (mode, mode == Mode.TEMPORARY)


def test_stop_flags_the_answer_so_that_its_writer_sees_it_at_the_next_write() -> None:
    answer = running_answer()
    assert keep_texts({answer.pk: "More"}) == {answer.pk}
    turns.request_stop(seat_at(answer.conversation), answer.pk)
    assert keep_texts({answer.pk: "Even more"}) == keep_texts({answer.pk: None}) == set()
    answer.refresh_from_db()
    assert (answer.status, answer.content) == (Status.STREAMING, "More")


def test_stop_finds_answers_of_its_own_conversation_only() -> None:
    answer = running_answer()
    with pytest.raises(MessageNotFound):
        turns.request_stop(seat_at(answer.conversation), running_answer().pk)
    with pytest.raises(MessageNotFound):
        turns.request_stop(seat_at(answer.conversation), answer.question.pk)


def test_stop_of_an_ended_answer_changes_nothing() -> None:
    answer = AnswerFactory()
    turns.request_stop(seat_at(answer.conversation), answer.pk)
    answer.refresh_from_db()
    assert (answer.status, answer.stop_requested_at) == (Status.COMPLETE, None)
