import math

import pytest

from memory.evaluation.scoring import answer_bleu1, answer_f1, bleu1, f1, list_f1, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat, and a DOG!", ["cat", "dog"]),
        ("1,000 steps", ["1000", "steps"]),
        ("Ines's well-known band", ["iness", "wellknown", "band"]),
        ("an", []),
        ("", []),
    ],
)
def test_words_are_lower_case_without_punctuation_and_articles(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("prediction", "gold", "value"),
    [
        ("adopted agencies", "adoption agency", 1.0),  # adopt agenc
        ("He ran quickly", "running quickly", 0.4),  # 1 of 3 said, 1 of 2 wanted
        ("blue blue", "blue", 2 / 3),  # the second "blue" has no partner
        ("7 May 2023", "8 May 2023", 2 / 3),
        ("cat", "dog", 0.0),
        ("", "dog", 0.0),
        ("the", "a", 0.0),
    ],
)
def test_f1_compares_stems(prediction: str, gold: str, value: float) -> None:
    assert f1(prediction, gold) == pytest.approx(value)


def test_a_list_is_scored_part_by_part_in_any_order() -> None:
    assert list_f1("pottery, camping", "camping, pottery, painting") == pytest.approx(2 / 3)
    # Each wanted part takes the best one said: "blue bowl" against "blue vase" has 1 of 2 and 1 of 2.
    assert list_f1("a blue bowl, tea", "blue vase, tea") == pytest.approx((0.5 + 1) / 2)


def test_the_category_decides_how_f1_counts() -> None:
    said, gold = "pottery, camping", "camping, pottery"
    assert answer_f1(said, gold, 1) == 1.0
    assert answer_f1("camping", gold, 1) == 0.5
    assert answer_f1("camping", gold, 4) == pytest.approx(2 / 3)
    assert answer_f1("Likely no", "Likely no; she is afraid of heights", 3) == 1.0
    assert answer_f1("Likely no", "Likely no; she fears", 4) == pytest.approx(2 * 1 * 0.5 / 1.5)


@pytest.mark.parametrize(
    ("prediction", "gold", "value"),
    [
        ("a big blue bowl", "big blue bowl", 1.0),
        ("blue bowl", "a big blue bowl", math.exp(1 - 3 / 2)),  # too short
        ("blue blue", "blue", 0.5),  # clipped
        ("bowls", "bowl", 0.0),  # not stemmed
        ("", "bowl", 0.0),
    ],
)
def test_bleu1_is_clipped_and_punishes_brevity(prediction: str, gold: str, value: float) -> None:
    assert bleu1(prediction, gold) == pytest.approx(value)


def test_bleu1_leaves_out_the_reason_of_an_open_domain_answer() -> None:
    assert answer_bleu1("Likely no", "Likely no; she fears", 3) == 1.0
    assert answer_bleu1("Likely no", "Likely no; she fears", 4) == pytest.approx(math.exp(1 - 4 / 2))
