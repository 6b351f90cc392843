"""Shelving: facts put away and taken out again by hand."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from memory.domain.activity import log
from memory.domain.disabling import make_room_for
from memory.domain.knowledge import locked_entry, person_event
from memory.domain.snapshots import fact_state, traced
from memory.enums import EventKind, KnowledgeStatus
from memory.exceptions import DuplicateKnowledge
from memory.models import Knowledge


def archive_knowledge(entry: Knowledge, *, by: User) -> Knowledge:
    """Put an active fact away: out of recall, and back in it as soon as it is said again. Twice is once.

    Logs `archived`. What is not active stays as it is. Raises Knowledge.DoesNotExist when it is gone.
    """
    return _move(entry, by, EventKind.ARCHIVED, KnowledgeStatus.ACTIVE, KnowledgeStatus.ARCHIVED)


def unarchive_knowledge(entry: Knowledge, *, by: User) -> Knowledge:
    """Take an archived fact into use again. Twice is once.

    Logs `restored`; beyond the capacity the least useful of the others is archived. Raises Knowledge.DoesNotExist
    (gone) and DuplicateKnowledge (another entry in use says the same by now: nothing is changed).
    """
    return _move(entry, by, EventKind.RESTORED, KnowledgeStatus.ARCHIVED, KnowledgeStatus.ACTIVE)


def _move(entry: Knowledge, by: User, kind: EventKind, source: KnowledgeStatus, status: KnowledgeStatus) -> Knowledge:
    with transaction.atomic():
        fresh = locked_entry(entry)
        if fresh.status != source:
            return fresh
        before = traced(fresh, fact_state(fresh))
        fresh.status = status
        try:
            with transaction.atomic():
                fresh.save(update_fields=["status", "updated_at"])
        except IntegrityError as error:
            raise DuplicateKnowledge from error
        log(person_event(kind, fresh, by, before, {"text": fresh.text}))
        if status == KnowledgeStatus.ACTIVE:
            make_room_for(fresh)
    return fresh
