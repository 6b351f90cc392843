"""Locking: what a person wants no model to change, whoever wrote it; and giving it free again.

What a person writes is locked by that. A promotion may change what is not locked.
"""

from __future__ import annotations

from typing import TypeVar

from django.contrib.auth.models import User
from django.db import transaction

from memory.domain.activity import event, log
from memory.domain.knowledge import locked_entry, person_event
from memory.domain.snapshots import state_of
from memory.enums import EventKind
from memory.models import Knowledge, Memory, Profile, Trait

Row = TypeVar("Row", Profile, Trait)


def lock_knowledge(entry: Knowledge, *, by: User) -> Knowledge:
    """Keep a fact as it is against the model, and against being archived for lack of room. Twice is once.

    Logs `locked`. Raises Knowledge.DoesNotExist when it is gone.
    """
    return _set_knowledge(entry, by, locked=True)


def unlock_knowledge(entry: Knowledge, *, by: User) -> Knowledge:
    """Let a promotion reword, merge and supersede a fact again. Twice is once.

    Logs `unlocked`. Raises Knowledge.DoesNotExist when it is gone.
    """
    return _set_knowledge(entry, by, locked=False)


def lock_persona(row: Row, *, by: User) -> Row:
    """Keep a profile attribute or a trait as it is against the model. Twice is once.

    Logs `locked`. Raises the row's DoesNotExist when it is gone.
    """
    return _set_persona(row, by, locked=True)


def unlock_persona(row: Row, *, by: User) -> Row:
    """Let a promotion change a profile attribute or a trait again. Twice is once.

    Logs `unlocked`. Raises the row's DoesNotExist when it is gone.
    """
    return _set_persona(row, by, locked=False)


def _set_knowledge(entry: Knowledge, by: User, *, locked: bool) -> Knowledge:
    with transaction.atomic():
        fresh = locked_entry(entry)
        if fresh.locked != locked:
            fresh.locked = locked
            fresh.save(update_fields=["locked", "updated_at"])
            log(person_event(_kind(locked=locked), fresh, by, None, {"text": fresh.text}))
    return fresh


def _set_persona(row: Row, by: User, *, locked: bool) -> Row:
    with transaction.atomic():
        Memory.objects.locked(row.memory_id)
        fresh = type(row)._default_manager.get(pk=row.pk)
        if fresh.locked != locked:
            fresh.locked = locked
            fresh.save(update_fields=["locked", "updated_at"])
            log(event(_kind(locked=locked), fresh, memory=fresh.memory, by=by, after=state_of(fresh)))
    return fresh


def _kind(*, locked: bool) -> EventKind:
    return EventKind.LOCKED if locked else EventKind.UNLOCKED
