"""The times a question speaks of: "last May", "in 2023", "yesterday", relative to now. Pure; knows no database.

English first, and German, French, Spanish, Italian, Portuguese, Dutch, Russian, Chinese and Japanese by tables
(`date_words`). A text becomes one letter a word (`date_tokens`), and what follows is one grammar over those letters for
all languages. It prefers to miss a time over seeing one in "May I ask": a bare month is none.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from memory.domain import date_periods as periods
from memory.domain.date_periods import Period
from memory.domain.date_tokens import Cut, Token, cut, lexicon, read, read_unspaced, unspaced_language
from memory.domain.date_words import SPACED
from memory.domain.lexical import stop_words

_LONGEST = 10_000
"""Characters of a text that are read."""
_MOST = 32
"""Spans a text can have."""
_AS_LIKELY = 0.6
"""Share of the best language's function words from which another language is tried too."""
_OPEN_ENDED = timedelta(days=365)
"""How far "before May" and "after May" reach at most; at least a month."""

_BEFORE = (0.25, timedelta(days=1), timedelta(days=30))
_AFTER = (0.5, timedelta(days=2), timedelta(days=60))
"""Fall-off outside a span: share of its width, at least, at most. Things are told after they happen."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A period of time, half-open, aware UTC."""

    start: datetime
    end: datetime

    @property
    def width(self) -> timedelta:
        return self.end - self.start


def spans(text: str, now: datetime) -> list[Span]:
    """Return the periods a question speaks of, earliest first; none where it speaks of none.

    `now` is aware; days begin and end in its time zone. A date with two readings (05/08/2023) gives both. Reads the
    first 10,000 characters. Never raises for any text.
    """
    zone = now.tzinfo or UTC
    local = now.replace(tzinfo=None)
    text = text[:_LONGEST]
    found = {
        span
        for tokens in _tokens(text, local)
        for period in _periods(tokens, local)
        if (span := _span(period, zone)) is not None
    }
    return sorted(found)[:_MOST]


def boost(moment: datetime, found: Iterable[Span]) -> float:
    """Return how well a moment fits the spans, 0..1: 1 inside one, less the farther outside.

    Outside it halves over about a third of the span's width after its end (at least 1.4 days, at most 42), and twice
    as fast before its start: people often talk about an event some days later. Without spans it is 0.
    """
    return max((_closeness(moment, span) for span in found), default=0.0)


def _closeness(moment: datetime, span: Span) -> float:
    if span.start <= moment < span.end:
        return 1.0
    gap, (share, least, most) = (span.start - moment, _BEFORE) if moment < span.start else (moment - span.end, _AFTER)
    closeness = math.exp(-(gap / min(max(share * span.width, least), most)))
    return closeness if closeness > 0.01 else 0.0


def _span(period: Period, zone: tzinfo) -> Span | None:
    try:
        start, end = (local.replace(tzinfo=zone).astimezone(UTC) for local in period)
    except (ValueError, OverflowError):
        return None
    return Span(start, end) if start < end else None


def _tokens(text: str, now: datetime) -> Iterable[list[Token]]:
    """The readings of a text: in the languages it may be in, one reading where words about time are the same."""
    today = now.date()
    unspaced = unspaced_language(text)
    if unspaced:
        yield read_unspaced(text, unspaced, today)
    pieces = cut(text)
    telling = [language for language in SPACED if not pieces.words.isdisjoint(lexicon(language).telling)]
    if telling:
        for language in _likely(pieces, telling):
            yield read(pieces, text, language, today)
    elif pieces.figures and not unspaced:
        yield read(pieces, text, _likely(pieces, SPACED)[0], today)


def _likely(pieces: Cut, telling: Iterable[str]) -> list[str]:
    """The languages by their function words, best first: "hier" is a day only where the text is French."""
    scores = {language: len(pieces.words & stop_words(language)) for language in SPACED}
    bar = _AS_LIKELY * max(scores.values())
    return sorted((name for name in telling if scores[name] >= bar), key=scores.__getitem__, reverse=True) or [
        "english"
    ]


Values = dict[str, list[Any]]
Made = Iterable[Period | None]


def _day(found: Values, now: datetime) -> Made:
    [month] = found["M"]
    day = (found.get("N") or found["O"])[0]
    year = _year(found, now)
    if year is None:
        return [periods.latest(periods.day_of(month, day), now)]
    return [periods.written((year, month, day))]


def _year(found: Values, now: datetime) -> int | None:
    if "Y" in found:
        return int(found["Y"][0])
    return now.year + found["y"][0] if "y" in found else None


def _yearly(make: Callable[[int], Period | None], found: Values, now: datetime) -> Period | None:
    """The one of the year that is named, else the latest; "of the last but one" is not told apart from "last"."""
    year = _year(found, now)
    return periods.latest(make, now) if year is None else make(year)


def _part(found: Values, period: Period | None) -> Period | None:
    return periods.third(period, found["P"][0]) if period and "P" in found else period


def _month(found: Values, now: datetime) -> Made:
    [month] = found["M"]
    return [_part(found, _yearly(lambda year: periods.months(year, month), found, now))]


