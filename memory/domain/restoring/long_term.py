"""Profile, traits and facts of an exported memory join another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from memory.domain.activity import event, log
from memory.domain.eviction import archive_excess_knowledge, evict_segments
from memory.domain.importing import Contents
from memory.domain.importing.contents import FactRow, ProfileRow, TraitRow
from memory.domain.restoring.merging import Meeting, Verdict, meet, verdict_on_attribute, verdict_on_trait
from memory.domain.restoring.standing import Standing
from memory.domain.snapshots import state_of
from memory.enums import EventKind, KnowledgeStatus, Role, Subject
from memory.models import Assistant, Knowledge, Membership, Memory, MemoryEvent, Profile, Trait
from memory.models.knowledge import fingerprint
from memory.signals import memory_imported

_IN_USE = (KnowledgeStatus.ACTIVE, KnowledgeStatus.PROPOSED)
_WRITES: frozenset[Verdict] = frozenset({"new", "replaces"})


def restore_long_term(
    memory: Memory,
    contents: Contents,
    found: Standing,
    *,
    by: User,
    now: datetime,
    shared: bool,
    make_room: bool = True,
) -> Counter[str]:
    """Let what is known of the person join what is known here; return what was done, counted by kind.

    `found` knows the pages by now; `shared` says whether what the file knows of the assistant is wanted: the person may
    curate it. In order: lock the memory (and the assistant), profile, traits, facts, an event for each that is new or
    changed, the least useful facts and the coldest segments archived beyond the capacities (unless `make_room` is
    false), `memory_imported`. Runs in the caller's transaction.
    """
    done: Counter[str] = Counter()
    if contents.memory is None:
        return done
    memory = Memory.objects.select_related("assistant").get(pk=Memory.objects.locked(memory.pk).pk)
    if shared:
        Assistant.objects.select_for_update(no_key=True).get(pk=memory.assistant_id)
    events = [
        *_restore_profile(memory, contents.memory.profile, found, by, done),
        *_restore_traits(memory, contents.memory.traits, found, by, done),
        *_restore_facts(memory, wanted_facts(contents, shared=shared), found, by, done),
    ]
    log(*events)
    if make_room:
        homes: list[Memory | Assistant] = [memory, memory.assistant] if shared else [memory]
        for home in homes:
            done["archived"] += len(archive_excess_knowledge(home.knowledge.active(), memory.conf.knowledge_capacity))
        done["archived_segments"] = len(evict_segments(memory, now))
    memory_imported.send(Memory, memory=memory)
    return done


def may_bring(by: User | None, memory: Memory) -> bool:
    """Say whether a person may bring knowledge that all members of the assistant share."""
    places = Membership.objects.filter(assistant=memory.assistant_id, user=by)
    return by is not None and places.filter(role__in=(Role.OWNER, Role.CURATOR)).exists()


def wanted_facts(contents: Contents, *, shared: bool) -> list[FactRow]:
    """Return the file's facts: about the person, and with `shared` about the assistant."""
    facts = contents.memory.facts if contents.memory else []
    return [fact for fact in facts if shared or fact.subject is Subject.USER]


def facts_here(memory: Memory, rows: Sequence[FactRow]) -> list[Knowledge]:
    """Return the entries that say what a file's facts say, of any status."""
    prints = [fingerprint(row.text) for row in rows]
    about_user = Knowledge.objects.about_user(memory).filter(fingerprint__in=prints)
    about_assistant = Knowledge.objects.about_assistant(memory.assistant).filter(fingerprint__in=prints)
    wanted = {row.subject for row in rows}
    of_subject = {Subject.USER: about_user, Subject.ASSISTANT: about_assistant}
    return [entry for subject in wanted for entry in of_subject[subject].defer("embedding").order_by("pk")]


def _restore_profile(
    memory: Memory, rows: Iterable[ProfileRow], found: Standing, by: User, done: Counter[str]
) -> list[MemoryEvent]:
    known = {attribute.name.casefold(): attribute for attribute in memory.profile.all()}
    events = []
    for row in rows:
        attribute = known.get(row.name.casefold())
        verdict = verdict_on_attribute(row, attribute)
        done["profile"] += verdict in _WRITES
        if verdict in _WRITES:
            before = state_of(attribute) if attribute else None
            attribute = attribute or Profile(memory=memory, name=row.name, disabled=row.disabled)
            attribute.value, attribute.locked = row.value, row.locked
            _save(attribute, row, before)
            attribute.sources.set(_keys(row.pages, found))
            events.append(_imported(memory, attribute, by, before, state_of(attribute)))
        elif verdict == "same" and attribute is not None:
            attribute.sources.add(*_keys(row.pages, found))
    return events


