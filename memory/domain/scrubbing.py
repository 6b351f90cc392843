"""Scrubbing: what the activity log says of something that is being forgotten goes with it.

The log names things by their keys, and quotes them: the words of facts, the titles of segments. An event is emptied
when it is about a row that goes, or says something that was learnt from a page that goes and that no row that stays
says: also where it stands in what is told of another row, as what was merged into it or what has replaced it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q, QuerySet

from memory.domain.activity import scrub
from memory.domain.foreseeing import Forgetting
from memory.domain.snapshots import SOURCES
from memory.enums import EventKind
from memory.models import Knowledge, Memory, MemoryEvent, Profile, Trait

_LONG_TERM = ("knowledge", "profile", "trait")
_DATES = ("valid_from", "valid_to", "confirmed_at", "created_at")
_NAMES = frozenset({"name", "dimension", "level", "source", "status", *_DATES})
"""What an event says under these keys are the words of a form, not of a page."""
_QUOTES = frozenset({"by", "merged"})
"""What an event says under these keys are the words of other rows."""


def scrub_log(memory: Memory, plan: Forgetting) -> None:
    """Empty the events that quote what `plan` takes. Runs in the forgetting's transaction, before any row goes."""
    rows = plan.rows
    blanked = tuple(item.pk for item in plan.blanked_segments)
    about = (
        Q(target_type="page", target_id__in=rows.pages)
        | Q(target_type="segment", target_id__in=rows.segments + blanked)
        | Q(target_type="knowledge", target_id__in=rows.knowledge)
        | Q(target_type="profile", target_id__in=rows.profile)
        | Q(target_type="trait", target_id__in=rows.traits)
    )
    told = _events(memory).filter(about)
    scrub({*told.values_list("pk", flat=True), *_quoting(memory, plan, _said_in(told))})


def scrub_everything(memory: Memory, plan: Forgetting) -> None:
    """Delete the memory's own log and empty what the assistant's log quotes of what goes with it."""
    shared = MemoryEvent.objects.filter(
        memory__isnull=True, assistant=memory.assistant_id, target_type="knowledge", target_id__in=plan.rows.knowledge
    )
    scrub({*shared.values_list("pk", flat=True), *_quoting(memory, plan, _said_in(shared))})
    memory.events.all().delete()


def _events(memory: Memory) -> QuerySet[MemoryEvent]:
    """The log of a memory, and what it shares with other memories of its assistant."""
    return MemoryEvent.objects.filter(Q(memory=memory) | Q(memory__isnull=True, assistant=memory.assistant_id))


def _said_in(events: QuerySet[MemoryEvent]) -> set[str]:
    """Return what events say of facts; what one said before it was edited may stand in what is told of others."""
    told = events.filter(target_type="knowledge").exclude(kind=EventKind.OPENED).values_list("before", "after")
    return {text for states in told.iterator(chunk_size=5000) for text in _texts(list(states))}


def _quoting(memory: Memory, plan: Forgetting, quoted: Iterable[str]) -> Iterator[int]:
    """Yield events about long-term entries that say what nothing that stays says, and that came of what goes.

    `quoted` are words of what goes that it no longer says. What came of what goes is looked for in all events: a fact
    that was deleted since is quoted by those that it was merged into, or that it has replaced.
    """
    calls = set(_calls_that_read(memory, plan))
    # An operator's reason for looking says nothing that was learnt.
    learnt_from = _events(memory).filter(target_type__in=_LONG_TERM).exclude(kind=EventKind.OPENED)
    suspects = set(learnt_from.filter(model_call__in=calls).values_list("target_type", "target_id"))
    suspects.update(_rested_on(learnt_from, plan))
    gone = {item.text for item in plan.long_term if item.kind in ("knowledge", "assistant_knowledge")}
    stands = _said_by_what_stays(memory, plan)
    gone.update(set(quoted) - stands)
    told = learnt_from.values_list("pk", "memory", "target_type", "target_id", "before", "after")
    said = [(pk, home, (kind, key) in suspects, states) for pk, home, kind, key, *states in told.iterator(5000)]
    learnt = {text for _, _, suspect, states in said if suspect for text in _texts(states, _QUOTES)}
    gone.update(learnt - stands)
    # What the team has approved it goes on to say, and its own log with it.
    shared = {item.text for item in plan.shared}
    for pk, home, suspect, states in said:
        texts = set(_texts(states))
        if texts & (gone if home else gone - shared) or (suspect and texts - stands):
            yield pk


def _calls_that_read(memory: Memory, plan: Forgetting) -> Iterator[int]:
    """Yield the promotions' model calls that read one of the pages: its log says which positions it read."""
    promoted = memory.events.filter(kind=EventKind.PROMOTED, model_call__isnull=False)
    if plan.target.kind != "everything":
        touched = [item.pk for item in (*plan.segments, *plan.blanked_segments)]
        promoted = promoted.filter(target_type="segment", target_id__in=touched)
    positions = set(memory.pages.filter(pk__in=plan.pages).values_list("position", flat=True))
    for call, after in promoted.values_list("model_call", "after"):
        read = after.get("pages", []) if isinstance(after, dict) else []
        if call is not None and not positions.isdisjoint(read):
            yield call


def _rested_on(events: QuerySet[MemoryEvent], plan: Forgetting) -> Iterator[tuple[str, int]]:
    """Yield the entries of which the log says that they once rested on one of the pages, whoever wrote them."""
    traced = events.filter(Q(before__has_key=SOURCES) | Q(after__has_key=SOURCES))
    goes = set(plan.pages)
    states = traced.values_list("target_type", "target_id", f"before__{SOURCES}", f"after__{SOURCES}")
    for kind, target, before, after in states.iterator(chunk_size=5000):
        if not goes.isdisjoint([*(before or ()), *(after or ())]):
            yield kind, target


def _said_by_what_stays(memory: Memory, plan: Forgetting) -> set[str]:
    """Return the words of the long-term entries that stay; the reason of a trait that loses evidence does not."""
    rows = plan.rows
    facts = Knowledge.objects.filter(Q(memory=memory) | Q(assistant=memory.assistant_id)).exclude(pk__in=rows.knowledge)
    profile = Profile.objects.filter(memory=memory).exclude(pk__in=rows.profile)
    shaken = [item.pk for item in plan.weakened if item.kind == "trait"]
    traits = Trait.objects.filter(memory=memory).exclude(pk__in=rows.traits).exclude(pk__in=shaken, locked=False)
    return {
        *facts.values_list("text", flat=True),
        *profile.values_list("value", flat=True),
        *traits.values_list("reason", flat=True),
        "",
    }


def _texts(state: Any, besides: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield every text an event's state holds, however deep, but for names of forms and what stands under `besides`."""
    match state:
        case str():
            yield state
        case dict():
            for key, value in state.items():
                if key not in _NAMES and key not in besides:
                    yield from _texts(value, besides)
        case list():
            for each in state:
                yield from _texts(each, besides)
