"""Typing "remember that ..." goes through the same door as the button."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import turns, wishes
from chat.access import Seat
from chat.conversations import locked_as_a_whole, locked_for
from chat.enums import Mode, Status
from chat.learning import updates_of
from chat.models import Conversation, Message
from chat.writing import Written, end_answer
from memory.domain.remembering import wish_of
from memory.enums import EventKind, KnowledgeStatus, Outcome
from memory.models import Knowledge, Memory, MemoryEvent
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory
from tests.memory.factories import KnowledgeFactory, MemoryFactory, PageFactory

pytestmark = pytest.mark.django_db

WISH = "Remember that my dog is called Rex. How old is he?"
FACT = "my dog is called Rex."


def in_mode(memory: Memory, mode: Mode) -> Conversation:
    closes_at = timezone.now() if mode == Mode.TEMPORARY else None
    return ConversationFactory(memory=memory, mode=mode, closes_at=closes_at)


@pytest.mark.parametrize("mode", [Mode.NORMAL, Mode.READ_ONLY])
def test_a_typed_wish_is_remembered_and_noted(memory: Memory, mode: Mode) -> None:
    question = QuestionFactory(conversation=in_mode(memory, mode), content=WISH)
    done = wishes.heed_wish(question, FACT)
    assert done is not None
    assert (done.fact.text, done.fact.locked, done.is_new) == ("my dog is called Rex.", True, True)
    [note] = updates_of(question.conversation)
    assert (note.amounts, note.at) == ("1 fact", question.created_at)


def test_a_temporary_conversation_leaves_nothing(memory: Memory) -> None:
    question = QuestionFactory(conversation=in_mode(memory, Mode.TEMPORARY), content=WISH)
    assert wishes.heed_wish(question, FACT) is None
    assert not memory.knowledge.exists()


def test_a_message_without_a_wish_costs_nothing(memory: Memory) -> None:
    question = QuestionFactory(conversation__memory=memory, content="Do you remember that I have a dog?")
    with CaptureQueriesContext(connection) as queries:
        assert wishes.make_way(Seat(memory.user, None, question.conversation_id), question.content) is None
        assert wishes.heed_wish(question, None) is None
        wishes.trace(question, PageFactory(memory=memory))
    assert [query["sql"] for query in queries if "SELECT" in query["sql"] and "knowledge" in query["sql"]] == []
    assert not memory.knowledge.exists()


def test_a_wish_longer_than_a_fact_stops_no_message(memory: Memory) -> None:
    question = QuestionFactory(conversation__memory=memory, content="Remember that " + "very " * 300)
    assert wishes.heed_wish(question, wish_of(question.content)) is None
    assert not memory.knowledge.exists()
    assert updates_of(question.conversation) == []


def test_the_page_of_the_turn_becomes_the_source(memory: Memory) -> None:
    question = QuestionFactory(conversation__memory=memory, content=WISH)
    wishes.heed_wish(question, FACT)
    page = PageFactory(memory=memory)
    wishes.trace(question, page)
    wishes.trace(question, page)
    assert list(memory.knowledge.get().sources.all()) == [page]


def test_a_fact_deleted_before_the_answer_ended_does_not_come_back(memory: Memory) -> None:
    question = QuestionFactory(conversation__memory=memory, content=WISH)
    wishes.heed_wish(question, FACT)
    memory.knowledge.all().delete()
    wishes.trace(question, PageFactory(memory=memory))
    assert not memory.knowledge.exists()


def test_a_wish_locks_the_persons_memory_before_anything_else(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        assert wishes.make_way(Seat(memory.user, None, conversation.pk), WISH) == FACT
        wishes.make_way(Seat(memory.user, None, conversation.pk, new_in=memory.pk), WISH)
    locks = [query["sql"] for query in queries if "lock_timeout" not in query["sql"]]
    assert all("FOR NO KEY UPDATE" in sql for sql in locks)
    assert len(locks) == 4


def test_nobody_elses_memory_waits_for_a_wish(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    stranger = MemoryFactory().user
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        wishes.make_way(Seat(stranger, None, conversation.pk, new_in=memory.pk), WISH)
    locks = [query["sql"] for query in queries if "lock_timeout" not in query["sql"]]
    assert all(f'"user_id" = {stranger.pk}' in sql for sql in locks)


def test_what_is_remembered_from_a_message_rests_on_the_page_of_its_turn(memory: Memory) -> None:
    question = QuestionFactory(conversation__memory=memory)
    pages = PageFactory.create_batch(2, memory=memory)
    for page in pages:
        AnswerFactory(parent=question, page=page)
    answer = AnswerFactory(parent=question)
    assert wishes.pages_of_turn(question) == [page.pk for page in pages]
    assert wishes.pages_of_turn(answer) == []
    fact = wishes.remember_from(question, "I like tea", by=memory.user).fact
    assert list(fact.sources.all()) == [pages[1]]
    assert not wishes.remember_from(answer, "I like milk", by=memory.user).fact.sources.exists()


def say(seat: Seat, text: str, *, anew: int = 0, answered: bool = True) -> int:
    """Say something, or message `anew` once more; return the message."""
    client_id = f"c{Message.objects.count()}"
    turn = turns.begin_edit(seat, anew, text, client_id) if anew else turns.begin_turn(seat, text, client_id)
    status, outcome = (Status.COMPLETE, Outcome.OK) if answered else (Status.FAILED, Outcome.UNREACHABLE)
    end_answer(Written(turn.answer_id, "Noted." if answered else ""), status, outcome)
    return turn.question_id


def facts(memory: Memory) -> list[str]:
    return list(memory.knowledge.active().order_by("pk").values_list("text", flat=True))


def noted(conversation: Conversation) -> list[str]:
    return [item.text for note in updates_of(conversation) for item in note.items]


@pytest.fixture
def talk(memory: Memory) -> Seat:
    return Seat(memory.user, None, ConversationFactory(memory=memory).pk)


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("mode", [Mode.NORMAL, Mode.READ_ONLY])
def test_a_corrected_wish_takes_the_place_of_the_earlier_one(memory: Memory, mode: Mode, answered: bool) -> None:
    conversation = in_mode(memory, mode)
    seat = Seat(memory.user, None, conversation.pk)
    first = say(seat, "Remember that my name is Jon.", answered=answered)
    say(seat, "Remember that my name is John.", anew=first)
    assert facts(memory) == noted(conversation) == ["my name is John."]
    assert memory.knowledge.count() == conversation.memory_updates.count() == 1
    deleted = MemoryEvent.objects.get(kind=EventKind.DELETED)
    # With the page that it was said on, the log forgets it, too.
    has_page = answered and mode == Mode.NORMAL
    assert ((deleted.before or {}).get("text"), deleted.user) == (None if has_page else "my name is Jon.", memory.user)
    say(seat, "What is my name?", anew=first)
    assert facts(memory) == noted(conversation) == []
    assert not conversation.memory_updates.exists()


def test_the_same_wish_in_other_words_around_it_stays(memory: Memory, talk: Seat) -> None:
    first = say(talk, "Remember that my name is Jon.")
    fact = memory.knowledge.get()
    again = say(talk, "Please remember that my name is Jon. Who am I?", anew=first)
    assert memory.knowledge.get() == fact
    assert not MemoryEvent.objects.filter(kind=EventKind.DELETED).exists()
    say(talk, "Remember that my name is John.", anew=again)
    assert facts(memory) == ["my name is John."]


def test_another_answer_to_the_same_wish_leaves_its_fact(memory: Memory, talk: Seat) -> None:
    question = say(talk, "Remember that my name is Jon.")
    answer = Message.objects.get(parent=question)
    turn = turns.begin_regenerate(talk, answer.pk)
    end_answer(Written(turn.answer_id, "Gladly."), Status.COMPLETE, Outcome.OK)
    assert facts(memory) == ["my name is Jon."]
    assert [page.response for page in memory.knowledge.get().sources.all()] == ["Gladly."]


def test_a_fact_that_was_known_before_the_wish_stays(memory: Memory, talk: Seat) -> None:
    KnowledgeFactory(memory=memory, text="my name is Jon.")
    first = say(talk, "Remember that my name is Jon.")
    say(talk, "Remember that my name is John.", anew=first)
    assert facts(memory) == ["my name is Jon.", "my name is John."]


@pytest.mark.parametrize("mode", [Mode.NORMAL, Mode.READ_ONLY])
def test_a_fact_that_was_said_elsewhere_as_well_stays(memory: Memory, talk: Seat, mode: Mode) -> None:
    first = say(talk, "Remember that my name is Jon.")
    elsewhere = in_mode(memory, mode)
    say(Seat(memory.user, None, elsewhere.pk), "Remember that my name is Jon.")
    # What forgetting leaves of the count.
    Knowledge.objects.update(times_confirmed=1)
    say(talk, "Remember that my name is John.", anew=first)
    assert facts(memory) == ["my name is Jon.", "my name is John."]
    assert noted(elsewhere) == ["my name is Jon."]


@pytest.mark.parametrize("change", [{"pinned": True}, {"fingerprint": "0" * 64}, {"status": KnowledgeStatus.DISABLED}])
def test_a_fact_that_the_person_has_done_something_with_stays(
    memory: Memory, talk: Seat, change: dict[str, object]
) -> None:
    first = say(talk, "Remember that my name is Jon.")
    Knowledge.objects.update(**change)
    say(talk, "Remember that my name is John.", anew=first)
    assert list(memory.knowledge.order_by("pk").values_list("text", flat=True)) == [
        "my name is Jon.",
        "my name is John.",
    ]


def test_a_fact_kept_by_the_button_stays(memory: Memory, talk: Seat) -> None:
    first = say(talk, "Remember that my name is Jon.")
    wishes.remember_from(Message.objects.get(pk=first), "my name is Jon", by=memory.user)
    say(talk, "My name is John.", anew=first)
    assert facts(memory) == ["my name is Jon."]


def test_a_correction_without_a_wish_locks_the_memory_first_as_well(memory: Memory, talk: Seat) -> None:
    first = say(talk, "Remember that my name is Jon.")
    with CaptureQueriesContext(connection) as queries:
        say(talk, "My name is John.", anew=first)
    locks = [query["sql"] for query in queries if " FOR " in query["sql"]]
    assert "memory_memory" in locks[0]
    assert "FOR NO KEY UPDATE" in locks[0]
    assert facts(memory) == []


@pytest.mark.django_db(transaction=True)
def test_a_wish_and_a_deletion_of_its_conversation_do_not_wait_for_each_other(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    seat, holds = Seat(memory.user, None, conversation.pk), threading.Event()

    def delete() -> None:
        holds.wait(5)
        try:
            with transaction.atomic():
                locked_as_a_whole(memory.user, conversation.pk).delete()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        deletion = pool.submit(delete)
        with transaction.atomic():
            wishes.make_way(seat, WISH)
            locked = locked_for(memory.user, conversation.pk)
            assert locked is not None
            holds.set()
            # Long enough for the other one to have taken what it can.
            time.sleep(0.3)
            assert wishes.heed_wish(QuestionFactory(conversation=locked, content=WISH), FACT) is not None
        deletion.result(10)
    assert memory.knowledge.get().text == "my dog is called Rex."
    assert not Conversation.objects.exists()
