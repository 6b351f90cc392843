"""Demo data: some sixty turns of an invented person that fill every tier, to look around in; gone again at a click.

They are an exported memory in `memory/demo/`, restored like any other. `Source.DEMO` marks its pages.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from memory.domain.activity import event, log
from memory.domain.forgetting import DEMO, Forgetting, forget
from memory.domain.importing import Contents, read
from memory.domain.restoring import restore_long_term, standing, store_pages
from memory.enums import EventKind, Role, Source
from memory.exceptions import DemoLoaded
from memory.models import Memory

DATA = Path(__file__).parents[1] / "demo" / "memory.json"
_DATES = frozenset({"valid_from", "valid_to"})


def demo_is_loaded(memory: Memory) -> bool:
    """Say whether pages of the demo data are in a memory."""
    return memory.pages.filter(source=Source.DEMO).exists()


def load_demo(memory: Memory, *, by: User) -> int:
    """Put the demo data into a person's own memory, dated so that its last page is from yesterday; return its pages.

    In one transaction: lock the memory, pages with segments and chains, profile, traits and facts, `imported`. What it
    knows of the assistant comes along only where nobody shares that. A job gives vectors. Raises DemoLoaded.
    """
    now = timezone.now()
    contents = demo_contents(now)
    with transaction.atomic():
        locked = Memory.objects.locked(memory.pk)
        if demo_is_loaded(locked):
            raise DemoLoaded
        found = standing(locked, contents)
        added = store_pages(locked, contents, contents.pages, found, Source.DEMO)
        shared = _is_ones_own(locked, by)
        # What goes again must not push out what stays.
        done = restore_long_term(locked, contents, found, by=by, now=now, shared=shared, make_room=False)
        after = {"format": "demo", "pages": added, **{kind: number for kind, number in done.items() if number}}
        log(event(EventKind.IMPORTED, locked, memory=memory, by=by, after=after))
    return added


def remove_demo(memory: Memory, *, by: User) -> Forgetting:
    """Forget all pages of the demo data with what rests on them alone. Raises NothingToForget where there are none.

    What the person has written, changed or pinned since stays, and so does what rests on other pages, too.
    """
    return forget(memory, DEMO, by=by)


def demo_contents(now: datetime) -> Contents:
    """Return the demo data with all its dates moved by as many days as bring its last page to yesterday."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    last = max(datetime.fromisoformat(page["occurred_at"]) for page in data["pages"])
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    return read(_moved(data, timedelta(days=(yesterday - last.date()).days)), name=DATA.name, now=now)


def _moved(value: Any, by: timedelta) -> Any:
    match value:
        case dict():
            return {
                key: _later(part, by) if key.endswith("_at") or key in _DATES else _moved(part, by)
                for key, part in value.items()
            }
        case list():
            return [_moved(part, by) for part in value]
        case _:
            return value


def _later(moment: str | None, by: timedelta) -> str | None:
    return (datetime.fromisoformat(moment) + by).isoformat() if moment else None


def _is_ones_own(memory: Memory, by: User) -> bool:
    roles = list(memory.assistant.memberships.values_list("user", "role"))
    return roles == [(by.pk, Role.OWNER)]
