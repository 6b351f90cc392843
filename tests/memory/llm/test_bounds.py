import pytest

from memory.llm.bounds import cut, storable


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("short", 10, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("cut at a word, always", 16, "cut at a word…"),
        ("onewordthatistoolong", 10, "onewordth…"),
        ("a  b\n c", 10, "a b c"),
        ("数据科学家在旧金山工作", 6, "数据科学家…"),
        ("nul\x00 and \ud800 surrogate", 40, "nul and surrogate"),
    ],
)
def test_cut_at_a_word_within_the_limit(text: str, limit: int, kept: str) -> None:
    assert cut(text, limit) == kept
    assert len(kept) <= limit


def test_cut_without_ellipsis() -> None:
    assert cut("San Francisco Bay", 14, ellipsis="") == "San Francisco"


def test_storable_keeps_line_feeds_and_tabs() -> None:
    assert storable("a\tb\nc\r\x1b[0m😀") == "a\tb\nc[0m😀"
