from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from chat.exceptions import TooManyAnswers, TooManyFrames, TooManySockets
from chat.limits import Crowd, FrameBudget, take_answer
from chat.models import Allowance
from tests.memory.factories import UserFactory


def test_budget_allows_a_minutes_worth_at_once_and_no_more() -> None:
    budget = FrameBudget(3, now=0.0)
    for _ in range(3):
        budget.spend(0.0)
    with pytest.raises(TooManyFrames):
        budget.spend(0.0)


def test_budget_comes_back_with_time_and_never_beyond_a_minutes_worth() -> None:
    budget = FrameBudget(60, now=0.0)
    for _ in range(60):
        budget.spend(0.0)
    budget.spend(1.0)
    with pytest.raises(TooManyFrames):
        budget.spend(1.5)
    for _ in range(60):
        budget.spend(10_000.0)
    with pytest.raises(TooManyFrames):
        budget.spend(10_000.0)


def test_a_person_has_so_many_sockets_and_one_budget_for_all(settings: Settings) -> None:
    settings.CHAT_SOCKETS_PER_PERSON, settings.CHAT_FRAMES_PER_MINUTE = 2, 3
    crowd = Crowd()
    first, second = crowd.enter(7, 0.0), crowd.enter(7, 0.0)
    with pytest.raises(TooManySockets):
        crowd.enter(7, 0.0)
    crowd.enter(8, 0.0).spend(0.0)
    for budget in (first, second, first):
        budget.spend(0.0)
    with pytest.raises(TooManyFrames):
        second.spend(0.0)
    crowd.leave(7)
    assert crowd.enter(7, 0.0) is first


def test_closing_the_last_socket_gives_no_new_budget(settings: Settings) -> None:
    settings.CHAT_SOCKETS_PER_PERSON, settings.CHAT_FRAMES_PER_MINUTE = 1, 3
    crowd = Crowd()
    budget = crowd.enter(7, 0.0)
    for _ in range(3):
        budget.spend(0.0)
    crowd.leave(7)
    with pytest.raises(TooManyFrames):
        crowd.enter(7, 1.0).spend(1.0)


def test_nothing_is_kept_of_people_who_have_left_once_their_budget_is_back(settings: Settings) -> None:
    settings.CHAT_SOCKETS_PER_PERSON, settings.CHAT_FRAMES_PER_MINUTE = 1, 3
    crowd = Crowd()
    for person in range(1, 4):
        crowd.enter(person, 0.0).spend(0.0)
        crowd.leave(person)
    stays = crowd.enter(4, 1.0)
    assert set(crowd._present) == {1, 2, 3, 4}
    crowd.enter(5, 60.0)
    assert set(crowd._present) == {4, 5}
    crowd.leave(4)
    crowd.enter(6, 60.0)
    assert set(crowd._present) == {5, 6}
    assert crowd.enter(4, 60.0) is not stays


@pytest.mark.django_db
@pytest.mark.parametrize(("since", "more"), [(0, 0), (19, 0), (21, 1), (41, 2), (61, 3), (9999, 3), (-9999, 0)])
def test_answers_come_back_with_time_and_never_beyond_a_minutes_worth(
    settings: Settings, since: int, more: int
) -> None:
    settings.CHAT_ANSWERS_PER_MINUTE = 3
    person = UserFactory()
    assert _taken(person) == 3
    Allowance.objects.update(counted_at=F("counted_at") - timedelta(seconds=since))
    assert _taken(person) == more
    assert _taken(UserFactory()) == 3


@pytest.mark.django_db
def test_the_allowance_follows_its_setting(settings: Settings) -> None:
    settings.CHAT_ANSWERS_PER_MINUTE = 0
    person = UserFactory()
    assert _taken(person) == 0
    settings.CHAT_ANSWERS_PER_MINUTE = 30
    take_answer(person)
    settings.CHAT_ANSWERS_PER_MINUTE = 2
    assert _taken(person) == 2
    settings.CHAT_ANSWERS_PER_MINUTE = 0
    Allowance.objects.update(answers_left=5)
    assert _taken(person) == 0


@pytest.mark.django_db
def test_an_answer_is_taken_in_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    person = UserFactory()
    for _ in range(2):
        with django_assert_num_queries(1):
            take_answer(person)


def _taken(person: User) -> int:
    """Take answers until there is none left; return how many there were."""
    for count in range(10):
        try:
            take_answer(person)
        except TooManyAnswers:
            return count
    return 10
