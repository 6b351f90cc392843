"""How recency fades: R = exp(-t / mu), as a curve over four times mu."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import exp

WIDTH, HEIGHT = 320, 110
LEFT, RIGHT, TOP, BOTTOM = 4, 8, 10, 22
SPAN = 4
"""How many times mu the picture shows: after that less than 2 % is left."""
_STEPS = 40


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the curve: where, what is left of recency in percent, after how many seconds."""

    x: float
    y: float
    percent: int
    seconds: float

    @property
    def days(self) -> float:
        """The seconds as days."""
        return self.seconds / timedelta(days=1).total_seconds()


@dataclass(frozen=True, slots=True)
class Decay:
    """The shapes, in a view box of WIDTH by HEIGHT."""

    path: str
    area: str
    base: int
    marks: tuple[Mark, ...]


def decay_of(mu: float) -> Decay:
    """Return the curve for a mu in seconds, with a mark at each time mu: 37, 14 and 5 % are left there."""
    points = [_point(SPAN * step / _STEPS) for step in range(_STEPS + 1)]
    path = "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    base = HEIGHT - BOTTOM
    area = f"{path} L{points[-1][0]:.1f},{base} L{points[0][0]:.1f},{base} Z"
    marks = tuple(Mark(*_point(times), round(100 * exp(-times)), times * mu) for times in range(1, SPAN))
    return Decay(path, area, base, marks)


def _point(times: float) -> tuple[float, float]:
    x = LEFT + (WIDTH - LEFT - RIGHT) * times / SPAN
    y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * exp(-times)
    return round(x, 1), round(y, 1)
