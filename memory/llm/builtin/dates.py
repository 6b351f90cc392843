"""Relative times made absolute: "yesterday" means nothing once it is a fact in a list."""

import re
from datetime import date, datetime, timedelta

_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_WORDS = {"yesterday": -1, "last night": -1, "today": 0, "tonight": 0, "this morning": 0, "tomorrow": 1}
_MONTHS_A_YEAR = 12

_RELATIVE = re.compile(
    r"\b(?:(?P<day>yesterday|last night|today|tonight|this morning|tomorrow)"
    rf"|(?P<side>last|next|this past) (?P<weekday>{'|'.join(_WEEKDAYS)}|fri|sat|sun|mon|tues|weds|thurs)"
    r"|(?P<which>last|next) (?P<unit>week|weekend|month|year)"
    rf"|(?P<about>(?:about|around|almost|nearly) )?"
    rf"(?P<count>\d{{1,2}}|{'|'.join(_NUMBERS)}) (?P<span>day|week|"
    rf"month|year)s? ago)\b",
    re.IGNORECASE,
)


def written_day(day: date) -> str:
    """Return a day as people write it: 8 May 2023."""
    return f"{day.day} {day:%B %Y}"


def _month(day: date, months: int) -> date:
    index = day.year * _MONTHS_A_YEAR + day.month - 1 + months
    return date(index // _MONTHS_A_YEAR, index % _MONTHS_A_YEAR + 1, 1)


def _weekday(day: date, name: str, direction: int) -> date:
    target = next(at for at, full in enumerate(_WEEKDAYS) if full.startswith(name[:3]))
    days = (target - day.weekday()) % 7 if direction > 0 else (day.weekday() - target) % 7
    return day + timedelta(days=direction * (days or 7))


def _unit(day: date, unit: str, count: int) -> str:
    """Return where `count` units from a day lie, as exactly as the words allow."""
    if unit == "day":
        return f"on {written_day(day + timedelta(days=count))}"
    if unit in ("week", "weekend"):
        if abs(count) == 1:
            return f"the {unit} {'before' if count < 0 else 'after'} {written_day(day)}"
        return f"around {written_day(day + timedelta(weeks=count))}"
    if unit == "month":
        return f"in {_month(day, count):%B %Y}"
    return f"in {day.year + count}"


def with_absolute_dates(text: str, at: datetime) -> str:
    """Return the text with its relative times written out, as seen from the day it was said."""
    day = at.date()

    def absolute(found: re.Match[str]) -> str:
        if found["day"]:
            return f"on {written_day(day + timedelta(days=_DAY_WORDS[found['day'].lower()]))}"
        if found["weekday"]:
            direction = 1 if found["side"].lower() == "next" else -1
            return f"on {written_day(_weekday(day, found['weekday'].lower(), direction))}"
        if found["unit"]:
            return _unit(day, found["unit"].lower(), -1 if found["which"].lower() == "last" else 1)
        count = _NUMBERS.get(found["count"].lower()) or int(found["count"])
        when = _unit(day, found["span"].lower(), -count)
        return "around " + when.split(" ", 1)[1] if found["about"] else when

    return _RELATIVE.sub(absolute, text)
