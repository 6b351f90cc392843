import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from chat import turns
from chat.access import Seat, reserve_conversation, take_seat
from chat.conversations import delete_conversation
from chat.enums import MessageRole, Mode, Status
from chat.exceptions import Busy, ConversationGone, EmptyMessage, MessageNotFound, NotRetryable
from chat.models import Conversation, Message, RecalledItem
from chat.turns import Written
from memory.domain import recall
from memory.enums import Outcome, Purpose, Source, Tier
from memory.llm.base import Usage
from memory.models import Memory, ModelCall, Page
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory, running_answer
from tests.memory.factories import MemoryFactory, PageFactory, SegmentFactory

pytestmark = pytest.mark.django_db


def seat_at(conversation: Conversation, user: User | None = None) -> Seat:
    return Seat(user or conversation.memory.user, None, conversation.pk)


def test_begin_turn_creates_the_conversation_with_its_first_message(memory: Memory, person: User) -> None:
    conversation_id, token = reserve_conversation(memory)
    seat, exists = take_seat(person, None, conversation_id, token)
    assert not exists
    assert not Conversation.objects.exists()
    turn = turns.begin_turn(seat, "  Hello there ", "c1")
    conversation = Conversation.objects.get()
    question, answer = conversation.messages.order_by("pk")
    assert (conversation.pk, conversation.title, conversation.memory) == (conversation_id, "Hello there", memory)
    assert (question.role, question.content, question.client_id) == (MessageRole.USER, "Hello there", "c1")
    assert (answer.status, answer.parent, answer.content) == (Status.STREAMING, question, "")
    assert turn == turns.Turn(conversation_id, answer.pk)


def test_begin_turn_continues_the_newest_message() -> None:
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
    assert (again.answer_id, again.is_new) == (first.answer_id, False)
    assert again.repeated == Message.objects.get(client_id="same")
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
    seat, _ = take_seat(person, None, conversation_id, token)
    with pytest.raises(EmptyMessage):
        turns.begin_turn(seat, " \u200b ", "c1")
    assert not Conversation.objects.exists()


def test_nobody_gets_a_seat_or_a_turn_at_someone_elses_conversation(memory: Memory) -> None:
    other = MemoryFactory(assistant=memory.assistant).user
    answer = AnswerFactory(parent__conversation__memory=memory)
    conversation = answer.conversation
    with pytest.raises(ConversationGone):
        take_seat(other, None, conversation.pk, "")
    forged = seat_at(conversation, other)
    for attempt in (
        lambda: turns.begin_turn(forged, "Hello", "c1"),
        lambda: turns.begin_retry(forged, answer.pk),
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
            take_seat(user, None, wanted, given)
    theirs = ConversationFactory(memory=other)
    with pytest.raises(ConversationGone):
        take_seat(person, None, theirs.pk, token)


def test_a_reservation_ends_with_the_membership(memory: Memory, person: User) -> None:
    conversation_id, token = reserve_conversation(memory)
    seat, _ = take_seat(person, None, conversation_id, token)
    person.memberships.all().delete()
    with pytest.raises(ConversationGone):
        turns.begin_turn(seat, "Hello", "c1")
    with pytest.raises(ConversationGone):
        take_seat(person, None, conversation_id, token)


@pytest.mark.parametrize("status", [Status.FAILED, Status.INTERRUPTED])
def test_retry_opens_a_sibling_and_keeps_the_partial_text(status: Status) -> None:
    failed = AnswerFactory(status=status, content="Half")
    turn = turns.begin_retry(seat_at(failed.conversation), failed.pk)
    failed.refresh_from_db()
    attempt = Message.objects.get(pk=turn.answer_id)
    assert (failed.content, failed.status) == ("Half", status)
    assert (attempt.parent, attempt.status) == (failed.parent, Status.STREAMING)
    with pytest.raises(Busy):
        turns.begin_retry(seat_at(failed.conversation), failed.pk)


def test_retry_is_for_the_newest_answer_that_did_not_work_out() -> None:
    failed = AnswerFactory(status=Status.FAILED, content="")
    seat = seat_at(failed.conversation)
    with pytest.raises(MessageNotFound):
        turns.begin_retry(seat, failed.question.pk)
    with pytest.raises(MessageNotFound):
        turns.begin_retry(seat, AnswerFactory(status=Status.FAILED).pk)
    with pytest.raises(MessageNotFound):
        turns.begin_retry(seat, failed.pk + 1000)
    QuestionFactory(conversation=failed.conversation)
    with pytest.raises(NotRetryable):
        turns.begin_retry(seat, failed.pk)


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.STOPPED])
def test_retry_leaves_finished_answers_alone(status: Status) -> None:
    answer = AnswerFactory(status=status)
    with pytest.raises(NotRetryable):
        turns.begin_retry(seat_at(answer.conversation), answer.pk)


