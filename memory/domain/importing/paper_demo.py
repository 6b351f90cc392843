"""The demo format of the paper's package: a list of `user_input`, `agent_response`, `timestamp`."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from memory.domain.importing.contents import Contents
from memory.domain.importing.entries import Entry
from memory.domain.recording import PageDraft, readable
from memory.exceptions import ImportFault

NAME = "paper_demo"
_FIELDS = {"user_input", "agent_response"}


def recognises(data: Any) -> bool:
    """Say whether it is such a list, or a single entry of one."""
    first = data[0] if isinstance(data, list) and data else data
    return isinstance(first, dict) and not _FIELDS.isdisjoint(first)


def read(data: Any, *, now: datetime, conversation: str | None = None) -> Contents:
    """Return a page an entry; entries without a timestamp are from `now`."""
    entries = data if isinstance(data, list) else [data]
    return Contents(NAME, list(_drafts(entries, now)))


def _drafts(entries: Sequence[Any], now: datetime) -> Iterator[PageDraft]:
    seen: Counter[str] = Counter()
    for number, value in enumerate(entries, start=1):
        where = _("Entry %(number)s") % {"number": number}
        if not isinstance(value, dict):
            raise ImportFault(_("%(where)s is not an object with user_input and agent_response.") % {"where": where})
        entry = Entry(value, where)
        query, response = entry.text("user_input"), entry.text("agent_response")
        if not query.strip() and not response.strip():
            raise ImportFault(_("%(where)s is empty.") % {"where": where})
        stamp = entry.text("timestamp", required=False)
        digest = hashlib.sha256(json.dumps([value["user_input"], value["agent_response"], stamp]).encode()).hexdigest()
        seen[digest] += 1
        yield PageDraft(
            query=query,
            response=response,
            occurred_at=_moment(stamp, where) if stamp else now,
            external_id=f"demo:{digest[:32]}:{seen[digest]}",
            metadata=entry.metadata("meta_data"),
        )


def _moment(stamp: str, where: str) -> datetime:
    try:
        moment = parse_datetime(stamp.strip())
    except ValueError:
        moment = None
    if moment is None or not readable(moment):
        fault = _("%(where)s: the timestamp %(stamp)s is not of the form 2025-01-31 18:05:00.")
        raise ImportFault(fault % {"where": where, "stamp": repr(stamp)})
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
