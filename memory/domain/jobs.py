"""The state of a memory's background jobs, as people see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker
from procrastinate.exceptions import UniqueViolation

from memory.domain import imports
from memory.domain.queueing import Work, bring_forward, lock_of, queue
from memory.enums import EventKind
from memory.exceptions import JobNotFound
from memory.models import Import, Memory, MemoryEvent

WORKER_TIMEOUT = timedelta(seconds=30)
"""A worker writes a heartbeat every ten seconds."""

LABELS = {
    "memory.consolidate": _("Moving pages to mid-term memory"),
    "memory.promote": _("Learning from a segment"),
    "memory.read_import": _("Reading an uploaded file"),
    "memory.run_import": _("Importing a file"),
    "memory.resummarise": _("Summing up what is left after forgetting"),
}
STOPPED = gettext_noop("The worker stopped in the middle.")


def in_the_readers_language(reason: str) -> str:
    """Translate a reason of the log where it is one of our fixed sentences: the log itself is English."""
    return gettext(reason) if reason else ""


@dataclass(frozen=True, slots=True)
class TroubledJob:
    """A job that failed: for good, or about to be tried again at `due_at`."""

    id: int
    task: str
    reason: str
    at: datetime | None
    attempts: int
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobState:
    """What is waiting, running and in trouble; `queued` leaves out what waits to be tried again."""

    worker_alive: bool
    queued: int
    running: int
    failed: tuple[TroubledJob, ...]
    retrying: tuple[TroubledJob, ...]

    @property
    def idle(self) -> bool:
        return not (self.queued or self.running or self.failed or self.retrying)


def worker_alive(now: datetime | None = None) -> bool:
    """True while any worker gives signs of life."""
    since = (now or timezone.now()) - WORKER_TIMEOUT
    return ProcrastinateWorker.objects.filter(last_heartbeat__gt=since).exists()


def job_state(memory: Memory) -> JobState:
    """Return the state of this memory's jobs in three queries."""
    jobs = list(ProcrastinateJob.objects.filter(_of(memory), status__in=("todo", "doing", "failed")).order_by("id"))
    notes = _last_failures(memory)
    failed = [_troubled(job, notes) for job in jobs if job.status == "failed"]
    retrying = [_troubled(job, notes) for job in jobs if _waits_for_another_attempt(job)]
    return JobState(
        worker_alive=worker_alive(),
        queued=sum(job.status == "todo" for job in jobs) - len(retrying),
        running=sum(job.status == "doing" for job in jobs),
        failed=tuple(failed),
        retrying=tuple(retrying),
    )


def retry_job(memory: Memory, job_id: int) -> None:
    """Queue a failed job of this memory again. Raises JobNotFound for any other job.

    Where the same work is queued already, the failed job is dropped instead: the queued one does it, at once even where
    it was to wait for another attempt.
    """
    job = ProcrastinateJob.objects.filter(pk=job_id, lock=lock_of(memory.pk), status="failed").first()
    if job is None:
        raise JobNotFound
    requeue(job)
    bring_forward(Work(job.task_name, memory.pk), timezone.now())


def retry_failed(job: ProcrastinateJob) -> bool:
    """Queue a failed job again, whoever's it is; False where it has not failed, or not any more.

    As `retry_job` does for those of a memory.
    """
    if not ProcrastinateJob.objects.filter(pk=job.pk, status="failed").exists():
        return False
    requeue(job)
    if isinstance(memory_id := job.args.get("memory_id"), int):
        bring_forward(Work(job.task_name, memory_id), timezone.now())
    return True


def cancel_waiting(job: ProcrastinateJob) -> bool:
    """Take a job out of the queue that nobody has begun; False where somebody has, or where it has ended.

    What it was to do stays to be done: the next job of its kind does it. There is none for an import, which is halted
    (`imports.halt`) in the same transaction, behind its memory's lock.
    """
    upload = _import_of(job)
    with transaction.atomic(), connection.cursor() as cursor:
        if upload is not None:
            # Before the job: the order in which whoever queues it takes the two.
            Memory.objects.locked(upload.memory_id)
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s AND status = 'todo'", [job.pk])
        is_cancelled = bool(cursor.rowcount)
        if is_cancelled and upload is not None:
            imports.halt(upload)
    return is_cancelled


