"""Calendar months in UTC, in which usage is counted and budgets begin anew. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    number: int

    @classmethod
    def at(cls, moment: datetime) -> Month:
        """Return the month that a moment lies in."""
        utc = moment.astimezone(UTC)
        return cls(utc.year, utc.month)

    @classmethod
    def parse(cls, text: str) -> Month | None:
        """Return the month that `2026-07` names; None for anything else."""
        try:
            parsed = datetime.strptime(text, "%Y-%m")  # a month has no time zone yet
        except ValueError:
            return None
        return cls(parsed.year, parsed.month) if text == f"{parsed.year:04}-{parsed.month:02}" else None

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """Return the first moment of the next month."""
        return self.next.start

    @property
    def next(self) -> Month:
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def previous(self) -> Month:
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    @property
    def days(self) -> tuple[date, ...]:
        count = (self.end - self.start).days
        return tuple((self.start + timedelta(days=day)).date() for day in range(count))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"
