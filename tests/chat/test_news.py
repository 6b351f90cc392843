import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from chat.access import Seat
from chat.branches import WINDOW
from chat.enums import Mode
from chat.exceptions import SignedOut
from chat.models import Conversation
from chat.news import News, news_for
from tests.chat.factories import AnswerFactory, QuestionFactory, running_answer, temporary_conversation
from tests.memory.factories import MemoryFactory

pytestmark = pytest.mark.django_db


def seat_of(conversation: Conversation, user: User | None = None) -> Seat:
    """Return the seat of somebody who is signed in."""
    client = Client()
    client.force_login(user or conversation.memory.user)
    return Seat(user or conversation.memory.user, client.session.session_key, conversation.pk)


def way(news: News | None) -> tuple[int | None, list[int]]:
    assert news is not None
    return news.rewind_to, [message.message_id for message in news.added]


def test_a_page_that_has_everything_gets_nothing_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    answer = AnswerFactory()
    seat = seat_of(answer.conversation)
    with django_assert_num_queries(1):
        assert way(news_for(seat, answer.pk, ())) == (None, [])


def test_a_branch_that_grew_is_continued() -> None:
    first = AnswerFactory()
    running = running_answer(parent=QuestionFactory(conversation=first.conversation), content="So")
    news = news_for(seat_of(first.conversation), first.pk, ())
    assert news is not None
    assert way(news) == (None, [running.parent_id, running.pk])
    question, answer = news.added
    assert (question.running_text, answer.running_text, answer.done) == (None, "So", None)
    assert "<article" in (question.created.html or "")


def test_another_branch_begins_where_the_two_part() -> None:
    first = AnswerFactory()
    conversation = first.conversation
    second = AnswerFactory(parent=QuestionFactory(conversation=conversation))
    anew = AnswerFactory(parent=QuestionFactory(conversation=conversation, parent=first))
    assert way(news_for(seat_of(conversation), second.pk, ())) == (first.pk, [anew.parent_id, anew.pk])
    other_root = QuestionFactory(conversation=conversation, parent=None)
    assert way(news_for(seat_of(conversation), second.pk, ())) == (0, [other_root.pk])
    assert way(news_for(seat_of(conversation), 0, ())) == (None, [other_root.pk])


def test_a_page_further_on_than_the_branch_goes_back() -> None:
    first = AnswerFactory()
    second = AnswerFactory(parent=QuestionFactory(conversation=first.conversation))
    Conversation.objects.update(head=first)
    assert way(news_for(seat_of(first.conversation), second.pk, ())) == (first.pk, [])


def test_a_page_at_a_message_that_is_not_there_begins_anew() -> None:
    answer = AnswerFactory()
    assert way(news_for(seat_of(answer.conversation), answer.pk + 500, ())) == (0, [answer.parent_id, answer.pk])


def test_more_than_a_page_holds_is_sent_from_a_message_that_the_page_has_not() -> None:
    first = AnswerFactory()
    for _ in range(WINDOW // 2 + 1):
        AnswerFactory(parent=QuestionFactory(conversation=first.conversation))
    rewind_to, added = way(news_for(seat_of(first.conversation), first.pk, ()))
    assert (len(added), rewind_to) == (WINDOW, added[0] - 1)


def test_an_answer_that_ended_meanwhile_is_told_with_its_versions() -> None:
    first = AnswerFactory(content="One way.")
    answer = AnswerFactory(parent=first.question, content="**Other** way.")
    news = news_for(seat_of(answer.conversation), answer.pk, (answer.pk,))
    assert news is not None
    (ended,) = news.running
    assert ended.done is not None
    assert "<strong>Other</strong> way." in ended.done.html
    assert "2/2" in ended.done.html


def test_there_is_no_news_for_strangers_and_none_for_the_signed_out() -> None:
    answer = AnswerFactory()
    other = MemoryFactory(assistant=answer.conversation.memory.assistant).user
    assert news_for(seat_of(answer.conversation, other), 0, ()) is None
    with pytest.raises(SignedOut):
        news_for(Seat(answer.conversation.memory.user, "gone", answer.conversation_id), 0, ())


def test_to_look_is_to_keep_a_temporary_conversation_open() -> None:
    conversation = temporary_conversation()
    conversation.refresh_from_db()
    before = conversation.closes_at
    news = news_for(seat_of(conversation), 0, ())
    conversation.refresh_from_db()
    assert news is not None
    assert before is not None
    assert conversation.closes_at is not None
    assert (news.mode, conversation.closes_at > before) == (Mode.TEMPORARY, True)
