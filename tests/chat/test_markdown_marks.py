import time

import pytest

from chat.markdown_marks import without_marks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Kyoto** is _old_ and ~~new~~.", "Kyoto is old and new."),
        ("***Both***, __bold__", "Both, bold"),
        ("## A heading\n\nText", "A heading\n\nText"),
        ("> - a point\n* another\n1. first", "a point\nanother\n1. first"),
        ("| Day | Place |\n|:---|---:|\n| 1 | Kyoto |", "Day · Place\n1 · Kyoto"),
        ("See [the map](https://example.org/a_b) and ![a view](x.png)", "See the map and a view"),
        ("Call `a_b(*c)` now", "Call a_b(*c) now"),
        ("```python\nx = *a  # **b**\n```\n*c*", "x = *a  # **b**\nc"),
        ("2 * 3 * 4, 2*3, snake_case, C#, a | b", "2 * 3 * 4, 2*3, snake_case, C#, a | b"),
        (r"\*not bold\*", "*not bold*"),
        ("a\n\n---\n\nb", "a\n\n\nb"),
        ("", ""),
    ],
)
def test_marks_go_and_words_stay(text: str, expected: str) -> None:
    assert without_marks(text) == expected


@pytest.mark.parametrize("piece", ["*", "_", "`", "[", "[a](", "|", "> ", "\\", "-", "a*", "~~~\n"])
def test_a_long_row_of_marks_takes_no_time(piece: str) -> None:
    begun = time.perf_counter()
    without_marks(piece * 30_000 + "x")
    assert time.perf_counter() - begun < 0.5
