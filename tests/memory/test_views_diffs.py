"""Two texts beside each other, word by word."""

from __future__ import annotations

import time

import pytest

from memory.templatetags.dashboard import diff
from memory.views.diffs import Part, word_diff


def read(before: str, after: str) -> str:
    """Return a diff as text: -went- +came+ stayed."""
    marks = {"out": "-", "in": "+", "same": ""}
    return "".join(f"{marks[part.kind]}{part.text}{marks[part.kind]}" for part in word_diff(before, after))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", ""),
        ("Likes tea.", "Likes tea.", "Likes tea."),
        ("", "Likes tea.", "+Likes tea.+"),
        ("Likes tea.", "", "-Likes tea.-"),
        ("Likes tea.", "Likes green tea.", "Likes +green +tea."),
        ("Likes tea.", "Likes coffee.", "Likes -tea.-+coffee.+"),
        ("Lives in Rome now.", "Lives in Oslo now.", "Lives in -Rome -+Oslo +now."),
        ("a b c d", "b c x", "-a -b c -d-+x+"),
        ("a  b", "a b", "a b"),
        ("我住在北京", "我住在上海", "我住在-北京-+上海+"),
        ("one two", "one two three", "one two +three+"),
    ],
)
def test_words_that_went_and_came_are_told_apart(before: str, after: str, expected: str) -> None:
    assert read(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after"), [("a b c", "c b a"), ("x " * 300, "y " * 300), ("", "p q"), ("s t", "s t u")]
)
def test_both_texts_can_be_read_out_of_the_diff(before: str, after: str) -> None:
    parts = word_diff(before, after)
    for kind, text in (("in", before), ("out", after)):
        left = "".join(part.text for part in parts if part.kind != kind)
        assert "".join(left.split()) == "".join(text.split())


def test_long_texts_are_compared_in_bounded_time() -> None:
    """The worst for the comparison: short words that repeat."""
    before, after = "a b " * 30_000, "b a c " * 20_000
    start = time.perf_counter()
    parts = word_diff(f"Begin {before}end", f"Begin {after}end")
    assert time.perf_counter() - start < 1
    assert [part.kind for part in parts] == ["same", "out", "in", "same"]


def test_what_changed_is_told_to_those_who_hear_it_and_is_never_markup() -> None:
    html = diff([Part("same", "Likes "), Part("out", "<b>tea</b> "), Part("in", "coffee "), Part("same", "now.")])
    marked = "<{0}>" + hidden("[{1}: ") + "{2}" + hidden("]") + "</{0}>"
    went, came = marked.format("del", "removed", "&lt;b&gt;tea&lt;/b&gt;"), marked.format("ins", "added", "coffee")
    assert html == f'<span class="diff">Likes {went} {came} now.</span>'


def hidden(text: str) -> str:
    return f'<span class="visually-hidden">{text}</span>'
