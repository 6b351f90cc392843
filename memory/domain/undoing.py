"""Undoing a deletion: what a person deleted comes back as it was, under the same key.

The activity log keeps a snapshot of what was deleted. A forgetting empties it, and then nothing brings it back.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from memory.domain.activity import event, log
from memory.domain.disabling import make_room_for
from memory.domain.knowledge import person_event
from memory.domain.snapshots import SOURCES, LongTerm, moment, snapshot
from memory.enums import EventKind, KnowledgeStatus, Subject
from memory.exceptions import DuplicateKnowledge, NothingToRestore
from memory.models import Assistant, Knowledge, Memory, MemoryEvent, Page, Profile, Trait
from memory.models.knowledge import fingerprint
from memory.signals import fact_remembered

Row = TypeVar("Row", Profile, Trait)

_PERSONA: dict[type[Profile | Trait], tuple[str, ...]] = {
    Profile: ("name", "value"),
    Trait: ("dimension", "level", "reason"),
}
"""The fields of a row that the person knows it by; there is one of each of the first."""


def undelete_knowledge(memory: Memory, pk: int, subject: Subject, *, by: User) -> Knowledge:
    """Bring a deleted fact back. One that is there is returned as it is: twice is once.

    In one transaction: lock the memory, for a fact about its assistant that one, too; write the row anew with its key,
    status, marks and dates; name those of its pages that are still stored; let the facts it had superseded point to it
    again; log `restored`; beyond the capacity the least useful of the others is archived; send `fact_remembered`: a
    job gives it its vector, until then its words find it.
    Raises NothingToRestore (never deleted, or forgotten since) and DuplicateKnowledge (learnt anew meanwhile).
    """
    with transaction.atomic():
        home: Memory | Assistant = Memory.objects.locked(memory.pk)
        if subject is Subject.ASSISTANT:
            home = Assistant.objects.select_for_update(no_key=True).get(pk=memory.assistant_id)
        standing = home.knowledge.filter(pk=pk).first()
        if standing is not None:
            return standing
        state = _last_deletion(home, Knowledge, pk, "confirmed_at")
        entry = _fact(home, pk, state)
        _insert(entry, DuplicateKnowledge())
        Knowledge.objects.filter(pk=pk).update(created_at=moment(state, "created_at") or entry.created_at)
        entry.sources.set(_pages_left(home, state))
        home.knowledge.filter(
            pk__in=state.get("supersedes", ()), status=KnowledgeStatus.SUPERSEDED, superseded_by=None
        ).update(superseded_by=entry)
        log(person_event(EventKind.RESTORED, entry, by, None, snapshot(entry)))
        if entry.status == KnowledgeStatus.ACTIVE:
            make_room_for(entry)
        fact_remembered.send(Knowledge, memory=memory, fact=entry)
    return entry


def deleted_words(memory: Memory, pk: int, subject: Subject) -> str:
    """Return what a deleted fact said. Raises NothingToRestore (never deleted, or forgotten since)."""
    home = memory if subject is Subject.USER else memory.assistant
    return str(_last_deletion(home, Knowledge, pk, "confirmed_at")["text"])


def undelete_persona(memory: Memory, kind: type[Row], pk: int, *, by: User) -> Row:
    """Bring a deleted profile attribute or trait back. One that is there is returned as it is: twice is once.

    In one transaction: lock the memory; write the row anew with its key, marks and date; name those of its pages that
    are still stored; log `restored`. Raises NothingToRestore (never deleted, or forgotten since) and DuplicateKnowledge
    (the attribute or the dimension is known again meanwhile).
    """
    with transaction.atomic():
        locked = Memory.objects.locked(memory.pk)
        rows = kind._default_manager.filter(memory=locked)
        standing = rows.filter(pk=pk).first()
        if standing is not None:
            return standing
        state = _last_deletion(locked, kind, pk, "created_at")
        names: tuple[str, ...] = _PERSONA[kind]
        row = kind(pk=pk, memory=locked, **{name: state[name] for name in (*names, "locked", "disabled")})
        if rows.filter(**{f"{names[0]}__iexact": state[names[0]]}).exists():
            raise DuplicateKnowledge(gettext("Its place is taken: this is known again since it was deleted."))
        row.save(force_insert=True)
        rows.filter(pk=pk).update(created_at=moment(state, "created_at") or row.created_at)
        (row.evidence if isinstance(row, Trait) else row.sources).set(_pages_left(locked, state))
        log(event(EventKind.RESTORED, row, memory=locked, by=by, after=snapshot(row)))
    return row


def _last_deletion(home: Memory | Assistant, kind: type[LongTerm], pk: int, key: str) -> dict[str, Any]:
    """Return the snapshot that the newest deletion of a row has left, which has this key. Raises NothingToRestore."""
    deletions = MemoryEvent.objects.filter(target_type=kind._meta.model_name, target_id=pk, kind=EventKind.DELETED)
    if isinstance(home, Memory):
        deletions = deletions.filter(memory=home)
    else:
        deletions = deletions.filter(memory__isnull=True, assistant=home)
    state = deletions.order_by("-pk").values_list("before", flat=True).first()
    if not isinstance(state, dict) or key not in state:
        raise NothingToRestore
    return state


def _fact(home: Memory | Assistant, pk: int, state: dict[str, Any]) -> Knowledge:
    of_person = isinstance(home, Memory)
    later = state.get("superseded_by")
    confirmed_at = moment(state, "confirmed_at")
    if confirmed_at is None:
        raise NothingToRestore
    return Knowledge(
        pk=pk,
        subject=Subject.USER if of_person else Subject.ASSISTANT,
        memory=home if isinstance(home, Memory) else None,
        assistant=home if isinstance(home, Assistant) else None,
        text=state["text"],
        fingerprint=fingerprint(state["text"]),
        status=state["status"],
        pinned=state["pinned"],
        locked=state["locked"],
        times_confirmed=state["times_confirmed"],
        confirmed_at=confirmed_at,
        valid_from=moment(state, "valid_from"),
        valid_to=moment(state, "valid_to"),
        superseded_by=home.knowledge.filter(pk=later).first() if later else None,
        proposed_by=User.objects.filter(pk__in=_key(state, "proposed_by")).first(),
        shared_from=Knowledge.objects.filter(pk__in=_key(state, "shared_from"), memory__isnull=False).first(),
    )


def _key(state: dict[str, Any], name: str) -> list[int]:
    """Return the key of a row that a state names, as a list of at most one."""
    key = state.get(name)
    return [key] if isinstance(key, int) else []


def _insert(row: Knowledge, refusal: Exception) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise refusal from error


def _pages_left(home: Memory | Assistant, state: dict[str, Any]) -> list[Page]:
    """Return those of a state's pages that are still stored, and still belong to its home."""
    pages = Page.objects.filter(pk__in=state.get(SOURCES, ())).defer("embedding")
    owned = pages.filter(memory=home) if isinstance(home, Memory) else pages.filter(memory__assistant=home)
    return list(owned)
