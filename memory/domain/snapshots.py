"""Snapshots: what the activity log keeps of a fact, an attribute or a trait, so that it can be set back to it.

The log keeps words, marks, dates and the keys of pages, never a vector. Whatever is quoted here must be known to
`scrubbing`: a text under any key but those of forms goes when what it was learnt from is forgotten.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from memory.models import Knowledge, Profile, Trait

LongTerm = Knowledge | Profile | Trait

SOURCES = "sources"
"""Under this key a state names the pages that the entry rested on, by their keys."""


def state_of(row: Profile | Trait) -> dict[str, Any]:
    """Return what the activity log keeps of a profile attribute or trait: its words, and whether it is locked."""
    if isinstance(row, Profile):
        return {"name": row.name, "value": row.value, "locked": row.locked}
    return {"dimension": row.dimension, "level": row.level, "reason": row.reason, "locked": row.locked}


def fact_state(entry: Knowledge) -> dict[str, Any]:
    """Return the same of a fact, with its status and the time in which it was true."""
    return {
        "text": entry.text,
        "status": str(entry.status),
        "valid_from": _written(entry.valid_from),
        "valid_to": _written(entry.valid_to),
    }


def traced(row: LongTerm, state: dict[str, Any]) -> dict[str, Any]:
    """Return a state with the pages that the row rests on now."""
    return {**state, SOURCES: source_keys(row)}


def source_keys(row: LongTerm) -> list[int]:
    """Return the keys of the pages a row rests on."""
    pages = row.evidence if isinstance(row, Trait) else row.sources
    return list(pages.order_by("pk").values_list("pk", flat=True))


def snapshot(row: LongTerm) -> dict[str, Any]:
    """Return all that it takes to bring a deleted row back: every field but its vector, and the pages it rests on."""
    if not isinstance(row, Knowledge):
        return traced(row, {**state_of(row), "disabled": row.disabled, "created_at": _written(row.created_at)})
    state = {
        **fact_state(row),
        "pinned": row.pinned,
        "locked": row.locked,
        "times_confirmed": row.times_confirmed,
        "confirmed_at": _written(row.confirmed_at),
        "created_at": _written(row.created_at),
        "superseded_by": row.superseded_by_id,
        "supersedes": list(row.supersedes.order_by("pk").values_list("pk", flat=True)),
    }
    if row.proposed_by_id is not None:
        state |= {"proposed_by": row.proposed_by_id, "shared_from": row.shared_from_id}
    return traced(row, state)


def moment(state: dict[str, Any], key: str) -> datetime | None:
    """Return a time that a state holds."""
    text = state.get(key)
    return parse_datetime(text) if isinstance(text, str) else None


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
