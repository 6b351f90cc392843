"""What a person is looking for: the words and phrases of a search, and where they stand in a text. Pure.

A word of a script with spaces is looked for as the beginning of a word, a quoted phrase as consecutive words, both
through the index of words. What no index of words can hold, text without spaces (Chinese, Thai) and signs (C++, emoji),
is looked for as it stands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from chat.markdown_marks import MARKS, without_marks
from chat.text import clean

MOST_CHARACTERS = 200
"""Of a question; the rest is not looked for."""
MOST_TERMS = 12
LEAST_CHARACTERS = 2
SNIPPET_BEFORE = 60
SNIPPET_CHARACTERS = 180

_PIECES = re.compile(r'["“”„«»]([^"“”„«»]*)["“”„«»]?|([^\s"“”„«»]+)')
# What stands around a word in a sentence and is no part of it.
_AROUND = ".,;:!?…()[]{}<>'‘’‚`*_~|&\\/-–—¿¡、。，！？；：（）「」『』【】《》"
# Scripts whose words are not parted by spaces: Chinese, Japanese, Thai, Lao, Burmese, Khmer, Tibetan.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u312f"
    "\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
# Between the letters of a word that PostgreSQL's parser takes apart, or keeps, in questions as in texts.
_INSIDE = frozenset(".,:;'’-–—/@_")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must occur. `indexed`: through the index of words; `literal`: the very characters, in any case."""

    text: str
    is_phrase: bool
    indexed: bool
    literal: bool

    @property
    def is_word(self) -> bool:
        """Tell whether the index of words says all there is to say about it: it is the beginning of one plain word."""
        return self.indexed and not self.is_phrase and not self.literal and all(map(_is_word, self.text))

    @property
    def words(self) -> list[str]:
        """Return the letters and digits of it, word by word."""
        return "".join(c if _is_word(c) else " " for c in self.text).split()

    @property
    def pattern(self) -> str:
        """Return the regular expression of where it stands in a text."""
        if self.literal:
            return r"\s+".join(re.escape(word) for word in self.text.split())
        words = r"[\W_]+".join(map(re.escape, self.words))
        return rf"(?<![^\W_]){words}" + (r"(?![^\W_])" if self.is_phrase else "")


@dataclass(frozen=True)
class Wanted:
    """All of a person's question; every term must occur."""

    terms: tuple[Term, ...]

    def __bool__(self) -> bool:
        return bool(self.terms)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.terms, key=lambda term: -len(term.text))
        return re.compile("|".join(term.pattern for term in longest_first), re.IGNORECASE)

    def marked(self, text: str) -> list[Piece]:
        """Return a whole text in pieces, those that were looked for as hits."""
        return list(self._pieces(text))

    def snippet(self, text: str, is_markdown: bool = False) -> list[Piece]:
        """Return the surroundings of the first hit on one line, in pieces; the beginning where nothing is found.

        Without the marks of Markdown, unless they are looked for, or something that is among them.
        """
        if is_markdown and not any(MARKS & set(term.text) for term in self.terms):
            plain = without_marks(text)
            text = plain if self._pattern.search(plain) else text
        found = self._pattern.search(text)
        begin = _word_start(text, found.start() - SNIPPET_BEFORE) if found else 0
        end = begin + SNIPPET_CHARACTERS if not found else max(begin + SNIPPET_CHARACTERS, found.end())
        end = min(_word_end(text, end), begin + 2 * SNIPPET_CHARACTERS)
        line = " ".join(text[begin:end].split())
        return self.marked(f"{'…' if begin > 0 else ''}{line}{'…' if end < len(text) else ''}")

    def _pieces(self, text: str) -> Iterator[Piece]:
        at = 0
        for found in self._pattern.finditer(text):
            if found.start() > at:
                yield Piece(text[at : found.start()], False)
            if found.end() > found.start():
                yield Piece(found[0], True)
            at = found.end()
        if at < len(text):
            yield Piece(text[at:], False)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, and whether it is what was looked for."""

    text: str
    is_hit: bool


def read_question(text: str) -> Wanted:
    """Return what is looked for; nothing for less than two characters, one where one can be a word (猫)."""
    text = unicodedata.normalize("NFC", clean(text[:MOST_CHARACTERS])).replace("\ufffd", " ").strip()
    if len(text) < LEAST_CHARACTERS and not (_UNSPACED.search(text) or _signs(text)):
        return Wanted(())
    terms = [term for quoted, bare in _PIECES.findall(text) for term in _terms(quoted, bare)]
    if not terms and (signs := "".join(text.split('"')).strip()):
        # Nothing but punctuation: then that is what is meant.
        terms = [Term(signs, is_phrase=True, indexed=False, literal=True)]
    return Wanted(tuple(dict.fromkeys(terms))[:MOST_TERMS])


def _terms(quoted: str, bare: str) -> Iterator[Term]:
    text = " ".join(quoted.split()) if quoted else bare.strip(_AROUND) or _signs(bare)
    if not text:
        return
    unspaced = _UNSPACED.search(text) is not None
    indexed = not unspaced and any(_is_word(character) for character in text)
    plain = all(_is_word(character) or character.isspace() or character in _INSIDE for character in text)
    yield Term(text, is_phrase=bool(quoted), indexed=indexed, literal=not indexed or not plain)


def _signs(text: str) -> str:
    """Return what a piece without letters is looked for by: nothing of mere punctuation, but an emoji is."""
    return text if any(unicodedata.category(character) == "So" for character in text) else ""


def _is_word(character: str) -> bool:
    # Marks belong to the letters before them: Devanagari and Arabic words hold some.
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _word_start(text: str, at: int) -> int:
    """Return where the word after `at` begins, unless that is far away."""
    if at <= 0:
        return 0
    space = re.compile(r"\s").search(text, at, at + 25)
    return space.end() if space else at


def _word_end(text: str, at: int) -> int:
    if at >= len(text):
        return len(text)
    space = re.compile(r"\s").search(text, at, at + 25)
    return space.start() if space else at
