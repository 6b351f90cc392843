"""Where an axis ends."""

from __future__ import annotations

import math


def level_above(value: float) -> int:
    """Return an even number not below `value` that is short to read: 2, 4, 6, 8, 20, 40 ..."""
    size = 1
    while True:
        for factor in (2, 4, 6, 8):
            if math.ceil(value) <= factor * size:
                return factor * size
        size *= 10
