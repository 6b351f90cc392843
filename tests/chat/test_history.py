import pytest

from chat.enums import Status
from chat.history import HISTORY_MESSAGES, UNANSWERED, history_of
from memory.domain.context import HistoryTurn
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory
from tests.memory.factories import PageFactory

pytestmark = pytest.mark.django_db


def test_history_is_the_path_to_the_question_without_other_attempts() -> None:
    conversation = ConversationFactory()
    first = QuestionFactory(conversation=conversation, content="One?")
    AnswerFactory(parent=first, status=Status.INTERRUPTED, content="Half")
    page = PageFactory(memory=conversation.memory)
    AnswerFactory(parent=first, content="Whole.", page=page)
    second = QuestionFactory(conversation=conversation, content="Two?")
    AnswerFactory(parent=second, status=Status.FAILED, content="")
    third = QuestionFactory(conversation=conversation, content="Three?")
    assert history_of(third).turns == [
        HistoryTurn("user", "One?"),
        HistoryTurn("assistant", "Whole.", page.pk),
        HistoryTurn("user", "Two?"),
        HistoryTurn("assistant", UNANSWERED),
    ]
    assert history_of(first).turns == []


def test_history_reads_no_more_than_a_prompt_can_hold() -> None:
    conversation = ConversationFactory()
    for _ in range(HISTORY_MESSAGES // 2 + 3):
        AnswerFactory(parent=QuestionFactory(conversation=conversation))
    assert len(history_of(QuestionFactory(conversation=conversation)).turns) == HISTORY_MESSAGES


def test_history_names_the_pages_of_other_branches() -> None:
    answer = AnswerFactory(page=PageFactory())
    other = AnswerFactory(parent=QuestionFactory(conversation=answer.conversation, parent=None), page=PageFactory())
    question = QuestionFactory(conversation=answer.conversation)
    history = history_of(question)
    assert [turn.page_id for turn in history.turns] == [None, other.page_id]
    assert history.elsewhere == {answer.page_id}
