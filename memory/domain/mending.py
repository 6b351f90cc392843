"""Mending: an operator puts right what nothing else is computed from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import transaction

from memory.domain.activity import event, log
from memory.enums import EventKind
from memory.models import DialogueChain, Memory, Page, Segment

Row = TypeVar("Row", Page, Segment, DialogueChain)


def mend_row(row: Row, fields: Collection[str], *, by: User) -> None:
    """Write these fields of a page, a segment or a chain, as the row given has them; nothing else of it.

    In one transaction: lock the memory; write; log `edited` with the names of the fields. Of words, only a segment's
    title: the others would outlive a forgetting. Raises DoesNotExist when it is gone.
    """
    if not fields:
        return
    with transaction.atomic():
        memory = Memory.objects.locked(row.memory_id)
        fresh = type(row)._default_manager.get(pk=row.pk, memory=memory)
        row.save(update_fields=list(fields))
        before = {"title": fresh.title} if isinstance(fresh, Segment) else None
        after: dict[str, Any] = {"title": row.title} if isinstance(row, Segment) else {}
        log(event(EventKind.EDITED, row, memory=memory, by=by, before=before, after=after | {"fields": list(fields)}))
