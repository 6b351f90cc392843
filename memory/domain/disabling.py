"""Disabling: what a person wants kept and not used, and pinning: what they want kept whatever comes.

What is disabled is shown to no model: recall leaves it out, and so do the calls that move, sum up and analyse pages. A
disabled fact, attribute or trait that is said again stays as it is. Summaries that were written before stay.
"""

from __future__ import annotations

from typing import TypeVar

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from memory.domain.activity import event, log
from memory.domain.eviction import archive_excess_knowledge
from memory.domain.heating import announce_hot
from memory.domain.knowledge import locked_entry, person_event
from memory.domain.snapshots import state_of
from memory.enums import EventKind, KnowledgeStatus
from memory.exceptions import DuplicateKnowledge
from memory.models import Knowledge, Memory, Page, Profile, Segment, Trait

Row = TypeVar("Row", Profile, Trait)

_USABLE = (KnowledgeStatus.ACTIVE, KnowledgeStatus.ARCHIVED)


def pin_knowledge(entry: Knowledge, *, by: User) -> Knowledge:
    """Keep a fact from being archived for lack of room and put it first among equals. Twice is once.

    Logs `pinned`. Raises Knowledge.DoesNotExist when it is gone.
    """
    return _set_pinned(entry, by, pinned=True)


def unpin_knowledge(entry: Knowledge, *, by: User) -> Knowledge:
    """Let a fact be archived again when there is no room. Twice is once.

    Logs `unpinned`. Raises Knowledge.DoesNotExist when it is gone.
    """
    return _set_pinned(entry, by, pinned=False)


def disable_knowledge(entry: Knowledge, *, by: User) -> Knowledge:
    """Take a fact out of use and keep it. Twice is once; what is superseded or only proposed is not in use anyway.

    Logs `disabled`. Raises Knowledge.DoesNotExist when it is gone.
    """
    with transaction.atomic():
        fresh = locked_entry(entry)
        if fresh.status in _USABLE:
            fresh.status = KnowledgeStatus.DISABLED
            fresh.save(update_fields=["status", "updated_at"])
            log(person_event(EventKind.DISABLED, fresh, by, None, {"text": fresh.text}))
    return fresh


def enable_knowledge(entry: Knowledge, *, by: User) -> Knowledge:
    """Take a disabled fact into use again. Twice is once.

    Logs `enabled`; beyond the capacity the least useful of the others is archived. Raises Knowledge.DoesNotExist (gone)
    and DuplicateKnowledge (another entry in use says the same by now: nothing is changed).
    """
    with transaction.atomic():
        fresh = locked_entry(entry)
        if fresh.status != KnowledgeStatus.DISABLED:
            return fresh
        fresh.status = KnowledgeStatus.ACTIVE
        try:
            with transaction.atomic():
                fresh.save(update_fields=["status", "updated_at"])
        except IntegrityError as error:
            raise DuplicateKnowledge from error
        log(person_event(EventKind.ENABLED, fresh, by, None, {"text": fresh.text}))
        make_room_for(fresh)
    return fresh


def make_room_for(entry: Knowledge) -> None:
    """Archive the least useful facts beyond the capacity of an entry's home, never the entry itself."""
    home = entry.memory or entry.assistant
    if home is None:
        raise TypeError("An entry belongs to a memory or to an assistant.")
    archive_excess_knowledge(home.knowledge.active(), home.conf.knowledge_capacity, keep=[entry.pk])


def disable_persona(row: Row, *, by: User) -> Row:
    """Take a profile attribute or a trait out of use and keep it. Twice is once.

    Logs `disabled`. Raises the row's DoesNotExist when it is gone.
    """
    return _set_persona(row, by, disabled=True)


def enable_persona(row: Row, *, by: User) -> Row:
    """Take a disabled profile attribute or trait into use again. Twice is once.

    Logs `enabled`. Raises the row's DoesNotExist when it is gone.
    """
    return _set_persona(row, by, disabled=False)


def disable_page(page: Page, *, by: User) -> Page:
    """Keep a page and leave it out of recall and of what models are shown. Twice is once.

    In one transaction: lock the memory; mark it; it counts no more among its segment's unread pages; log `disabled`.
    What was learnt from it stays. Raises Page.DoesNotExist when it is gone.
    """
    return _set_page(page, by, disabled=True)


def enable_page(page: Page, *, by: User) -> Page:
    """Take a disabled page into use again. Twice is once.

    In one transaction: lock the memory; mark it; a page that no promotion has read waits for one again, so that
    `segment_heated` may be sent; log `enabled`. Raises Page.DoesNotExist when it is gone.
    """
    return _set_page(page, by, disabled=False)


def _set_pinned(entry: Knowledge, by: User, *, pinned: bool) -> Knowledge:
    with transaction.atomic():
        fresh = locked_entry(entry)
        if fresh.pinned != pinned:
            fresh.pinned = pinned
            fresh.save(update_fields=["pinned", "updated_at"])
            kind = EventKind.PINNED if pinned else EventKind.UNPINNED
            log(person_event(kind, fresh, by, None, {"text": fresh.text}))
    return fresh


def _set_persona(row: Row, by: User, *, disabled: bool) -> Row:
    with transaction.atomic():
        Memory.objects.locked(row.memory_id)
        fresh = type(row)._default_manager.get(pk=row.pk)
        if fresh.disabled != disabled:
            fresh.disabled = disabled
            fresh.save(update_fields=["disabled", "updated_at"])
            kind = EventKind.DISABLED if disabled else EventKind.ENABLED
            log(event(kind, fresh, memory=fresh.memory, by=by, after=state_of(fresh)))
    return fresh


def _set_page(page: Page, by: User, *, disabled: bool) -> Page:
    with transaction.atomic():
        memory = Memory.objects.locked(page.memory_id)
        fresh = memory.pages.select_related("segment").get(pk=page.pk)
        if fresh.disabled == disabled:
            return fresh
        fresh.disabled = disabled
        fresh.save(update_fields=["disabled"])
        kind = EventKind.DISABLED if disabled else EventKind.ENABLED
        log(event(kind, fresh, memory=memory, by=by, after={"position": fresh.position}))
        if fresh.segment is not None:
            _count_unread(memory, fresh.segment)
    return fresh


def _count_unread(memory: Memory, segment: Segment) -> None:
    segment.length = segment.pages.unanalysed().count()
    segment.save(update_fields=["length"])
    announce_hot(memory, [segment], timezone.now())
