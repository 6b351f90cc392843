"""Merging by hand: several facts become one, one takes the place of another, and what was replaced comes back.

Nothing is deleted: what no longer holds stays, marked as superseded by what does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from memory.domain.activity import log
from memory.domain.disabling import make_room_for
from memory.domain.duplicates import more_precise
from memory.domain.knowledge import TEXT_LENGTH, lock_home, locked_entry, person_event
from memory.domain.ledger import embedded
from memory.domain.persona import required_text
from memory.domain.snapshots import fact_state, traced
from memory.domain.vectors import as_stored
from memory.embedding.base import Embedder
from memory.enums import EventKind, KnowledgeStatus
from memory.exceptions import DuplicateKnowledge, InvalidText, KnowledgeChanged
from memory.models import Assistant, Knowledge, Memory
from memory.models.knowledge import fingerprint

MERGED_AT_MOST = 25


def most_precise(entries: Sequence[Knowledge]) -> Knowledge:
    """Return the fact whose words say all that the others' say, as far as one does; else the longest."""
    best = max(entries, key=lambda entry: (len(entry.text), -entry.pk))
    for entry in entries:
        if more_precise(best.text, entry.text):
            best = entry
    return best


def merge_knowledge(entries: Sequence[Knowledge], text: str, embedder: Embedder, *, by: User) -> Knowledge:
    """Let one fact with these words stand for several of one home; return it.

    The words are embedded before the transaction. Then, in one transaction: lock the home; the fact that says `text`
    already, else the oldest, stays: with the words, active, locked, the sources of all, their confirmations summed, the
    earliest `valid_from`, the latest `confirmed_at`, pinned if one was; the others become superseded by it; `merged` is
    logged for it and `superseded` for each other one; beyond the capacity the least useful of the rest is archived.
    Raises InvalidText (no words, too long; fewer than two facts or more than 25), DuplicateKnowledge (a fact that is
    not among them says the same), KnowledgeChanged (one is gone or replaced meanwhile) and ModelError; nothing is
    changed then.
    """
    keys = {entry.pk for entry in entries}
    home = _home_of(entries)
    if not 2 <= len(keys) <= MERGED_AT_MOST:
        raise InvalidText(gettext("Choose at least two facts, and at most %(most)d.") % {"most": MERGED_AT_MOST})
    text = required_text(text, TEXT_LENGTH, gettext("The text"))
    vector = embedded(home, embedder, [text])[0]
    with transaction.atomic():
        lock_home(home)
        fresh = list(home.knowledge.filter(pk__in=keys).order_by("pk"))
        if len(fresh) < len(keys) or any(entry.status == KnowledgeStatus.SUPERSEDED for entry in fresh):
            raise KnowledgeChanged
        kept = next((entry for entry in fresh if entry.fingerprint == fingerprint(text)), fresh[0])
        others = [entry for entry in fresh if entry.pk != kept.pk]
        before = traced(kept, fact_state(kept))
        _gather(kept, fresh)
        kept.text, kept.fingerprint, kept.locked, kept.status = text, fingerprint(text), True, KnowledgeStatus.ACTIVE
        kept.embedding, kept.embedding_model = as_stored(vector), embedder.name
        _supersede(others, kept, by)
        _save(kept)
        after = {"text": text, "merged": [entry.text for entry in others]}
        log(person_event(EventKind.MERGED, kept, by, before, after))
        make_room_for(kept)
    return kept


def replace_knowledge(new: Knowledge, old: Knowledge, *, by: User) -> Knowledge:
    """Let an active fact take the place of another one of the same home; return the one that was replaced.

    In one transaction: lock the home; the old one is superseded by the new one and stops being true when that began,
    never before it began itself; log `superseded`. Twice is once. Raises Knowledge.DoesNotExist when one is gone,
    InvalidText for a fact and itself, and KnowledgeChanged when the new one is not active or the old one has been
    replaced by something else.
    """
    if new.pk == old.pk:
        raise InvalidText(gettext("A fact cannot replace itself."))
    with transaction.atomic():
        holds = locked_entry(new)
        ended = Knowledge.objects.get(pk=old.pk, memory=holds.memory_id, assistant=holds.assistant_id)
        if holds.status != KnowledgeStatus.ACTIVE:
            raise KnowledgeChanged
        if ended.status == KnowledgeStatus.SUPERSEDED:
            if ended.superseded_by_id != holds.pk:
                raise KnowledgeChanged
            return ended
        end = max(holds.valid_from or holds.confirmed_at, ended.valid_from or ended.confirmed_at)
        _supersede([ended], holds, by, end)
    return ended


def reinstate_knowledge(entry: Knowledge, *, by: User) -> Knowledge:
    """Bring a superseded fact back: it holds again, beside what had replaced it. Twice is once.

    In one transaction: lock the home; it is active and has no end; log `restored`; beyond the capacity the least useful
    of the others is archived. Raises Knowledge.DoesNotExist (gone) and DuplicateKnowledge (another entry in use says
    the same: nothing is changed).
    """
    with transaction.atomic():
        fresh = locked_entry(entry)
        if fresh.status != KnowledgeStatus.SUPERSEDED:
            return fresh
        before = traced(fresh, fact_state(fresh))
        fresh.status, fresh.superseded_by, fresh.valid_to = KnowledgeStatus.ACTIVE, None, None
        _save(fresh)
        log(person_event(EventKind.RESTORED, fresh, by, before, {"text": fresh.text}))
        make_room_for(fresh)
    return fresh


def _home_of(entries: Sequence[Knowledge]) -> Memory | Assistant:
    homes = {entry.memory or entry.assistant for entry in entries}
    if len(homes) != 1 or (home := homes.pop()) is None:
        raise InvalidText(gettext("Choose facts of one list."))
    return home


def _gather(kept: Knowledge, entries: Sequence[Knowledge]) -> None:
    """Let one of the entries have what all of them have: sources, confirmations, dates, the pin."""
    kept.sources.add(*{page.pk for entry in entries for page in entry.sources.only("pk")})
    kept.times_confirmed = sum(entry.times_confirmed for entry in entries)
    kept.confirmed_at = max(entry.confirmed_at for entry in entries)
    kept.valid_from = min((entry.valid_from for entry in entries if entry.valid_from), default=None)
    kept.valid_to = None
    kept.pinned = any(entry.pinned for entry in entries)


def _supersede(ended: Sequence[Knowledge], holds: Knowledge, by: User, end: datetime | None = None) -> None:
    """Let entries be replaced by another one; with `end` they stop being true then. The log keeps what they were."""
    events = []
    for entry in ended:
        before = traced(entry, fact_state(entry))
        entry.status, entry.superseded_by = KnowledgeStatus.SUPERSEDED, holds
        entry.valid_to = end or entry.valid_to
        entry.save(update_fields=["status", "superseded_by", "valid_to", "updated_at"])
        after = {"text": entry.text, "by": holds.text}
        events.append(person_event(EventKind.SUPERSEDED, entry, by, before, after))
    log(*events)


def _save(entry: Knowledge) -> None:
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError as error:
        raise DuplicateKnowledge from error
