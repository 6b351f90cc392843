import pytest

from memory.llm.base import Fact, KnownFact
from memory.llm.builtin import wording
from memory.llm.builtin.knowledge import find_assistant_knowledge, find_user_knowledge
from tests.memory.llm.requests import AT, pages


def learnt(*said: str, known: tuple[str, ...] = ()) -> list[str]:
    facts = find_user_knowledge(pages(*said), [KnownFact(number, text) for number, text in enumerate(known)])
    return [fact.text for fact in facts]


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        ("Hi! I'm Tom, I work as a data scientist in San Francisco.",
         ["The user works as a data scientist in San Francisco."]),
        ("I love hiking, and my dog Rex hates it.", ["The user loves hiking.", "The user's dog Rex hates it."]),
        ("I don't like mushrooms.", ["The user doesn't like mushrooms."]),
        ("Yesterday I bought a red bike!", ["On 7 May 2023 the user bought a red bike."]),
        ("My favourite band is Radiohead.", ["The user's favourite band is Radiohead."]),
        ("I'm allergic to peanuts, so no satay for me", ["The user is allergic to peanuts, so no satay for them."]),
        ("Thanks, Mel! I went to a support group last week.",
         ["The user went to a support group the week before 8 May 2023."]),
        ("I'd love to visit Japan someday, Mel! Hey Mel!", ["The user would love to visit Japan someday."]),
        ('I loved "Becoming Nicole" by Amy Ellis Nutt.', ['The user loved "Becoming Nicole" by Amy Ellis Nutt.']),
        ("My wife and I moved to Oslo in 2019.", ["The user and their wife moved to Oslo in 2019."]),
        ("Saya suka kopi. Saya bekerja sebagai guru.", ["Pengguna suka kopi.", "Pengguna bekerja sebagai guru."]),
    ],
)  # fmt: skip
def test_statements_become_facts(said: str, facts: list[str]) -> None:
    assert learnt(said) == facts


@pytest.mark.parametrize(
    "said",
    [
        "What do you remember about my job?",
        "Do I like tea?",
        "If I moved to Rome, I would learn Italian.",
        "I might buy a car.",
        "I wish I had a dog.",
        "Maybe I play tennis tomorrow.",
        "I love it!",
        "I had a great time.",
        "I like your painting.",
        "I think you are right.",
        "I'm so proud of you, Mel!",
        "I painted this.",
        "I'm Tom.",
        "I agree.",
        "That was fun.",
        'She told me "I love my new house".',
        "You work as a nurse.",
        "今天天气很好。",
        "[Image: I have a dog]",
        "",
    ],
)
def test_talk_becomes_nothing(said: str) -> None:
    assert learnt(said) == []


def test_fact_has_its_pages_and_the_day_it_was_said() -> None:
    (fact,) = find_user_knowledge(pages("Hello there", "I play tennis.", "I play tennis!"), [])

    assert fact == Fact("The user plays tennis.", (1, 2), AT.replace(minute=57), ())


@pytest.mark.parametrize(
    ("said", "known", "replaced"),
    [
        ("I moved to Berlin.", "The user lives in San Francisco.", True),
        ("I now work as a teacher.", "The user works as a data scientist in Oslo.", True),
        ("I work at Google.", "The user works for IBM.", True),
        ("I work at Google.", "The user works as a nurse.", False),
        ("My favourite food is sushi.", "The user's favourite food is pasta.", True),
        ("My favourite food is sushi.", "The user's favourite band is Muse.", False),
        ("I don't like coffee anymore.", "The user loves coffee.", True),
        ("I love coffee.", "The user likes coffee.", False),
        ("I love coffee.", "The user hates tea.", False),
        ("I got divorced.", "The user is married.", True),
        ("My sister lives in Rome.", "The user lives in Oslo.", False),
        ("I live in Oslo.", "The user's sister lives in Rome.", False),
        ("I live in Oslo.", "The user lives in Oslo.", False),
    ],
)
def test_fact_supersedes_a_known_one_of_the_same_slot(said: str, known: str, replaced: bool) -> None:
    (fact,) = find_user_knowledge(pages(said), [KnownFact(5, "The user has a dog."), KnownFact(7, known)])

    assert fact.supersedes == ((7,) if replaced else ())


def test_of_two_homes_only_the_later_is_kept() -> None:
    assert learnt("I live in Rome.", "I have a dog.", "I moved to Oslo.") == [
        "The user has a dog.",
        "The user moved to Oslo.",
    ]


@pytest.mark.parametrize(
    ("answer", "facts"),
    [
        ("I recommend the Moka pot. Enjoy!", ["The assistant recommends the Moka pot."]),
        ("I'm Aria, nice to meet you.", []),
        ("I'm Aria. I can speak French.", ["The assistant is Aria.", "The assistant can speak French."]),
        ("I will remind you tomorrow.", []),
        ("You work as a nurse. I can see that.", []),
        ("My kids love swimming.", []),
        (f"{wording.ENGLISH.remembered}\n\n- On 8 May 2023 I said: “I recommend the Moka pot.”", []),
    ],
)
def test_assistant_knowledge_is_about_the_assistant_alone(answer: str, facts: list[str]) -> None:
    assert [fact.text for fact in find_assistant_knowledge(pages(("Hi", answer)))] == facts
