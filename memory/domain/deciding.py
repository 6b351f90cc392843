"""Deciding: what is proposed for an assistant is let in or turned down by those who curate it.

The role is asked behind the assistant's lock. Of two who decide at once the second is told what the first has decided.
"""

from __future__ import annotations

import hashlib

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext

from memory.domain.activity import log
from memory.domain.disabling import make_room_for
from memory.domain.knowledge import TEXT_LENGTH, locked_entry, person_event, vector_of
from memory.domain.merging import replace_knowledge
from memory.domain.persona import required_text
from memory.domain.roles import lock_as
from memory.domain.snapshots import fact_state, traced
from memory.domain.vectors import as_stored
from memory.embedding.base import Embedder, Vectors
from memory.enums import EventKind, KnowledgeStatus, Role
from memory.exceptions import DuplicateKnowledge, KnowledgeChanged, ProposalDecided
from memory.models import Knowledge, MemoryEvent
from memory.models.knowledge import KnowledgeQuerySet, fingerprint

DECISIONS = (EventKind.APPROVED, EventKind.DECLINED)
_LEADS_TO = {EventKind.APPROVED: KnowledgeStatus.ACTIVE, EventKind.DECLINED: KnowledgeStatus.DISABLED}


def words_key(text: str) -> str:
    """Return what stands for just these words in a form: who decides sends it, so that they decide what they saw."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def approve_knowledge(
    entry: Knowledge, *, by: User, seen: str | None = None, replaces: Knowledge | None = None, operator: bool = False
) -> Knowledge:
    """Let what was proposed for an assistant be used for all its members. The same person's second time is once.

    `seen` is the `words_key` of what the person has read; `replaces` an entry in use that ends with it; for
    `operator` see `roles.lock_as`. Logs `approved`; beyond the capacity the least useful of the others is archived.
    Raises NotAllowed and NotAMember (no curator any more), ProposalDecided (somebody else was quicker, or it was
    decided otherwise), KnowledgeChanged (other words by now, or no proposal any more) and Knowledge.DoesNotExist;
    nothing is changed then. A fact about a person is never proposed and stays as it is.
    """
    with transaction.atomic():
        fresh, is_open = _claimed(entry, EventKind.APPROVED, by, seen, operator)
        if is_open:
            _approve(fresh, by, replaces)
    return fresh


def approve_reworded(
    entry: Knowledge,
    text: str,
    embedder: Embedder,
    *,
    by: User,
    seen: str | None = None,
    replaces: Knowledge | None = None,
    operator: bool = False,
) -> Knowledge:
    """Do as `approve_knowledge` in other words, which lock the entry against the model; one step, one event.

    The words are embedded before the transaction. Where they are the entry's own it is approved as it is. Raises what
    `approve_knowledge` does, InvalidText, DuplicateKnowledge (another entry says the same) and ModelError (no vector);
    nothing is changed then.
    """
    text = required_text(text, TEXT_LENGTH, gettext("The text"))
    if text == entry.text:
        return approve_knowledge(entry, by=by, seen=seen, replaces=replaces, operator=operator)
    vector = vector_of(entry, text, embedder)
    with transaction.atomic():
        fresh, is_open = _claimed(entry, EventKind.APPROVED, by, seen, operator)
        if is_open:
            _approve(fresh, by, replaces, (text, vector, embedder.name))
    return fresh


def decline_knowledge(entry: Knowledge, *, by: User, seen: str | None = None, operator: bool = False) -> Knowledge:
    """Turn down what was proposed for an assistant. The same person's second time is once.

    It is kept like a disabled fact, so that it is recognised when it is learnt again instead of being proposed anew.
    Logs `declined`. Raises what `approve_knowledge` does.
    """
    with transaction.atomic():
        fresh, is_open = _claimed(entry, EventKind.DECLINED, by, seen, operator)
        if is_open:
            before = traced(fresh, fact_state(fresh))
            fresh.status = KnowledgeStatus.DISABLED
            fresh.save(update_fields=["status", "updated_at"])
            log(person_event(EventKind.DECLINED, fresh, by, before, {"text": fresh.text}))
    return fresh


def reopen_proposal(entry: Knowledge, *, by: User, operator: bool = False) -> Knowledge:
    """Let what was declined wait for a decision again: the way back for a slip. Twice is once.

    Logs `restored`. Raises NotAllowed, NotAMember, ProposalDecided (it is not what was declined any more),
    DuplicateKnowledge (proposed or shared anew meanwhile) and Knowledge.DoesNotExist.
    """
    with transaction.atomic():
        fresh = _locked(entry, by, operator)
        if fresh.status == KnowledgeStatus.PROPOSED:
            return fresh
        decision = last_decision(fresh)
        if fresh.status != KnowledgeStatus.DISABLED or decision is None or decision.kind != EventKind.DECLINED:
            raise ProposalDecided
        before = traced(fresh, fact_state(fresh))
        fresh.status = KnowledgeStatus.PROPOSED
        try:
            with transaction.atomic():
                fresh.save(update_fields=["status", "updated_at"])
        except IntegrityError as error:
            raise DuplicateKnowledge from error
        log(person_event(EventKind.RESTORED, fresh, by, before, {"text": fresh.text}))
    return fresh


def declined(entries: KnowledgeQuerySet) -> KnowledgeQuerySet:
    """Narrow entries to those that were turned down, and not let in or used since: not those disabled later."""
    verdicts = (*DECISIONS, EventKind.DISABLED, EventKind.ENABLED)
    told = MemoryEvent.objects.filter(target_type="knowledge", target_id=OuterRef("pk"), kind__in=verdicts)
    last = Subquery(told.order_by("-pk").values("kind")[:1])
    disabled = entries.filter(status=KnowledgeStatus.DISABLED).order_by()
    return disabled.alias(verdict=last).filter(verdict=EventKind.DECLINED)


def undecided_or_declined(entries: KnowledgeQuerySet) -> KnowledgeQuerySet:
    """Narrow entries to those that the members of the assistant have never been given."""
    return entries.filter(Q(status=KnowledgeStatus.PROPOSED) | Q(pk__in=declined(entries).values("pk")))


def last_decision(entry: Knowledge) -> MemoryEvent | None:
    """Return what was decided last of an entry, and by whom."""
    told = MemoryEvent.objects.about("knowledge", entry.pk).filter(kind__in=DECISIONS)
    return told.select_related("user").order_by("-pk").first()


def _locked(entry: Knowledge, by: User, operator: bool) -> Knowledge:
    if entry.assistant is None:
        return locked_entry(entry)
    lock_as(entry.assistant, by, Role.CURATOR, operator=operator)
    return Knowledge.objects.get(pk=entry.pk)


def _claimed(entry: Knowledge, kind: EventKind, by: User, seen: str | None, operator: bool) -> tuple[Knowledge, bool]:
    """Return the entry behind its home's lock, and whether it still waits for a decision."""
    fresh = _locked(entry, by, operator)
    if fresh.assistant_id is None:
        return fresh, False
    if fresh.status != KnowledgeStatus.PROPOSED:
        _refuse_unless_mine(fresh, kind, by)
        return fresh, False
    if seen is not None and seen != words_key(fresh.text):
        raise KnowledgeChanged(gettext("Its words were changed meanwhile; nothing was decided. Read them again."))
    return fresh, True


