"""A quantity over time as a line, with a mark across it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from memory.views.charts.scales import level_above

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 4, 8, 20, 28
"""Margins; the numbers of the levels stand on their lines."""


@dataclass(frozen=True, slots=True)
class Tick:
    at: int
    value: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A moment worth a mark on the line."""

    x: int
    y: int
    kind: str


@dataclass(frozen=True, slots=True)
class Line:
    """The shapes, in a view box of WIDTH by HEIGHT."""

    path: str
    area: str
    mark_y: int
    levels: tuple[Tick, ...]
    dots: tuple[Dot, ...]
    since: datetime
    until: datetime


def line_of(samples: Sequence[tuple[datetime, float, str]], mark: float) -> Line | None:
    """Return the line through samples (when, how much, kind; in order); None where there are not two moments.

    A sample with a kind other than "" gets a dot. The scale begins at zero and always shows `mark`.
    """
    if len(samples) < 2 or samples[0][0] >= samples[-1][0]:
        return None
    since, until = samples[0][0], samples[-1][0]
    top = level_above(max(mark, *(value for _, value, _ in samples)))

    def x_of(at: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((at - since) / (until - since))

    def y_of(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    points = [(x_of(at), y_of(value)) for at, value, _ in samples]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    ground = HEIGHT - BOTTOM
    return Line(
        path=path,
        area=f"{path}V{ground}H{points[0][0]:.1f}Z",
        mark_y=round(y_of(mark)),
        levels=tuple(Tick(round(y_of(top * part / 2)), top * part / 2) for part in range(3)),
        dots=tuple(Dot(round(x), round(y), kind) for (x, y), (_, _, kind) in zip(points, samples, strict=True) if kind),
        since=since,
        until=until,
    )
