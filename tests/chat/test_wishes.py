"""Typing "remember that ..." goes through the same door as the button."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import wishes
from chat.access import Seat
from chat.conversations import locked_as_a_whole, locked_for
from chat.enums import Mode
from chat.learning import updates_of
from chat.models import Conversation
from memory.models import Memory
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory
from tests.memory.factories import MemoryFactory, PageFactory

pytestmark = pytest.mark.django_db

WISH = "Remember that my dog is called Rex. How old is he?"


def in_mode(memory: Memory, mode: Mode) -> Conversation:
    closes_at = timezone.now() if mode == Mode.TEMPORARY else None
    return ConversationFactory(memory=memory, mode=mode, closes_at=closes_at)


@pytest.mark.parametrize("mode", [Mode.NORMAL, Mode.READ_ONLY])
def test_a_typed_wish_is_remembered_and_noted(memory: Memory, mode: Mode) -> None:
    question = QuestionFactory(conversation=in_mode(memory, mode), content=WISH)
    done = wishes.heed_wish(question)
    assert done is not None
    assert (done.fact.text, done.fact.locked, done.is_new) == ("my dog is called Rex.", True, True)
    [note] = updates_of(question.conversation)
    assert (note.amounts, note.at) == ("1 fact", question.created_at)


def test_a_temporary_conversation_leaves_nothing(memory: Memory) -> None:
    question = QuestionFactory(conversation=in_mode(memory, Mode.TEMPORARY), content=WISH)
    assert wishes.heed_wish(question) is None
    assert not memory.knowledge.exists()


def test_a_message_without_a_wish_costs_nothing(memory: Memory) -> None:
    question = QuestionFactory(conversation__memory=memory, content="Do you remember that I have a dog?")
    with CaptureQueriesContext(connection) as queries:
        assert wishes.heed_wish(question) is None
        wishes.make_way(Seat(memory.user, None, question.conversation_id), question.content)
        wishes.trace(question, PageFactory(memory=memory))
    assert [query["sql"] for query in queries if "SELECT" in query["sql"] and "knowledge" in query["sql"]] == []
    assert not memory.knowledge.exists()


def test_a_wish_longer_than_a_fact_stops_no_message(memory: Memory) -> None:
    question = QuestionFactory(conversation__memory=memory, content="Remember that " + "very " * 300)
    assert wishes.heed_wish(question) is None
    assert not memory.knowledge.exists()
    assert updates_of(question.conversation) == []


def test_the_page_of_the_turn_becomes_the_source(memory: Memory) -> None:
    question = QuestionFactory(conversation__memory=memory, content=WISH)
    wishes.heed_wish(question)
    page = PageFactory(memory=memory)
    wishes.trace(question, page)
    wishes.trace(question, page)
    assert list(memory.knowledge.get().sources.all()) == [page]


def test_a_fact_deleted_before_the_answer_ended_does_not_come_back(memory: Memory) -> None:
    question = QuestionFactory(conversation__memory=memory, content=WISH)
    wishes.heed_wish(question)
    memory.knowledge.all().delete()
    wishes.trace(question, PageFactory(memory=memory))
    assert not memory.knowledge.exists()


def test_a_wish_locks_the_persons_memory_before_anything_else(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        wishes.make_way(Seat(memory.user, None, conversation.pk), WISH)
        wishes.make_way(Seat(memory.user, None, conversation.pk, new_in=memory.pk), WISH)
    assert all("FOR NO KEY UPDATE" in query["sql"] for query in queries)
    assert len(queries) == 4


def test_nobody_elses_memory_waits_for_a_wish(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    stranger = MemoryFactory().user
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        wishes.make_way(Seat(stranger, None, conversation.pk, new_in=memory.pk), WISH)
    assert all(f'"user_id" = {stranger.pk}' in query["sql"] for query in queries)


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
            assert wishes.heed_wish(QuestionFactory(conversation=locked, content=WISH)) is not None
        deletion.result(10)
    assert memory.knowledge.get().text == "my dog is called Rex."
    assert not Conversation.objects.exists()
