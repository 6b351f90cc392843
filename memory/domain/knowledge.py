"""Knowledge: facts that a promotion learns, and a person's corrections.

A fact is never overwritten: what replaces it stands beside it and the old one stays, marked as superseded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from memory.domain.activity import event, log
from memory.domain.duplicates import Relation, more_precise
from memory.domain.eviction import archive_excess_knowledge
from memory.domain.ledger import embedded
from memory.domain.persona import require_unchanged, required_text
from memory.domain.provenance import content
from memory.domain.snapshots import fact_state, snapshot, source_keys, traced
from memory.domain.vectors import as_stored
from memory.embedding.base import Embedder, Vectors
from memory.enums import EventKind, KnowledgeStatus, Subject
from memory.exceptions import DuplicateKnowledge
from memory.llm.base import Fact
from memory.models import Assistant, Knowledge, Memory, MemoryEvent, ModelCall, Page
from memory.models.knowledge import KnowledgeQuerySet, fingerprint

TEXT_LENGTH = 1000
_COUNTS = (KnowledgeStatus.ACTIVE, KnowledgeStatus.PROPOSED)
_HOLDS = (*_COUNTS, KnowledgeStatus.DISABLED)
"""What a fact that is said again is recognised by: what a person does not want used must not come back as a twin."""


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


def standing(memory: Memory, subject: Subject) -> KnowledgeQuerySet:
    """What counts for or against a new fact: active entries, and an assistant's proposals."""
    return knowledge_of(memory, subject).filter(status__in=_COUNTS)


def learnt_proposals(assistant: Assistant) -> KnowledgeQuerySet:
    """What was learnt and waits for a decision; not what a member has proposed."""
    return assistant.knowledge.filter(status=KnowledgeStatus.PROPOSED, proposed_by=None)


def unwanted(memory: Memory, subject: Subject) -> KnowledgeQuerySet:
    """What a person has disabled: kept, so that it is recognised when it is said again, and shown to no model."""
    return knowledge_of(memory, subject).filter(status=KnowledgeStatus.DISABLED)


def sources_of(fact: Fact, pages: Sequence[Page]) -> list[Page]:
    """Return the pages a fact rests on: those it names, else all that were read."""
    return [pages[index] for index in fact.page_indexes] or list(pages)


def learn_knowledge(
    learning: Learning,
    subject: Subject,
    facts: Sequence[Fact],
    vectors: Vectors,
    known: Mapping[int, Knowledge],
    relations: Sequence[Relation] = (),
    unsaid: Collection[int] = (),
) -> list[Knowledge]:
    """Store facts; return the new ones. `vectors` has a row a fact; `known` resolves `Fact.supersedes`; `relations`
    are the judged near duplicates, by the facts' numbers.

    A fact that says the same as a known one confirms it, in the more precise of both wordings, and brings it back when
    it was archived; not so the facts in `unsaid`, which the user has not said again. One that was disabled stays so. A
    new one supersedes those it contradicts: of the two the one said last holds, except that what a person has written
    stands. On a shared assistant, new assistant knowledge waits as a proposal. Beyond the capacity the least useful is
    archived, never what was just learnt or said again; of proposals never one that a member has made. Runs in the
    promotion's transaction, which holds the memory's lock; for what its members share the assistant is locked as well.
    """
    if subject is Subject.ASSISTANT and facts:
        Assistant.objects.select_for_update(no_key=True).get(pk=learning.memory.assistant_id)
    new: list[Knowledge] = []
    became: dict[int, Knowledge] = {}
    for number, (fact, vector) in enumerate(zip(facts, vectors, strict=True)):
        text = fact.text.strip()[:TEXT_LENGTH]
        if not text:
            continue
        mine = [relation for relation in relations if relation.new == number]
        same = _standing(learning.memory, subject, text) or _merged_into(mine, became)
        if same is not None and number in unsaid:
            continue
        pages = sources_of(fact, learning.pages)
        if same is not None:
            entry = _confirm(learning, same, text, pages, vector)
        else:
            entry = _create(learning, subject, fact, text, pages, vector)
            new.append(entry)
        became[number] = entry
        named = [known[each] for each in fact.supersedes if each in known]
        for old in [*named, *_replaced(mine, became)]:
            _supersede(learning, old, entry)
    active = knowledge_of(learning.memory, subject).active()
    keep = [entry.pk for entry in became.values()]
    capacity = learning.memory.conf.knowledge_capacity
    archive_excess_knowledge(active, capacity, keep)
    if subject is Subject.ASSISTANT and new:
        archive_excess_knowledge(learnt_proposals(learning.memory.assistant), capacity, keep)
    return new


