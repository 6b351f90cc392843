"""Mending: an operator puts right what nothing else is computed from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import transaction

from memory.domain.activity import event, log
from memory.domain.roles import lock_assistant
from memory.enums import EventKind
from memory.models import Assistant, DialogueChain, Membership, Memory, Page, Segment

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


def configure(row: Assistant | Membership, fields: Collection[str], *, by: User) -> None:
    """Write these settings of an assistant or of somebody's place there, as the row given has them; nothing else of it.

    In one transaction: lock the assistant; write; log `configured` with both states. Raises DoesNotExist when it is
    gone.
    """
    if not fields:
        return
    assistant = row.assistant if isinstance(row, Membership) else row
    with transaction.atomic():
        locked = lock_assistant(assistant)
        fresh = type(row)._default_manager.get(pk=row.pk)
        before = {name: getattr(fresh, name) for name in fields}
        after = {name: getattr(row, name) for name in fields}
        if isinstance(row, Membership):
            after["name"] = row.user.get_username()
        row.save(update_fields=list(fields))
        log(event(EventKind.CONFIGURED, row, assistant=locked, by=by, before=before, after=after))
