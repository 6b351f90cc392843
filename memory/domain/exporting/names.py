"""What pages and files are called outside of the database. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from memory.domain.file_names import safe_name

_OWN = re.compile(r"memoryos:([0-9a-f-]{36}):([1-9][0-9]{0,17})")


def page_id(key: UUID, external_id: str | None, position: int) -> str:
    """Return the id of a page in files: its own, else one made of its memory's key and its position."""
    return external_id or f"memoryos:{key}:{position}"


def own_position(key: UUID, page: str) -> int | None:
    """Return the position of a page that `page_id` has named for this memory; None for any other id."""
    found = _OWN.fullmatch(page)
    return int(found[2]) if found and found[1] == str(key) else None


def file_name(assistant: str, at: datetime, ending: str) -> str:
    """Return the name under which a memory is saved."""
    return f"{safe_name(f'memory {assistant}', 'memory')} {at:%Y-%m-%d}{ending}"
