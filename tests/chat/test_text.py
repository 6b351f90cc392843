import pytest

from chat.exceptions import EmptyMessage, MessageTooLong
from chat.text import Collector, accept_message, clean, title_from


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("nul\0inside", "nul\ufffdinside"),
        ("lone \ud83d half", "lone \ufffd half"),
        ("\ud83d\ude00", "😀"),
        ("日本語 😀", "日本語 😀"),
    ],
)
def test_clean_makes_text_storable(text: str, expected: str) -> None:
    assert clean(text) == expected
    assert clean(text).encode()


def test_collector_joins_a_character_split_between_two_pieces() -> None:
    collector = Collector()
    for piece in ("Hi ", "\ud83d", "\ude00", "!"):
        collector.add(piece)
        collector.text.encode()
    assert collector.close() == "Hi 😀!"


def test_collector_replaces_a_half_character_that_stays_alone() -> None:
    collector = Collector()
    collector.add("Hi \ud83d")
    assert collector.text == "Hi "
    assert collector.close() == "Hi \ufffd"


def test_accept_message_takes_blank_edges_off_and_keeps_the_rest() -> None:
    assert accept_message("  \n a  b\n\nc \n", 100) == "a  b\n\nc"


@pytest.mark.parametrize("text", ["", "  ", "\n\t", "\u200b", "\u2060\ufeff ", "\u202e"])
def test_accept_message_refuses_what_cannot_be_seen(text: str) -> None:
    with pytest.raises(EmptyMessage):
        accept_message(text, 100)


def test_accept_message_counts_code_points() -> None:
    assert accept_message("😀" * 10, 10) == "😀" * 10
    with pytest.raises(MessageTooLong, match="11 characters, and at most 10 can be sent"):
        accept_message("😀" * 11, 10)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("  two\n lines\t here ", "two lines here"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("word " * 20, "word " * 11 + "word…"),
        ("Right\u202eleft \u0007bell", "Rightleft bell"),
        ("家" * 80, "家" * 59 + "…"),
        ("👨\u200d👩 family", "👨\u200d👩 family"),
    ],
)
def test_title_is_one_line_cut_at_a_word(text: str, title: str) -> None:
    assert title_from(text) == title
    assert len(title_from(text)) <= 60
