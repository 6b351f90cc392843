import time
from collections import Counter

import pytest

from memory.domain.languages import detect_language
from tests.memory.domain.chat_samples import CHAT_SAMPLES


def test_short_chat_pages_are_recognised() -> None:
    missed = [
        (language, found, page) for language, page in CHAT_SAMPLES if (found := detect_language(page)) != language
    ]
    assert len(missed) <= 0.03 * len(CHAT_SAMPLES), missed
    # What a memory is mostly in must not be missed again and again.
    assert max(Counter(language for language, _, _ in missed).values(), default=0) <= 1, missed


@pytest.mark.parametrize("page", [page for language, page in CHAT_SAMPLES if language == "english"])
def test_english_is_never_taken_for_another_language(page: str) -> None:
    assert detect_language(page) == "english"


@pytest.mark.parametrize("text", ["", "🙂", "123 456", "ok", "Rex", "?!…", "\0", "\ud800", "x" * 10_000, "Hund"])
def test_what_tells_nothing_is_english(text: str) -> None:
    assert detect_language(text) == "english"


def test_code_and_addresses_do_not_count() -> None:
    code = "```\nfor item in items:\n    if not item or item is None: return the_same\n```"
    assert detect_language(f"Warum ist das so langsam?\n{code}") == "german"
    assert detect_language(f"Warum ist das so langsam?\n{code[:-4]}") == "german"
    assert detect_language("https://ist.das.nicht/und/auch/wir") == "english"


def test_the_script_with_most_letters_decides() -> None:
    assert detect_language("Я установил Docker на сервер") == "russian"
    assert detect_language("How do I say собака in the other language, please?") == "english"
    assert detect_language("犬が好き") == "japanese"


def test_accents_are_not_needed() -> None:
    assert detect_language("je suis alle a l'ecole et apres chez ma mere") == "french"
    assert detect_language("tambien quiero saber donde esta el perro") == "spanish"


def test_a_long_text_costs_no_more_than_its_beginning() -> None:
    text = "Wir haben seit gestern zwei Hunde. " * 3_000
    started = time.perf_counter()
    assert detect_language(text) == "german"
    assert time.perf_counter() - started < 0.1