def _season(found: Values, now: datetime) -> Made:
    [first] = found["S"]
    made = [_part(found, _yearly(lambda year: periods.months(year, first, 3), found, now))]
    if first == 12 and (year := _year(found, now)) is not None:
        # "Winter 2022" is the one that began or the one that ended in it.
        made.append(_part(found, periods.months(year - 1, first, 3)))
    return made


def _holiday(found: Values, now: datetime) -> Made:
    month, day, count = found["H"][0]

    def make(year: int) -> Period | None:
        first = periods.written((year, month, day))
        return first and periods.days(first[0].date(), count)

    return [_yearly(make, found, now)]


def _quarter(found: Values, now: datetime) -> Made:
    [which] = found.get("Q") or found["O"]
    if which > 4:
        return []
    return [_yearly(lambda year: periods.months(year, 3 * which - 2, 3), found, now)]


def _whole_year(found: Values, now: datetime) -> Made:
    year = _year(found, now)
    return [_part(found, periods.years(year))] if year else []


def _decade(found: Values, now: datetime) -> Made:
    return [_part(found, periods.years(found["X"][0], 10))]


def _ago(found: Values, now: datetime) -> Made:
    [unit] = found["U"]
    return [periods.ago(now, unit, found.get("N", [1])[0])]


def _rolling(found: Values, now: datetime) -> Made:
    [unit] = found["U"]
    return [periods.rolling(now, unit, found.get("N", [1])[0])]


def _relative(found: Values, now: datetime) -> Made:
    unit, back = found["R"][0] if "R" in found else ("weekend", 0)
    return [_part(found, periods.counted_back(now, unit, back))]


def _weekday(found: Values, now: datetime) -> Made:
    [weekday] = found["W"]
    if "R" not in found:
        return [periods.last_weekday(now, weekday)]
    unit, back = found["R"][0]
    start, end = periods.counted_back(now, unit, back)
    offset = weekday - start.weekday()
    return [periods.days((start + timedelta(days=offset)).date())] if unit == "week" else [(start, end)]


def _day_word(found: Values, now: datetime) -> Made:
    offset, begin, end = found["D"][0]
    midnight = periods.at_midnight(now) + timedelta(days=offset)
    return [(midnight + timedelta(hours=begin), midnight + timedelta(hours=end))]


def _figures(found: Values, now: datetime) -> Made:
    return [periods.written(reading) for reading in found["d"][0]]


def _day_and_month(found: Values, now: datetime) -> Made:
    return [periods.latest(periods.day_of(*reading), now) for reading in found["e"][0]]


def _nothing(found: Values, now: datetime) -> Made:
    return []


# What makes a time, longest first. Letters are those of `date_words`; e is a day and month in figures, d a whole date,
# Y a year, n one that may be a number, y "last year", R "last week", Z weekend, q quarter,
# Q "Q2", x a lower-case "may".
_GRAMMAR: tuple[tuple[str, Callable[[Values, datetime], Made]], ...] = (
    (r"W?d", _figures),
    (r"(?<=[IJ])e", _day_and_month),
    (r"W?(?:[NO]M|M[NO])[Yyn]?|W?(?:[NO]x|x[NO])[Yyn]|Ox|xO|(?<=[IJ])(?:Nx|xN)|xN(?!o)", _day),
    (r"[BV]a?N?[UZq]|a?N[UZq][Ag]|a[UZq][Ag]|[UZq]g|(?<=C)a?N[UZq]", _ago),
    (r"[Ll]a?N[UZq]|NL[UZq]|l[UZq]", _rolling),
    (r"[MW]?-?P?-?[Mx][Yyn]|y[Mx]|P-?[LT]?[Mx]|LM|Lx|TM|ML|(?<=[IJ])[Mx](?!')", _month),
    (r"P?[LT]?S[Yyn]|P?[LT]S|P?SL|yS|PS|(?<=[IJf])S", _season),
    (r"[LT]?[Hh][Yyn]|[LT]H|HL|yH|(?<=[IJf])H|[LT]?h", _holiday),
    (r"Q[Yyn]|[LT]Q|(?<=[IJ])Q|Oq[Yyn]?", _quarter),
    (r"WR|RW|[LT]W|WL|(?<=[IJ])W", _weekday),
    (r"P?R|(?<=[IJf])Z", _relative),
    (r"P?-?[Yy]|P-?n|(?<=[IJ])n", _whole_year),
    (r"P?X", _decade),
    (r"D", _day_word),
    # Alone these say nothing; with "since", "before" or another end they do.
    (r"[MxWSHnNeQ]", _nothing),
)
_PERIOD = re.compile("|".join(f"(?P<g{number}>{pattern})" for number, (pattern, _) in enumerate(_GRAMMAR)))
_BARE: dict[str, Callable[[Values, datetime], Made]] = {
    "M": _month,
    "x": _month,
    "W": _weekday,
    "S": _season,
    "H": _holiday,
    "n": _whole_year,
    "e": _day_and_month,
    "Q": _quarter,
}
# p is a time, w one that is none by itself.
_ENDS = re.compile(
    r"(?P<range>[FC][pw][GJk&-][pw]|[pw][GJk-][pw])|(?P<since>C[pw])|(?P<before>[KkV][pw])|(?P<after>E[pw])|p"
)


