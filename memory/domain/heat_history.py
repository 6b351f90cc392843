"""The heat of a segment over time, worked out anew from the log: it decays, so that nobody has stored it. Read only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from memory.conf import MemorySettings
from memory.domain.heat import heat
from memory.enums import EventKind
from memory.models import MemoryEvent, Segment

LATEST = 500
"""Events, and as many visits, that are read of one segment; what was before them is where the line begins."""
_SAME = 0.05
"""Heat that makes no difference in the picture."""
_BEND = 0.25
"""A gap longer than this share of mu is drawn bent, in up to eight pieces."""


class Change(StrEnum):
    """What changes a segment's heat, or tells why it stands still."""

    JOINED = "joined"
    VISITED = "visited"
    READ = "read"
    RESTORED = "restored"
    ARCHIVED = "archived"


_CHANGES = {
    EventKind.TRANSFERRED: Change.JOINED,
    EventKind.PROMOTED: Change.READ,
    EventKind.RESTORED: Change.RESTORED,
    EventKind.ARCHIVED: Change.ARCHIVED,
}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a segment; `pages` are those that joined or were read."""

    at: datetime
    change: Change
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """Its heat at a moment, and what has just happened, if that is why there is a sample."""

    at: datetime
    heat: float
    happening: Happening | None = None


@dataclass(frozen=True, slots=True)
class History:
    """`unnoted_visits` are those whose time nobody noted: the line begins with them."""

    samples: tuple[Sample, ...]
    unnoted_visits: int

    @property
    def happenings(self) -> list[Sample]:
        """The samples at which something happened, newest first."""
        return [sample for sample in reversed(self.samples) if sample.happening is not None]


def heat_history(segment: Segment, conf: MemorySettings, now: datetime) -> History:
    """Read what happened to a segment and return its heat from then to `now`. Two queries."""
    events = MemoryEvent.objects.filter(
        memory=segment.memory_id, target_type=Segment._meta.model_name, target_id=segment.pk, kind__in=_CHANGES
    )
    noted = list(events.order_by("-pk").values_list("kind", "created_at", "after")[:LATEST])
    visits = list(segment.visit_log.order_by("-visited_at").values_list("visited_at", flat=True)[:LATEST])
    happenings = [Happening(at, _CHANGES[EventKind(kind)], _page_count(after)) for kind, at, after in noted]
    happenings += [Happening(at, Change.VISITED) for at in visits]
    happenings.sort(key=lambda happening: happening.at)
    counted = len(visits) + sum(happening.change is Change.RESTORED for happening in happenings)
    unnoted = max(0, segment.visits - counted)
    before = _unread_before(segment, happenings) if len(noted) == LATEST else 0
    return History(tuple(_samples(segment, happenings, conf, now, (unnoted, before))), unnoted)


def _page_count(after: object) -> int:
    pages = after.get("pages") if isinstance(after, dict) else None
    return len(pages) if isinstance(pages, list) else 0


def _unread_before(segment: Segment, happenings: Sequence[Happening]) -> int:
    joined = sum(happening.pages for happening in happenings if happening.change is Change.JOINED)
    read = sum(happening.pages for happening in happenings if happening.change is Change.READ)
    return max(0, segment.length - joined + read)


def _samples(
    segment: Segment, happenings: Sequence[Happening], conf: MemorySettings, now: datetime, start: tuple[int, int]
) -> list[Sample]:
    """Follow N_visit, L_interaction and the last access through what happened; the end is what the segment has now."""
    visits, length = start
    touched = min([segment.created_at, *(happening.at for happening in happenings[:1])])
    samples = [] if happenings else [Sample(touched, heat(visits, length, touched, touched, conf))]
    at = touched
    for happening in happenings:
        if samples:
            samples += _between(visits, length, touched, (at, happening.at), conf)
        at = happening.at
        match happening.change:
            case Change.JOINED:
                length, touched = length + happening.pages, at
            case Change.READ:
                length = max(0, length - happening.pages)
            case Change.VISITED | Change.RESTORED:
                visits, touched = visits + 1, at
            case Change.ARCHIVED:
                pass
        samples.append(Sample(at, heat(visits, length, touched, at, conf), happening))
    samples += _between(visits, length, touched, (at, now), conf)
    held = Sample(now, heat(segment.visits, segment.length, segment.last_visited_at, now, conf))
    # What the log does not tell, such as a page that somebody has disabled, is a step at the end.
    return [*(samples[:-1] if abs(samples[-1].heat - held.heat) < _SAME else samples), held]


def _between(
    visits: int, length: int, touched: datetime, gap: tuple[datetime, datetime], conf: MemorySettings
) -> list[Sample]:
    """Return how it cooled in a gap, its end included."""
    since, until = gap
    seconds = (until - since).total_seconds()
    pieces = max(1, min(8, round(seconds / (_BEND * conf.heat_decay))))
    moments = (since + (until - since) * (part / pieces) for part in range(1, pieces + 1))
    return [Sample(at, heat(visits, length, touched, at, conf)) for at in moments]