def stalled_jobs() -> list[ProcrastinateJob]:
    """Return jobs marked as running whose worker is gone or has given no sign of life for 30 seconds."""
    since = timezone.now() - WORKER_TIMEOUT
    orphaned = Q(worker__isnull=True) | Q(worker__last_heartbeat__lt=since)
    return list(ProcrastinateJob.objects.filter(orphaned, status="doing").order_by("id"))


def requeue(job: ProcrastinateJob) -> None:
    """Put a failed or orphaned job back into the queue, or drop it where its work is queued already.

    A job that has ended, or that somebody else has queued again meanwhile, is left as it is.
    """
    with transaction.atomic():
        ended = ProcrastinateJob.objects.select_for_update().filter(pk=job.pk, status__in=("failed", "doing"))
        if not ended.exists():
            return
        try:
            with transaction.atomic():
                queue.retry_job_by_id(job.pk, retry_at=timezone.now())
        except UniqueViolation:
            drop([job.pk])


def drop(job_ids: list[int]) -> None:
    """Remove failed or orphaned jobs from the queue's table (the library's models are read-only on purpose)."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = ANY(%s) AND status IN ('failed', 'doing')", [job_ids])


def drop_orphans() -> None:
    """Remove failed jobs whose memory was deleted."""
    failed = ProcrastinateJob.objects.filter(status="failed", args__memory_id__isnull=False)
    memory_of = {job_id: int(memory_id) for job_id, memory_id in failed.values_list("pk", "args__memory_id")}
    there = set(Memory.objects.filter(pk__in=set(memory_of.values())).values_list("pk", flat=True))
    if orphans := [job_id for job_id, memory_id in memory_of.items() if memory_id not in there]:
        drop(orphans)


def forget_failures(memory_id: int, task: str) -> None:
    """Drop the failed jobs of a kind after a later one of the same kind has done their work."""
    failed = ProcrastinateJob.objects.filter(lock=lock_of(memory_id), task_name=task, status="failed")
    if ids := list(failed.values_list("pk", flat=True)):
        drop(ids)


def _import_of(job: ProcrastinateJob) -> Import | None:
    if job.task_name not in (imports.READ, imports.RUN):
        return None
    return Import.objects.filter(pk=job.args["import_id"]).first()


def _of(memory: Memory) -> Q:
    """A memory's jobs: those in its turn, and those that wait for another attempt, under locks of their own."""
    return Q(lock=lock_of(memory.pk)) | Q(lock__startswith=f"{lock_of(memory.pk)}:")


def _waits_for_another_attempt(job: ProcrastinateJob) -> bool:
    """True while back-off holds a job; one that a person has sent off again is simply queued."""
    held = job.scheduled_at is not None and job.scheduled_at > timezone.now()
    return job.status == "todo" and held and _attempt(job) > 1


def _attempt(job: ProcrastinateJob) -> int:
    return int(job.args.get("attempt", 1))


def _last_failures(memory: Memory) -> dict[str, MemoryEvent]:
    """The newest failure of each kind of job; the last twenty events are more than there are kinds."""
    events = memory.events.filter(kind=EventKind.FAILED).order_by("-pk")[:20]
    return {note.after["task"]: note for note in reversed(events) if note.after}


def _troubled(job: ProcrastinateJob, notes: dict[str, MemoryEvent]) -> TroubledJob:
    note = notes.get(job.task_name)
    after: dict[str, Any] = (note.after or {}) if note else {}
    return TroubledJob(
        id=job.pk,
        task=str(LABELS.get(job.task_name, job.task_name)),
        reason=in_the_readers_language(str(after.get("reason", STOPPED))),
        at=note.created_at if note else None,
        attempts=_attempt(job),
        due_at=job.scheduled_at if job.status == "todo" else None,
    )
