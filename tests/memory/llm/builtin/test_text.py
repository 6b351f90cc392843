import pytest

from memory.llm.builtin.text import addressees, information, is_content, keywords, phrases, prose, sentences, talkers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hi! I'm Tom. I work.", ["Hi!", "I'm Tom.", "I work."]),
        ("I met Dr. Smith at 3 p.m. today. Nice?", ["I met Dr. Smith at 3 p.m. today.", "Nice?"]),
        ("one\ntwo\n\nthree", ["one", "two", "three"]),
        ("我喜欢茶。你呢？", ["我喜欢茶。", "你呢？"]),
        ("Wait... what?! Yes", ["Wait...", "what?!", "Yes"]),
        ("", []),
    ],
)
def test_sentences(text: str, found: list[str]) -> None:
    assert sentences(text) == found


def test_prose_leaves_out_code_quotes_links_and_captions() -> None:
    text = "See `x` and\n> quoted\nhttps://a.example/b [Image: a cat] ```\ncode\n``` end’s"

    assert prose(text).split() == ["See", "and", "end's"]


def test_prose_is_bounded() -> None:
    assert len(prose("word " * 10_000)) == 6_000


def test_names_of_the_people_talking() -> None:
    texts = ["Hey Mel! Good to see you.", "thanks, Caroline", "Wow, that's great, Ann!", "I live in Paris, Texas."]

    assert addressees(texts) == {"Mel", "Caroline"}
    assert talkers(texts) == {"Mel", "Caroline", "Ann"}


def test_keywords_are_surface_forms_with_names_whole() -> None:
    found = keywords(
        "I work as a data scientist in San Francisco, Mel.", "Great city! Mel's there too.", frozenset({"Mel"})
    )

    assert set(found) == {"San Francisco", "scientist", "data", "work", "city"}


def test_keywords_are_at_most_eight() -> None:
    assert len(keywords("alpha bravo charlie delta echo foxtrot golf hotel india juliet", "", frozenset())) == 8


def test_phrases_join_over_prepositions() -> None:
    found = [" ".join(run) for run in phrases("I work as a data scientist in the San Francisco office")]

    assert found == ["work", "data scientist in the San Francisco office"]


def test_information_prefers_the_telling_sentence() -> None:
    assert information("I adopted a greyhound in Oslo.") > information("That is really great to hear, wow!")


@pytest.mark.parametrize(
    ("word", "content"),
    [("greyhound", True), ("really", False), ("the", False), ("AI", True), ("茶", True), (".", False), ("R", False)],
)
def test_is_content(word: str, content: bool) -> None:
    assert is_content(word) is content