def _refuse_unless_mine(entry: Knowledge, kind: EventKind, by: User) -> None:
    """Raise for what is decided, unless this person has decided just so."""
    decision = last_decision(entry)
    if decision is None:
        if entry.status == _LEADS_TO[kind]:
            return
        raise KnowledgeChanged(gettext("This is not among the proposals any more; nothing was changed."))
    if decision.user_id == by.pk and decision.kind == kind:
        return
    approved = decision.kind == EventKind.APPROVED
    if decision.user_id == by.pk:
        raise ProposalDecided(
            gettext("You have approved this already; nothing was changed.")
            if approved
            else gettext("You have declined this already; nothing was changed.")
        )
    said = (
        gettext("%(name)s has approved this already; nothing was changed.")
        if approved
        else gettext("%(name)s has declined this already; nothing was changed.")
    )
    raise ProposalDecided(said % {"name": decision.user or gettext("someone who left")})


def _approve(
    fresh: Knowledge, by: User, replaces: Knowledge | None, reworded: tuple[str, Vectors, str] | None = None
) -> None:
    before = traced(fresh, fact_state(fresh))
    fresh.status = KnowledgeStatus.ACTIVE
    if reworded is not None:
        text, vector, model = reworded
        fresh.text, fresh.fingerprint, fresh.locked = text, fingerprint(text), True
        fresh.embedding, fresh.embedding_model = as_stored(vector), model
    try:
        with transaction.atomic():
            fresh.save()
    except IntegrityError as error:
        raise DuplicateKnowledge from error
    log(person_event(EventKind.APPROVED, fresh, by, before, {"text": fresh.text}))
    if replaces is not None:
        replace_knowledge(fresh, replaces, by=by)
    make_room_for(fresh)
