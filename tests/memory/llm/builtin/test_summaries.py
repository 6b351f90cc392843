"""Extractive summaries and titles of what grows."""

from collections import Counter

import pytest

from memory.llm.bounds import SUMMARY, TITLE
from memory.llm.builtin.summaries import fitting_title, merged_summary, running_summary
from tests.memory.llm.requests import pages

NONE: Counter[str] = Counter()
NUMBERS = range(14)


def test_short_summaries_are_joined_without_repeats() -> None:
    assert merged_summary("", [], NONE) == ""
    assert merged_summary("", ["Likes tea."], NONE) == "Likes tea."
    assert merged_summary("Likes tea.", ["Likes tea."], NONE) == "Likes tea."
    assert merged_summary("Likes tea. Sails.", ["Bought a boat."], NONE) == "Likes tea. Sails. Bought a boat."


def test_what_is_said_again_at_more_length_replaces_what_was_said_before() -> None:
    merged = merged_summary("They bought a blue boat.", ["They bought a blue boat in Oslo last May."], NONE)
    assert merged == "They bought a blue boat in Oslo last May."


def test_beyond_the_bound_the_central_sentences_stay_in_their_order() -> None:
    boats = [f"The blue boat of captain{n} sails from the old harbour to island{n}." for n in NUMBERS]
    asides = [f"Aunt{n} phoned neighbour{n} about curtain{n}, wallpaper{n} and lamp{n}." for n in NUMBERS]
    merged = merged_summary(" ".join([*asides, *boats]), ["The harbour has a new boat."], Counter({"boat": 9}))
    assert len(merged) <= SUMMARY
    assert merged.endswith("The harbour has a new boat.")
    assert merged.count("boat") > 5
    assert merged.count("curtain") <= 1
    kept = [boat for boat in boats if boat in merged]
    assert merged.index(kept[0]) < merged.index(kept[-1])


def test_a_keyword_of_many_pages_makes_a_sentence_central() -> None:
    said = [f"On day {n} we talked about thing{n}, matter{n}, subject{n} and item{n} for hours." for n in range(20)]
    told = "Afterwards the marathon brought medals, records, water bottles and orange running shoes."
    many = Counter({"marathon": 50, "medals": 40, "shoes": 40})
    assert told not in merged_summary(f"{told} {' '.join(said)}", ["The end came quickly."], NONE)
    assert told in merged_summary(f"{told} {' '.join(said)}", ["The end came quickly."], many)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x" * 5000, "Tea."),
        ("Tea.", "x" * 5000),
        ("我喜欢喝茶。" * 300, "我喜欢北京。"),
        ("😀", "?!"),
        ("word " * 2000, "word " * 2000),
    ],
)
def test_any_text_gives_a_bounded_summary(old: str, new: str) -> None:
    assert 0 < len(merged_summary(old, [new], NONE)) <= SUMMARY


def test_the_newest_sentence_that_says_something_always_stays() -> None:
    full = " ".join(f"The blue boat number {n} sails from the old harbour to the island." for n in range(20))
    assert "A kettle whistles." in merged_summary(full, ["A kettle whistles. Wow!"], Counter({"boat": 20}))


def test_a_title_is_kept_that_fits_the_whole() -> None:
    keywords = Counter({"boat": 9, "harbour": 7, "tea": 1})
    assert fitting_title(["The boats in the harbour", "Tea"], keywords) == "The boats in the harbour"
    assert fitting_title(["Tea", "The boats in the harbour"], keywords) == "The boats in the harbour"
    assert fitting_title(["Boat and harbour", "Harbour and boat"], keywords) == "Boat and harbour"


def test_where_no_title_fits_the_most_frequent_keywords_are_the_title() -> None:
    keywords = Counter({"boat": 9, "harbour": 7, "Oslo": 5, "tea": 1})
    assert fitting_title(["A long story", "And another"], keywords) == "Boat, harbour, Oslo"
    assert len(fitting_title(["?"], Counter({"x" * 60: 3, "y" * 60: 2}))) <= TITLE


@pytest.mark.parametrize("keywords", [NONE, Counter({"boat": 1, "harbour": 1})])
def test_keywords_of_single_pages_do_not_replace_a_title(keywords: Counter[str]) -> None:
    assert fitting_title(["A long story", "Another"], keywords) == "A long story"


def test_a_running_summary_takes_nothing_into_a_new_chain() -> None:
    boat, kettle = pages("The blue boat needs paint before May.", "The kettle in the kitchen broke yesterday.")
    begun = running_summary("", boat)
    assert running_summary(begun, kettle) == f"{boat.query} {kettle.query}"
    assert running_summary("", kettle) == kettle.query