@dataclass(frozen=True, slots=True)
class _Part:
    """Part of a text: its kind for `_ENDS`, and what it means if it is a time."""

    kind: str
    kinds: str = ""
    values: tuple[Any, ...] = ()
    made: tuple[Period, ...] = ()


def _periods(tokens: list[Token], now: datetime) -> Iterable[Period]:
    parts = _parts(tokens, now)
    kinds = "".join(part.kind for part in parts)
    for found in _ENDS.finditer(kinds):
        chosen = parts[found.start() : found.end()]
        times = [part for part in chosen if part.kind in "pw"]
        if found["range"]:
            yield from _range(times[0], times[1], now)
        elif found.lastgroup:
            yield from _open_ended(found.lastgroup, times[0], now)
        else:
            yield from times[0].made


def _parts(tokens: list[Token], now: datetime) -> list[_Part]:
    kinds = "".join(kind for kind, _ in tokens)
    parts: list[_Part] = []
    at = 0
    for found in _PERIOD.finditer(kinds):
        parts += [_Part(kind) for kind in kinds[at : found.start()] if kind != "I"]
        at = found.end()
        parts.append(_time(found, tokens, now))
    return parts + [_Part(kind) for kind in kinds[at:] if kind != "I"]


_SAME_KIND = {"x": "M", "n": "Y", "h": "H", "Z": "U", "q": "U"}


def _values(kinds: str, values: Iterable[Any]) -> Values:
    found: Values = {}
    for kind, value in zip(kinds, values, strict=True):
        found.setdefault(_SAME_KIND.get(kind, kind), []).append(value)
    return found


def _time(found: re.Match[str], tokens: list[Token], now: datetime) -> _Part:
    handler = _GRAMMAR[int((found.lastgroup or "g0")[1:])][1]
    values = tuple(value for _, value in tokens[found.start() : found.end()])
    kinds = found.group()
    made = _made(handler, kinds, values, now)
    return _Part("p" if made else "w", kinds, values, made)


def _made(
    handler: Callable[[Values, datetime], Made], kinds: str, values: tuple[Any, ...], now: datetime
) -> tuple[Period, ...]:
    try:
        return tuple(period for period in handler(_values(kinds, values), now) if period is not None)
    except (ValueError, OverflowError):
        # A date that no calendar has, such as 900 decades ago.
        return ()


def _bare(part: _Part, now: datetime, year: int | None = None) -> tuple[Period, ...]:
    """What a month, weekday, season or holiday alone means beside "since", or as one end of a range."""
    handler = _BARE.get(part.kinds)
    if part.made or handler is None:
        return part.made
    kinds, values = (part.kinds, part.values) if year is None else (part.kinds + "Y", (*part.values, year))
    return _made(handler, kinds, values, now)


def _range(first: _Part, last: _Part, now: datetime) -> Iterable[Period]:
    """From the start of one time to the end of another; the year, or month, of the last goes for the first too."""
    ends = _bare(last, now)
    if not ends:
        return first.made
    end = ends[0]
    starts = first.made
    if first.kinds in ("N", "O"):
        if "N" not in last.kinds and "O" not in last.kinds:
            return last.made
        day = periods.written((end[0].year, end[0].month, first.values[0]))
        starts = (day,) if day else ()
    elif not any(year in first.kinds for year in "YynRd"):
        # "June to August 2023", and "December to February": the year before, if it would end before it begins.
        starts = next(
            (
                made
                for year in (end[0].year, end[0].year - 1)
                if (made := _in_year(first, year, now)) and made[0][0] <= end[0]
            ),
            starts,
        )
    if not starts or starts[0][0] >= end[1]:
        return (*first.made, *last.made)
    return [(starts[0][0], end[1])]


def _in_year(part: _Part, year: int, now: datetime) -> tuple[Period, ...]:
    if part.kinds == "W" or "W" in part.kinds or not any(kind in part.kinds for kind in "MxSHh"):
        return _bare(part, now)
    handler = _BARE.get(part.kinds)
    if handler is None:
        handler = _day if any(kind in part.kinds for kind in "NO") else _month
    return _made(handler, part.kinds + "Y", (*part.values, year), now)


def _open_ended(kind: str, part: _Part, now: datetime) -> Iterable[Period]:
    made = _bare(part, now)
    if not made:
        return
    start, end = min(made)[0], max(made)[1]
    reach = min(max(12 * (end - start), timedelta(days=30)), _OPEN_ENDED)
    tomorrow = periods.at_midnight(now) + timedelta(days=1)
    if kind == "since":
        yield start, max(end, tomorrow)
    elif kind == "before":
        yield start - reach, start
    elif end < tomorrow:
        yield end, min(tomorrow, end + reach)
    else:
        yield start, end
