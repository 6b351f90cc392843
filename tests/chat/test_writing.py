import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.conversations import delete_conversation
from chat.enums import Mode, Status
from chat.models import Conversation, Message, RecalledItem
from chat.turns import begin_regenerate, begin_turn, select_version
from chat.writing import Written, end_answer, fail_answer, interrupt_expired, keep_texts
from memory.domain import recall
from memory.domain.retiring import archive_assistant, restore_assistant
from memory.enums import Outcome, Purpose, Source, Tier
from memory.llm.base import Usage
from memory.models import Memory, MemoryEvent, ModelCall, Page
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory, running_answer
from tests.chat.test_turns import seat_at
from tests.memory.factories import PageFactory, SegmentFactory

pytestmark = pytest.mark.django_db


def test_keeping_text_renews_the_lease() -> None:
    answer = running_answer(lease=timedelta(seconds=1))
    before = answer.lease_expires_at
    answer.refresh_from_db()
    before = answer.lease_expires_at
    assert keep_texts({answer.pk: "More"}) == {answer.pk}
    answer.refresh_from_db()
    assert answer.lease_expires_at is not None
    assert before is not None
    assert timedelta(seconds=3) < answer.lease_expires_at - before < timedelta(seconds=6)


def written(answer: Message, text: str = "Whole.", **fields: object) -> Written:
    memory = answer.conversation.memory
    return Written(answer.pk, text, memory, "test-model", Usage(30, 4), duration_ms=7, **fields)  # type: ignore[arg-type]


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
    assert end_answer(work, Status.COMPLETE, Outcome.OK)
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
        assert end_answer(written(answer, recalled=(item,)), Status.COMPLETE, Outcome.OK)
        deletion = deleting(answer.conversation)
    deletion.result(5)
    answer.refresh_from_db()
    assert (Conversation.objects.deleted().count(), RecalledItem.objects.count(), Page.objects.count()) == (1, 0, 1)
    assert answer.status == Status.COMPLETE


@pytest.mark.django_db(transaction=True)
def test_a_deletion_waits_for_a_turn_that_is_beginning() -> None:
    conversation = ConversationFactory()
    with transaction.atomic():
        begin_turn(seat_at(conversation), "Hello", "c1")
        deletion = deleting(conversation)
    deletion.result(5)
    assert Conversation.objects.deleted().count() == 1
    assert list(Message.objects.answers().values_list("status", flat=True)) == [Status.STOPPED]


def test_the_last_resort_stores_text_and_status_of_a_running_answer_only() -> None:
    answer = running_answer()
    assert fail_answer(answer.pk, "Whole.", "Out of order.")
    assert not fail_answer(answer.pk, "Other.", "Again.")
    answer.refresh_from_db()
    assert (answer.status, answer.content, answer.error) == (Status.FAILED, "Whole.", "Out of order.")
    assert (answer.lease_expires_at, Page.objects.count(), ModelCall.objects.count()) == (None, 0, 0)


def test_an_answer_ends_once() -> None:
    answer = running_answer()
    assert end_answer(written(answer), Status.COMPLETE, Outcome.OK)
    assert not end_answer(written(answer, "Other."), Status.FAILED, Outcome.TIMED_OUT, "Too slow.")
    answer.refresh_from_db()
    assert (answer.status, answer.content, Page.objects.count()) == (Status.COMPLETE, "Whole.", 1)


def test_the_call_of_a_lost_answer_still_stands_in_the_ledger() -> None:
    answer = running_answer(lease=timedelta(seconds=-1))
    interrupt_expired()
    assert not end_answer(written(answer), Status.COMPLETE, Outcome.OK)
    assert (ModelCall.objects.count(), Page.objects.count()) == (1, 0)


def test_an_answer_of_a_deleted_conversation_leaves_nothing_but_its_cost() -> None:
    answer = running_answer()
    done = written(answer)
    memory = answer.conversation.memory
    answer.conversation.delete()
    assert not end_answer(done, Status.COMPLETE, Outcome.OK)
    assert not Page.objects.exists()
    call = ModelCall.objects.get()
    assert (call.memory, call.tokens_in, call.tokens_out) == (memory, 30, 4)


