import pytest

from chat.exceptions import TooManyFrames
from chat.limits import FrameBudget


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
