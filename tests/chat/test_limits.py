import pytest
from pytest_django.fixtures import Settings

from chat.exceptions import TooManyFrames, TooManySockets
from chat.limits import Crowd, FrameBudget


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


def test_nothing_is_kept_of_people_who_have_left(settings: Settings) -> None:
    settings.CHAT_SOCKETS_PER_PERSON = 1
    crowd = Crowd()
    for _ in range(3):
        crowd.enter(7, 0.0)
        crowd.leave(7)
    assert crowd._present == {}
