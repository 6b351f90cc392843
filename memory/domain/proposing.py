"""Proposing: a member shares one of their own facts with all who use the assistant, in words they have confirmed.

What is shared is an entry of its own, about the assistant. It rests on no page and carries no date of the person's: it
says the words, who proposed them and when. The own fact stays as it is, and what becomes of it later changes nothing of
what was shared. Until somebody has decided, the person can take it back, and forgetting takes it with the fact.
"""

from __future__ import annotations

from contextlib import suppress

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from memory.domain.activity import event, log, scrub
from memory.domain.deciding import approve_knowledge, declined
from memory.domain.knowledge import TEXT_LENGTH
from memory.domain.ledger import embedded
from memory.domain.persona import required_text
from memory.domain.roles import lock_as, reaches, role_at
from memory.domain.vectors import as_stored
from memory.embedding.base import Embedder
from memory.enums import EventKind, KnowledgeStatus, Role, Subject
from memory.exceptions import (
    DuplicateKnowledge,
    FactFromDemo,
    KnowledgeChanged,
    ModelError,
    NobodyElse,
    NotAllowed,
    ProposalDecided,
)
from memory.models import Assistant, Knowledge, Memory, MemoryEvent
from memory.models.knowledge import KnowledgeQuerySet, fingerprint
from memory.signals import fact_remembered

_OPEN = (KnowledgeStatus.ACTIVE, KnowledgeStatus.PROPOSED)


def name_of(user: User) -> str:
    """Return what a person is called among the members of an assistant."""
    return user.get_full_name() or user.get_username()


def propose_knowledge(fact: Knowledge, text: str, embedder: Embedder, *, by: User, decided: bool = False) -> Knowledge:
    """Propose one's own fact, in these very words, for what all members of the assistant share; return the entry.

    With `decided` who may decide says yes in the same step, and what they share is in use at once; where the role
    behind the lock does not allow that any more, the entry waits like everybody's.

    The words are embedded before the transaction; where the embedding model cannot be reached, the entry comes in
    without a vector and a job gives it one. In one transaction: lock the memory, then the assistant, as a member;
    store the entry, proposed and locked against the model; log `proposed` for the assistant and in the person's own
    log; approve it, where it is decided; send `fact_remembered` where the vector is still missing.
    Raises NotAllowed (somebody else's fact), NotAMember, NobodyElse (no other member), KnowledgeChanged (the fact is
    not in use any more, or is gone), FactFromDemo, InvalidText and DuplicateKnowledge (it is shared, proposed or was
    declined).
    """
    text = required_text(text, TEXT_LENGTH, gettext("The text"))
    memory = fact.memory
    if memory is None or memory.user_id != by.pk:
        raise NotAllowed
    _refuse_known(memory.assistant, fact, text, by)
    vector = None
    # A failure is in the ledger. What a person has confirmed is not lost to it: a job tries again.
    with suppress(ModelError):
        vector = as_stored(embedded(memory, embedder, [text])[0])
    with transaction.atomic():
        memory = Memory.objects.locked(memory.pk)
        assistant = lock_as(memory.assistant, by, Role.MEMBER)
        if not has_others(assistant, by):
            raise NobodyElse
        fresh = _shareable(memory, fact)
        _refuse_known(assistant, fresh, text, by)
        entry = _stored(
            Knowledge(
                subject=Subject.ASSISTANT,
                assistant=assistant,
                text=text,
                fingerprint=fingerprint(text),
                status=KnowledgeStatus.PROPOSED,
                locked=True,
                confirmed_at=timezone.now(),
                proposed_by=by,
                shared_from=fresh,
                embedding=vector,
                embedding_model=embedder.name if vector is not None else "",
            )
        )
        log(
            event(EventKind.PROPOSED, entry, assistant=assistant, by=by, after={"text": text, "name": name_of(by)}),
            event(EventKind.PROPOSED, fresh, memory=memory, by=by, after={"text": text}),
        )
        if decided and reaches(role_at(assistant, by), Role.CURATOR):
            entry = approve_knowledge(entry, by=by)
        if vector is None:
            fact_remembered.send(Knowledge, memory=memory, fact=entry)
    return entry


