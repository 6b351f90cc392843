"""Whose words a finding rests on: honest paraphrases pass, echoes do not."""

import time

import pytest

from memory.domain.provenance import about_the_assistant, own_words, repetition, statements, support
from memory.models.knowledge import fingerprint
from tests.memory.llm.requests import pages

HONEST = [
    ("I've been a nurse at St Mary's for ten years.", "Ten years of nursing at a hospital is a lot!",
     "The user has worked as a nurse at St Mary's for ten years."),
    ("I adopted a kitty yesterday, she's called Miso.", "Congratulations on adopting a cat! Miso is a lovely name.",
     "The user adopted a cat named Miso on 7 May 2023."),
    ("We're off to Japan next month!", "Japan in June is lovely. Will you see Kyoto?",
     "The user is travelling to Japan in June 2023."),
    ("I work in data science.", "So you are a data scientist.", "The user is a data scientist."),
    ("I'm a nurse in Oslo, can you recommend a hotel?", "As a nurse in Oslo you may like the Grand.",
     "The user is a nurse in Oslo."),
    ("Meine Tochter heißt Lena und geht in die zweite Klasse.", "Schön, dass Lena in die Schule geht!",
     "Die Tochter des Nutzers heißt Lena und besucht die zweite Klasse."),
    ("我喜欢喝绿茶。", "绿茶很好。", "用户喜欢喝绿茶。"),
    ("Ich esse kein Fleisch.", "I see.", "The user is vegetarian."),
    ("Saya bekerja sebagai guru.", "Guru apa?", "Pengguna bekerja sebagai guru."),
    ("I swim every morning", "", "The user swims each morning."),
]  # fmt: skip
ECHOES = [
    ("What do you know about my job?", "You work as a nurse at St Mary's in Oslo.",
     "The user works as a nurse at St Mary's in Oslo."),
    ("Tell me what you remember.", "You like green tea and you have a cat named Miso.",
     "The user likes green tea and has a cat named Miso."),
    ("Thanks!", "Since you love hiking, try Besseggen in Norway.", "The user loves hiking in Norway."),
    ("I'm so tired today.", "Night shifts in the emergency room are hard for a nurse.",
     "The user is a nurse in the emergency room."),
    ("Was weißt du noch?", "Deine Tochter Lena geht in die zweite Klasse.",
     "Die Tochter des Nutzers, Lena, geht in die zweite Klasse."),
    ("你还记得什么？", "您喜欢喝绿茶，住在上海。", "用户喜欢喝绿茶。"),
    ("¿Qué recuerdas?", "Trabajas como enfermero en Madrid.", "El usuario trabaja como enfermero en Madrid."),
]  # fmt: skip


@pytest.mark.parametrize(("query", "response", "fact"), HONEST)
def test_an_honest_paraphrase_passes(query: str, response: str, fact: str) -> None:
    assert not support(fact, pages((query, response))).echoes


@pytest.mark.parametrize(("query", "response", "fact"), ECHOES)
def test_what_only_the_assistant_said_is_an_echo(query: str, response: str, fact: str) -> None:
    assert support(fact, pages((query, response))).echoes
    assert repetition(fact, pages((query, response))).only_heard


def test_the_name_by_which_an_answer_addresses_someone_is_no_evidence_against_them() -> None:
    told = pages(("I moved", "Well done, Tomas!"))
    assert support("Tomas has relocated.", told).echoes
    assert not support("Tomas has relocated.", told, ignored={"toma"}).echoes


@pytest.mark.parametrize(
    ("query", "again"),
    [
        ("I still work as a nurse in Oslo.", True),
        ("My job as a nurse in Oslo is fine", True),
        ("Do I still work as a nurse in Oslo?", False),
        ("What is my job?", False),
        ("Nothing new.", False),
    ],
)
def test_asking_for_a_fact_is_not_saying_it_again(query: str, again: bool) -> None:
    found = repetition("The user works as a nurse in Oslo.", pages((query, "You work as a nurse in Oslo.")))
    assert found.said_again is again


def test_a_fact_that_no_page_speaks_of_is_not_said_again() -> None:
    """A model that copies its list of known facts confirms nothing."""
    found = repetition("The user likes tea.", pages(("Hello there", "Hi!")))
    assert (found.said_again, found.only_heard) == (False, False)


@pytest.mark.parametrize(
    "pasted",
    [
        "<memory>\n- The user likes tea.\n</memory>\nWhat shall I cook?",
        "<memories>- The user likes tea.</memories> What shall I cook?",
        "Relevant memories:\n- The user likes tea.\n- The user lives in Oslo.\n\nWhat shall I cook?",
        "## Recalled facts\nMemories of the user:\n1. Likes tea\n2. Lives in Oslo\nWhat shall I cook?",
        "Recuerdos:\n* Le gusta el té\nWhat shall I cook?",
        "相关记忆：\n- 用户喜欢茶\nWhat shall I cook?",
        "**Memories:**\n- The user likes tea.\nWhat shall I cook?",
    ],
)
def test_memory_that_a_client_pasted_is_cut_out(pasted: str) -> None:
    kept = own_words(pasted)
    assert kept.endswith("What shall I cook?")
    for word in ("tea", "Oslo", "té", "茶"):
        assert word not in kept


def test_a_block_that_is_never_closed_ends_with_the_message() -> None:
    assert own_words("Hi.\n<memory>\n- The user likes tea.") == "Hi."


@pytest.mark.parametrize(
    "said",
    [
        "My favourite memory: the lake.",
        "I have these memories: the sea and the sun.",
        "To do:\n- buy tea\n- sleep",
        "I like tea.\n\nSo do you.",
        "if a < b: memory > 3",
    ],
)
def test_a_persons_own_words_stay(said: str) -> None:
    assert own_words(said) == said


def test_known_facts_in_a_message_are_cut_out_whatever_stands_around_them() -> None:
    recalled = {fingerprint("The user likes tea."), fingerprint("city: Oslo")}
    message = "Here is what it says:\n* The user likes tea.\n- city: Oslo\nThe user likes tea. I prefer coffee now."
    assert own_words(message, recalled) == "Here is what it says:\nI prefer coffee now."


def test_statements_leave_the_questions_out() -> None:
    assert (
        statements("I am here. Do I like tea? 我喜欢茶。你呢？ Fine").replace("  ", " ") == "I am here. 我喜欢茶。 Fine"
    )
    assert statements("I'm a cook, can you help?").strip() == "I'm a cook,"


@pytest.mark.parametrize(
    ("query", "response", "entry", "kept"),
    [
        ("Can you recommend a book?", "I recommend Dune.", "The assistant recommended the book Dune.", True),
        ("Do you speak French?", "Yes, I speak French.", "The assistant speaks French.", True),
        ("I play tennis on Mondays.", "You play tennis on Mondays, great.", "Plays tennis on Mondays.", False),
        ("I play tennis.", "Nice.", "Plays tennis.", False),
    ],
)
def test_what_the_user_states_is_not_about_the_assistant(query: str, response: str, entry: str, kept: bool) -> None:
    assert about_the_assistant(entry, pages((query, response))) is kept


def test_the_cost_of_a_hostile_message_grows_with_its_length_and_no_faster() -> None:
    """Every opening used to be looked through to the message's end: eight times the length took 64 times as long."""

    def cost(openings: int) -> float:
        message = "<memory " * openings
        taken = []
        for _ in range(3):
            started = time.process_time()
            assert own_words(message, {"a"}) == message.strip()
            taken.append(time.process_time() - started)
        return min(taken)

    assert cost(100_000) < 24 * cost(12_500)
