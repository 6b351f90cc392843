import pytest

from memory.llm.base import ProfileFinding
from memory.llm.builtin.profile import attributes, find_profile
from tests.memory.llm.requests import pages


@pytest.mark.parametrize(
    ("said", "stated"),
    [
        ("Hi! I'm Tom, I work as a data scientist in San Francisco.",
         [("name", "Tom"), ("occupation", "data scientist"), ("location", "San Francisco")]),
        ("my name is tom", [("name", "Tom")]),
        ("You can call me Al.", [("name", "Al")]),
        ("I'm a nurse at St. Mary's Hospital and live in Leeds.",
         [("occupation", "nurse"), ("employer", "St. Mary's Hospital"), ("location", "Leeds")]),
        ("I am a software engineer.", [("occupation", "software engineer")]),
        ("My job is a teacher", [("occupation", "teacher")]),
        ("I'm a carpenter by trade.", [("occupation", "carpenter")]),
        ("I work at Google.", [("employer", "Google")]),
        ("I've been working as a teacher for 5 years.", [("occupation", "teacher")]),
        ("I live in New York City.", [("location", "New York City")]),
        ("I moved from Boston to Austin last week", [("location", "Austin"), ("origin", "Boston")]),
        ("I'm 34 years old and I'm from Lyon.", [("origin", "Lyon"), ("age", "34")]),
        ("My birthday is 3 May 1990.", [("birthday", "3 May 1990")]),
        ("I'm a trans woman.", [("gender", "trans woman")]),
        ("My pronouns are they/them", [("pronouns", "they/them")]),
        ("I speak English, French and some German.", [("languages", "English, French and some German")]),
        ("I'm divorced.", [("relationship status", "divorced")]),
        ("My wife Anna is a teacher.", [("wife", "Anna")]),
        ("I told my mum Jane.", [("mother", "Jane")]),
        ("My kids Tom and Lisa are here", [("children", "Tom and Lisa")]),
        ("My dog Rex is sick. I have a cat named Luna.", [("pets", "Rex (dog)"), ("pets", "Luna (cat)")]),
        ("I'm allergic to peanuts and shellfish.", [("allergies", "peanuts and shellfish")]),
        ("I have a severe nut allergy", [("allergies", "nut")]),
        ("I'm vegetarian. I don't eat fish.", [("diet", "vegetarian"), ("diet", "no fish")]),
        ("Nama saya Budi. Saya bekerja sebagai guru di Bandung. Saya tinggal di Jakarta.",
         [("name", "Budi"), ("occupation", "guru"), ("location", "Jakarta")]),
    ],
)  # fmt: skip
def test_stated_attributes(said: str, stated: list[tuple[str, str]]) -> None:
    assert list(attributes(said)) == stated


@pytest.mark.parametrize(
    "said",
    [
        "I'm happy.",
        "I'm French.",
        "I'm 10 minutes late.",
        "I'm a huge fan of nurses.",
        "If I lived in Paris I'd be happy.",
        "Imagine I'm a pilot.",
        "Am I a nurse?",
        "Do you think I live in Rome?",
        'He said "I\'m Bob".',
        "My wife is German.",
        "I work from home.",
        "I work at night.",
        "I'm single-handed today, Mel!",
        "```\nmy name is root\n```",
        "> I live in Oslo",
        "She is a doctor and lives in Rome.",
        "我叫小明，住在北京。",
        "",
    ],
)
def test_nothing_stated(said: str) -> None:
    assert list(attributes(said)) == []


def test_later_statement_stands_with_its_pages() -> None:
    found = find_profile(pages("I live in Rome.", "I like tea.", "I live in Oslo.", "I live in Oslo!"), {}, frozenset())

    assert found == (ProfileFinding("location", "Oslo", (2, 3)),)


def test_gathering_attributes_keep_what_is_known() -> None:
    found = find_profile(pages("My cat Luna sleeps.", "My dog Rex barks."), {"pets": "Rex (dog)"}, frozenset())

    assert found == (ProfileFinding("pets", "Rex (dog), Luna (cat)", (0, 1)),)


def test_locked_attributes_are_left_alone() -> None:
    assert find_profile(pages("I'm Tom."), {"name": "Thomas"}, frozenset({"name"})) == ()


def test_only_the_user_side_counts() -> None:
    assert find_profile(pages(("Hi", "I'm Sara and I live in Rome.")), {}, frozenset()) == ()