def withdraw_proposal(entry: Knowledge, *, by: User) -> None:
    """Take back what one has proposed and nobody has decided yet: the entry goes, and its words with it.

    In one transaction: lock the person's memory, then the assistant; empty what the assistant's log says of the entry;
    delete it; log for the assistant, without the words, and in the person's own log that it was withdrawn. Raises
    NotAllowed (somebody else's), ProposalDecided, NotAMember and Knowledge.DoesNotExist (gone: also what has been
    withdrawn already).
    """
    if entry.proposed_by_id != by.pk or entry.assistant is None:
        raise NotAllowed
    with transaction.atomic():
        memory = Memory.objects.select_for_update(no_key=True).filter(assistant=entry.assistant_id, user=by).first()
        assistant = lock_as(entry.assistant, by, Role.MEMBER)
        fresh = Knowledge.objects.select_related("shared_from").get(pk=entry.pk)
        if fresh.status != KnowledgeStatus.PROPOSED:
            raise ProposalDecided(gettext("This was decided meanwhile, so it cannot be withdrawn any more."))
        told = MemoryEvent.objects.about("knowledge", fresh.pk).filter(memory__isnull=True, assistant=assistant)
        scrub(told.values_list("pk", flat=True))
        withdrawn = {"withdrawn": True}
        events = [
            event(EventKind.PROPOSED, fresh, assistant=assistant, by=by, after={"name": name_of(by), **withdrawn})
        ]
        if memory is not None and fresh.shared_from is not None:
            after = {"text": fresh.text, **withdrawn}
            events.append(event(EventKind.PROPOSED, fresh.shared_from, memory=memory, by=by, after=after))
        log(*events)
        fresh.delete()


def has_others(assistant: Assistant, person: User) -> bool:
    """Tell whether anybody else is a member."""
    return assistant.memberships.exclude(user=person).exists()


def proposals(assistant: Assistant) -> KnowledgeQuerySet:
    """Return what waits for a decision, what has waited longest first."""
    waiting: KnowledgeQuerySet = assistant.knowledge.filter(status=KnowledgeStatus.PROPOSED)
    return waiting.order_by("created_at", "pk")


def own_proposals(assistant: Assistant, person: User) -> KnowledgeQuerySet:
    """Return all that a person has proposed here and not withdrawn, newest first, whatever was decided."""
    own: KnowledgeQuerySet = assistant.knowledge.filter(proposed_by=person)
    return own.order_by("-created_at", "-pk")


def _shareable(memory: Memory, fact: Knowledge) -> Knowledge:
    """Return the fact as it stands behind the lock. Raises KnowledgeChanged and FactFromDemo."""
    fresh = Knowledge.objects.about_user(memory).active().with_from_demo().filter(pk=fact.pk).first()
    if fresh is None:
        raise KnowledgeChanged
    if fresh.is_from_demo:  # type: ignore[attr-defined]  # annotated
        raise FactFromDemo
    return fresh


def _stored(entry: Knowledge) -> Knowledge:
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError as error:
        raise DuplicateKnowledge from error
    return entry


def _refuse_known(assistant: Assistant, fact: Knowledge, text: str, by: User) -> None:
    """Raise DuplicateKnowledge for what the team has or has had before it, in a sentence that tells `by` no more than
    they may know: that it was turned down is for the one who proposed it and for those who curate.
    """
    same = list(assistant.knowledge.filter(fingerprint=fingerprint(text)).only("pk", "status", "proposed_by"))
    statuses = {entry.status for entry in same}
    if KnowledgeStatus.ACTIVE in statuses:
        raise DuplicateKnowledge(gettext("The team shares this already, in the same words."))
    if KnowledgeStatus.PROPOSED in statuses:
        raise DuplicateKnowledge(gettext("This is proposed already, in the same words, and waits for a decision."))
    open_one = assistant.knowledge.filter(shared_from=fact, status__in=_OPEN).first()
    if open_one is not None:
        said = gettext("You have proposed this fact already, as “%(words)s”.")
        raise DuplicateKnowledge(said % {"words": open_one.text})
    turned_down = declined(assistant.knowledge.filter(pk__in=[entry.pk for entry in same]))
    curates = reaches(role_at(assistant, by), Role.CURATOR)
    if (turned_down if curates else turned_down.filter(proposed_by=by)).exists():
        raise DuplicateKnowledge(gettext("These very words were proposed before and declined. Choose others."))