def edit_knowledge(
    entry: Knowledge, text: str, embedder: Embedder, *, by: User, expected: datetime | None = None
) -> Knowledge:
    """Change a fact's words by hand and lock it against the model.

    The new words are embedded before the transaction. `expected` is the last change that the person has seen. A
    disabled entry stays disabled. Raises InvalidText, DuplicateKnowledge (an active entry says the same),
    Knowledge.DoesNotExist (gone), EditConflict (changed since) and ModelError (no vector: nothing is changed).
    """
    text = required_text(text, TEXT_LENGTH, gettext("The text"))
    vector = vector_of(entry, text, embedder)
    with transaction.atomic():
        fresh = locked_entry(entry)
        require_unchanged(fresh, expected)
        before = traced(fresh, {"text": fresh.text})
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
        log(person_event(EventKind.EDITED, fresh, by, before, {"text": text}))
    return fresh


def delete_knowledge(entry: Knowledge, *, by: User) -> None:
    """Delete a fact with its vector; all else of it stays in the activity log, so that it can come back (`undoing`).

    Raises Knowledge.DoesNotExist when it is gone.
    """
    with transaction.atomic():
        fresh = locked_entry(entry)
        log(person_event(EventKind.DELETED, fresh, by, snapshot(fresh), None))
        fresh.delete()


def vector_of(entry: Knowledge, text: str, embedder: Embedder) -> Vectors:
    """Return a vector for words of a fact, shape (d,). May ask a server: call it outside transactions."""
    home = entry.memory or entry.assistant
    if home is None:
        raise TypeError("An entry belongs to a memory or to an assistant.")
    vector: Vectors = embedded(home, embedder, [text])[0]
    return vector


def locked_entry(entry: Knowledge) -> Knowledge:
    """Return the entry as it is now, behind the lock of its home. Raises Knowledge.DoesNotExist."""
    if entry.memory_id is not None:
        Memory.objects.locked(entry.memory_id)
    elif entry.assistant_id is not None:
        Assistant.objects.select_for_update(no_key=True).get(pk=entry.assistant_id)
    return Knowledge.objects.get(pk=entry.pk)


def lock_home(home: Memory | Assistant) -> None:
    """Lock what facts belong to until the transaction ends: a memory, or an assistant for what its members share.

    Raises DoesNotExist when it is gone.
    """
    if isinstance(home, Memory):
        Memory.objects.locked(home.pk)
    else:
        Assistant.objects.select_for_update(no_key=True).get(pk=home.pk)


def _standing(memory: Memory, subject: Subject, text: str) -> Knowledge | None:
    """The entry that says the same: one that counts, else one that was disabled, else archived for lack of room."""
    same = list(knowledge_of(memory, subject).filter(fingerprint=fingerprint(text)))
    for statuses in (_COUNTS, (KnowledgeStatus.DISABLED,), (KnowledgeStatus.ARCHIVED,)):
        if found := next((entry for entry in same if entry.status in statuses), None):
            return found
    return None


def _merged_into(mine: Sequence[Relation], became: Mapping[int, Knowledge]) -> Knowledge | None:
    """The standing entry that a fact nearly repeats; what is gone or was superseded meanwhile counts no more."""
    for relation in mine:
        old = relation.old if isinstance(relation.old, Knowledge) else became.get(relation.old)
        if relation.verdict == "same" and old is not None:
            fresh = Knowledge.objects.filter(pk=old.pk, status__in=_HOLDS).first()
            if fresh is not None:
                return fresh
    return None


def _replaced(mine: Sequence[Relation], became: Mapping[int, Knowledge]) -> list[Knowledge]:
    olds = [
        relation.old if isinstance(relation.old, Knowledge) else became.get(relation.old)
        for relation in mine
        if relation.verdict in ("replaces", "contradicts")
    ]
    return [old for old in olds if old is not None]


