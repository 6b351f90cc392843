import pytest

from memory.llm.base import TraitFinding
from memory.llm.builtin.interests import WORDS_OF_INTEREST, find_interests
from tests.memory.llm.requests import pages

DIMENSIONS = ("outdoors", "music", "pets")


@pytest.mark.parametrize(("times", "level"), [(1, "low"), (2, "medium"), (3, "medium"), (4, "high")])
def test_level_grows_with_the_pages(times: int, level: str) -> None:
    (found,) = find_interests(pages(*["I went hiking."] * times), DIMENSIONS, {}, frozenset())

    assert (found.dimension, found.level, found.page_indexes) == ("outdoors", level, tuple(range(times)))


@pytest.mark.parametrize(
    ("known", "times", "level"),
    [("low", 1, "medium"), ("medium", 1, "medium"), ("medium", 2, "high"), ("high", 1, "high")],
)
def test_known_level_is_raised_and_never_lowered(known: str, times: int, level: str) -> None:
    found = find_interests(pages(*["I went hiking."] * times), DIMENSIONS, {"outdoors": known}, frozenset())

    assert [trait.level for trait in found] == [level]


def test_reason_quotes_the_first_evidence() -> None:
    found = find_interests(pages("Hm. I play the guitar.", "My guitar broke."), DIMENSIONS, {}, frozenset())

    assert found == (TraitFinding("music", "medium", "Spoke of it on 2 pages: “I play the guitar.”", (0, 1)),)


@pytest.mark.parametrize(
    "said",
    ["How is your dog?", "I like your guitar", "[Image: a dog on a trail]", "I parented a document", ("Hi", "My dog")],
)
def test_what_others_have_is_no_interest(said: str | tuple[str, str]) -> None:
    assert find_interests(pages(said), DIMENSIONS, {}, frozenset()) == ()


def test_locked_and_unknown_dimensions_are_left_out() -> None:
    page = pages("My dog and I went hiking")

    assert [trait.dimension for trait in find_interests(page, DIMENSIONS, {}, frozenset({"pets"}))] == ["outdoors"]
    assert find_interests(page, (), {}, frozenset()) == ()


def test_dimensions_are_those_of_the_90() -> None:
    from memory.domain.traits import TRAIT_DIMENSIONS

    assert set(WORDS_OF_INTEREST) <= set(TRAIT_DIMENSIONS)
