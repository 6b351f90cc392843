"""Knowledge: facts that a promotion learns, and a person's corrections.

A fact is never overwritten: what replaces it stands beside it and the old one stays, marked as superseded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from pgvector.django import MaxInnerProduct

from memory.domain.activity import event, log
from memory.domain.eviction import archive_excess_knowledge
from memory.domain.persona import required_text
from memory.domain.vectors import Width, as_stored
from memory.embedding.base import Embedder, Vectors
from memory.enums import EventKind, KnowledgeStatus, Subject
from memory.exceptions import DuplicateKnowledge
from memory.llm.base import Fact
from memory.models import Assistant, Knowledge, Memory, MemoryEvent, ModelCall, Page
from memory.models.knowledge import KnowledgeQuerySet, fingerprint

TEXT_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Learning:
    """What one promotion brings to knowledge: the pages it read and the call that read them."""

    memory: Memory
    pages: Sequence[Page]
    call: ModelCall
    embedder: Embedder


def knowledge_of(memory: Memory, subject: Subject) -> KnowledgeQuerySet:
    """Knowledge about the user (of this memory alone) or about its assistant (shared by the members)."""
    if subject is Subject.USER:
        return Knowledge.objects.about_user(memory)
    return Knowledge.objects.about_assistant(memory.assistant)


def nearest_facts(memory: Memory, vector: Vectors, embedder: Embedder, count: int) -> list[Knowledge]:
    """Return the active facts about the user nearest to a direction, nearest first."""
    facts = knowledge_of(memory, Subject.USER).active().filter(embedding_model=embedder.name)
    facts = facts.alias(width=Width("embedding")).filter(width=len(vector))
    return list(facts.annotate(distance=MaxInnerProduct("embedding", as_stored(vector))).order_by("distance")[:count])


def learn_knowledge(
    learning: Learning,
    subject: Subject,
    facts: Sequence[Fact],
    vectors: Vectors,
    known: Mapping[int, Knowledge],
) -> list[Knowledge]:
    """Store facts; return the new ones. `vectors` has a row a fact; `known` resolves `Fact.supersedes`.

    A fact that says the same as a known one confirms it, and brings it back when it was archived. A new one
    supersedes those it names, except entries a person has written; where the known one was said later, the new one
    is kept as already superseded. On a shared assistant, new assistant knowledge waits as a proposal. Beyond the
    capacity the least useful is archived, never what was just learnt. Runs in the promotion's transaction, which
    holds the memory's lock; for what its members share the assistant is locked as well.
    """
    if subject is Subject.ASSISTANT and facts:
        Assistant.objects.select_for_update(no_key=True).get(pk=learning.memory.assistant_id)
    new: list[Knowledge] = []
    for fact, vector in zip(facts, vectors, strict=True):
        text = fact.text.strip()[:TEXT_LENGTH]
        pages = [learning.pages[index] for index in fact.page_indexes] or list(learning.pages)
        if not text:
            continue
        same = _standing(learning.memory, subject, text)
        if same is not None:
            _confirm(learning, same, pages)
            continue
        entry = _create(learning, subject, fact, text, pages, vector)
        new.append(entry)
        for number in fact.supersedes:
            if number in known:
                _supersede(learning, known[number], entry)
    active = knowledge_of(learning.memory, subject).active()
    archive_excess_knowledge(learning.memory, active, keep=[entry.pk for entry in new])
    return new


def edit_knowledge(entry: Knowledge, text: str, embedder: Embedder, *, by: User) -> Knowledge:
    """Change a fact's words by hand and lock it against the model.

    The new words are embedded before the transaction. Raises InvalidText, DuplicateKnowledge (an active entry
    says the same), Knowledge.DoesNotExist (gone) and ModelError (no vector: nothing is changed).
    """
    text = required_text(text, TEXT_LENGTH, "The text")
    vector = embedder.embed([text])[0]
    with transaction.atomic():
        fresh = _locked(entry)
        before = {"text": fresh.text}
        if fresh.status in (KnowledgeStatus.SUPERSEDED, KnowledgeStatus.ARCHIVED):
            # What a person writes now holds now, whatever became of the entry meanwhile.
            fresh.status, fresh.superseded_by, fresh.valid_to = KnowledgeStatus.ACTIVE, None, None
        fresh.text, fresh.fingerprint, fresh.locked = text, fingerprint(text), True
        fresh.embedding, fresh.embedding_model = as_stored(vector), embedder.name
        try:
            with transaction.atomic():
                fresh.save()
        except IntegrityError as error:
            raise DuplicateKnowledge from error
        log(_person_event(EventKind.EDITED, fresh, by, before, {"text": text}))
    return fresh


def delete_knowledge(entry: Knowledge, *, by: User) -> None:
    """Delete a fact with its vector; what it said stays in the activity log.

    Raises Knowledge.DoesNotExist when it is gone.
    """
    with transaction.atomic():
        fresh = _locked(entry)
        log(_person_event(EventKind.DELETED, fresh, by, {"text": fresh.text}, None))
        fresh.delete()


def _locked(entry: Knowledge) -> Knowledge:
    """Return the entry as it is now, behind the lock of its home. Raises Knowledge.DoesNotExist."""
    if entry.memory_id is not None:
        Memory.objects.locked(entry.memory_id)
    elif entry.assistant_id is not None:
        Assistant.objects.select_for_update(no_key=True).get(pk=entry.assistant_id)
    return Knowledge.objects.get(pk=entry.pk)


def _standing(memory: Memory, subject: Subject, text: str) -> Knowledge | None:
    """The entry that says the same: one that counts, else one that was archived for lack of room."""
    same = knowledge_of(memory, subject).filter(fingerprint=fingerprint(text))
    counts = same.filter(status__in=(KnowledgeStatus.ACTIVE, KnowledgeStatus.PROPOSED)).first()
    return counts or same.filter(status=KnowledgeStatus.ARCHIVED).first()


def _confirm(learning: Learning, entry: Knowledge, pages: Sequence[Page]) -> None:
    if entry.status == KnowledgeStatus.ARCHIVED:
        entry.status = KnowledgeStatus.ACTIVE
    entry.times_confirmed += 1
    entry.confirmed_at = max(entry.confirmed_at, *(page.occurred_at for page in pages))
    entry.save(update_fields=["status", "times_confirmed", "confirmed_at", "updated_at"])
    entry.sources.add(*pages)
    log(_model_event(EventKind.CONFIRMED, learning, entry, {"text": entry.text}))


def _create(
    learning: Learning, subject: Subject, fact: Fact, text: str, pages: Sequence[Page], vector: Vectors
) -> Knowledge:
    about_user = subject is Subject.USER
    shared = learning.memory.assistant.memberships.count() > 1
    entry = Knowledge.objects.create(
        subject=subject,
        memory=learning.memory if about_user else None,
        assistant=None if about_user else learning.memory.assistant,
        text=text,
        fingerprint=fingerprint(text),
        status=KnowledgeStatus.PROPOSED if shared and not about_user else KnowledgeStatus.ACTIVE,
        valid_from=fact.valid_from or min(page.occurred_at for page in pages),
        confirmed_at=max(page.occurred_at for page in pages),
        embedding=as_stored(vector),
        embedding_model=learning.embedder.name,
    )
    entry.sources.add(*pages)
    log(_model_event(EventKind.LEARNT, learning, entry, {"text": text}))
    return entry


def _supersede(learning: Learning, seen: Knowledge, new: Knowledge) -> None:
    """Let one of two contradicting facts end when the other began: the one that was said last holds.

    `seen` is as old as the model call; what a person has written or deleted meanwhile stands.
    """
    old = Knowledge.objects.active().filter(pk=seen.pk, locked=False).exclude(pk=new.pk).first()
    if old is None:
        return
    ended, holds = (new, old) if old.confirmed_at > new.confirmed_at else (old, new)
    ended.status = KnowledgeStatus.SUPERSEDED
    ended.superseded_by = holds
    ended.valid_to = max(holds.valid_from or holds.confirmed_at, ended.valid_from or ended.confirmed_at)
    ended.save(update_fields=["status", "superseded_by", "valid_to", "updated_at"])
    log(_model_event(EventKind.SUPERSEDED, learning, ended, {"text": ended.text, "by": holds.text}))


def _model_event(kind: EventKind, learning: Learning, entry: Knowledge, after: dict[str, str]) -> MemoryEvent:
    return event(
        kind,
        entry,
        memory=learning.memory if entry.memory_id else None,
        assistant=learning.memory.assistant,
        model_call=learning.call,
        after=after,
    )


def _person_event(
    kind: EventKind, entry: Knowledge, by: User, before: dict[str, str] | None, after: dict[str, str] | None
) -> MemoryEvent:
    return event(kind, entry, memory=entry.memory, assistant=entry.assistant, by=by, before=before, after=after)
