import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import snowballstemmer

from memory.domain.lexical import _term, fold, query_terms, stop_words, term_counts, terms, words
from memory.domain.stop_words import STOP_WORDS_BY_LANGUAGE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Working, worked; works!", ["work", "work", "work"]),
        ("I am not the one", ["one"]),
        ("don’t do it", []),
        ("San Francisco's fog", ["san", "francisco", "fog"]),
        ("ＦＵＬＬ width", ["full", "width"]),
        ("Я работаю", ["работа"]),
        ("我喜欢狗", ["我喜", "喜欢", "欢狗"]),
        ("犬", ["犬"]),
        ("हिन्दी भाषा", ["हिन्द", "भाष"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("cafe\u0301", ["cafe"]),
        ("iPhone15で撮影", ["iphone15", "で撮", "撮影"]),
        ("🙂 ... !!!", []),
        ("", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_a_term_is_never_longer_than_its_column() -> None:
    assert [len(term) for term in terms("x" * 5000)] == [64]


def test_term_counts_keeps_repeats() -> None:
    assert term_counts("dogs and a dog") == {"dog": 2}


# What is on the page, what is asked; as far as Snowball goes.
INFLECTED = [
    ("english", "running", "runs"),
    ("german", "Hunde", "Hund"),
    ("german", "Häuser", "haus"),
    ("german", "Straße", "STRASSEN"),
    ("german", "Müllers", "Mueller"),
    ("dutch", "auto's", "auto"),
    ("dutch", "boeken", "boek"),
    ("french", "maisons", "maison"),
    ("french", "l'école", "ecoles"),
    ("french", "qu’aujourd’hui", "aujourd'hui"),
    ("spanish", "corriendo", "correr"),
    ("spanish", "canciones", "cancion"),
    ("spanish", "niñas", "nina"),
    ("italian", "dell’arte", "arte"),
    ("italian", "gatti", "gatto"),
    ("portuguese", "cachorros", "cachorro"),
    ("catalan", "d’aigua", "aigua"),
    ("romanian", "mașini", "mașină"),
    ("swedish", "hundarna", "hund"),
    ("danish", "bøgerne", "boger"),
    ("norwegian", "hundene", "hund"),
    ("finnish", "taloissa", "talo"),
    ("estonian", "raamatuga", "raamat"),
    ("hungarian", "házban", "ház"),
    ("polish", "książki", "ksiazka"),
    ("czech", "knihami", "knihy"),
    ("serbian", "knjigama", "књига"),
    ("lithuanian", "knygos", "knyga"),
    ("turkish", "İSTANBUL'da", "istanbul"),
    ("turkish", "kitaplar", "kitap"),
    ("indonesian", "makanan", "makan"),
    ("esperanto", "hundojn", "hundo"),
    ("russian", "ёлками", "елка"),
    ("ukrainian", "книгами", "книга"),
    ("greek", "σκύλους", "σκυλος"),
    ("arabic", "المدرسة", "مدرسة"),
    ("persian", "کتاب‌ها", "كتاب"),
    ("hindi", "लड़कियाँ", "लड़की"),
    ("nepali", "कुकुरहरू", "कुकुर"),
    ("tamil", "நாய்கள்", "நாய்"),
    ("slovak", "knihami", "kniha"),
    ("afrikaans", "honde", "hond"),
]
# Languages without a stemmer: the same word finds itself, with or without diacritics.
UNSTEMMED = [
    ("swahili", "mbwa wawili", "mbwa"),
    ("vietnamese", "đầu gối của tôi", "dau goi"),
    ("hebrew", "שָׁלוֹם עולם", "שלום"),
    ("georgian", "ორი ძაღლი", "ძაღლი"),
    ("welsh", "tŷ newydd", "ty"),
    ("klingon", "tlhIngan Hol", "hol"),
]
UNSPACED = [
    ("chinese", "我喜欢狗", "喜欢"),
    ("japanese", "犬を二匹引き取りました", "引き取り"),
    ("korean", "강아지 두 마리를 입양했어요", "강아지"),
    ("thai", "เรารับเลี้ยงสุนัขสองตัว", "สุนัข"),
]


def finds(page: str, language: str, query: str, languages: tuple[str, ...]) -> bool:
    asked = query_terms(query, languages)
    return bool(asked) and all(alternatives & set(term_counts(page, language)) for alternatives in asked)


@pytest.mark.parametrize(("language", "page", "query"), INFLECTED + UNSTEMMED + UNSPACED)
def test_a_word_of_the_page_is_found(language: str, page: str, query: str) -> None:
    assert finds(page, language, query, (language,))


@pytest.mark.parametrize(("language", "page", "query"), INFLECTED)
def test_a_word_is_found_in_a_memory_of_many_languages(language: str, page: str, query: str) -> None:
    assert finds(page, language, query, ("english", "german", "french", "russian", "arabic", "hindi", language))


def test_stemming_is_the_languages_own() -> None:
    assert not finds("corriendo", "english", "correr", ("english",))
    assert terms("Katzen und Hunde", "german") == ["katz", "hund"]
    assert terms("Katzen und Hunde") == ["katzen", "und", "hund"]


def test_a_page_falls_back_to_the_script_where_its_language_is_not_written_in_it() -> None:
    assert terms("мои собаки love running", "german") == ["собак", "lov", "running"]
    assert terms("docker containers и собаки", "russian") == ["docker", "contain", "собак"]
    assert finds("docker containers и собаки", "russian", "container", ("russian",))


def test_a_query_has_one_set_a_word_with_its_stems_in_every_language() -> None:
    assert query_terms("Hunde running", ("english", "german")) == [{"hund"}, {"run", "running"}]
    assert query_terms("dogs dog Dogs", ("english",)) == [{"dog"}]
    assert query_terms("私はPython3が好き 犬", ("japanese", "english")) == [
        {"私は"},
        {"python3"},
        {"が好"},
        {"好き"},
        {"犬"},
    ]


def test_a_word_with_diacritics_also_finds_a_page_written_without_them() -> None:
    assert finds("la tracabilite du produit", "french", "traçabilité", ("french",))


def test_a_function_word_of_one_language_stays_a_word_in_the_others() -> None:
    assert query_terms("war stories", ("english", "german")) == [{"war"}, {"stori"}]
    assert query_terms("war stories", ("german",)) == [{"stori"}]


def test_a_query_plainly_of_one_language_loses_that_languages_function_words() -> None:
    assert query_terms("Was war noch mal die Hauptstadt?", ("english", "german")) == [{"hauptstadt"}]
    assert query_terms("What was the name of the dog?", ("german", "english")) == [{"nam", "name"}, {"dog"}]


@pytest.mark.parametrize("language", sorted(STOP_WORDS_BY_LANGUAGE))
def test_a_query_of_function_words_only_is_empty(language: str) -> None:
    some = " ".join(sorted(STOP_WORDS_BY_LANGUAGE[language]))
    assert query_terms(some, (language,)) == []
    assert term_counts(some, language) == {}


@pytest.mark.parametrize("text", ["", "🙂", "👩‍👩‍👧 🇩🇪", "?!…", "\0", "\ud800", "́", "'", "''s", "\u200d", "ー"])
def test_a_text_that_says_nothing_raises_nothing(text: str) -> None:
    assert len(query_terms(text, ("german", "japanese"))) <= 1
    assert len(term_counts(text, "french")) <= 1


def test_a_query_without_languages_is_treated_as_a_page_without_one() -> None:
    assert query_terms("dogs собаки", ()) == [{"dog"}, {"собак"}]


def test_a_function_word_is_known_without_its_diacritics() -> None:
    assert {"für", "fur", "über", "uber"} <= stop_words("german")
    assert stop_words("klingon") == frozenset()


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("müller", "muller"),
        ("cœur", "coeur"),
        ("ål", "al"),
        ("łódź", "lodz"),
        ("ısı", "isi"),
        ("ёлка", "елка"),
        ("йога", "йога"),
        ("їжак", "їжак"),
        ("άνθρωπος", "ανθρωπος"),
        ("đầu", "dau"),
        ("한국", "한국"),
        ("हिन्दी", "हिन्दी"),
        ("أحمد", "احمد"),
    ],
)
def test_fold(word: str, folded: str) -> None:
    assert fold(word) == folded


def test_every_stemmer_of_snowball_is_used() -> None:
    assert set(snowballstemmer.algorithms()) - set(STOP_WORDS_BY_LANGUAGE) == {"porter", "dutch_porter"}


def test_words_of_a_long_text_cost_little() -> None:
    text = " ".join(f"palabra{n} größte д{n}" for n in range(600))
    started = time.perf_counter()
    assert len(query_terms(text, ("english", "german", "spanish"))) == 1201
    assert time.perf_counter() - started < 1


def test_threads_do_not_share_a_stemmers_state() -> None:
    # Frequent switches: two threads inside one stemmer would give each other's words.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    expected = {f"Verwandtschaften{n}ungen": f"verwandtschaften{n}" for n in range(300)}
    barrier = threading.Barrier(4)

    def stemmed() -> dict[str, str]:
        barrier.wait()
        return {word: terms(word, "german")[0] for word in expected}

    _term.cache_clear()
    try:
        with ThreadPoolExecutor(4) as pool:
            found = [future.result() for future in [pool.submit(stemmed) for _ in range(4)]]
    finally:
        sys.setswitchinterval(interval)
    assert found == [expected] * 4


def test_turkish_capital_i_is_one_letter() -> None:
    assert words("İstanbul") == ["istanbul"]
