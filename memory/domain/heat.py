"""Eq. 4 of the paper, in pure Python. The SQL twin is `SegmentQuerySet.with_heat`; a test holds them together."""

import math
from datetime import datetime

from memory.conf import MemorySettings


def recency(last_visited_at: datetime, now: datetime, decay: float) -> float:
    """R_recency = exp(-dt / mu), dt and mu in seconds; 1.0 for a visit in the future (clock skew)."""
    elapsed = max(0.0, (now - last_visited_at).total_seconds())
    return math.exp(-elapsed / decay)


def heat(visits: int, length: int, last_visited_at: datetime, now: datetime, conf: MemorySettings) -> float:
    """Heat = alpha * N_visit + beta * L_interaction + gamma * R_recency (Eq. 4)."""
    return (
        conf.heat_alpha * visits
        + conf.heat_beta * length
        + conf.heat_gamma * recency(last_visited_at, now, conf.heat_decay)
    )