def test_stop_flags_the_answer_so_that_its_writer_sees_it_at_the_next_write() -> None:
    answer = running_answer()
    assert turns.keep_text(answer.pk, "More")
    turns.request_stop(seat_at(answer.conversation), answer.pk)
    assert not turns.keep_text(answer.pk, "Even more")
    assert not turns.renew_lease(answer.pk)
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


def test_keeping_text_renews_the_lease() -> None:
    answer = running_answer(lease=timedelta(seconds=1))
    before = answer.lease_expires_at
    answer.refresh_from_db()
    before = answer.lease_expires_at
    assert turns.keep_text(answer.pk, "More")
    answer.refresh_from_db()
    assert answer.lease_expires_at is not None
    assert before is not None
    assert timedelta(seconds=3) < answer.lease_expires_at - before < timedelta(seconds=6)


def written(answer: Message, text: str = "Whole.", **fields: object) -> Written:
    return Written(answer.pk, text, model="test-model", usage=Usage(30, 4), duration_ms=7, **fields)  # type: ignore[arg-type]


def test_a_complete_answer_becomes_a_page_and_counts_what_it_drew_on() -> None:
    answer = running_answer()
    memory = answer.conversation.memory
    segment = SegmentFactory(memory=memory)
    old = PageFactory(segment=segment)
    item = recall.RecalledItem(
        tier=Tier.MID_TERM,
        object_id=old.pk,
        text="secret",
        occurred_at=None,
        score=1.5,
        signals={"dense": 1.0},
        tokens=9,
        segment_id=segment.pk,
    )
    work = written(answer, recalled=(item,), visited_segments=(segment.pk,))
    assert turns.end_answer(work, Status.COMPLETE, Outcome.OK)
    answer.refresh_from_db()
    segment.refresh_from_db()
    page = Page.objects.exclude(pk=old.pk).get()
    assert (answer.status, answer.content, answer.page) == (Status.COMPLETE, "Whole.", page)
    assert (answer.model, answer.tokens_in, answer.tokens_out) == ("test-model", 30, 4)
    assert (page.memory, page.query, page.response) == (memory, answer.question.content, "Whole.")
    assert (page.occurred_at, page.source) == (answer.question.created_at, Source.CHAT)
    assert page.external_id == answer.external_id
    assert segment.visits == 1
    kept = RecalledItem.objects.get()
    assert (kept.message, kept.rank, kept.tier, kept.object_id) == (answer, 1, Tier.MID_TERM, old.pk)
    assert (kept.score, kept.signals, kept.tokens) == (1.5, {"dense": 1.0}, 9)
    call = ModelCall.objects.get()
    assert (call.memory, call.purpose, call.outcome) == (memory, Purpose.REPLY, Outcome.OK)
    assert (call.model, call.tokens_in, call.tokens_out, call.duration_ms) == ("test-model", 30, 4, 7)