def test_what_was_paid_for_a_deleted_memory_stays_on_its_assistant() -> None:
    answer = running_answer()
    done = written(answer)
    assistant = answer.conversation.memory.assistant
    Memory.objects.all().delete()
    assert not end_answer(done, Status.COMPLETE, Outcome.OK)
    call = ModelCall.objects.get()
    assert (call.memory, call.assistant, call.tokens_in) == (None, assistant, 30)


def test_of_a_deleted_assistant_there_is_no_ledger_left() -> None:
    answer = running_answer()
    done = written(answer)
    answer.conversation.memory.assistant.delete()
    assert not end_answer(done, Status.COMPLETE, Outcome.OK)
    assert not ModelCall.objects.exists()


def test_a_stopped_answer_with_text_is_remembered() -> None:
    answer = running_answer()
    assert end_answer(written(answer, "Half"), Status.STOPPED, Outcome.STOPPED)
    assert Page.objects.get().response == "Half"


@pytest.mark.parametrize(
    ("status", "text"),
    [(Status.STOPPED, ""), (Status.FAILED, "Half"), (Status.FAILED, ""), (Status.INTERRUPTED, "Half")],
)
def test_other_ends_leave_memory_as_it_was(status: Status, text: str) -> None:
    answer = running_answer()
    segment = SegmentFactory(memory=answer.conversation.memory)
    work = written(answer, text, visited_segments=(segment.pk,))
    assert end_answer(work, status, Outcome.SERVER_ERROR, "Out of order.")
    answer.refresh_from_db()
    segment.refresh_from_db()
    assert (answer.status, answer.content, answer.error) == (status, text, "Out of order.")
    assert (Page.objects.count(), segment.visits) == (0, 0)
    assert ModelCall.objects.get().detail == "Out of order."


@pytest.mark.parametrize("mode", [Mode.READ_ONLY, Mode.TEMPORARY])
def test_only_what_is_said_in_normal_conversations_is_remembered(mode: Mode) -> None:
    closes_at = timezone.now() + timedelta(minutes=1) if mode == Mode.TEMPORARY else None
    conversation = ConversationFactory(mode=mode, closes_at=closes_at)
    answer = Message.objects.get(pk=begin_turn(seat_at(conversation), "Between us", "c1").answer_id)
    # Whatever becomes of the conversation meanwhile: it was said on that condition.
    Conversation.objects.update(mode=Mode.NORMAL, closes_at=None)
    assert end_answer(written(answer), Status.COMPLETE, Outcome.OK)
    assert not Page.objects.exists()


def test_no_call_is_noted_when_none_was_made() -> None:
    answer = running_answer()
    end_answer(Written(answer.pk, ""), Status.FAILED, Outcome.SERVER_ERROR, "Recall broke.")
    assert not ModelCall.objects.exists()


def test_texts_are_stored_together_and_only_where_the_answer_is_still_ours() -> None:
    growing, silent, stopped = running_answer(), running_answer(), running_answer()
    ended = AnswerFactory(content="Whole.")
    Message.objects.filter(pk__in=(growing.pk, silent.pk)).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )
    Message.objects.filter(pk=stopped.pk).update(stop_requested_at=timezone.now())
    ours = keep_texts({growing.pk: "More", silent.pk: None, stopped.pk: "More", ended.pk: "More"})
    assert ours == {growing.pk, silent.pk}
    for answer in (growing, silent, stopped, ended):
        answer.refresh_from_db()
    assert [a.content for a in (growing, silent, stopped, ended)] == ["More", "So far", "So far", "Whole."]
    assert all(a.lease_expires_at and a.lease_expires_at > timezone.now() for a in (growing, silent))


