"""Amounts by day and kind as stacked columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from memory.views.charts.scales import level_above

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 4, 12, 28


@dataclass(frozen=True, slots=True)
class Piece:
    """One kind's part of a column."""

    kind: str
    y: float
    height: float
    value: int


@dataclass(frozen=True, slots=True)
class Column:
    """A day, its parts from the ground up."""

    day: date
    x: float
    width: float
    total: int
    pieces: tuple[Piece, ...]

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Level:
    y: float
    value: int


@dataclass(frozen=True, slots=True)
class Columns:
    """The shapes, in a view box of WIDTH by HEIGHT, and the days named below them."""

    columns: tuple[Column, ...]
    levels: tuple[Level, ...]
    named: tuple[Column, ...]


def columns_of(days: Sequence[date], amounts: Mapping[tuple[date, str], int], kinds: Sequence[str]) -> Columns:
    """Stack `amounts` by day, in the order of `kinds`; days without any have an empty column."""
    totals = {day: sum(amounts.get((day, kind), 0) for kind in kinds) for day in days}
    top = level_above(max(totals.values(), default=0))
    ground, height = HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM
    pitch = (WIDTH - LEFT - RIGHT) / max(len(days), 1)
    columns = []
    for number, day in enumerate(days):
        pieces, y = [], float(ground)
        for kind in kinds:
            if value := amounts.get((day, kind), 0):
                part = height * value / top
                y -= part
                pieces.append(Piece(kind, round(y, 2), round(part, 2), value))
        x = LEFT + pitch * number + pitch * 0.12
        columns.append(Column(day, round(x, 2), round(pitch * 0.76, 2), totals[day], tuple(pieces)))
    levels = tuple(Level(ground - height * part / 2, top * part // 2) for part in range(3))
    return Columns(tuple(columns), levels, tuple(columns[:: max(1, len(days) // 4)][:4]))
