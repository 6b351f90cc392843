"""The one door to the activity log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Model

from memory.enums import Actor, EventKind
from memory.models import Assistant, Memory, MemoryEvent, ModelCall

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def event(
    kind: EventKind,
    target: Model,
    *,
    memory: Memory | None = None,
    assistant: Assistant | None = None,
    by: User | None = None,
    model_call: ModelCall | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> MemoryEvent:
    """Return an unsaved event; the actor follows from `by` (a person), `model_call` (a model), else a job.

    Give `memory` for what belongs to a person, `assistant` alone for what all its members share.
    """
    if memory is not None:
        assistant = memory.assistant
    if assistant is None:
        raise TypeError("An event belongs to a memory or to an assistant.")
    actor = Actor.PERSON if by else Actor.MODEL if model_call else Actor.JOB
    return MemoryEvent(
        assistant=assistant,
        memory=memory,
        kind=kind,
        actor=actor,
        user_id=by.pk if by else None,
        model_call=model_call,
        target_type=type(target)._meta.model_name or "",
        target_id=target.pk,
        before=before,
        after=after,
    )


def log(*events: MemoryEvent) -> None:
    """Append events in one statement, in the caller's transaction."""
    MemoryEvent.objects.bulk_create(events)
