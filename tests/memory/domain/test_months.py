"""Calendar months in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from memory.domain.months import Month

BERLIN = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), Month(2026, 1)),
        (datetime(2026, 2, 1, tzinfo=UTC), Month(2026, 2)),
        (datetime(2026, 2, 1, 1, 59, tzinfo=BERLIN), Month(2026, 1)),
        (datetime(2026, 2, 1, 2, 0, tzinfo=BERLIN), Month(2026, 2)),
    ],
)
def test_a_moment_lies_in_its_month_of_utc(moment: datetime, month: Month) -> None:
    assert Month.at(moment) == month
    assert month.start <= moment < month.end


def test_months_follow_each_other_over_the_year() -> None:
    assert (Month(2026, 12).next, Month(2026, 1).previous) == (Month(2027, 1), Month(2025, 12))
    month = Month(2023, 11)
    for _ in range(30):
        assert month.next.previous == month
        assert month.end == month.next.start
        month = month.next


def test_a_month_has_all_its_days() -> None:
    assert (len(Month(2028, 2).days), len(Month(2026, 2).days)) == (29, 28)
    assert Month(2026, 12).days[-1] == date(2026, 12, 31)


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-7", "26-07", "2026-07-01", "nonsense", "2026-00"])
def test_nonsense_names_no_month(text: str) -> None:
    assert Month.parse(text) is None


def test_a_month_is_read_as_it_is_written() -> None:
    assert str(Month(2026, 7)) == "2026-07"
    assert Month.parse("2026-07") == Month(2026, 7)