def _confirm(learning: Learning, entry: Knowledge, text: str, pages: Sequence[Page], vector: Vectors) -> Knowledge:
    """Count a fact that was said again, and let a wording that says more take the place of the stored one.

    The stored wording stays where neither says all of the other: people have seen it, and what they wrote (locked) or
    disabled stays in any case. An entry's sources are the pages that say all of its words, so that forgetting one of
    them never leaves its words behind: a new wording has the pages it came from, and pages that say less are no source.
    """
    before: dict[str, Any] = {"text": entry.text}
    verbatim = entry.fingerprint == fingerprint(text)
    says_all = verbatim or content(entry.text) == content(text)
    if entry.status == KnowledgeStatus.ARCHIVED:
        # What comes back to several members waits for approval like what is new: it may be from before they came.
        entry.status = _status_at_first(learning, entry.subject)
    stands = entry.locked or entry.status == KnowledgeStatus.DISABLED
    if not verbatim and not stands and more_precise(entry.text, text):
        before["sources"] = source_keys(entry)
        entry.text, entry.fingerprint = text, fingerprint(text)
        entry.embedding, entry.embedding_model = as_stored(vector), learning.embedder.name
        entry.sources.set(pages)
    elif says_all:
        entry.sources.add(*pages)
    entry.times_confirmed += 1
    entry.confirmed_at = max(entry.confirmed_at, *(page.occurred_at for page in pages))
    entry.save()
    if verbatim:
        log(_model_event(EventKind.CONFIRMED, learning, entry, {"text": entry.text}))
    else:
        log(_model_event(EventKind.MERGED, learning, entry, {"text": entry.text, "said": text}, before))
    return entry


def _create(
    learning: Learning, subject: Subject, fact: Fact, text: str, pages: Sequence[Page], vector: Vectors
) -> Knowledge:
    about_user = subject is Subject.USER
    entry = Knowledge.objects.create(
        subject=subject,
        memory=learning.memory if about_user else None,
        assistant=None if about_user else learning.memory.assistant,
        text=text,
        fingerprint=fingerprint(text),
        status=_status_at_first(learning, subject),
        valid_from=fact.valid_from or min(page.occurred_at for page in pages),
        confirmed_at=max(page.occurred_at for page in pages),
        embedding=as_stored(vector),
        embedding_model=learning.embedder.name,
    )
    entry.sources.add(*pages)
    log(_model_event(EventKind.LEARNT, learning, entry, {"text": text}))
    return entry


def _status_at_first(learning: Learning, subject: str) -> KnowledgeStatus:
    """Return what a fact is when it comes into knowledge: of an assistant that people share, only proposed."""
    shared = subject == Subject.ASSISTANT and learning.memory.assistant.memberships.count() > 1
    return KnowledgeStatus.PROPOSED if shared else KnowledgeStatus.ACTIVE


def _supersede(learning: Learning, seen: Knowledge, new: Knowledge) -> None:
    """Let one of two contradicting facts end when the other began: the one that was said last holds, or the one that a
    person has written.

    `seen` is as old as the model call; what has been edited or deleted meanwhile is taken as it is now.
    """
    old = Knowledge.objects.filter(pk=seen.pk, status__in=_COUNTS).exclude(pk=new.pk).first()
    if old is None or new.status not in _COUNTS or (old.locked and new.locked):
        return
    if new.status == KnowledgeStatus.PROPOSED and old.status == KnowledgeStatus.ACTIVE:
        # What nobody has approved yet ends nothing that members rely on.
        return
    stays = old.locked or (old.confirmed_at > new.confirmed_at and not new.locked)
    ended, holds = (new, old) if stays else (old, new)
    before = fact_state(ended)
    ended.status = KnowledgeStatus.SUPERSEDED
    ended.superseded_by = holds
    ended.valid_to = max(holds.valid_from or holds.confirmed_at, ended.valid_from or ended.confirmed_at)
    ended.save(update_fields=["status", "superseded_by", "valid_to", "updated_at"])
    log(_model_event(EventKind.SUPERSEDED, learning, ended, {"text": ended.text, "by": holds.text}, before))


def _model_event(
    kind: EventKind, learning: Learning, entry: Knowledge, after: dict[str, Any], before: dict[str, Any] | None = None
) -> MemoryEvent:
    return event(
        kind,
        entry,
        memory=learning.memory if entry.memory_id else None,
        assistant=learning.memory.assistant,
        model_call=learning.call,
        before=before,
        after=after,
    )


def person_event(
    kind: EventKind, entry: Knowledge, by: User, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> MemoryEvent:
    return event(kind, entry, memory=entry.memory, assistant=entry.assistant, by=by, before=before, after=after)
