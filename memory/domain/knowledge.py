"""Knowledge: facts that a promotion learns, and a person's corrections.

A fact is never overwritten: what replaces it stands beside it and the old one stays, marked as superseded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F
from pgvector.django import MaxInnerProduct

from memory.domain.activity import event, log
from memory.domain.eviction import archive_excess_knowledge
from memory.domain.persona import required_text
from memory.domain.vectors import as_stored
from memory.embedding.base import Embedder, Vectors
from memory.enums import EventKind, KnowledgeStatus, Subject
from memory.exceptions import DuplicateKnowledge
from memory.llm.base import Fact
from memory.models import Knowledge, Memory, MemoryEvent, ModelCall, Page
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
    return list(facts.annotate(distance=MaxInnerProduct("embedding", as_stored(vector))).order_by("distance")[:count])


def learn_knowledge(
    learning: Learning,
    subject: Subject,
    facts: Sequence[Fact],
    vectors: Vectors,
    known: Mapping[int, Knowledge],
) -> list[Knowledge]:
    """Store facts; return the new ones. `vectors` has a row a fact; `known` resolves `Fact.supersedes`.

    A fact that says the same as an active one confirms it. A new one supersedes those it names, except entries a
    person has written. On a shared assistant, new assistant knowledge waits as a proposal. Beyond the capacity the
    least useful is archived. Runs in the promotion's transaction, which holds the memory's lock.
    """
    new: list[Knowledge] = []
    for fact, vector in zip(facts, vectors, strict=True):
        text = fact.text.strip()[:TEXT_LENGTH]
        pages = [learning.pages[index] for index in fact.page_indexes] or list(learning.pages)
        if not text:
            continue
        standing = knowledge_of(learning.memory, subject).filter(
            fingerprint=fingerprint(text), status__in=(KnowledgeStatus.ACTIVE, KnowledgeStatus.PROPOSED)
        )
        if (same := standing.first()) is not None:
            _confirm(learning, same, pages)
            continue
        entry = _create(learning, subject, fact, text, pages, vector)
        new.append(entry)
        for number in fact.supersedes:
            if number in known:
                _supersede(learning, known[number], entry)
    archive_excess_knowledge(learning.memory, knowledge_of(learning.memory, subject).active())
    return new


def edit_knowledge(entry: Knowledge, text: str, embedder: Embedder, *, by: User) -> Knowledge:
    """Change a fact's words by hand and lock it against the model.

    The new words are embedded before the transaction. Raises InvalidText, DuplicateKnowledge (an active entry
    says the same), Knowledge.DoesNotExist (gone) and ModelError (no vector: nothing is changed).
    """
    text = required_text(text, TEXT_LENGTH, "The text")
    vector = embedder.embed([text])[0]
    with transaction.atomic():
        fresh = Knowledge.objects.select_for_update().get(pk=entry.pk)
        before = {"text": fresh.text}
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
        fresh = Knowledge.objects.select_for_update().get(pk=entry.pk)
        log(_person_event(EventKind.DELETED, fresh, by, {"text": fresh.text}, None))
        fresh.delete()


def _confirm(learning: Learning, entry: Knowledge, pages: Sequence[Page]) -> None:
    last_said = max(page.occurred_at for page in pages)
    Knowledge.objects.filter(pk=entry.pk).update(times_confirmed=F("times_confirmed") + 1, confirmed_at=last_said)
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


def _supersede(learning: Learning, old: Knowledge, new: Knowledge) -> None:
    if old.locked or old.pk == new.pk:
        return
    Knowledge.objects.filter(pk=old.pk).update(
        status=KnowledgeStatus.SUPERSEDED, valid_to=new.valid_from, superseded_by=new
    )
    log(_model_event(EventKind.SUPERSEDED, learning, old, {"text": old.text, "by": new.text}))


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
