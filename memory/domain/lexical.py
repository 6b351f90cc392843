"""Words: how text becomes index terms, and BM25 over them. Pure; knows no database.

Terms are deterministic per token, never per text: a query and a page that share a word share its term, however
short either is. The script of a token picks its treatment: a Snowball stemmer where one exists for the script
(English for Latin), character bigrams for Chinese, Japanese, Korean and Thai, which are written without spaces.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import snowballstemmer
from numpy.typing import NDArray

MAX_TERM_LENGTH = 64

# Okapi BM25 with the constants that measured best (design notes: R@10 71.4 alone on LoCoMo).
BM25_K1 = 1.2
BM25_B = 0.75


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
_STEMMER_BY_SCRIPT = {
    "LATIN": "english",
    "CYRILLIC": "russian",
    "GREEK": "greek",
    "ARABIC": "arabic",
    "ARMENIAN": "armenian",
    "DEVANAGARI": "hindi",
    "TAMIL": "tamil",
}
STOP_WORDS = frozenset(
    # One string reads, and changes, better than 170 quoted words.
    """a about above after again against all am an and any are aren't as at be because been before being below
    between both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each few
    for from further had hadn't has hasn't have haven't having he he'd he'll he's her here here's hers herself him
    himself his how how's i i'd i'll i'm i've if in into is isn't it it's its itself let's me more most mustn't my
    myself no nor not of off on once only or other ought our ours ourselves out over own same shan't she she'd
    she'll she's should shouldn't so some such than that that's the their theirs them themselves then there there's
    these they they'd they'll they're they've this those through to too under until up very was wasn't we we'd we'll
    we're we've were weren't what what's when when's where where's which while who who's whom why why's will with
    won't would wouldn't you you'd you'll you're you've your yours yourself yourselves""".split()  # noqa: SIM905
)


@lru_cache(maxsize=8)
def _stemmer(language: str) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(language)


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    script = unicodedata.name(word[0], "").partition(" ")[0]
    language = _STEMMER_BY_SCRIPT.get(script)
    # A number or a word of a script without a stemmer stands as it is.
    return str(_stemmer(language).stemWord(word)) if language else word


def _bigrams(run: str) -> Iterable[str]:
    return (run[i : i + 2] for i in range(len(run) - 1)) if len(run) > 1 else (run,)


def words(text: str) -> list[str]:
    """Return the words of a text in order: NFKC, case-folded, straight apostrophes, CJK runs left whole."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return _WORD.findall(folded)


def terms(text: str) -> list[str]:
    """Return the index terms of a text in order, repeats kept, stop words dropped, each <= 64 characters."""
    found: list[str] = []
    for word in words(text):
        if word in STOP_WORDS:
            continue
        at = 0
        for run in _UNSPACED.finditer(word):
            if run.start() > at:
                found.append(_stem(word[at : run.start()]))
            found.extend(_bigrams(run.group()))
            at = run.end()
        if at < len(word):
            found.append(_stem(word[at:].removesuffix("'s")))
    return [term[:MAX_TERM_LENGTH] for term in found if term]


def term_counts(text: str) -> Counter[str]:
    """Return term -> frequency."""
    return Counter(terms(text))


def idf(document_count: int, document_frequency: int) -> float:
    """Robertson-Sparck Jones weight with 1 added inside the logarithm, so that it never falls below zero."""
    return float(np.log1p((document_count - document_frequency + 0.5) / (document_frequency + 0.5)))


def bm25_term(
    frequencies: NDArray[np.float64],
    lengths: NDArray[np.float64],
    average_length: float,
    weight: float,
) -> NDArray[np.float64]:
    """Return one term's share of the BM25 score of each document that holds it; all arrays of shape (n,).

    `lengths` and `average_length` are in terms, `weight` is the term's `idf`.
    """
    norm = BM25_K1 * (1 - BM25_B + BM25_B * lengths / max(average_length, 1e-9))
    return weight * frequencies * (BM25_K1 + 1) / (frequencies + norm)
