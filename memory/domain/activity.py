"""The one door to the activity log."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Max, Model

from memory.enums import Actor, EventKind
from memory.models import Assistant, Memory, MemoryEvent, ModelCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.contrib.auth.models import User

_SCRUB = """
    WITH numbers AS (
        SELECT event.id, jsonb_object_agg(part.key, part.value) AS after
        FROM memory_memoryevent event,
            jsonb_each(CASE jsonb_typeof(event.after) WHEN 'object' THEN event.after ELSE '{}' END) part
        WHERE event.id = ANY(%(ids)s::bigint[])
            AND NOT jsonb_path_exists(part.value, '$[*] ? (@.type() != "number")')
        GROUP BY event.id
    )
    UPDATE memory_memoryevent event SET before = NULL, after = numbers.after
    FROM unnest(%(ids)s::bigint[]) scrubbed(id) LEFT JOIN numbers USING (id)
    WHERE event.id = scrubbed.id"""


_job: ContextVar[int | None] = ContextVar("job", default=None)


@contextmanager
def working_as(job_id: int | None) -> Iterator[None]:
    """Let every event made in the block name the background job that it came from."""
    token = _job.set(job_id)
    try:
        yield
    finally:
        _job.reset(token)


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
    """Return an unsaved event; the actor follows from `by` (a person), `model_call` (a model), else a job. The job is
    that of `working_as`.

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
        job_id=_job.get(),
        target_type=type(target)._meta.model_name or "",
        target_id=target.pk,
        before=before,
        after=after,
    )


def log(*events: MemoryEvent) -> None:
    """Append events in one statement, in the caller's transaction."""
    MemoryEvent.objects.bulk_create(events)


def scrub(event_ids: Iterable[int]) -> None:
    """Empty what events say: the one exception to the log being append-only, for what a person wants forgotten.

    The rows stay: when, what kind, by whom, of which key. Of what they said, plain numbers stay (positions and counts
    of pages), every text goes. Runs in the caller's transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SCRUB, {"ids": list(event_ids)})


def last_forgetting(memory: Memory) -> int:
    """Return a number that grows whenever something of this memory is forgotten; 0 while nothing ever was.

    A model may repeat anything it was shown. So whoever asks one reads this before anything else, and again behind
    the memory's lock before applying the answer: where it has grown, the answer may quote what is gone.
    """
    of_memory = MemoryEvent.objects.filter(
        target_type=Memory._meta.model_name, target_id=memory.pk, kind=EventKind.FORGOTTEN
    )
    newest: int | None = of_memory.aggregate(newest=Max("pk"))["newest"]
    return newest or 0
