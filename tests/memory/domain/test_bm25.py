"""The arithmetic of BM25; what it finds in a memory is tested with recall."""

import numpy as np
import pytest

from memory.domain.bm25 import Scores, idf, length_norm, saturated, standardised


def test_idf_is_never_negative_and_falls_with_the_number_of_holders() -> None:
    rare, common, everywhere = idf(10, np.array([1, 9, 10]))
    assert rare > common > everywhere > 0


def test_frequency_is_rewarded_less_and_less() -> None:
    once, twice, thrice = saturated(np.array([1.0, 2.0, 3.0]), length_norm(np.array([10.0, 10.0, 10.0]), 10.0))
    assert twice - once > thrice - twice > 0


def test_length_is_punished() -> None:
    short, long = saturated(np.array([1.0, 1.0]), length_norm(np.array([5.0, 50.0]), 10.0))
    assert short > long


def test_one_hit_in_an_average_document_counts_once() -> None:
    assert saturated(np.array([1.0]), length_norm(np.array([10.0]), 10.0))[0] == pytest.approx(1.0)


def test_scores_are_standardised_over_all_that_scored_nothing_too() -> None:
    scores = standardised(np.array([3, 7]), np.array([2.0, 4.0]), population=4)
    everyone = scores.of(np.array([1, 3, 5, 7]))
    assert everyone.mean() == pytest.approx(0.0)
    assert everyone.std() == pytest.approx(1.0)
    assert everyone[0] == everyone[2] == scores.rest < everyone[1] < everyone[3]


def test_equal_scores_say_nothing() -> None:
    assert standardised(np.array([1, 2]), np.array([3.0, 3.0]), population=2).of(np.array([1, 2])).tolist() == [
        0.0,
        0.0,
    ]


def test_the_best_are_those_with_the_highest_values() -> None:
    scores = Scores(np.array([1, 2, 3, 4]), np.array([0.5, 3.0, 1.0, 2.0]))
    assert sorted(scores.best(2).tolist()) == [2, 4]
    assert scores.best(9).tolist() == [1, 2, 3, 4]
