"""Calendar arithmetic for `dates`: periods as pairs of naive local times, half-open, counted from a local now."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

Period = tuple[datetime, datetime]
Written = tuple[int, int | None, int | None]
"""Year, month or None, day or None, as written in figures; need not exist."""

_DAY = timedelta(days=1)


def at_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def days(first: date, count: int = 1) -> Period:
    return at_midnight(first), at_midnight(first) + count * _DAY


def month_start(year: int, month: int) -> datetime:
    """The start of a month, which may be counted past the ends of its year: month 13 is next January."""
    return datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def months(year: int, month: int, count: int = 1) -> Period:
    return month_start(year, month), month_start(year, month + count)


def years(year: int, count: int = 1) -> Period:
    return datetime(year, 1, 1), datetime(year + count, 1, 1)


def written(parts: Written) -> Period | None:
    """The period of a date in figures; None for 31 February or year 0."""
    year, month, day = parts
    try:
        if month is None:
            return years(year)
        if day is None:
            return months(year, month) if 1 <= month <= 12 else None
        return days(date(year, month, day))
    except (ValueError, OverflowError):
        return None


def latest(make: Callable[[int], Period | None], now: datetime) -> Period | None:
    """The latest period of a yearly kind that is over or running; eight years suffice for 29 February."""
    for year in range(now.year, now.year - 9, -1):
        period = make(year)
        if period is not None and period[0] <= now:
            return period
    return None


def day_of(month: int, day: int) -> Callable[[int], Period | None]:
    return lambda year: written((year, month, day))


def shifted(now: datetime, unit: str, count: int) -> datetime:
    """The same time `count` units earlier."""
    if unit == "hour":
        return now - timedelta(hours=count)
    if unit == "day":
        return now - timedelta(days=count)
    if unit in ("week", "weekend"):
        return now - timedelta(weeks=count)
    size = {"month": 1, "quarter": 3, "year": 12, "decade": 120}[unit]
    start = month_start(now.year, now.month - count * size)
    last = (month_start(start.year, start.month + 1) - _DAY).day
    return now.replace(year=start.year, month=start.month, day=min(now.day, last))


# How far to each side of "two weeks ago" is still meant, in days.
_VAGUENESS = {"day": 0, "week": 3, "weekend": 3, "month": 15, "quarter": 45, "year": 182, "decade": 1095}


def ago(now: datetime, unit: str, count: int) -> Period:
    """The days meant by "two weeks ago": longer units are meant less exactly."""
    then = shifted(now, unit, count)
    if unit == "hour":
        margin = timedelta(hours=max(1.0, count / 4))
        return then - margin, then + margin
    margin = timedelta(days=_VAGUENESS[unit])
    return at_midnight(then - margin), min(at_midnight(then + margin), at_midnight(now)) + _DAY


def rolling(now: datetime, unit: str, count: int) -> Period:
    """The last `count` units up to the end of today."""
    return at_midnight(shifted(now, unit, count)), at_midnight(now) + _DAY


def counted_back(now: datetime, unit: str, back: int) -> Period:  # noqa: PLR0911 (one a unit)
    """A calendar unit, 0 the running one, -1 the last one. Weeks start on Monday, weekends on Saturday."""
    if unit == "hour":
        return ago(now, unit, -back)
    if unit == "day":
        return days((now + timedelta(days=back)).date())
    monday = at_midnight(now) - timedelta(days=now.weekday())
    if unit == "week":
        return days((monday + timedelta(weeks=back)).date(), 7)
    if unit == "weekend":
        # From Monday to Friday the weekend one speaks of as past is the one that was.
        running = now.weekday() >= 5
        saturday = monday + timedelta(days=5) - timedelta(weeks=0 if running else 1)
        weeks = back if running else min(back + 1, 0)
        return days((saturday + timedelta(weeks=weeks)).date(), 2)
    if unit == "month":
        return months(now.year, now.month + back)
    if unit == "quarter":
        return months(now.year, (now.month - 1) // 3 * 3 + 1 + 3 * back, 3)
    if unit == "decade":
        return years(now.year // 10 * 10 + 10 * back, 10)
    return years(now.year + back)


def last_weekday(now: datetime, weekday: int) -> Period:
    """The latest such day before today."""
    return days((now - timedelta(days=(now.weekday() - weekday - 1) % 7 + 1)).date())


def third(period: Period, which: int) -> Period:
    """The early, middle or late third of a period, to whole days where it is longer than three."""
    start, end = period
    step = (end - start) / 3
    if end - start >= timedelta(days=3):
        step = timedelta(days=round(step / _DAY))
    cuts = (start, start + step, end - step, end)
    return cuts[which], cuts[which + 1]