@pytest.mark.django_db(transaction=True)
def test_a_text_that_somebody_else_holds_is_left_to_the_next_time() -> None:
    held, free = running_answer(), running_answer()

    def keep() -> set[int]:
        try:
            return keep_texts({held.pk: "More", free.pk: "More"})
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as threads:
        Message.objects.select_for_update().get(pk=held.pk)
        assert threads.submit(keep).result(5) == {held.pk, free.pk}
    held.refresh_from_db()
    free.refresh_from_db()
    assert (held.content, free.content) == ("So far", "More")


def test_the_sweep_leaves_the_answers_of_its_own_process_alone() -> None:
    late = running_answer(lease=timedelta(seconds=-1))
    assert interrupt_expired([late.pk]) == []
    assert interrupt_expired() == [late.conversation_id]


def test_the_sweep_interrupts_answers_of_dead_writers_only() -> None:
    dead, alive = running_answer(lease=timedelta(seconds=-1), content="Half"), running_answer()
    assert interrupt_expired() == [dead.conversation_id]
    assert interrupt_expired() == []
    dead.refresh_from_db()
    alive.refresh_from_db()
    assert (dead.status, dead.content, dead.lease_expires_at) == (Status.INTERRUPTED, "Half", None)
    assert alive.status == Status.STREAMING


def recorded(answer: Message, text: str, status: Status = Status.COMPLETE) -> Message:
    """End a running answer and return it as it is then."""
    assert end_answer(written(answer, text), status, Outcome.OK)
    answer.refresh_from_db()
    return answer


def test_a_stopped_version_takes_the_place_of_no_answer_to_the_same_question() -> None:
    first = recorded(running_answer(), "Whole.")
    stopped = recorded(running_answer(parent=first.question), "Well", Status.STOPPED)
    assert (Page.objects.get().response, stopped.page) == ("Whole.", None)


def test_a_stopped_answer_to_a_corrected_question_takes_the_place_of_the_earlier_one() -> None:
    first = recorded(running_answer(parent__content="I live in Paris"), "Paris!")
    anew = QuestionFactory(conversation=first.conversation, parent=None, content="I live in Rome")
    recorded(running_answer(parent=anew), "Ro", Status.STOPPED)
    assert [page.query for page in Page.objects.all()] == ["I live in Rome"]


def test_memory_holds_the_version_that_is_shown() -> None:
    first = recorded(running_answer(), "One way.")
    second = recorded(running_answer(parent=first.question), "Another way.")
    assert Page.objects.get().response == "Another way."
    seat = seat_at(first.conversation)
    for chosen, text in ((first, "One way."), (second, "Another way."), (second, "Another way.")):
        select_version(seat, chosen.pk)
        page = Page.objects.get()
        chosen.refresh_from_db()
        assert (page.response, chosen.page) == (text, page)


def test_choosing_a_version_leaves_the_memory_of_an_archived_assistant_as_it_is(client: Client) -> None:
    first = recorded(running_answer(), "One way.")
    recorded(running_answer(parent=first.question), "Another way.")
    memory, before = first.conversation.memory, list(Page.objects.values())
    events = MemoryEvent.objects.count()
    archive_assistant(memory.assistant, by=memory.user)
    client.force_login(memory.user)
    answer = client.post(reverse("chat:select", args=[first.conversation_id]), {"message": first.pk})
    assert answer.status_code == 302
    first.conversation.refresh_from_db()
    assert (first.conversation.head, list(Page.objects.values())) == (first, before)
    # Nothing but the archiving itself.
    assert MemoryEvent.objects.count() == events + 1
    restore_assistant(memory.assistant, by=memory.user)
    select_version(seat_at(first.conversation), first.pk)
    assert Page.objects.get().response == "One way."


def test_choosing_a_version_records_nothing_that_was_said_off_the_record() -> None:
    conversation = ConversationFactory(mode=Mode.READ_ONLY)
    seat = seat_at(conversation)
    first = recorded(Message.objects.get(pk=begin_turn(seat, "Between us", "c1").answer_id), "One way.")
    Conversation.objects.update(mode=Mode.NORMAL)
    again = begin_regenerate(seat, first.pk)
    recorded(Message.objects.get(pk=again.answer_id), "Another way.")
    select_version(seat, first.pk)
    assert not Page.objects.exists()
