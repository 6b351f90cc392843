"""Budgets: how many tokens a month (UTC) an assistant, and each member of it, may use before background work rests.

What a model's server has counted is used: read and written, answers in the chat included. What is computed here costs
nothing and is never held up. Over a budget nothing fails and nothing is lost: pages stay where they are and wait, no
model is asked for them, and a job queues them again once the budget is raised or a month begins. Answers go on.

The budget is looked at before each call. Two jobs that look at the same moment may both call, and a call may use more
than what was left: so a budget is overshot by a call or two, never by more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from memory.domain.activity import event, log
from memory.domain.months import Month
from memory.domain.roles import lock_as
from memory.embedding.base import Embedder, EmbeddingModel
from memory.enums import EventKind, Role
from memory.exceptions import NotAMember
from memory.llm.base import Consolidator
from memory.models import Assistant, Membership, Memory, ModelCall
from memory.signals import budget_restored

Whose = Literal["assistant", "person"]

WOKEN_AT_ONCE = 200
"""Memories whose work is queued in the transaction that raises a budget; the hourly look takes the others."""

_TOKENS = Coalesce(F("tokens_in"), 0) + Coalesce(F("tokens_out"), 0)


@dataclass(frozen=True, slots=True)
class Spent:
    """A budget that is used up, and when a new one begins."""

    whose: Whose
    limit: int
    used: int
    until: datetime


def used_in(calls: QuerySet[ModelCall], month: Month) -> int:
    """Return the tokens that calls of a month took. One query."""
    within = calls.filter(created_at__gte=month.start, created_at__lt=month.end)
    return int(within.aggregate(used=Coalesce(Sum(_TOKENS), 0))["used"])


def spent(memory: Memory, now: datetime | None = None) -> Spent | None:
    """Return the budget that a memory has used up: its person's, else the assistant's; None while it has one left.

    One query where no budget is set. Somebody who is no member any more has no budget of their own.
    """
    month = Month.at(now or timezone.now())
    places = Membership.objects.filter(user=memory.user_id, assistant=memory.assistant_id)
    own = places.values_list("monthly_budget", "assistant__monthly_budget").first()
    if own is None:
        whole = Assistant.objects.filter(pk=memory.assistant_id).values_list("monthly_budget", flat=True)
        own = (None, whole.first())
    return spent_of(memory, own[0], own[1], month)


def spent_of(memory: Memory, own: int | None, whole: int | None, month: Month) -> Spent | None:
    """Do as `spent` does for budgets that are known: the person's own and the whole assistant's."""
    if own is not None:
        used = used_in(ModelCall.objects.filter(memory=memory.pk), month)
        if used >= own:
            return Spent("person", own, used, month.end)
    if whole is not None:
        used = used_in(ModelCall.objects.filter(assistant=memory.assistant_id), month)
        if used >= whole:
            return Spent("assistant", whole, used, month.end)
    return None


def halted(memory: Memory, *asked: Consolidator | Embedder) -> bool:
    """Tell whether background work may not ask these just now, because a budget is used up; asked before each call.

    What is computed here is never held up. Notes on the memory that work waits, so that it is found again when there
    is a budget (`memories_restored`).
    """
    if not any(_costs(each) for each in asked) or spent(memory) is None:
        return False
    Memory.objects.filter(pk=memory.pk, budget_stopped_at=None).update(budget_stopped_at=timezone.now())
    return True


def set_budget(
    assistant: Assistant, tokens: int | None, *, by: User, person: User | None = None, operator: bool = False
) -> None:
    """Set how many tokens a month the assistant, or one of its members, may use; None for no bound. Twice is once.

    In one transaction: lock the assistant, as an owner; store it; log `configured` with both numbers. Once that is
    committed, behind each memory's own lock, queue again what has waited for it where there is room now, of
    WOKEN_AT_ONCE memories; the hourly look takes the rest. Raises NotAllowed and NotAMember (also of `person`).
    """
    with transaction.atomic():
        locked = lock_as(assistant, by, Role.OWNER, operator=operator)
        row: Assistant | Membership = locked
        if person is not None:
            place = Membership.objects.filter(assistant=locked, user=person).first()
            if place is None:
                raise NotAMember
            row = place
        before = row.monthly_budget
        if before == tokens:
            return
        row.monthly_budget = tokens
        row.save(update_fields=["monthly_budget"])
        named = {"what": "budget"} if person is None else {"what": "budget", "name": person.get_username()}
        log(
            event(
                EventKind.CONFIGURED,
                locked,
                assistant=locked,
                by=by,
                before={**named, "tokens": before},
                after={**named, "tokens": tokens},
            )
        )
        # Not inside, nor in a transaction around this one: whoever holds a memory may wait for its assistant.
        transaction.on_commit(partial(_wake, locked), robust=True)


def _wake(assistant: Assistant) -> None:
    for memory in memories_restored(timezone.now(), assistant):
        restore_budget(memory)


def memories_restored(now: datetime, assistant: Assistant | None = None) -> list[Memory]:
    """Return memories whose work has waited for a budget, and for whom there is one now; at most WOKEN_AT_ONCE."""
    waiting = Memory.objects.filter(budget_stopped_at__isnull=False).order_by("budget_stopped_at", "pk")
    if assistant is not None:
        waiting = waiting.filter(assistant=assistant)
    found: list[Memory] = []
    for memory in waiting.iterator(chunk_size=WOKEN_AT_ONCE):
        if spent(memory, now) is None:
            found.append(memory)
            if len(found) == WOKEN_AT_ONCE:
                break
    return found


def restore_budget(memory: Memory) -> None:
    """Let the background work of a memory go on: note that nothing waits any more, send `budget_restored`."""
    with transaction.atomic():
        if Memory.objects.filter(pk=memory.pk, budget_stopped_at__isnull=False).update(budget_stopped_at=None):
            budget_restored.send(Memory, memory=memory)


def _costs(asked: Consolidator | Embedder) -> bool:
    return isinstance(asked, EmbeddingModel) or bool(getattr(asked, "is_model", False))
