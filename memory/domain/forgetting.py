"""Forgetting: what a person wants gone goes for good, with everything that rests on it alone.

Deleting a fact takes it out of use and keeps its words in the activity log; forgetting leaves nothing: no row, no
vector, no word in the index, no summary and no log that quotes it. `preview` says what a forgetting would take,
`forget` takes exactly that.

What it does not reach, and what a person is told: the transcript of the chat, which goes with its conversation; other
pages that speak of the same thing, among them answers that quoted it; and a file it was imported from, which brings
it back when it is imported again: the external ids of forgotten pages are free.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Max, Min
from django.utils import timezone

from memory import signals
from memory.domain.activity import event, log
from memory.domain.foreseeing import DEMO, EVERYTHING, Forgetting, Item, Rows, Target, foresee
from memory.domain.indexing import unindex_everything, unindex_pages
from memory.domain.resummarising import blank_chains, blank_segments
from memory.domain.scrubbing import scrub_everything, scrub_log
from memory.enums import EventKind, Tier
from memory.exceptions import ForgettingChanged
from memory.models import Assistant, Knowledge, Memory, MemoryEvent, Page, Profile, Trait

__all__ = ["DEMO", "EVERYTHING", "Forgetting", "Item", "Rows", "Target", "forget", "preview", "still_there"]

_BATCH = 1000
_SHARED = "assistant_knowledge"


def preview(memory: Memory, target: Target) -> Forgetting:
    """Say what forgetting `target` would take and leave, and how many answers in the chat were given any of it.

    Changes nothing. Raises NothingToForget.
    """
    plan = foresee(memory, target)
    told = signals.forgetting_previewed.send(Memory, memory=memory, rows=plan.rows)
    return replace(plan, answers=sum(int(count or 0) for _, count in told))


@transaction.atomic
def forget(memory: Memory, target: Target, *, by: User, expected: str | None = None) -> Forgetting:
    """Forget for good; return what went and what stays.

    `expected` is the fingerprint of the preview that the person has agreed to. In one transaction: lock the memory and
    the assistant, foresee anew, empty the log of what it quotes, take the pages out of the index, delete what goes,
    correct what has lost a source, blank the summaries that may quote it and describe their segments by what is left,
    log that something was forgotten without saying what, send `memory_forgotten`. No model is asked: a job sums up
    anew. A fact that was superseded by one that goes stays superseded: what once replaced it was said.
    Positions are not given again. Of everything, what the model calls cost stays on the books, without details.
    Raises NothingToForget (somebody was quicker) and ForgettingChanged (other rows would go than the person has seen).
    """
    locked = Memory.objects.locked(memory.pk)
    Assistant.objects.select_for_update(no_key=True).get(pk=locked.assistant_id)
    plan = foresee(memory, target)
    if expected is not None and expected != plan.fingerprint:
        raise ForgettingChanged
    if target == EVERYTHING:
        scrub_everything(memory, plan)
        unindex_everything(memory)
        memory.model_calls.update(detail="")
        # Uploaded files, and what their previews quote.
        memory.imports.all().delete()
    else:
        scrub_log(memory, plan)
        _unindex(memory, plan)
    _delete(memory, plan)
    blanked = bool(blank_segments(memory, plan.blanked_segments) + blank_chains(memory, plan.blanked_chains))
    log(*_told(memory, plan, by))
    signals.memory_forgotten.send(Memory, memory=memory, rows=plan.rows, blanked=blanked)
    return plan


def still_there(items: Iterable[tuple[Tier, int]]) -> set[tuple[Tier, int]]:
    """Return those of recalled items, each its tier and its key, whose rows have not been deleted or forgotten."""
    models = {Tier.PROFILE: Profile, Tier.TRAIT: Trait}
    models |= dict.fromkeys((Tier.SHORT_TERM, Tier.MID_TERM), Page)
    models |= dict.fromkeys((Tier.USER_KNOWLEDGE, Tier.ASSISTANT_KNOWLEDGE), Knowledge)
    wanted = set(items)
    found: set[tuple[Tier, int]] = set()
    for model in set(models.values()):
        of_model = {(tier, pk) for tier, pk in wanted if models[tier] is model}
        if of_model:
            rows = model._default_manager.filter(pk__in={pk for _, pk in of_model})
            there = set(rows.values_list("pk", flat=True))
            found |= {(tier, pk) for tier, pk in of_model if pk in there}
    return found


def _unindex(memory: Memory, plan: Forgetting) -> None:
    """Take the pages out of the index; those of archived segments are not in it."""
    for ids in _batches(plan.pages):
        unindex_pages(memory, list(memory.pages.recallable().filter(pk__in=ids).only("pk", "length", "memory")))


def _delete(memory: Memory, plan: Forgetting) -> None:
    """Delete what goes; what has lost a source is corrected."""
    rows = plan.rows
    Knowledge.objects.filter(pk__in=rows.knowledge).delete()
    memory.profile.filter(pk__in=rows.profile).delete()
    memory.traits.filter(pk__in=rows.traits).delete()
    moments: set[datetime] = set()
    for ids in _batches(plan.pages):
        pages = memory.pages.filter(pk__in=ids)
        moments.update(pages.values_list("occurred_at", flat=True))
        pages.delete()
    memory.segments.filter(pk__in=rows.segments).delete()
    memory.chains.filter(pk__in=rows.chains).delete()
    _correct(memory, [*plan.weakened, *plan.kept], moments)


def _correct(memory: Memory, shaken: list[Item], moments: set[datetime]) -> None:
    """Let entries that lost a source say no more than the others do: how often, since when and when last.

    `moments` are the times of the forgotten pages. A trait's reason goes: it may quote them.
    """
    now = timezone.now()
    facts = Knowledge.objects.filter(pk__in=[item.pk for item in shaken if item.kind in ("knowledge", _SHARED)])
    spans = facts.values_list("pk", Count("sources"), Min("sources__occurred_at"), Max("sources__occurred_at"))
    left = {pk: (pages, first, last) for pk, pages, first, last in spans}
    corrected = list(facts.defer("embedding"))
    for fact in corrected:
        pages, first, last = left[fact.pk]
        fact.times_confirmed = max(1, min(fact.times_confirmed, pages))
        if pages and fact.confirmed_at in moments:
            fact.confirmed_at = last
        if pages and fact.valid_from in moments:
            fact.valid_from = min(first, fact.valid_to or first)
        fact.updated_at = now
    Knowledge.objects.bulk_update(corrected, ["times_confirmed", "confirmed_at", "valid_from", "updated_at"])
    traits = memory.traits.filter(pk__in=[item.pk for item in shaken if item.kind == "trait"], locked=False)
    traits.update(reason="", updated_at=now)


def _told(memory: Memory, plan: Forgetting, by: User) -> list[MemoryEvent]:
    """Return what the log may still say: how much was forgotten; what members share in the assistant's own log."""
    shared = sum(item.kind == _SHARED for item in plan.long_term)
    counts = {
        "pages": len(plan.pages),
        "segments": len(plan.segments),
        "facts": sum(item.kind == "knowledge" for item in plan.long_term),
        "profile": sum(item.kind == "profile" for item in plan.long_term),
        "traits": sum(item.kind == "trait" for item in plan.long_term),
    }
    events = []
    if plan.target.kind != _SHARED:
        events.append(event(EventKind.FORGOTTEN, memory, memory=memory, by=by, after=counts))
    if shared:
        assistant = memory.assistant
        events.append(event(EventKind.FORGOTTEN, assistant, assistant=assistant, by=by, after={"facts": shared}))
    return events


def _batches(ids: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))