def waiting_for_a_lock() -> bool:
    """Tell whether some connection of this database waits for another one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def deleting(conversation: Conversation) -> Future[None]:
    """Begin to delete a conversation from another connection; return when it waits for this one."""

    def delete() -> None:
        try:
            delete_conversation(conversation.memory.user, conversation.pk)
        finally:
            connection.close()

    threads = ThreadPoolExecutor(1)
    deletion = threads.submit(delete)
    threads.shutdown(wait=False)
    deadline = time.monotonic() + 5
    while not waiting_for_a_lock() and not deletion.done() and time.monotonic() < deadline:
        time.sleep(0.01)
    return deletion


@pytest.mark.django_db(transaction=True)
def test_a_deletion_waits_for_an_answer_that_is_ending() -> None:
    answer = running_answer()
    item = recall.RecalledItem(
        tier=Tier.MID_TERM, object_id=5, text="", occurred_at=None, score=1.5, signals={}, tokens=9, segment_id=None
    )
    with transaction.atomic():
        assert turns.end_answer(written(answer, recalled=(item,)), Status.COMPLETE, Outcome.OK)
        deletion = deleting(answer.conversation)
    deletion.result(5)
    answer.refresh_from_db()
    assert (answer.status, answer.conversation.deleted_at is None) == (Status.COMPLETE, False)
    assert (RecalledItem.objects.count(), Page.objects.count()) == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_a_deletion_waits_for_a_turn_that_is_beginning() -> None:
    conversation = ConversationFactory()
    with transaction.atomic():
        turns.begin_turn(seat_at(conversation), "Hello", "c1")
        deletion = deleting(conversation)
    deletion.result(5)
    conversation.refresh_from_db()
    assert conversation.deleted_at is not None
    assert list(conversation.messages.order_by("pk").values_list("status", flat=True)) == ["complete", "stopped"]


def test_the_last_resort_stores_text_and_status_of_a_running_answer_only() -> None:
    answer = running_answer()
    assert turns.fail_answer(answer.pk, "Whole.", "Out of order.")
    assert not turns.fail_answer(answer.pk, "Other.", "Again.")
    answer.refresh_from_db()
    assert (answer.status, answer.content, answer.error) == (Status.FAILED, "Whole.", "Out of order.")
    assert (answer.lease_expires_at, Page.objects.count(), ModelCall.objects.count()) == (None, 0, 0)


def test_an_answer_ends_once() -> None:
    answer = running_answer()
    assert turns.end_answer(written(answer), Status.COMPLETE, Outcome.OK)
    assert not turns.end_answer(written(answer, "Other."), Status.FAILED, Outcome.TIMED_OUT, "Too slow.")
    answer.refresh_from_db()
    assert (answer.status, answer.content, Page.objects.count()) == (Status.COMPLETE, "Whole.", 1)


def test_the_call_of_a_lost_answer_still_stands_in_the_ledger() -> None:
    answer = running_answer(lease=timedelta(seconds=-1))
    turns.interrupt_expired()
    assert not turns.end_answer(written(answer), Status.COMPLETE, Outcome.OK)
    assert (ModelCall.objects.count(), Page.objects.count()) == (1, 0)


def test_an_answer_of_a_deleted_conversation_leaves_nothing() -> None:
    answer = running_answer()
    answer.conversation.delete()
    assert not turns.end_answer(written(answer), Status.COMPLETE, Outcome.OK)
    assert not Page.objects.exists()


def test_a_stopped_answer_with_text_is_remembered() -> None:
    answer = running_answer()
    assert turns.end_answer(written(answer, "Half"), Status.STOPPED, Outcome.STOPPED)
    assert Page.objects.get().response == "Half"


@pytest.mark.parametrize(
    ("status", "text"),
    [(Status.STOPPED, ""), (Status.FAILED, "Half"), (Status.FAILED, ""), (Status.INTERRUPTED, "Half")],
)
def test_other_ends_leave_memory_as_it_was(status: Status, text: str) -> None:
    answer = running_answer()
    segment = SegmentFactory(memory=answer.conversation.memory)
    work = written(answer, text, visited_segments=(segment.pk,))
    assert turns.end_answer(work, status, Outcome.SERVER_ERROR, "Out of order.")
    answer.refresh_from_db()
    segment.refresh_from_db()
    assert (answer.status, answer.content, answer.error) == (status, text, "Out of order.")
    assert (Page.objects.count(), segment.visits) == (0, 0)
    assert ModelCall.objects.get().detail == "Out of order."


@pytest.mark.parametrize("mode", [Mode.READ_ONLY, Mode.TEMPORARY])
def test_only_normal_conversations_are_remembered(mode: Mode) -> None:
    answer = running_answer()
    Conversation.objects.update(mode=mode)
    assert turns.end_answer(written(answer), Status.COMPLETE, Outcome.OK)
    assert not Page.objects.exists()


def test_no_call_is_noted_when_none_was_made() -> None:
    answer = running_answer()
    turns.end_answer(Written(answer.pk, ""), Status.FAILED, Outcome.SERVER_ERROR, "Recall broke.")
    assert not ModelCall.objects.exists()


def test_the_sweep_interrupts_answers_of_dead_writers_only() -> None:
    dead, alive = running_answer(lease=timedelta(seconds=-1), content="Half"), running_answer()
    assert turns.interrupt_expired() == [dead.conversation_id]
    assert turns.interrupt_expired() == []
    dead.refresh_from_db()
    alive.refresh_from_db()
    assert (dead.status, dead.content, dead.lease_expires_at) == (Status.INTERRUPTED, "Half", None)
    assert alive.status == Status.STREAMING
