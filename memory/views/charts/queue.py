"""The short-term queue as a row of places: the oldest page leaves on one side, the next one comes in on the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 64
PLACES = 20
"""The most places that are drawn; of a longer queue, its ends."""
_ARROW, _GAP = 34, 6


@dataclass(frozen=True, slots=True)
class Place:
    """A place, from the one that leaves next; `index` counts pages from the oldest one, None for a free place."""

    x: int
    width: int
    index: int | None
    over: bool
    """Whether it holds more than fits."""

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


@dataclass(frozen=True, slots=True)
class Queue:
    """All places, in a view box of WIDTH by HEIGHT."""

    places: tuple[Place, ...]
    skipped_x: int | None
    """Where places are left out."""


def queue_of(count: int, capacity: int) -> Queue:
    """Return the places of a queue of `count` pages that holds `capacity`: pages beyond it are drawn, too."""
    total = max(count, capacity, 1)
    drawn = list(range(total)) if total <= PLACES else _ends(total)
    pitch = min(74.0, (WIDTH - 2 * _ARROW) / (len(drawn) + (total > PLACES)))
    start = (WIDTH - pitch * (len(drawn) + (total > PLACES))) / 2
    places, skipped = [], None
    for slot, number in enumerate(drawn):
        after_gap = total > PLACES and slot >= PLACES // 2
        if after_gap and skipped is None:
            skipped = round(start + pitch * slot + pitch / 2)
        x = round(start + pitch * (slot + after_gap))
        index = number if number < count else None
        places.append(Place(x, max(2, round(pitch) - _GAP), index, index is not None and index < count - capacity))
    return Queue(tuple(places), skipped)


def _ends(total: int) -> Sequence[int]:
    half = PLACES // 2
    return [*range(half), *range(total - half + 1, total)]
