"""Cutting a text into words about time: one letter a token for the grammar of `dates`, and what the token means."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from memory.domain.date_words import SPACED, UNSPACED, Table
from memory.domain.lexical import fold

OTHER = "o"
_KINDS = {
    "day": "D",
    "span": "R",
    "unit": "U",
    "last": "L",
    "past": "l",
    "this": "T",
    "ago": "A",
    "single_ago": "g",
    "ago_before": "B",
    "ago_or_before": "V",
    "month": "M",
    "doubtful": "x",
    "weekday": "W",
    "season": "S",
    "holiday": "H",
    "decade": "X",
    "part": "P",
    "ordinal": "O",
    "number": "N",
    "one": "a",
    "on": "I",
    "for": "f",
    "since": "C",
    "before": "K",
    "after": "E",
    "from": "F",
    "to": "G",
    "and": "&",
    "filler": "",
}
# A word that is both: "a" in Italian is "in" and "to", "until" in English is "before" and "to".
_BOTH = {frozenset("IG"): "J", frozenset("KG"): "k", frozenset("NO"): "N", frozenset("MN"): "M"}
_TELLING = frozenset("DRUZqMWSHhXN")
_UNIT_KINDS = {"weekend": "Z", "quarter": "q"}

Token = tuple[str, Any]
"""A kind (one letter) and its value: an int, a unit's name, dates that were written in figures ..."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The phrases of a language by their first word, longest first."""

    phrases: dict[str, list[tuple[tuple[str, ...], Token]]]
    telling: frozenset[str]
    """First words of phrases that can be a time by themselves."""
    doubtful: frozenset[str]


