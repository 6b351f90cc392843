import numpy as np
import pytest

from memory.domain.lexical import bm25_term, idf, term_counts, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Working, worked; works!", ["work", "work", "work"]),
        ("I am not the one", ["one"]),
        ("don’t do it", []),
        ("San Francisco's fog", ["san", "francisco", "fog"]),
        ("ＦＵＬＬ width", ["full", "width"]),
        ("Я работаю", ["я", "работа"]),
        ("我喜欢狗", ["我喜", "喜欢", "欢狗"]),
        ("犬", ["犬"]),
        ("हिन्दी भाषा", ["हिन्द", "भाष"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("cafe\u0301", ["café"]),
        ("iPhone15で撮影", ["iphone15", "で撮", "撮影"]),
        ("🙂 ... !!!", []),
        ("", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_a_term_is_never_longer_than_its_column() -> None:
    assert [len(term) for term in terms("x" * 5000)] == [64]


def test_term_counts_keeps_repeats() -> None:
    assert term_counts("dogs and a dog") == {"dog": 2}


def test_idf_is_never_negative_and_falls_with_frequency() -> None:
    assert idf(10, 1) > idf(10, 9) > 0


def test_bm25_rewards_frequency_less_and_less_and_punishes_length() -> None:
    scores = bm25_term(np.array([1.0, 2.0, 3.0]), np.array([10.0, 10.0, 10.0]), 10.0, 1.0)
    assert scores[1] - scores[0] > scores[2] - scores[1] > 0
    short, long = bm25_term(np.array([1.0, 1.0]), np.array([5.0, 50.0]), 10.0, 1.0)
    assert short > long


def test_bm25_of_one_plain_hit_is_its_weight() -> None:
    assert bm25_term(np.array([1.0]), np.array([10.0]), 10.0, 1.5)[0] == pytest.approx(1.5)
