import numpy as np
import pytest

from memory.domain.similarity import cosine, f_score, jaccard

X, Y = np.array([1, 0], dtype=np.float32), np.array([0, 1], dtype=np.float32)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([], [], 0.0),
        (["a"], [], 0.0),
        (["a"], ["a"], 1.0),
        (["A", "b"], ["a", "c"], 1 / 3),
        (["a", "a"], ["a"], 1.0),
    ],
)
def test_jaccard(left: list[str], right: list[str], expected: float) -> None:
    assert jaccard(left, right) == expected


def test_cosine_of_zeros_is_zero() -> None:
    assert cosine(X, np.zeros(2, dtype=np.float32)) == 0.0


def test_f_score_adds_both_halves() -> None:
    assert f_score(X, ["a"], X, ["a"]) == pytest.approx(2.0)
    assert f_score(X, ["a"], Y, ["a"]) == pytest.approx(1.0)
    assert f_score(X, ["a"], X, ["b"]) == pytest.approx(1.0)


def test_f_score_without_a_vector_or_with_another_models_vector_uses_the_words() -> None:
    assert f_score(None, ["a"], X, ["a"]) == 1.0
    assert f_score(X, ["a"], np.ones(3, dtype=np.float32), ["a"]) == 1.0
