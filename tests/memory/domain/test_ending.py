"""The end of a memory and of an assistant from the administration."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import DatabaseError, connection, transaction

from chat import turns
from chat.access import Seat
from chat.exceptions import ConversationGone
from chat.models import Conversation, Message
from memory.domain.ending import delete_assistants, delete_memories
from memory.domain.proposing import propose_knowledge
from memory.domain.roles import lock_assistant
from memory.enums import KnowledgeStatus, Role
from memory.models import Assistant, Knowledge, Membership, Memory, MemoryEvent, ModelCall, Page
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory
from tests.memory.domain.test_at_once import until_waiting
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
)
from tests.memory.fakes import WordEmbedder

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory() -> Memory:
    """A memory of a plain member; the assistant has an owner besides."""
    owner = MemoryFactory()
    return MemoryFactory(assistant=owner.assistant, role=Role.MEMBER)


def together(*deeds: Callable[[], object]) -> list[Exception]:
    """Do things at once, the next one when all before it wait for what this transaction holds; return what failed."""
    raised: list[Exception] = []

    def run(deed: Callable[[], object]) -> None:
        try:
            deed()
        except (DatabaseError, ConversationGone) as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[deed]) for deed in deeds]
    with transaction.atomic():
        Conversation.objects.select_for_update().get()
        for number, thread in enumerate(threads, 1):
            thread.start()
            until_waiting(number)
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    return raised


def test_a_memory_goes_with_what_was_proposed_and_the_details_of_calls(memory: Memory) -> None:
    person, assistant = memory.user, memory.assistant
    other = assistant.memories.exclude(pk=memory.pk).get()
    theirs = PageFactory(memory=other)
    AnswerFactory(parent=QuestionFactory(conversation=ConversationFactory(memory=memory)))
    ModelCallFactory(memory=memory, detail="It said SECRET.")
    fact = KnowledgeFactory(memory=memory)
    propose_knowledge(fact, "Waits SECRET.", WordEmbedder(), by=person)
    approved = AssistantKnowledgeFactory(assistant=assistant, proposed_by=person)
    approved.sources.add(PageFactory(memory=memory))
    delete_memories([memory])
    delete_memories([memory])
    assert (list(Memory.objects.all()), list(Page.objects.all())) == ([other], [theirs])
    assert not Conversation.objects.exists()
    assert list(Knowledge.objects.all()) == [approved]
    assert (approved.sources.count(), approved.status) == (0, KnowledgeStatus.ACTIVE)
    assert ModelCall.objects.get().detail == ""
    assert Membership.objects.filter(user=person).exists()
    assert "SECRET" not in json.dumps(list(MemoryEvent.objects.values_list("before", "after")))


def test_an_assistant_goes_with_all_it_remembers(memory: Memory) -> None:
    PageFactory(memory=memory)
    other = MemoryFactory()
    delete_assistants([memory.assistant])
    delete_assistants([memory.assistant])
    assert (list(Assistant.objects.all()), list(Memory.objects.all())) == ([other.assistant], [other])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["memories", "assistants"])
def test_memories_are_locked_before_assistants(memory: Memory, what: str) -> None:
    other = memory.assistant.memories.exclude(pk=memory.pk).get()
    raised: list[Exception] = []
    holds = threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                Memory.objects.locked(max(memory.pk, other.pk))
                holds.set()
                until_waiting(1)
                lock_assistant(memory.assistant)
        except DatabaseError as error:
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert holds.wait(10)
    delete_memories([memory, other]) if what == "memories" else delete_assistants([memory.assistant])
    thread.join(10)
    assert (raised, Memory.objects.count()) == ([], 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["memories", "assistants"])
def test_a_turn_that_is_just_beginning_comes_first(memory: Memory, what: str) -> None:
    answer = AnswerFactory(parent=QuestionFactory(conversation=ConversationFactory(memory=memory)))
    turn = partial(turns.begin_turn, Seat(memory.user, None, answer.conversation_id), "Hello?", "c1")
    end = partial(delete_memories, [memory]) if what == "memories" else partial(delete_assistants, [memory.assistant])
    assert together(turn, end) == []
    assert not Message.objects.exists()
    assert not Memory.objects.filter(pk=memory.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_a_turn_that_comes_second_finds_nothing(memory: Memory) -> None:
    answer = AnswerFactory(parent=QuestionFactory(conversation=ConversationFactory(memory=memory)))
    turn = partial(turns.begin_turn, Seat(memory.user, None, answer.conversation_id), "Hello?", "c1")
    assert [type(error) for error in together(partial(delete_memories, [memory]), turn)] == [ConversationGone]
    assert Membership.objects.filter(user=memory.user).exists()
