import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from chat.branches import WINDOW, Window, read_tree, window
from chat.enums import Status
from tests.chat.factories import AnswerFactory, QuestionFactory

PATH = list(range(1, 2 * WINDOW + 1))


@pytest.mark.django_db
def test_attempts_that_another_took_the_place_of_are_no_versions() -> None:
    question = QuestionFactory()
    empty = AnswerFactory(parent=question, status=Status.FAILED, content="")
    assert read_tree(question.conversation_id).versions(empty.pk).ids == (empty.pk,)
    half = AnswerFactory(parent=question, status=Status.INTERRUPTED, content="Half")
    assert read_tree(question.conversation_id).versions(half.pk).ids == (half.pk,)
    whole = AnswerFactory(parent=question, content="Half and half.", continues=half)
    other = AnswerFactory(parent=question)
    assert read_tree(question.conversation_id).versions(other.pk).ids == (whole.pk, other.pk)


@pytest.mark.django_db
def test_a_tree_is_read_in_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    answer = AnswerFactory()
    AnswerFactory(parent=QuestionFactory(conversation=answer.conversation))
    QuestionFactory()
    with django_assert_num_queries(1):
        assert len(read_tree(answer.conversation_id).path(answer.conversation.head_id)) == 4


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({}, Window(PATH[WINDOW:], WINDOW + 1, None)),
        ({"before": WINDOW + 1}, Window(PATH[:WINDOW], None, WINDOW + 1)),
        ({"before": 5}, Window([1, 2, 3, 4], None, 5)),
        ({"before": 1}, Window([], None, 1)),
        ({"before": 9999}, Window(PATH[WINDOW:], WINDOW + 1, None)),
        ({"at": 50}, Window(PATH[19:79], 20, 80)),
        ({"at": 2 * WINDOW}, Window(PATH[WINDOW:], WINDOW + 1, None)),
        ({"at": 9999}, Window(PATH[WINDOW:], WINDOW + 1, None)),
    ],
)
def test_window_is_a_stretch_of_the_branch(wish: dict[str, int], expected: Window) -> None:
    assert window(PATH, **wish) == expected
    assert window([]) == Window([], None, None)
