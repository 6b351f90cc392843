import numpy as np
import pytest

from memory.domain.similarity import cosine, f_score, folded, jaccard

X, Y = np.array([1, 0], dtype=np.float32), np.array([0, 1], dtype=np.float32)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([], [], 0.0),
        (["a"], [], 0.0),
        (["a"], ["a"], 1.0),
        (["A", "b"], ["a", "c"], 1 / 3),
        (["a", "a"], ["a"], 1.0),
        (["Straße"], ["STRASSE"], 1.0),
    ],
)
def test_jaccard_ignores_case_and_repeats(left: list[str], right: list[str], expected: float) -> None:
    assert jaccard(folded(left), folded(right)) == expected


def test_cosine_of_what_cannot_be_compared_is_zero() -> None:
    assert cosine(X, np.zeros(2, dtype=np.float32)) == 0.0
    assert cosine(X, None) == cosine(None, X) == 0.0
    assert cosine(X, np.ones(3, dtype=np.float32)) == 0.0


def test_cosine_ignores_length() -> None:
    assert cosine(3 * X, X + Y) == pytest.approx(2**-0.5)


def test_f_score_adds_both_halves() -> None:
    assert f_score(cosine(X, X), folded(["a"]), folded(["A"])) == pytest.approx(2.0)
    assert f_score(cosine(X, Y), folded(["a"]), folded(["a"])) == pytest.approx(1.0)
    assert f_score(cosine(X, X), folded(["a"]), folded(["b"])) == pytest.approx(1.0)
    assert f_score(cosine(X, -X), folded([]), folded([])) == pytest.approx(-1.0)
