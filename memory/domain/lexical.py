"""Words: how text becomes index terms. Pure; knows no database.

A page is indexed in the language detected for it; a query, often too short to tell a language by, is expanded to the
stems of its words in every language the memory holds (`query_terms`). Each token is treated by its script: a Snowball
stemmer of the page's language or, where that language is not written in this script, the script's own; character
bigrams for Chinese, Japanese, Korean and Thai, which are written without spaces. Diacritics are folded after
stemming, since people type without them.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from threading import Lock

import snowballstemmer

from memory.domain.stop_words import STOP_WORDS_BY_LANGUAGE

MAX_TERM_LENGTH = 64

STOP_WORDS = STOP_WORDS_BY_LANGUAGE["english"]


def _combining_marks() -> str:
    """The marks of the basic plane as a character class: vowels of Hindi, Tamil, Thai, Arabic are part of a word."""
    marks = [code for code in range(0x300, 0x10000) if unicodedata.category(chr(code)).startswith("M")]
    return "".join(f"\\u{code:04x}" for code in marks)


_LETTER = rf"(?:[^\W_]|[{_combining_marks()}])"
_WORD = re.compile(rf"{_LETTER}+(?:['\u2019]{_LETTER}+)*")
_UNSPACED = re.compile(
    "[\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0002fa1f]+"
)
# l'école, dell'arte, d'aigua, qu'il: an article or pronoun that lost its vowel before a vowel.
ELISION = re.compile(
    r"^(?:[cdjlmnst]|(?:jus|lors|puis|quoi)?qu|[dn]?ell|d?all|dall|sull|coll|quell|quest|bell|sant|tutt|un|com|dov|gl)"
    r"'(?=[aeiouyhàáâäæèéêëìíîïòóôöœùúûü])"
)
# Marks that fold: all of Latin and Greek; in Cyrillic the stress and the dots of ё, not those of й, ў, ї; the vowel
# points of Hebrew and Arabic.
_FOLDED = re.compile(
    "(?<![иу])\u0306|(?<!і)\u0308|[\u0300-\u0305\u0307\u0309-\u036f]"
    "|[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670]"
)
_FOLDED_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "ħ": "h", "ŧ": "t", "þ": "th", "æ": "ae", "œ": "oe"}
    | {"ی": "ي", "ى": "ي", "ک": "ك", "ة": "ه"}
)
_LANGUAGE_OF_SCRIPT = {
    "LATIN": "english",
    "CYRILLIC": "russian",
    "GREEK": "greek",
    "ARABIC": "arabic",
    "ARMENIAN": "armenian",
    "DEVANAGARI": "hindi",
    "TAMIL": "tamil",
}
# Languages without a stemmer of their own whose endings a relative's takes off; the rest stand as they are.
_STEMMER_OF_KIN = {
    "ukrainian": "russian",
    "bulgarian": "russian",
    "slovak": "czech",
    "slovenian": "serbian",
    "afrikaans": "dutch",
}
_STEMMERS = {
    language: _STEMMER_OF_KIN.get(language, language)
    for language in STOP_WORDS_BY_LANGUAGE
    if _STEMMER_OF_KIN.get(language, language) in snowballstemmer.algorithms()
}
_STEMMING = Lock()
"""A Snowball stemmer keeps the word it works on in itself, so two threads must not share one."""


@lru_cache(maxsize=64)
def _stemmer(algorithm: str) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(algorithm)


def words(text: str) -> list[str]:
    """Return the words of a text in order: NFKC, case-folded, straight apostrophes, CJK runs left whole."""
    if not text.isascii():
        # Turkish İ case-folds to i and a dot above; one letter is meant.
        text = unicodedata.normalize("NFKC", text).casefold().replace("i\u0307", "i").replace("\u2019", "'")
    return _WORD.findall(text.casefold())


def fold(word: str) -> str:
    """Return a case-folded word without its diacritics: "müller" as "muller", "ёлка" as "елка", "cœur" as "coeur"."""
    if word.isascii():
        return word
    bare = _FOLDED.sub("", unicodedata.normalize("NFD", word)).translate(_FOLDED_LETTERS)
    return unicodedata.normalize("NFC", bare)


def script_of(word: str) -> str:
    """Return the script of the first letter of a word as Unicode names it, "LATIN"; "" for a word without letters."""
    if word.isascii() and word.isalpha():
        return "LATIN"
    letter = next((character for character in word if character.isalpha()), None)
    return unicodedata.name(letter, "").partition(" ")[0] if letter else ""


@lru_cache(maxsize=64)
def stop_words(language: str | None) -> frozenset[str]:
    """Return the function words of a language, with and without diacritics; none for a language without a list."""
    found = words(" ".join(STOP_WORDS_BY_LANGUAGE.get(language or "", ())))
    return frozenset(found) | frozenset(map(fold, found))


@lru_cache(maxsize=64)
def scripts_of(language: str) -> frozenset[str]:
    """Return the scripts a language is written in, as its list of function words shows; none for an unknown one."""
    latin_too = {"CYRILLIC"} if language == "serbian" else set()
    return frozenset(map(script_of, STOP_WORDS_BY_LANGUAGE.get(language, ()))) | latin_too


def _treated_as(script: str, language: str | None) -> str | None:
    """The language a token is stemmed in: the text's own where it uses this script, else the script's default."""
    if language is not None and script in scripts_of(language):
        return language
    return _LANGUAGE_OF_SCRIPT.get(script)


def _stem(word: str, language: str | None) -> str:
    """The folded stem of a word, at most 64 characters; a number, or a word without a stemmer, is only folded."""
    algorithm = _STEMMERS.get(language or "")
    if algorithm:
        with _STEMMING:
            word = _stemmer(algorithm).stemWord(word)
    return fold(word)[:MAX_TERM_LENGTH]


@lru_cache(maxsize=65536)
def _term(word: str, language: str | None) -> str:
    """The term of a word without unspaced runs in a text of this language; "" for a function word."""
    treated = _treated_as(script_of(word), language)
    stops = stop_words(treated)
    if word in stops:
        return ""
    if "'" in word:
        word = ELISION.sub("", word)
        if word in stops:
            return ""
    return _stem(word.removesuffix("'s"), treated)


def _bigrams(run: str) -> Iterable[str]:
    return (run[i : i + 2] for i in range(len(run) - 1)) if len(run) > 1 else (run,)


def _pieces(word: str) -> Iterable[tuple[str, bool]]:
    """Cut a word that may hold an unspaced run: (piece, whether it is a finished term)."""
    at = 0
    for run in _UNSPACED.finditer(word):
        if run.start() > at:
            yield word[at : run.start()], False
        yield from ((pair, True) for pair in _bigrams(run.group()))
        at = run.end()
    if at < len(word):
        yield word[at:], False


def terms(text: str, language: str | None = None) -> list[str]:
    """Return the index terms of a text in order, repeats kept, function words dropped, each <= 64 characters.

    `language` is what `languages.detect_language` said of the text. None leaves it to the script of each token
    (English for Latin): deterministic per token, for comparing two short texts with each other.
    """
    found: list[str] = []
    for word in words(text):
        if word.isascii() or not _UNSPACED.search(word):
            found.append(_term(word, language))
        else:
            found.extend(piece if done else _term(piece, language) for piece, done in _pieces(word))
    return [term for term in found if term]


def term_counts(text: str, language: str | None = None) -> Counter[str]:
    """Return term -> frequency; `language` as in `terms`."""
    return Counter(terms(text, language))


def query_terms(text: str, languages: Sequence[str]) -> list[frozenset[str]]:
    """Return, for each different word of a query in order, the terms that pages of these languages index it under.

    A function word of one language keeps its stem in the others ("war" is a verb in German, a noun in English),
    unless the query is plainly of the language it is a function word in. CJK bigrams stand alone. Without
    languages each token is treated by its script, as `term_counts(page)` does. A word of several terms is one
    word: score the set as one term, frequencies summed.
    """
    spoken: Sequence[str | None] = tuple(dict.fromkeys(languages)) or (None,)
    tokens = words(text)
    plain = _plainly_of(tokens, spoken)
    found: dict[frozenset[str], None] = {}
    for word in tokens:
        for piece, done in _pieces(word):
            alternatives = frozenset({piece}) if done else _alternatives(piece, spoken, plain)
            if alternatives:
                found[alternatives] = None
    return list(found)


def _plainly_of(tokens: Sequence[str], languages: Sequence[str | None]) -> str | None:
    """The one language that leads all others by two function words of a query; None where none does."""
    hits = sorted(
        ((sum(token in stop_words(name) for token in tokens), name or "") for name in languages), reverse=True
    )
    return hits[0][1] if len(hits) > 1 and hits[0][0] >= hits[1][0] + 2 else None


def _alternatives(word: str, languages: Sequence[str | None], plain: str | None) -> frozenset[str]:
    if plain and not _term(word, plain):
        return frozenset()
    plainer = fold(word)
    return frozenset(_term(form, language) for language in languages for form in (word, plainer)) - {""}
