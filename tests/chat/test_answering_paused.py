"""The producer while the person has paused learning, recall, or both."""

from uuid import UUID

import pytest

from chat import answering, turns, writing
from chat.access import Seat
from chat.database import in_database
from chat.enums import Mode, Status
from chat.models import Message, RecalledItem
from memory.domain.pausing import pause_learning, pause_recall, resume_learning, resume_recall
from memory.enums import Outcome
from memory.models import Memory, Page, SegmentVisit
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory, running_answer
from tests.chat.test_answering import TEXT, ask, ended, has_text
from tests.memory.factories import MemoryFactory, PageFactory
from tests.openai_server import Behaviour, OpenAIServer

pytestmark = pytest.mark.usefixtures("live")


async def turn_off(memory: Memory, *, learning: bool = False, recall: bool = False) -> None:
    for wanted, door in ((learning, pause_learning), (recall, pause_recall)):
        if wanted:
            await in_database(door, memory, by=memory.user)


async def said_again(memory: Memory, turn: turns.Turn) -> Message:
    """Have the question of a turn answered once more."""
    seat = Seat(memory.user, None, turn.conversation_id)
    anew = await in_database(turns.begin_regenerate, seat, turn.answer_id)
    answering.start(anew)
    return await ended(anew)


async def test_nothing_said_in_a_pause_is_recorded_and_what_is_remembered_is_used(
    memory: Memory, model: OpenAIServer
) -> None:
    await ended(await ask(memory, "I work as a data scientist."))
    await turn_off(memory, learning=True)
    answer = await ended(await ask(memory, "I have a boat. What is my job?"))
    assert (answer.status, answer.page, answer.off_record) == (Status.COMPLETE, None, True)
    assert await in_database(lambda: [page.query for page in Page.objects.all()]) == ["I work as a data scientist."]
    prompt = model.chats[-1].text
    assert "data scientist" in prompt
    assert "The person has paused learning" in prompt
    assert not await in_database(SegmentVisit.objects.exists)


async def test_what_was_said_in_a_pause_stays_out_after_it(memory: Memory, model: OpenAIServer) -> None:
    await turn_off(memory, learning=True)
    turn = await ask(memory, "I have a secret boat.")
    await ended(turn)
    await in_database(resume_learning, memory, by=memory.user)
    answer = await said_again(memory, turn)
    assert (answer.status, answer.page, answer.off_record) == (Status.COMPLETE, None, True)
    seat = Seat(memory.user, None, turn.conversation_id)
    await in_database(turns.select_version, seat, turn.answer_id)
    assert not await in_database(Page.objects.exists)
    # What is said from now on comes in again.
    onward = await in_database(turns.begin_turn, seat, "I have a bicycle.", "c9")
    answering.start(onward)
    answer = await ended(onward)
    assert answer.page is not None
    assert await in_database(lambda: [page.query for page in Page.objects.all()]) == ["I have a bicycle."]


async def test_an_answer_that_ends_in_a_pause_is_not_recorded_then_nor_later(
    memory: Memory, model: OpenAIServer
) -> None:
    model.queue(Behaviour(text=TEXT, stall_after=4), Behaviour(text="Another one."))
    turn = await ask(memory, "I have a boat.")
    await has_text(turn, "One")
    await turn_off(memory, learning=True)
    answering.stop_here(turn.answer_id)
    answer = await ended(turn)
    assert (answer.status, answer.page, answer.off_record) == (Status.STOPPED, None, True)
    await in_database(resume_learning, memory, by=memory.user)
    # The question was said before the pause: another answer to it is recorded.
    anew = await said_again(memory, turn)
    assert anew.page is not None
    await in_database(turns.select_version, Seat(memory.user, None, turn.conversation_id), turn.answer_id)
    assert await in_database(lambda: [page.response for page in Page.objects.all()]) == ["Another one."]


@pytest.mark.parametrize("mode", [Mode.NORMAL, Mode.READ_ONLY])
async def test_a_typed_wish_is_not_stored_in_a_pause_and_the_model_is_told(
    memory: Memory, model: OpenAIServer, mode: Mode
) -> None:
    await turn_off(memory, learning=True)
    conversation = await in_database(ConversationFactory, memory=memory, mode=mode)
    seat = Seat(memory.user, None, conversation.pk)
    turn = await in_database(turns.begin_turn, seat, "Remember that my boat is red.", "c1")
    answering.start(turn)
    await ended(turn)
    assert not await in_database(memory.knowledge.exists)
    assert "say that learning is paused and that they can resume it" in model.chats[-1].text


