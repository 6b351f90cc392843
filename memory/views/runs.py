"""Runs: pages that were recorded in one go, or facts of one import, are one line of the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models.fields.json import KT

from memory.enums import EventKind, Source
from memory.models.event import MemoryEventQuerySet

GO = timedelta(minutes=1)
"""Pages recorded closer together than this came in one go."""
WINDOWS = (200, 2000, 2000, 2000, 2000)
"""How many events are looked at, query after query, until a page of lines is full. Nearly always the first will do; a
longer run than all of them is cut, and goes on at the next page of the timeline.
"""


class Glance(NamedTuple):
    """What it takes to tell whether two events belong together."""

    pk: int
    kind: str
    source: str | None
    user_id: int | None
    job_id: int | None
    created_at: datetime
    target_type: str
    memory_id: int | None

    @property
    def door(self) -> tuple[object, ...]:
        """What two events that came in one go have in common."""
        return self.kind, self.source, self.user_id, self.job_id, self.target_type, self.memory_id


@dataclass(slots=True)
class Run:
    """One event, or several in a row that came in one go."""

    newest: Glance
    oldest: Glance
    count: int = 1

    def takes(self, older: Glance) -> bool:
        """Whether the next older event belongs to the run; what was said in the chat stands alone."""
        recorded = older.kind == EventKind.RECORDED and older.source not in (None, Source.CHAT)
        imported = older.kind == EventKind.IMPORTED and older.target_type != "memory"
        last = self.oldest
        return (recorded or imported) and last.door == older.door and last.created_at - older.created_at < GO


def runs_of(events: MemoryEventQuerySet, before: int, most: int, *, together: bool) -> tuple[list[Run], int | None]:
    """Return the newest runs of events before one's key, at most `most`, and before which event the next ones begin:
    None at the log's beginning. With `together=False` each event stands alone.
    """
    runs: list[Run] = []
    for size in WINDOWS:
        glances = _glances(events.filter(pk__lt=before), size)
        for glance in glances:
            if together and runs and runs[-1].takes(glance):
                runs[-1].oldest = glance
                runs[-1].count += 1
            elif len(runs) == most:
                return runs, before
            else:
                runs.append(Run(glance, glance))
            before = glance.pk
        if len(glances) < size:
            return runs, None
    return runs, before


def _glances(events: MemoryEventQuerySet, size: int) -> list[Glance]:
    rows = events.order_by("-pk").annotate(source=KT("after__source"))
    return [Glance(*row) for row in rows.values_list(*Glance._fields)[:size]]
