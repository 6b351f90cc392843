import pytest

from memory.domain.tokens import count_tokens


@pytest.mark.parametrize(
    ("text", "expected"), [("", 0), ("abcd", 1), ("abcde", 2), ("犬が好き", 4), ("a" * 8 + "犬", 3)]
)
def test_count_tokens(text: str, expected: int) -> None:
    assert count_tokens(text) == expected
