"""What the built-in responder answers, word for word."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from memory.llm.base import Delta, RecalledText, ReplyRequest, Turn
from memory.llm.builtin import BuiltinResponder, wording
from memory.llm.builtin.responder import answer
from tests.memory.llm.builtin.test_consolidator import ODD_TEXTS

NOW = datetime(2025, 1, 2, tzinfo=UTC)
MAY = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)


def page(query: str, response: str = "", at: datetime = MAY, tier: str = "mid_term") -> RecalledText:
    halves = [f"User: {query}" if query else "", f"Assistant: {response}" if response else ""]
    return RecalledText(tier, "\n".join(filter(None, halves)), 1.0, at)


TOM = page("Hi! I'm Tom, I work as a data scientist in San Francisco.", wording.ENGLISH.noted, tier="short_term")
REX = page("My dog Rex loves the beach. I'm allergic to peanuts.", "I suggest the quiet beach in Ostend.")
ASKED = page(
    "What do you remember about my job?",
    f"{wording.ENGLISH.remembered}\n\n- On 1 May 2023 you said: “I work as a pilot.”",
)


def request(question: str, recalled: Sequence[RecalledText] = (), said: Sequence[str] = ()) -> ReplyRequest:
    turns = [Turn("system", "s"), *(Turn("user", text) for text in said), Turn("user", question)]
    return ReplyRequest(question, turns, recalled, NOW)


def quotes(question: str, *recalled: RecalledText, said: Sequence[str] = ()) -> list[str]:
    """Return the bullets of the answer; [] when it remembers nothing."""
    text = answer(request(question, recalled, said))
    words = wording.wording_for(question)
    if text.startswith(words.nothing):
        return []
    head, _, bullets = text.partition("\n\n")
    assert head == words.remembered
    return [line.removeprefix("- ") for line in bullets.splitlines()]


def test_papers_example() -> None:
    assert quotes("What do you remember about my job?", TOM) == [
        "On 8 May 2023 you said: “Hi! I'm Tom, I work as a data scientist in San Francisco.”"
    ]


@pytest.mark.parametrize(
    "question",
    [
        "What's my occupation?",
        "where do i live",
        "What is my name?",
        "Tell me about my career",
        "Which city am I in?",
        "Siapa nama saya?",
        "who am I?",
    ],
)
def test_question_finds_tom_by_meaning(question: str) -> None:
    assert "Tom" in quotes(question, TOM, ASKED)[0]


@pytest.mark.parametrize(
    "question", ["Do I have pets?", "What can't I eat?", "What is my dog called?", "Where does Rex like to go?"]
)
def test_question_finds_rex(question: str) -> None:
    assert (
        quotes(question, TOM, REX)[0]
        == "On 8 May 2023 you said: “My dog Rex loves the beach. I'm allergic to peanuts.”"
    )


def test_profession_answers_for_a_job_without_the_word() -> None:
    assert quotes("What's my job?", page("I'm a nurse."), page("I like tea.")) == [
        "On 8 May 2023 you said: “I'm a nurse.”"
    ]


def test_earlier_questions_and_built_in_answers_are_not_quoted() -> None:
    assert quotes("What do you remember about my job?", ASKED) == []


def test_profile_and_knowledge_stand_in_only_for_what_no_page_says() -> None:
    recalled = (
        RecalledText("profile", "occupation: data scientist", 1.0),
        RecalledText("user_knowledge", "The user works as a data scientist in San Francisco.", 1.0, MAY),
        RecalledText("trait", "Pets: high", 1.0),
    )

    assert quotes("What's my job?", *recalled) == [
        "From your profile: “occupation: data scientist”",
        "I noted: “The user works as a data scientist in San Francisco.”",
    ]
    assert len(quotes("What's my job?", TOM, *recalled)) == 2


def test_what_the_assistant_said_is_quoted_as_its_own() -> None:
    assert quotes("Which beach did you suggest?", REX) == [
        "On 8 May 2023 I said: “I suggest the quiet beach in Ostend.”"
    ]


def test_long_message_is_quoted_by_the_part_that_answers() -> None:
    long = "I spent the whole morning in the garden with the roses and the tools. " * 3 + "Then my greyhound ran off."

    assert quotes("What about my greyhound?", page(long))[0].endswith("Then my greyhound ran off.”")


def test_page_without_a_question_and_knowledge_of_the_assistant_are_quoted() -> None:
    recalled = (page("", "The ferry leaves at noon."), RecalledText("assistant_knowledge", "Speaks French.", 1.0))

    assert quotes("When does the ferry leave?", *recalled) == ["On 8 May 2023 I said: “The ferry leaves at noon.”"]
    assert quotes("Can you speak French?", *recalled) == ["About me: “Speaks French.”"]


def test_running_conversation_is_quoted_without_a_date() -> None:
    assert quotes("What's my job?", said=["I'm a nurse."]) == ["Earlier in this conversation you said: “I'm a nurse.”"]


@pytest.mark.parametrize("question", ["Which band do I like?", "What is the capital of Peru?", "你记得什么？", "Why?"])
def test_nothing_relevant_is_said_honestly(question: str) -> None:
    recalled = [REX] if question != "Why?" else []

    assert answer(request(question, recalled)) == f"{wording.ENGLISH.nothing} {wording.ENGLISH.no_model}"


@pytest.mark.parametrize("said", ["I bought a new car today.", "My wife is called Anna!", "Saya suka kopi."])
def test_statement_is_acknowledged(said: str) -> None:
    assert answer(request(said, [TOM])) == wording.wording_for(said).noted


def test_greeting_is_returned() -> None:
    assert answer(request("Hi!")).startswith(wording.ENGLISH.hello)


def test_general_question_lists_the_users_words() -> None:
    assert quotes("What do you know about me?", TOM, REX) == [
        "On 8 May 2023 you said: “Hi! I'm Tom, I work as a data scientist in San Francisco.”",
        "On 8 May 2023 you said: “My dog Rex loves the beach. I'm allergic to peanuts.”",
    ]


def test_answer_stays_short() -> None:
    recalled = [page(f"I painted a picture of the sea number {n} " + "and again " * 40) for n in range(20)]

    text = answer(request("What did I paint?", recalled))

    assert len(text.split()) <= 130
    assert text.count("\n- ") <= 4


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_any_text_is_answered(text: str) -> None:
    assert answer(request(text, [page(text, text), TOM], said=[text]))


def test_every_answer_is_known_again_as_built_in() -> None:
    for question in ("Hi!", "I like tea.", "What's my job?", "What is it?"):
        assert wording.is_builtin_answer(answer(request(question, [TOM])))


async def test_stream_gives_the_answer_in_small_pieces() -> None:
    asked = request("What do you remember about my job?", [TOM])
    responder = BuiltinResponder(pause=0)

    pieces = [item.text async for item in responder.stream(asked) if isinstance(item, Delta)]

    assert "".join(pieces) == answer(asked)
    assert len(pieces) > 5
    assert (responder.name, responder.is_model) == ("built-in responder", False)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Halo!", "Halo! Ceritakan sesuatu"),
        ("Selamat pagi", "Halo!"),
        ("Saya suka teh hijau.", "Terima kasih sudah memberi tahu."),
        ("Apa yang kamu ingat tentang mobil saya?", "Saya tidak ingat apa pun tentang itu."),
    ],
)
def test_who_speaks_indonesian_is_answered_in_indonesian(question: str, said: str) -> None:
    text = answer(request(question))
    assert text.startswith(said)
    assert wording.is_builtin_answer(text)


def test_quotes_are_introduced_in_the_language_of_the_question() -> None:
    tea = page("Saya suka teh hijau.")
    text = answer(request("Apa yang kamu ingat tentang teh saya?", [tea], said=["Saya minum teh pagi ini."]))
    head, _, bullets = text.partition("\n\n")
    assert head == "Inilah yang saya ingat:"
    assert "- Pada 8 Mei 2023 Anda berkata: “Saya suka teh hijau.”" in bullets
    assert "- Tadi dalam percakapan ini Anda berkata: “Saya minum teh pagi ini.”" in bullets


def test_where_nothing_is_recorded_nothing_is_promised() -> None:
    said = ReplyRequest("I like tea.", [Turn("user", "I like tea.")], (), NOW, records=False)
    assert answer(said) == wording.ENGLISH.not_kept


async def rest_of(request: ReplyRequest) -> str:
    pieces = [piece async for piece in BuiltinResponder(pause=0).stream(request)]
    return "".join(piece.text for piece in pieces if isinstance(piece, Delta))


async def test_an_unfinished_answer_is_gone_on_with() -> None:
    whole = request("What do you remember about Tom?", [TOM])
    text = answer(whole)
    for cut in (0, 10, len(text) - 1):
        assert text[:cut] + await rest_of(replace(whole, unfinished=text[:cut])) == text
    assert await rest_of(replace(whole, unfinished=text)) == wording.ENGLISH.nothing_to_add
    assert await rest_of(replace(whole, unfinished="Something else")) == f"\n\n{text}"