_WORD = re.compile(r"[^\W\d_]+|[-–—]|\d+")
_FIGURES = r"""
    (?<![\w.,/-])(?P<iso>\d{4}(?P<sep>[-/])\d{1,2}(?P=sep)\d{1,2}|\d{4}\.\d\d\.\d\d)(?:[t]\d[\d:.]*z?)?(?![\w/-]|[.,]\d)
  | (?<![\w.,/-])(?P<dmy>\d{1,2}(?P<sep2>[-/.])\d{1,2}(?P=sep2)\d{4}|\d\d(?P<sep3>[/.-])\d\d(?P=sep3)\d\d
        |\d{1,2}/\d{1,2}/\d\d)(?![\w/-]|[.,]\d)
  | (?<![\w.,/-])(?P<ym>\d{4}[-/]\d\d|\d{1,2}/\d{4})(?![\w/-]|[.,]\d)
  | (?<![\w.,/-])(?P<dm>\d{1,2}\.\s?\d{1,2}\.|\d{1,2}/\d{1,2})(?![\w/]|[.,]?\d)
  | (?P<cjk>(?<!\d)\d{4}\s?[年년](?!前)(?:\s?\d{1,2}\s?[月월](?:\s?\d{1,2}\s?[日号號일])?)?
        |(?<!\d)\d{1,2}\s?[月월](?:\s?\d{1,2}\s?[日号號일])?)
  | (?<![\w.,])(?P<decade>['’]?\d0(?:['’]?s|er)|(?:19|20)\d0(?:['’]?s|er)|(?:19)?\d0年代)(?!\w)
  | (?<![\w])(?P<quarter>q[1-4])(?!\w)
  | (?<![\w'’])['’](?P<short>\d\d)(?![\w'’])
  | (?<![\w.,$€£¥/-])(?P<ordinal>\d{1,2})(?:st|nd|rd|th|º|ª|er|ste|de|e)(?!\w)
  | (?P<cluster>v?\d+(?:[.,:/]\d+)+|\d+[.,]\d+|[$€£¥]\s?\d+|\d+\s?[%$€£¥°])
  | (?<![\w.])(?P<number>\d{1,9})(?![^\W\d_]|_)
  | (?P<possessive>['’]s\b)
  | (?P<stop>[?!;\n]+)
"""
_TOKEN = re.compile(rf"{_FIGURES}|(?P<word>[^\W\d_]+)|(?P<dash>[-–—])|(?P<junk>\d\w*)", re.VERBOSE | re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_KANA = re.compile("[\u3040-\u30ff]")
_MERGES = re.compile(r"(?P<rel>(?<!N)L[UZq]|[UZq]L|T[UZq])|(?P<decade>UN)")


@lru_cache(maxsize=8192)
def plain(word: str) -> str:
    """Return a word as the lexicons have it: case-folded, without diacritics."""
    return fold(unicodedata.normalize("NFKC", word).casefold())


def _value(kind: str, meaning: str) -> Any:
    if kind == "unit":
        return meaning
    if kind == "day":
        return tuple(map(int, meaning.split()))
    if kind == "span":
        unit, back = meaning.split()
        return unit, int(back)
    if kind == "holiday":
        day, count = meaning.rsplit(" ", 1)
        month, _, first = day.partition("-")
        return int(month), int(first), int(count)
    return int(meaning) if meaning else None


def _readings(table: Table) -> Iterator[tuple[str, Token]]:
    """Each phrase of a table once, with its kind and value."""
    found: dict[str, list[Token]] = {}
    for name, meanings in table.items():
        if name == "doubtful":
            continue
        for meaning, phrases in meanings.items():
            for phrase in phrases.split("|"):
                kind = _UNIT_KINDS.get(meaning, "U") if name == "unit" else _KINDS[name]
                found.setdefault(phrase, []).append((kind, _value(name, meaning)))
    for phrase, readings in found.items():
        kinds = frozenset(kind for kind, _ in readings)
        kind = "" if "" in kinds else _BOTH.get(kinds, readings[0][0])
        if kind == "H" and len(_WORD.findall(phrase)) > 1:
            # "Christmas Eve" needs no preposition to be a day.
            kind = "h"
        value = next((value for reading, value in readings if reading == kind), readings[0][1])
        yield phrase, (kind, value)


@lru_cache(maxsize=16)
def lexicon(language: str) -> Lexicon:
    """Return the phrases of a language whose words are spaced."""
    phrases: dict[str, list[tuple[tuple[str, ...], Token]]] = {}
    telling = set()
    for phrase, token in _readings(SPACED[language]):
        first, *rest = (plain(word) for word in _WORD.findall(phrase))
        phrases.setdefault(first, []).append((tuple(rest), token))
        if token[0] in _TELLING:
            telling.add(first)
    for readings in phrases.values():
        readings.sort(key=lambda reading: -len(reading[0]))
    doubtful = SPACED[language].get("doubtful", {}).get("", "")
    return Lexicon(phrases, frozenset(telling), frozenset(doubtful.split("|")) - {""})


@lru_cache(maxsize=4)
def _unspaced(language: str) -> tuple[re.Pattern[str], dict[str, Token]]:
    tokens = dict(_readings(UNSPACED[language]))
    longest = sorted(tokens, key=lambda phrase: -len(phrase))
    return re.compile("|".join(map(re.escape, longest))), tokens


def unspaced_language(text: str) -> str | None:
    """Return "japanese" or "chinese" for a text with their characters, else None."""
    if not _CJK.search(text):
        return None
    return "japanese" if _KANA.search(text) else "chinese"


@dataclass(frozen=True, slots=True)
class Cut:
    """A text cut once for all languages: names of the figures' groups or "word", what was written, where."""

    parts: list[tuple[str, str, int]]
    words: frozenset[str]
    """The words, plain."""
    figures: bool
    """Whether some part is a number or a date in figures."""


def cut(text: str) -> Cut:
    """Cut a text into words, figures and separators. A few microseconds a word."""
    parts = []
    for found in _TOKEN.finditer(text):
        name = found.lastgroup or "junk"
        written = found.group()
        parts.append((name, plain(written) if name == "word" else written, found.start()))
    words = frozenset(written for name, written, _ in parts if name == "word")
    return Cut(parts, words, any(name not in ("word", "dash", "possessive", "stop") for name, _, _ in parts))


def read(pieces: Cut, text: str, language: str, today: date) -> list[Token]:
    """Return the tokens of a text as a language with spaces has them; words without meaning here are `OTHER`."""
    known = lexicon(language)
    tokens: list[Token] = []
    parts = pieces.parts
    at = 0
    while at < len(parts):
        name, written, start = parts[at]
        at += 1
        if name != "word":
            tokens.append(_figure(name, written, today))
            continue
        for rest, token in known.phrases.get(written, ()):
            if all(plain_part(parts, at + n) == word for n, word in enumerate(rest)):
                at += len(rest)
                doubtful = written in known.doubtful and not rest and text[start].islower()
                if token[0]:
                    tokens.append(("x", token[1]) if doubtful else token)
                break
        else:
            tokens.append((OTHER, None))
    return merged(tokens)


def plain_part(parts: list[tuple[str, str, int]], at: int) -> str | None:
    """What a phrase sees of a part: a word, a dash as "-", a possessive as "s", figures as they stand."""
    if at >= len(parts):
        return None
    name, written, _ = parts[at]
    return {"dash": "-", "possessive": "s"}.get(name, written)


def read_unspaced(text: str, language: str, today: date) -> list[Token]:
    """The same for Chinese and Japanese."""
    pattern, known = _unspaced(language)
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        figure = _TOKEN.match(text, at) if text[at].isdigit() else None
        if figure:
            name = figure.lastgroup or "junk"
            digits = _DIGITS.match(text, at)
            if name == "junk" and digits:
                # The letters after the number are not part of it: 3年前.
                name, figure = "number", digits
            tokens.append(_figure(name, figure.group(), today))
            at = figure.end()
            continue
        found = pattern.match(text, at)
        if found:
            token = known[found.group()]
            if token[0]:
                tokens.append(token)
            at = found.end()
            continue
        if not tokens or tokens[-1][0] != OTHER:
            tokens.append((OTHER, None))
        at += 1
    return merged(tokens)


def merged(tokens: list[Token]) -> list[Token]:
    """Join "last week" to one token R (a year to y), and "années 90" to a decade."""
    kinds = "".join(kind for kind, _ in tokens)
    out: list[Token] = []
    at = 0
    for found in _MERGES.finditer(kinds):
        pair = dict(tokens[found.start() : found.end()])
        joined = _decade_of(pair) if found["decade"] else _counted_back(pair)
        if joined:
            out += [*tokens[at : found.start()], joined]
            at = found.end()
    out += tokens[at:]
    return [("y", value[1]) if kind == "R" and value[0] == "year" else (kind, value) for kind, value in out]


def _decade_of(pair: dict[str, Any]) -> Token | None:
    if pair["U"] == "year" and pair["N"] in (20, 30, 40, 50, 60, 70, 80, 90):
        return "X", 1900 + pair["N"]
    return None


def _counted_back(pair: dict[str, Any]) -> Token:
    back = pair.get("L", 0)
    unit = next(value for kind, value in pair.items() if kind in "UZq")
    return "R", (unit, -back)


def _figure(name: str, written: str, today: date) -> Token:
    """The token of figures, a dash, a possessive or a full stop."""
    numbers = [int(digits) for digits in re.findall(r"\d+", written)[:3]]
    reader = _READERS.get(name)
    return reader(numbers, written, today) if reader else (OTHER, None)


def _full_year(year: int, today: date) -> int:
    """A year of two digits: of this century up to next year, else of the last."""
    return year + (2000 if year <= today.year + 1 - 2000 else 1900)


def _iso(numbers: list[int], written: str, today: date) -> Token:
    return "d", [tuple(numbers)]


def _dmy(numbers: list[int], written: str, today: date) -> Token:
    first, second, year = numbers
    if year < 100:
        year = _full_year(year, today)
    readings = {(year, second, first)}
    if "." not in written:
        readings.add((year, first, second))
    return "d", sorted(readings)


def _ym(numbers: list[int], written: str, today: date) -> Token:
    year, month = sorted(numbers, reverse=True)
    return "d", [(year, month, None)]


def _dm(numbers: list[int], written: str, today: date) -> Token:
    first, second = numbers
    return "e", [(second, first)] if "." in written else sorted({(second, first), (first, second)})


def _cjk(numbers: list[int], written: str, today: date) -> Token:
    if not re.search("[年년]", written):
        return ("e", [(numbers[0], numbers[1])]) if len(numbers) > 1 else ("M", numbers[0])
    return "d", [(*numbers, None, None)[:3]]


def _decade(numbers: list[int], written: str, today: date) -> Token:
    number = numbers[0]
    if number >= 100:
        return "X", number
    return "X", number + (2000 if number <= 20 else 1900)


def _number(numbers: list[int], written: str, today: date) -> Token:
    number = numbers[0]
    if 1900 <= number <= 2100 and len(written) == 4:
        return ("n" if number % 50 == 0 or number > today.year + 1 else "Y"), number
    return ("N", number) if 0 < number < 1000 else (OTHER, None)


_READERS: dict[str, Callable[[list[int], str, date], Token]] = {
    "iso": _iso,
    "dmy": _dmy,
    "ym": _ym,
    "dm": _dm,
    "cjk": _cjk,
    "decade": _decade,
    "number": _number,
    "quarter": lambda numbers, written, today: ("Q", numbers[0]),
    "short": lambda numbers, written, today: ("n", _full_year(numbers[0], today)),
    "ordinal": lambda numbers, written, today: ("O", numbers[0]),
    "dash": lambda numbers, written, today: ("-", None),
    "possessive": lambda numbers, written, today: ("'", None),
}