def _restore_traits(
    memory: Memory, rows: Iterable[TraitRow], found: Standing, by: User, done: Counter[str]
) -> list[MemoryEvent]:
    known = {trait.dimension: trait for trait in memory.traits.all()}
    events = []
    for row in rows:
        trait = known.get(row.dimension)
        verdict = verdict_on_trait(row, trait)
        done["traits"] += verdict in _WRITES
        if verdict in _WRITES:
            before = state_of(trait) if trait else None
            trait = trait or Trait(memory=memory, dimension=row.dimension, disabled=row.disabled)
            trait.level, trait.reason, trait.locked = row.level, row.reason, row.locked
            _save(trait, row, before)
            trait.evidence.set(_keys(row.pages, found))
            events.append(_imported(memory, trait, by, before, state_of(trait)))
        elif verdict == "same" and trait is not None:
            trait.evidence.add(*_keys(row.pages, found))
    return events


def _save(entry: Profile | Trait, row: ProfileRow | TraitRow, before: dict[str, object] | None) -> None:
    """Save an entry with the file's dates, which `auto_now` would write over."""
    entry.save()
    dates = {"updated_at": row.updated_at} | ({} if before else {"created_at": row.created_at})
    type(entry)._default_manager.filter(pk=entry.pk).update(**dates)


def _restore_facts(
    memory: Memory, rows: Sequence[FactRow], found: Standing, by: User, done: Counter[str]
) -> list[MemoryEvent]:
    is_shared = memory.assistant.memberships.count() > 1
    entries: dict[int, Knowledge] = {}
    events = []
    meetings = meet(rows, facts_here(memory, rows))
    for meeting in meetings:
        row, entry = meeting.row, meeting.here
        if entry is None:
            entry = _create(memory, row, is_shared=is_shared)
            events.append(_imported(memory, entry, by, None, {"text": entry.text}))
            done["facts" if row.subject is Subject.USER else "assistant_knowledge"] += 1
        else:
            done["confirmed"] += _confirm(row, entry)
        entry.sources.add(*_keys(row.pages, found))
        entries[row.id] = entry
    events += _supersede(memory, meetings, entries, by)
    return events


def _create(memory: Memory, row: FactRow, *, is_shared: bool) -> Knowledge:
    about_user = row.subject is Subject.USER
    status = row.status
    if not about_user and status in _IN_USE:
        # As what is learnt: members get to see it when somebody has approved it.
        status = KnowledgeStatus.PROPOSED if is_shared else KnowledgeStatus.ACTIVE
    entry = Knowledge.objects.create(
        subject=row.subject,
        memory=memory if about_user else None,
        assistant=None if about_user else memory.assistant,
        text=row.text,
        fingerprint=fingerprint(row.text),
        status=status,
        pinned=row.pinned,
        locked=row.locked,
        times_confirmed=row.times_confirmed,
        confirmed_at=row.confirmed_at,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )
    Knowledge.objects.filter(pk=entry.pk).update(created_at=row.created_at, updated_at=row.updated_at)
    return entry


def _confirm(row: FactRow, entry: Knowledge) -> bool:
    """Let an entry count what the file knows of it; its words, its status and what a person did with it stay.

    Return whether that was news.
    """
    times, at = max(entry.times_confirmed, row.times_confirmed), max(entry.confirmed_at, row.confirmed_at)
    since = entry.valid_from or row.valid_from
    if (times, at, since) == (entry.times_confirmed, entry.confirmed_at, entry.valid_from):
        return False
    entry.times_confirmed, entry.confirmed_at, entry.valid_from = times, at, since
    entry.save(update_fields=["times_confirmed", "confirmed_at", "valid_from", "updated_at"])
    return True


def _supersede(
    memory: Memory, meetings: Iterable[Meeting], entries: dict[int, Knowledge], by: User
) -> list[MemoryEvent]:
    """Link what has ended to what took its place, and end what the file knows to be replaced by now."""
    events = []
    for meeting in meetings:
        entry, replaced_by = entries[meeting.row.id], entries.get(meeting.row.superseded_by or -1)
        if replaced_by is None or replaced_by.pk == entry.pk:
            continue
        if meeting.here is None and entry.status == KnowledgeStatus.SUPERSEDED:
            Knowledge.objects.filter(pk=entry.pk).update(superseded_by=replaced_by)
        elif meeting.ends and replaced_by.status in _IN_USE:
            ended = meeting.row.valid_to or replaced_by.valid_from or replaced_by.confirmed_at
            Knowledge.objects.filter(pk=entry.pk).update(
                status=KnowledgeStatus.SUPERSEDED, superseded_by=replaced_by, valid_to=ended, updated_at=timezone.now()
            )
            after = {"text": entry.text, "by": replaced_by.text}
            events.append(
                event(EventKind.SUPERSEDED, entry, memory=entry.memory, assistant=entry.assistant, by=by, after=after)
            )
    return events


def _keys(pages: Iterable[str], found: Standing) -> list[int]:
    return [found.pages[page] for page in pages if page in found.pages]


def _imported(
    memory: Memory, row: Any, by: User, before: dict[str, object] | None, after: dict[str, Any]
) -> MemoryEvent:
    of_memory = None if isinstance(row, Knowledge) and row.memory_id is None else memory
    return event(
        EventKind.IMPORTED, row, memory=of_memory, assistant=memory.assistant, by=by, before=before, after=after
    )
