"""History: what was done to one fact, attribute or trait, and setting it back to what it said before.

A former state is what an event of the activity log has kept under `before`. What was forgotten since is in no event.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from memory.domain.activity import event, log
from memory.domain.disabling import make_room_for
from memory.domain.knowledge import locked_entry, person_event, vector_of
from memory.domain.snapshots import SOURCES, LongTerm, fact_state, moment, state_of, traced
from memory.domain.vectors import as_stored
from memory.embedding.base import Embedder
from memory.enums import EventKind, KnowledgeStatus, TraitLevel
from memory.exceptions import DuplicateKnowledge, NothingToRestore
from memory.models import Knowledge, Memory, MemoryEvent, Page, Profile, Trait
from memory.models.event import MemoryEventQuerySet
from memory.models.knowledge import fingerprint

_PUT_ASIDE = (KnowledgeStatus.SUPERSEDED, KnowledgeStatus.ARCHIVED)


def history_of(item: LongTerm) -> MemoryEventQuerySet:
    """Return the events about one row, newest first: of its memory, or of the assistant it belongs to."""
    about = MemoryEvent.objects.about(item._meta.model_name or "", item.pk)
    if item.memory_id is not None:
        return about.filter(memory=item.memory_id)
    return about.filter(memory__isnull=True, assistant=item.assistant_id)


def former_state(item: LongTerm, told: MemoryEvent) -> dict[str, Any] | None:
    """Return what an event keeps of what `item` was before; None where it keeps too little, or what is said today."""
    state = told.before
    if not isinstance(state, dict) or any(not isinstance(state.get(name), str) for name in _words(item)):
        return None
    same_status = not isinstance(item, Knowledge) or status_again(item, state) == item.status
    return None if _says(item, state) and same_status else state


def status_again(item: Knowledge, state: dict[str, Any]) -> str:
    """Return the status of a fact that is set back to a former state.

    What was proposed waits for a decision again, and what was disabled is not used. Else what was put aside is in use
    again, unless it was put aside before, too, and said the same. What is disabled now stays so.
    """
    former = state.get("status")
    if former in (KnowledgeStatus.PROPOSED, KnowledgeStatus.DISABLED):
        return str(former)
    if item.status not in _PUT_ASIDE or (former in _PUT_ASIDE and _says(item, state)):
        return item.status
    return KnowledgeStatus.ACTIVE


def restore_state(item: LongTerm, event_id: int, embedder: Embedder, *, by: User) -> LongTerm:
    """Set a row back to what it was before an event, and lock it against the model.

    The words of a fact are embedded before the transaction. In one transaction: lock the row's home; read the event
    again, which a forgetting may have emptied meanwhile; write its words, and what it rested on where the event says
    so; a fact has the status that `status_again` says, and where it is in use again, beyond the capacity the least
    useful of the others is archived; log `restored` with both states. What is so already stays as it is: twice is once.
    Raises NothingToRestore (no such event, or too little in it), DuplicateKnowledge (another fact says the same), the
    row's DoesNotExist (gone) and ModelError (no vector: nothing is changed).
    """
    if isinstance(item, Knowledge):
        return _restore_fact(item, event_id, embedder, by)
    return _restore_persona(item, event_id, by)


def _words(item: LongTerm) -> tuple[str, ...]:
    """Return the fields that say what a row says."""
    match item:
        case Knowledge():
            return ("text",)
        case Profile():
            return ("value",)
        case Trait():
            return ("level", "reason")


def _says(item: LongTerm, state: dict[str, Any]) -> bool:
    """Tell whether a row says what a state says."""
    return all(state[name] == getattr(item, name) for name in _words(item))


def _state(item: LongTerm, event_id: int) -> dict[str, Any] | None:
    """Return the former state that an event of this row holds, None when the row is in it. Raises NothingToRestore."""
    told = history_of(item).filter(pk=event_id).first()
    if told is None or not isinstance(told.before, dict) or any(name not in told.before for name in _words(item)):
        raise NothingToRestore
    return former_state(item, told)


def _restore_fact(item: Knowledge, event_id: int, embedder: Embedder, by: User) -> Knowledge:
    wanted = _state(item, event_id)
    if wanted is None:
        return item
    vector = vector_of(item, wanted["text"], embedder)
    with transaction.atomic():
        fresh = locked_entry(item)
        state = _state(fresh, event_id)
        if state is None:
            return fresh
        before, status = traced(fresh, fact_state(fresh)), status_again(fresh, state)
        fresh.text, fresh.fingerprint, fresh.locked = state["text"], fingerprint(state["text"]), True
        fresh.embedding, fresh.embedding_model = as_stored(vector), embedder.name
        if fresh.status in _PUT_ASIDE:
            fresh.superseded_by, fresh.valid_to = None, None
        fresh.status = status
        if "valid_from" in state:
            # The end of what was superseded came of what replaced it.
            ended = state.get("status") == KnowledgeStatus.SUPERSEDED
            fresh.valid_from, fresh.valid_to = moment(state, "valid_from"), None if ended else moment(state, "valid_to")
        try:
            with transaction.atomic():
                fresh.save()
        except IntegrityError as error:
            raise DuplicateKnowledge from error
        _trace(fresh, state)
        log(person_event(EventKind.RESTORED, fresh, by, before, traced(fresh, fact_state(fresh))))
        if fresh.status == KnowledgeStatus.ACTIVE:
            make_room_for(fresh)
    return fresh


def _restore_persona(item: Profile | Trait, event_id: int, by: User) -> Profile | Trait:
    with transaction.atomic():
        memory = Memory.objects.locked(item.memory_id)
        fresh: Profile | Trait = type(item)._default_manager.get(pk=item.pk)
        state = _state(fresh, event_id)
        if state is None:
            return fresh
        if isinstance(fresh, Trait) and state["level"] not in TraitLevel.values:
            raise NothingToRestore
        before = traced(fresh, state_of(fresh))
        for name in _words(fresh):
            setattr(fresh, name, state[name])
        fresh.locked = True
        fresh.save()
        _trace(fresh, state)
        log(event(EventKind.RESTORED, fresh, memory=memory, by=by, before=before, after=traced(fresh, state_of(fresh))))
    return fresh


def _trace(item: LongTerm, state: dict[str, Any]) -> None:
    """Let a row rest again on the pages that a state names, as far as they are still stored."""
    if SOURCES not in state:
        return
    pages = Page.objects.filter(pk__in=state[SOURCES]).defer("embedding")
    if isinstance(item, Knowledge) and item.memory_id is None:
        pages = pages.filter(memory__assistant=item.assistant_id)
    else:
        pages = pages.filter(memory=item.memory_id)
    (item.evidence if isinstance(item, Trait) else item.sources).set(pages)
