"""What may be bent in a model's answer, what is dropped, and what is sent back."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from memory.exceptions import ModelMalformedAnswer
from memory.llm import bounds
from memory.llm.base import (
    Continuation,
    Fact,
    KnownFact,
    KnownSegment,
    PageNote,
    ProfileFinding,
    PromotionResult,
    TraitFinding,
    TransferResult,
)
from memory.llm.parsing import read_promotion, read_transfer
from tests.memory.llm.requests import AT, promotion_request, transfer_request

NOTE = {"continues": True, "keywords": ["tea"], "chain_summary": "About tea."}
TOPIC = {"title": "Tea", "summary": "They like tea.", "keywords": ["tea"]}


def transfer(notes: Any, topics: Any, count: int = 3) -> TransferResult:
    texts = [f"page {number}" for number in range(count)]
    return read_transfer(json.dumps({"pages": notes, "topics": topics}), transfer_request(*texts))


def notes(*indexes: int) -> list[dict[str, Any]]:
    return [NOTE | {"index": index} for index in indexes]


def groups(result: TransferResult) -> list[tuple[int, ...]]:
    return [topic.page_indexes for topic in result.topics]


def test_transfer_first_page_of_a_memory_continues_nothing() -> None:
    result = transfer(notes(0, 1, 2), [TOPIC | {"pages": [0, 1, 2]}])

    assert result.pages == (
        PageNote(False, ("tea",), "About tea."),
        PageNote(True, ("tea",), "About tea."),
        PageNote(True, ("tea",), "About tea."),
    )


def test_transfer_first_page_may_continue_the_chain_before() -> None:
    request = transfer_request("page 0", chain_summary="Tea.")
    answer = json.dumps({"pages": notes(0), "topics": [TOPIC | {"pages": [0]}]})

    assert read_transfer(answer, request).pages[0].continues


@pytest.mark.parametrize(
    "given",
    [
        notes(2, 0, 1),
        notes(0, 1, 2, 7),
        notes(0, 0, 1, 2),
        [NOTE, NOTE, NOTE],
        [NOTE | {"index": str(index), "continues": "true", "keywords": "tea"} for index in range(3)],
        [NOTE | {"index": float(index), "mood": "calm"} for index in range(3)],
    ],
)
def test_transfer_notes_are_put_in_order(given: list[dict[str, Any]]) -> None:
    result = transfer(given, [TOPIC | {"pages": [0, 1, 2]}])

    assert [note.keywords for note in result.pages] == [("tea",)] * 3


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        ([[0, 1], [2]], [(0, 1), (2,)]),
        ([[0, 1], [1, 2]], [(0, 1), (2,)]),
        ([[0], [2]], [(0, 1), (2,)]),
        ([[1, 2]], [(0, 1, 2)]),
        ([[0, 9], [-1], [1, 2]], [(0,), (1, 2)]),
        ([["0", "1"], 2], [(0, 1), (2,)]),
        ([[2, 1, 0, 0]], [(0, 1, 2)]),
    ],
)
def test_transfer_topics_are_mended_into_a_partition(topics: list[Any], expected: list[tuple[int, ...]]) -> None:
    assert groups(transfer(notes(0, 1, 2), [TOPIC | {"pages": given} for given in topics])) == expected


@pytest.mark.parametrize("key", ["page_indexes", "page_indices", "page"])
def test_transfer_topics_pages_under_another_name(key: str) -> None:
    assert groups(transfer(notes(0, 1, 2), [TOPIC | {key: [0, 1, 2]}])) == [(0, 1, 2)]


@pytest.mark.parametrize(
    ("given_notes", "topics", "fault"),
    [
        (notes(0, 1), [TOPIC | {"pages": [0, 1, 2]}], '"pages" has no entry for index 2'),
        ([NOTE, NOTE], [TOPIC | {"pages": [0, 1, 2]}], '"pages" has no entry for index 0'),
        (notes(0, 1, 2), [], '"topics" names none of the pages'),
        (notes(0, 1, 2), [TOPIC | {"pages": [7]}], '"topics" names none of the pages'),
        (notes(0, 1, 2), [TOPIC], "topics.0.pages: missing"),
        ([{"index": 0}], [TOPIC | {"pages": [0]}], "pages.0.continues: missing"),
        ([NOTE | {"index": True}], [TOPIC | {"pages": [0]}], "pages.0.index: int parsing"),
        ([NOTE | {"index": 0, "continues": "perhaps"}], [TOPIC | {"pages": [0]}], "pages.0.continues: bool parsing"),
        ("none", [], "pages: list type"),
    ],
)
def test_transfer_what_would_be_guessed_is_sent_back(given_notes: Any, topics: Any, fault: str) -> None:
    with pytest.raises(ModelMalformedAnswer, match=fault):
        transfer(given_notes, topics)


def test_transfer_bounds_and_fallbacks() -> None:
    words = ", ".join(f"Word{number}" for number in range(20))
    result = transfer(
        [{"index": 0, "continues": False, "keywords": words + ", word0", "chain_summary": None}],
        [{"title": "", "summary": "long " * 400, "pages": [0]}],
        count=1,
    )

    (note,), (topic,) = result.pages, result.topics
    assert note.keywords == tuple(f"Word{number}" for number in range(bounds.KEYWORDS_PER_PAGE))
    assert note.chain_summary == "", "the running summary is kept where a note has none"
    assert len(topic.summary) <= bounds.SUMMARY
    assert topic.summary.endswith("long…")
    assert topic.title.startswith("long long")
    assert len(topic.title) <= bounds.TITLE


@pytest.mark.parametrize(
    ("given_notes", "topics", "expected"),
    [
        (notes(1, 2, 3), [[1, 2], [3]], [(0, 1), (2,)]),
        (notes(3, 1, 2), [[1, 2]], [(0, 1, 2)]),
        ([NOTE, NOTE, NOTE], [[1], [2, 3]], [(0,), (1, 2)]),
        # Which of the two is meant would be a guess: what can be read as asked for is.
        ([NOTE, NOTE, NOTE], [[1], [2]], [(0, 1), (2,)]),
    ],
)
def test_transfer_pages_counted_from_one_throughout_are_counted_from_zero(
    given_notes: list[dict[str, Any]], topics: list[list[int]], expected: list[tuple[int, ...]]
) -> None:
    assert groups(transfer(given_notes, [TOPIC | {"pages": given} for given in topics])) == expected


@pytest.mark.parametrize("given", ["0, 1, 2", "[0, 1, 2]", "0;1;2", "0 1 2", [0.0, "1", 2]])
def test_transfer_pages_written_as_text_are_read(given: object) -> None:
    assert groups(transfer(notes(0, 1, 2), [TOPIC | {"pages": given}])) == [(0, 1, 2)]


@pytest.mark.parametrize("given", ["0-2", "all", "page 0", [None], [[0]], True])
def test_transfer_pages_that_have_to_be_guessed_are_sent_back(given: object) -> None:
    with pytest.raises(ModelMalformedAnswer):
        transfer(notes(0, 1, 2), [TOPIC | {"pages": given}])


@pytest.mark.parametrize("wrapper", ["result", "transfer"])
def test_transfer_answer_in_a_wrapper_is_read(wrapper: str) -> None:
    answer = {wrapper: {"pages": notes(0), "topics": [TOPIC | {"pages": [0]}]}}
    assert groups(read_transfer(json.dumps(answer), transfer_request("page 0"))) == [(0,)]


KNOWN = (KnownSegment(1, "Tea", "They like tea."), KnownSegment(2, "Boats", "They sail."))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"continues_segment": 2}, Continuation(2, "All boats", "They sail and row.")),
        ({"continues_segment": "2"}, Continuation(2, "All boats", "They sail and row.")),
        ({"continues_segment": 2.0}, Continuation(2, "All boats", "They sail and row.")),
        ({"continues_segment": "#2"}, Continuation(2, "All boats", "They sail and row.")),
        ({"continues_segment": 2, "segment_title": None}, Continuation(2, "Boats", "They sail and row.")),
        ({"continues_segment": 2, "segment_summary": None}, None),
        ({"continues_segment": 2, "segment_summary": " "}, None),
        ({"continues_segment": 3}, None),
        ({"continues_segment": None}, None),
        ({"continues_segment": "none"}, None),
        ({"continues_segment": True}, None),
        ({"continues_segment": [2]}, None),
        ({"continues_segment": 10**400}, None),
        ({"continues_segment": 1.5}, None),
        ({}, None),
    ],
)
def test_transfer_a_topic_may_name_the_segment_it_goes_on_with(
    more: dict[str, Any], expected: Continuation | None
) -> None:
    whole = {"segment_title": "All boats", "segment_summary": "They sail and row."}
    answer = {"pages": notes(0), "topics": [TOPIC | {"pages": [0]} | whole | more]}
    result = read_transfer(json.dumps(answer), transfer_request("page 0", segments=KNOWN))
    assert result.topics[0].continues == expected
    assert (result.topics[0].title, result.topics[0].summary) == ("Tea", "They like tea.")


def test_transfer_what_is_said_of_a_segment_is_bounded() -> None:
    topic = TOPIC | {"pages": [0], "continues_segment": 1, "segment_title": "t " * 300, "segment_summary": "s " * 3000}
    answer = json.dumps({"pages": notes(0), "topics": [topic]})
    continuation = read_transfer(answer, transfer_request("page 0", segments=KNOWN)).topics[0].continues
    assert continuation is not None
    assert len(continuation.title) <= bounds.TITLE
    assert len(continuation.summary) <= bounds.SUMMARY


@pytest.mark.parametrize("title", ["", None, 300, "x" * 300, "\x00\ud800 Tea"])
def test_transfer_odd_titles_are_mended(title: object) -> None:
    topic = transfer(notes(0), [{"title": title, "summary": "They like tea.", "pages": [0]}], count=1).topics[0]
    assert 0 < len(topic.title) <= bounds.TITLE
    assert topic.title.isprintable()


def test_transfer_topic_without_any_words_has_a_title() -> None:
    assert transfer(notes(0), [{"pages": [0]}], count=1).topics[0].title == "Conversation"


def promote(answer: dict[str, Any], **more: Any) -> PromotionResult:
    texts = ("I'm Tom and I play tennis", "I am 34", ("", "You told me about tea."))
    return read_promotion(json.dumps(answer), promotion_request(*texts, **more))


def fact(text: str, *indexes: int, **more: Any) -> dict[str, Any]:
    return {"text": text, "pages": list(indexes)} | more


def test_promotion_reads_all_four_lists() -> None:
    result = promote(
        {
            "profile": [{"name": "Name", "value": "Tom", "pages": [0]}],
            "traits": [{"dimension": "Gourmet food", "level": "High", "reason": "Eats well.", "pages": 1}],
            "user_knowledge": [fact("The user plays tennis.", 0, valid_from="2023-05-01", supersedes=["3"])],
            "assistant_knowledge": [fact("The assistant speaks French.", 2)],
        },
        known=[KnownFact(3, "The user plays golf.")],
    )

    assert result == PromotionResult(
        profile=(ProfileFinding("name", "Tom", (0,)),),
        traits=(TraitFinding("gourmet_food", "high", "Eats well.", (1,)),),
        user_knowledge=(Fact("The user plays tennis.", (0,), datetime(2023, 5, 1, tzinfo=UTC), (3,)),),
        assistant_knowledge=(Fact("The assistant speaks French.", (2,), AT.replace(minute=58)),),
    )


@pytest.mark.parametrize(
    "entry",
    [
        fact("No page."),
        fact("A page that is not there.", 9),
        fact("Only the assistant spoke on that page.", 2),
        fact(" ", 0),
        {"text": "Pages are missing."},
        {"text": ["a list"], "pages": [0]},
        "a string",
    ],
)
def test_promotion_unusable_fact_is_dropped_alone(entry: Any) -> None:
    result = promote({"user_knowledge": [entry, fact("Kept.", 0)]})

    assert [kept.text for kept in result.user_knowledge] == ["Kept."]


@pytest.mark.parametrize(
    "entry",
    [
        {"dimension": "astrology", "level": "high", "pages": [0]},
        {"dimension": "sports", "level": "extreme", "pages": [0]},
        {"dimension": "sports", "level": "high", "pages": []},
        {"dimension": "digital_technology", "level": "high", "pages": [0]},
    ],
)
def test_promotion_unknown_locked_or_unfounded_trait_is_dropped(entry: dict[str, Any]) -> None:
    good = {"dimension": "sports", "level": "low", "reason": "r", "pages": [0]}

    result = promote({"traits": [entry, good]}, locked=frozenset({"digital_technology"}))

    assert result.traits == (TraitFinding("sports", "low", "r", (0,)),)


def test_promotion_unknown_numbers_and_bad_days_are_dropped_from_a_fact() -> None:
    entry = fact("Kept.", 1, 0, 9, valid_from="last May", supersedes=[1, 2])

    result = promote({"user_knowledge": [entry]}, known=[KnownFact(2, "Old.")])

    assert result.user_knowledge == (Fact("Kept.", (0, 1), AT, (2,)),)


@pytest.mark.parametrize(
    "day", ["0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31", "9999-12-31T23:59:59-14:00", "0999-01-01"]
)
def test_promotion_a_placeholder_is_no_day(day: str) -> None:
    """Those with a zone name moments that Postgres stores and Python cannot read: the fact could never be shown."""
    result = promote({"user_knowledge": [fact("Kept.", 0, valid_from=day)]})

    assert [each.valid_from for each in result.user_knowledge] == [AT]


def test_promotion_same_fact_twice_is_one() -> None:
    result = promote({"user_knowledge": [fact("Plays tennis.", 0), fact("plays  TENNIS.", 1)]})

    assert [kept.text for kept in result.user_knowledge] == ["Plays tennis."]


def test_promotion_profile_keeps_the_existing_name_and_the_newest_value() -> None:
    entries = [
        {"name": "home_town", "value": "Lyon", "pages": [0]},
        {"name": "Home Town", "value": "Paris", "pages": [1]},
        {"name": "employer", "value": "Locked", "pages": [0]},
        {"name": "", "value": "x", "pages": [0]},
    ]

    result = promote({"profile": entries}, profile={"Home town": "Nice"}, locked=frozenset({"Employer"}))

    assert result.profile == (ProfileFinding("Home town", "Paris", (1,)),)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [("age", "34", True), ("age group", "young adult", False), ("gender", "male", False), ("Gender", "man", False)],
)
def test_promotion_demographics_need_the_users_own_words(name: str, value: str, kept: bool) -> None:
    result = promote({"profile": [{"name": name, "value": value, "pages": [0, 1]}]})

    assert bool(result.profile) is kept


@pytest.mark.parametrize(
    "text",
    [
        "The assistant told the user about tea.",
        "The assistant knows that Tom likes tea.",
        "Plays tennis every week.",
        "Likes green tea a lot.",
    ],
)
def test_promotion_assistant_knowledge_never_speaks_of_the_user(text: str) -> None:
    result = promote(
        {
            "profile": [{"name": "name", "value": "Tom", "pages": [0]}],
            "user_knowledge": [fact("The user plays tennis every week.", 0)],
            "assistant_knowledge": [fact(text, 0), fact("Speaks French.", 0)],
        },
        known=[KnownFact(1, "The user likes green tea a lot.")],
    )

    assert [entry.text for entry in result.assistant_knowledge] == ["Speaks French."]


@pytest.mark.parametrize("answer", [{}, {"result": []}, {"profile": "none"}, {"traits": [1, 2]}])
def test_promotion_of_another_form_is_sent_back(answer: dict[str, Any]) -> None:
    with pytest.raises(ModelMalformedAnswer):
        promote(answer)


def test_promotion_missing_lists_and_single_objects_are_read() -> None:
    result = promote({"user_knowledge": fact("Plays tennis.", 0), "profile": None, "traits": {}})

    assert [kept.text for kept in result.user_knowledge] == ["Plays tennis."]


def test_promotion_texts_are_bounded() -> None:
    long = "word " * 300
    result = promote(
        {
            "profile": [{"name": "motto", "value": long, "pages": [0]}],
            "traits": [{"dimension": "sports", "level": "low", "reason": long, "pages": [0]}],
            "user_knowledge": [fact(long, 0)],
        }
    )

    assert len(result.profile[0].value) <= bounds.PROFILE_VALUE
    assert len(result.traits[0].reason) <= bounds.REASON
    assert len(result.user_knowledge[0].text) <= bounds.FACT
