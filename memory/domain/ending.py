"""The end of a memory: what goes with it for good, whoever ends it, and the locks that it takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from memory.domain.activity import scrub
from memory.domain.deciding import undecided_or_declined
from memory.domain.foreseeing import EVERYTHING, Forgetting, foresee
from memory.domain.scrubbing import scrub_everything
from memory.enums import Actor, KnowledgeStatus
from memory.models import Assistant, Knowledge, Membership, Memory, MemoryEvent
from memory.models.knowledge import KnowledgeQuerySet

_SHARED = "assistant_knowledge"


@transaction.atomic
def delete_memories(memories: Iterable[Memory]) -> None:
    """Delete memories for good from the administration, which writes its own log; members stay members.

    In one transaction: lock all of them, then their assistants, then the memberships, so that no turn is just
    beginning; end each (`end_memory`). One that is gone is passed over.
    """
    locked = lock_memories(Memory.objects.filter(pk__in=[memory.pk for memory in memories]))
    assistants = lock_assistants(Assistant.objects.filter(memories__in=locked))
    _lock_places(Membership.objects.filter(assistant__in=assistants, user__memories__in=locked))
    for memory in locked:
        end_memory(memory)


@transaction.atomic
def delete_assistants(assistants: Iterable[Assistant]) -> None:
    """Delete assistants for good from the administration, with all that they remember of anybody.

    In one transaction: lock their memories, them, and the memberships; delete them. One that is gone is passed over.
    """
    keys = [assistant.pk for assistant in assistants]
    lock_memories(Memory.objects.filter(assistant__in=keys))
    locked = lock_assistants(Assistant.objects.filter(pk__in=keys))
    _lock_places(Membership.objects.filter(assistant__in=keys))
    for assistant in locked:
        assistant.delete()


def end_memory(locked: Memory) -> None:
    """Delete a memory with all that belongs to it, in the caller's transaction, which holds it and its assistant.

    Empty what the assistant's log quotes of what goes; delete what the person has proposed to the team, and what was
    learnt from these pages alone, as far as the team was never given it; take the details from the ledger, where the
    costs stay; delete the memory, its log and conversations included. What was approved is the team's and stays,
    without naming these pages.
    """
    plan = _without_the_teams(locked, foresee(locked, EVERYTHING))
    scrub_everything(locked, plan)
    Knowledge.objects.filter(pk__in=[item.pk for item in plan.long_term if item.kind == _SHARED]).delete()
    locked.model_calls.update(detail="")
    locked.delete()


def end_proposals(person: User, assistants: Collection[int]) -> None:
    """Delete what a person has proposed at these assistants and the team was never given, where there is no memory of
    theirs any more: in the caller's transaction, which holds the assistants' locks.
    """
    proposed = Knowledge.objects.filter(proposed_by=person, assistant__in=assistants)
    keys = list(undecided_or_declined(proposed).values_list("pk", flat=True))
    told = MemoryEvent.objects.filter(memory__isnull=True, target_type="knowledge", target_id__in=keys)
    scrub(told.values_list("pk", flat=True))
    Knowledge.objects.filter(pk__in=keys).delete()


def lock_memories(memories: QuerySet[Memory]) -> list[Memory]:
    """Lock memories, in the order in which everybody does who locks more than one."""
    return list(memories.order_by("pk").select_for_update(no_key=True, of=("self",)))


def lock_assistants(assistants: QuerySet[Assistant]) -> list[Assistant]:
    """Lock assistants, likewise; memories come first."""
    rows = Assistant.objects.filter(pk__in=assistants.order_by().values("pk")).order_by("pk")
    return list(rows.select_for_update(no_key=True, of=("self",)))


def _lock_places(memberships: QuerySet[Membership]) -> None:
    """Wait for turns that are just beginning, which hold the membership, and keep others from it."""
    rows = Membership.objects.filter(pk__in=memberships.order_by().values("pk")).order_by("pk")
    list(rows.select_for_update(of=("self",)).values_list("pk"))


def _without_the_teams(memory: Memory, plan: Forgetting) -> Forgetting:
    """Leave out of what goes whatever the assistant's members have been given: they go on to say it."""
    learnt = [item for item in plan.long_term if item.kind == _SHARED]
    entries = Knowledge.objects.about_assistant(memory.assistant).filter(pk__in=[item.pk for item in learnt])
    unknown = {
        pk for kind in (undecided_or_declined, _never_looked_at) for pk in kind(entries).values_list("pk", flat=True)
    }
    return replace(
        plan,
        long_term=tuple(item for item in plan.long_term if item.kind != _SHARED or item.pk in unknown),
        shared=(*plan.shared, *(item for item in learnt if item.pk not in unknown)),
    )


def _never_looked_at(entries: KnowledgeQuerySet) -> KnowledgeQuerySet:
    """Narrow entries to those that were put away for lack of room, most of them from the proposals, and that nobody
    has let in or changed.
    """
    deeds = MemoryEvent.objects.filter(target_type="knowledge", target_id=OuterRef("pk"), actor=Actor.PERSON)
    return entries.filter(~Exists(deeds), status=KnowledgeStatus.ARCHIVED)
