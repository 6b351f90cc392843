"""Heating: a segment that passed tau is announced, so that its pages get their turn (paper, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from memory.models import Memory, Segment
from memory.signals import segment_heated


def announce_hot(memory: Memory, segments: Sequence[Segment], now: datetime) -> None:
    """Send `segment_heated` for each of these segments that passed tau and has pages to analyse."""
    hot = memory.segments.hot(now, memory.conf).filter(pk__in=[segment.pk for segment in segments])
    for segment in hot:
        segment_heated.send(Segment, memory=memory, segment=segment)
