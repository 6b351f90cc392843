"""The built-in consolidator as a whole: continuity, topics, and any text without an error."""

import json
from itertools import pairwise

import pytest

from memory.llm.base import PromotionResult, TransferRequest
from memory.llm.bounds import TITLE
from memory.llm.builtin import BuiltinConsolidator, wording
from memory.llm.builtin.summaries import CHAIN_SUMMARY
from tests.memory.llm.requests import pages, promotion_request, transfer_request

CONSOLIDATOR = BuiltinConsolidator()
ODD_TEXTS = (
    "",
    " \n\t ",
    "?!...",
    "😀😀😀",
    "我叫小明，我在北京工作。我喜欢喝茶。",
    "Привет! Меня зовут Анна, я живу в Москве.",
    "مرحبا، أنا أعيش في القاهرة",
    "สวัสดีครับ ผมชื่อสมชาย",
    "Halo, nama saya Budi. Saya tinggal di Jakarta dan suka kopi.",
    "x" * 40_000,
    "I " * 20_000,
    "my " * 5_000 + "dog",
    "\x00\ud800 I like \udfff tea",
    '{"role": "system", "content": "ignore"}',
)

FRIENDS = (
    ("Hey Mel! Good to see you! How have you been?", "Hey! I'm swamped with the kids & work. Anything new?"),
    ("I went to a choir rehearsal yesterday and it was so moving.", "Wow! I love your voice."),
    ("The stories were so inspiring! I was so happy and thankful for all the support.", "That's cool."),
    ("I'm keen on midwifery or working in a hospice - I'd love to support young families.", "You'd be great!"),
    ("Thanks, Mel! That's really sweet. Is this your own painting?", "I painted that lake sunrise last year!"),
    ("Yeah, I'm really lucky. They've been there, I've known these friends for 4 years, since I moved from my home "
     "country.", "I will never forget my youngest's first steps."),
    ("Totally agree, Mel. I had a great time! I've always had a love for horses. You should paint one.", "Ha!"),
    ("I started playing the cello five years ago. My guitar sounds like this.", "Cool."),
    ("My goal is to give children a safe home. I'm gonna keep trying. Painting calms me.", "You'll do it."),
)  # fmt: skip


def continuity(request: TransferRequest) -> list[bool]:
    return [note.continues for note in CONSOLIDATOR.transfer(request).pages]


def test_sitting_is_one_chain() -> None:
    request = transfer_request("I like tea", "My car broke", "ok", "hi", breaks=frozenset({3}))

    assert continuity(request) == [False, True, True, False]


def test_first_page_continues_the_chain_before_unless_the_pause_was_long() -> None:
    (previous,) = pages("I like tea")

    assert continuity(transfer_request("And coffee", previous=previous)) == [True]
    assert continuity(transfer_request("And coffee", breaks=frozenset({0}))) == [False]


@pytest.mark.parametrize(
    "said", ["On another topic, I bought a car.", "Let's talk about something else.", "New topic: cats"]
)
def test_announced_change_of_subject_ends_the_chain(said: str) -> None:
    assert continuity(transfer_request("I like tea", said)) == [False, False]


def test_chain_summary_runs_on_within_its_bound_and_restarts_with_a_chain() -> None:
    texts = [f"I bought painting number {number} from the gallery in Oslo yesterday." for number in range(9)]
    result = CONSOLIDATOR.transfer(transfer_request(*texts, "New topic: my dog Rex won a race."))

    summaries = [note.chain_summary for note in result.pages]
    assert all(0 < len(summary) <= CHAIN_SUMMARY for summary in summaries)
    assert summaries[1].startswith(summaries[0])
    assert "number 8" in summaries[8]
    assert summaries[9] == "New topic: my dog Rex won a race."


def test_one_subject_is_one_topic_with_a_readable_title() -> None:
    (topic,) = CONSOLIDATOR.transfer(
        transfer_request(
            "Hi! I'm Tom, I work as a data scientist in San Francisco.",
            ("Do you know a good data course?", "This one is good."),
            "ok",
        )
    ).topics

    assert topic.title == "Data scientist in San Francisco"
    assert topic.page_indexes == (0, 1, 2)
    assert "I work as a data scientist in San Francisco." in topic.summary
    assert {"San Francisco", "data", "scientist"} <= set(topic.keywords)


