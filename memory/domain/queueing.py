"""The queue: how work for a memory gets into it, and how failed work waits for its next attempt.

Jobs of one memory run in turn under the memory's lock. The queue serves a lock first come, first served, even where the
first is not due for a quarter of an hour. So what waits for another attempt waits under a lock of its own, where it
holds up nobody, and takes its place in the memory's turn when its wait is over.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

from memory.enums import EventKind, Outcome
from memory.models import MemoryEvent

logger = logging.getLogger(__name__)

QUEUE = "memory"
MAX_ATTEMPTS = 6
NEW_WORK_WAIT = timedelta(seconds=64)
"""The longest that new work waits after a failure that costs nothing and has nothing to do with what was asked."""
OUTAGES = frozenset({Outcome.UNREACHABLE, Outcome.UNAUTHORISED, Outcome.RATE_LIMITED, Outcome.SERVER_ERROR})
"""How such a failure is told."""

queue = JobManager(DjangoConnector())
"""The queue through Django's own connection, so in its transaction and behind its locks. Inside a worker process the
library's own app has connections of its own: it would wait for ever for a row that we hold."""


def lock_of(memory_id: int) -> str:
    """Return the lock under which all jobs of a memory run, one at a time."""
    return f"memory:{memory_id}"


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work for one memory: at most one job of it stands in the queue, beside one that runs."""

    task: str
    memory_id: int

    @property
    def lock(self) -> str:
        return lock_of(self.memory_id)

    @property
    def waiting_lock(self) -> str:
        """Return the lock of what waits for another attempt: nobody else's."""
        return f"{self.lock}:{self.task}"

    @property
    def queueing_lock(self) -> str:
        return f"{self.task}:{self.memory_id}"


def wait_before(attempt: int) -> timedelta:
    """Return the back-off: 4, 16, 64, 256, 1024 seconds before the second to sixth attempt, and no more after that."""
    return timedelta(seconds=4 ** (min(attempt, MAX_ATTEMPTS) - 1))


def submit(work: Work) -> None:
    """Queue new work in the caller's transaction; a job of its kind that stands in the queue does for this one, too.

    While work of its kind is failing, new work shares its wait and its count of attempts (`_due_after_failure`), also
    after the last attempt: recording a page never means that a failing model is asked at once.
    """
    jobs = ProcrastinateJob.objects.filter(queueing_lock=work.queueing_lock, status__in=("todo", "failed"))
    states = dict(jobs.values_list("status", "lock"))
    if "todo" in states:
        if states["todo"] == work.waiting_lock:
            bring_forward(work, _due_after_failure(work))
    elif "failed" in states:
        _put(work, MAX_ATTEMPTS, _due_after_failure(work))
    else:
        _put(work, 1)


def submit_import(task: str, import_id: int, memory_id: int) -> None:
    """Queue a job for an uploaded file in the caller's transaction; one that stands in the queue does for it.

    Imports of a memory take turns among themselves and wait for none of its other jobs, nor do those for them.
    """
    deferrer = configure_task(
        name=task,
        job_manager=queue,
        queue=QUEUE,
        lock=f"{lock_of(memory_id)}:import",
        queueing_lock=f"{task}:{import_id}",
    )
    with suppress(AlreadyEnqueued), transaction.atomic():
        deferrer.defer(import_id=import_id)


def put_off(work: Work, attempt: int, *, outage: bool) -> None:
    """Let the next attempt at failed work wait for the back-off; after the last one only what was queued meanwhile is
    tried once more.

    A job that new work has queued while this attempt ran becomes the next attempt: else every page that is recorded
    while a model fails would have it asked again at once.
    """
    wait = wait_before(attempt + 1)
    due = timezone.now() + (min(wait, NEW_WORK_WAIT) if outage else wait)
    while not _turn_into_attempt(work, attempt + 1, due):
        if attempt >= MAX_ATTEMPTS or _put(work, attempt + 1, timezone.now() + wait):
            break


def take_turn(work: Work, attempt: int) -> None:
    """Queue an attempt whose wait is over behind the memory's other jobs."""
    while not _put(work, attempt):
        if _count_attempt(work, attempt):
            break


def bring_forward(work: Work, due: datetime) -> None:
    """Shorten the wait for another attempt, where one waits longer."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = %s "
            "WHERE queueing_lock = %s AND status = 'todo' AND lock = %s AND scheduled_at > %s",
            [due, work.queueing_lock, work.waiting_lock, due],
        )


def _due_after_failure(work: Work) -> datetime:
    """Return when new work may be tried after the last failure of its kind.

    An outage costs nothing and ends without a sign: new work waits for at most a minute. Any other failure has to do
    with what was asked, which is the oldest work and asked first again: the whole back-off holds.
    """
    failures = MemoryEvent.objects.filter(memory=work.memory_id, kind=EventKind.FAILED, after__task=work.task)
    note = failures.order_by("-pk").first()
    if note is None or note.after is None:
        return timezone.now()
    wait = wait_before(note.after["attempt"] + 1)
    return note.created_at + (min(wait, NEW_WORK_WAIT) if note.after.get("outcome") in OUTAGES else wait)


def _put(work: Work, attempt: int, due: datetime | None = None) -> bool:
    """Add a job that is due now, in the memory's turn, or one that waits; False when one of its kind stands there."""
    waits = due is not None and due > timezone.now()
    deferrer = configure_task(
        name=work.task,
        job_manager=queue,
        queue=QUEUE,
        lock=work.waiting_lock if waits else work.lock,
        queueing_lock=work.queueing_lock,
        schedule_at=due if waits else None,
    )
    try:
        with transaction.atomic():
            deferrer.defer(memory_id=work.memory_id, attempt=attempt)
    except AlreadyEnqueued:
        logger.debug("%s of memory %s waits already", work.task, work.memory_id)
        return False
    return True


def _turn_into_attempt(work: Work, attempt: int, due: datetime) -> bool:
    """Let the job that stands in the queue wait as an attempt; False when none stands there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET lock = %s, scheduled_at = %s,"
            " args = args || jsonb_build_object('attempt', %s::int) WHERE queueing_lock = %s AND status = 'todo'",
            [work.waiting_lock, due, min(attempt, MAX_ATTEMPTS), work.queueing_lock],
        )
        return bool(cursor.rowcount)


def _count_attempt(work: Work, attempt: int) -> bool:
    """Let the job that stands in the queue count as an attempt; False when none stands there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET args = args || jsonb_build_object('attempt', %s::int)"
            " WHERE queueing_lock = %s AND status = 'todo'",
            [attempt, work.queueing_lock],
        )
        return bool(cursor.rowcount)