async def test_without_a_model_the_answer_says_that_learning_is_paused(memory: Memory) -> None:
    await turn_off(memory, learning=True)
    answer = await ended(await ask(memory, "Remember that my boat is red."))
    assert answer.content == "Learning is paused, so I don't keep this. You can resume it where you see my memory."


async def test_while_recall_is_paused_answers_are_given_nothing(memory: Memory, model: OpenAIServer) -> None:
    await ended(await ask(memory, "I work as a data scientist."))
    await turn_off(memory, recall=True)
    turn = await ask(memory, "What is my job?")
    answer = await ended(turn)
    assert "data scientist" not in model.chats[-1].text
    assert "(memory is not used for this answer)" in model.chats[-1].text
    assert not await in_database(RecalledItem.objects.filter(message=turn.answer_id).exists)
    # It learns all the same.
    assert answer.page is not None
    await in_database(resume_recall, memory, by=memory.user)
    await ended(await ask(memory, "What is my job?"))
    assert "data scientist" in model.chats[-1].text


async def test_with_both_paused_it_is_a_model_without_a_memory(memory: Memory, model: OpenAIServer) -> None:
    await ended(await ask(memory, "I work as a data scientist."))
    await turn_off(memory, learning=True, recall=True)
    answer = await ended(await ask(memory, "What is my job?"))
    assert (answer.status, answer.page, answer.prompt_tokens["memory"]) == (Status.COMPLETE, None, 0)
    assert "data scientist" not in model.chats[-1].text
    assert await in_database(Page.objects.count) == 1


async def test_the_conversation_itself_is_still_read(memory: Memory, model: OpenAIServer) -> None:
    await turn_off(memory, learning=True, recall=True)
    turn = await ask(memory, "My boat is red.")
    await ended(turn)
    onward = await in_database(turns.begin_turn, Seat(memory.user, None, turn.conversation_id), "Which colour?", "c2")
    answering.start(onward)
    await ended(onward)
    assert "My boat is red." in model.chats[-1].text


async def test_somebody_elses_pause_is_theirs_alone(memory: Memory, model: OpenAIServer) -> None:
    other = await in_database(MemoryFactory, assistant=memory.assistant)
    await turn_off(other, learning=True, recall=True)
    assert (await ended(await ask(memory, "I have a boat."))).page is not None


def off_record(conversation_id: UUID) -> list[bool]:
    found = Message.objects.filter(conversation=conversation_id).order_by("pk")
    return list(found.values_list("off_record", flat=True))


def test_messages_of_a_pause_are_marked_for_good(memory: Memory, transactional_db: None) -> None:
    conversation = ConversationFactory(memory=memory)
    seat = Seat(memory.user, None, conversation.pk)
    pause_learning(memory, by=memory.user)
    turn = turns.begin_turn(seat, "Hello?", "c1")
    resume_learning(memory, by=memory.user)
    assert writing.end_answer(writing.Written(turn.answer_id, "Hi."), Status.COMPLETE, Outcome.OK)
    assert off_record(conversation.pk) == [True, True]
    assert not Page.objects.exists()


def test_another_version_chosen_in_a_pause_records_nothing(memory: Memory, transactional_db: None) -> None:
    question = QuestionFactory(conversation__memory=memory)
    first = AnswerFactory(parent=question, content="One.")
    page = PageFactory(memory=memory, query=question.content, response="Two.")
    AnswerFactory(parent=question, content="Two.", page=page)
    pause_learning(memory, by=memory.user)
    turns.select_version(Seat(memory.user, None, question.conversation_id), first.pk)
    assert list(Page.objects.values_list("response", flat=True)) == ["Two."]


def test_an_answer_begun_before_the_pause_is_marked_when_it_ends(memory: Memory, transactional_db: None) -> None:
    answer = running_answer(parent=QuestionFactory(conversation__memory=memory))
    pause_learning(memory, by=memory.user)
    assert writing.end_answer(writing.Written(answer.pk, "Hi."), Status.COMPLETE, Outcome.OK)
    assert off_record(answer.conversation_id) == [False, True]