def test_two_subjects_are_two_topics() -> None:
    topics = CONSOLIDATOR.transfer(
        transfer_request(
            "My greyhound Rex chased rabbits near the river yesterday morning.",
            "The vet checked the greyhound: a small wound, rabbits bite hard.",
            "My tax return needs the mortgage interest statement from the bank.",
            "The bank lost the mortgage statement, my tax deadline passed.",
            breaks=frozenset({2}),
        )
    ).topics

    assert [topic.page_indexes for topic in topics] == [(0, 1), (2, 3)]


def test_built_in_answers_teach_nothing() -> None:
    quoting = f"{wording.ENGLISH.remembered}\n\n- On 8 May 2023 you said: “I play the xylophone.”"
    result = CONSOLIDATOR.transfer(transfer_request(("What do I play?", quoting)))

    assert "xylophone" not in str(result)


def test_transfer_of_any_text_gives_a_note_a_page_and_a_partition() -> None:
    result = CONSOLIDATOR.transfer(transfer_request(*[(text, text) for text in ODD_TEXTS]))

    assert len(result.pages) == len(ODD_TEXTS)
    indexes = sorted(index for topic in result.topics for index in topic.page_indexes)
    assert indexes == list(range(len(ODD_TEXTS)))
    assert all(topic.title and topic.summary and len(topic.title) <= TITLE for topic in result.topics)


def test_promotion_of_any_text_raises_nothing() -> None:
    result = CONSOLIDATOR.promote(promotion_request(*[(text, text) for text in ODD_TEXTS]))

    assert {finding.name: finding.value for finding in result.profile} == {"name": "Budi", "location": "Jakarta"}
    json.dumps(str(result)).encode()


def test_promotion_of_the_papers_example() -> None:
    result = CONSOLIDATOR.promote(promotion_request("Hi! I'm Tom, I work as a data scientist in San Francisco."))

    assert {finding.name: finding.value for finding in result.profile} == {
        "name": "Tom",
        "occupation": "data scientist",
        "location": "San Francisco",
    }
    assert [fact.text for fact in result.user_knowledge] == ["The user works as a data scientist in San Francisco."]


def test_same_request_gives_the_same_result() -> None:
    request = transfer_request("I like hiking in Oslo", "and skiing", "My tax return is late")

    assert CONSOLIDATOR.transfer(request) == CONSOLIDATOR.transfer(request)
    assert (CONSOLIDATOR.name, CONSOLIDATOR.is_model) == ("built-in consolidator", False)


@pytest.fixture(scope="module")
def learnt_from_friends() -> PromotionResult:
    """What is learnt from the talk of two friends: much kindness, few facts."""
    return CONSOLIDATOR.promote(promotion_request(*FRIENDS, trait_dimensions=("painting", "outdoors", "music")))


def test_talk_of_friends_yields_its_few_facts(learnt_from_friends: PromotionResult) -> None:
    assert [fact.text for fact in learnt_from_friends.user_knowledge] == [
        "The user went to a choir rehearsal on 7 May 2023 and it was so moving.",
        "The user is keen on midwifery or working in a hospice.",
        "The user would love to support young families.",
        "The user has known these friends for 4 years, since they moved from their home country.",
        "The user has always had a love for horses.",
        "The user started playing the cello in 2018.",
        "The user's goal is to give children a safe home.",
    ]
    assert [(trait.dimension, trait.level) for trait in learnt_from_friends.traits] == [
        ("painting", "low"),
        ("music", "low"),
    ]
    assert learnt_from_friends.profile == ()
    assert learnt_from_friends.assistant_knowledge == ()


def test_facts_stand_in_the_order_of_their_pages(learnt_from_friends: PromotionResult) -> None:
    starts = [fact.page_indexes[0] for fact in learnt_from_friends.user_knowledge]

    assert all(one <= other for one, other in pairwise(starts))
