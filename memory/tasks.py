"""Background jobs. Each runs one domain function under its memory's lock, one job of a memory at a time.

A failed job queues its own successor with back-off (`domain.queueing`) instead of using the library's retry: a retried
row keeps its queueing lock and would collide with the same work queued meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.tasks import Task

from memory.domain import imports, jobs
from memory.domain.activity import event, log, working_as
from memory.domain.budgets import memories_restored, restore_budget, spent
from memory.domain.connections import consolidator_for
from memory.domain.consolidation import memories_kept_waiting, promote_all, promote_due, transfer_all
from memory.domain.queueing import MAX_ATTEMPTS, OUTAGES, QUEUE, Work, put_off, submit, take_turn
from memory.domain.resummarising import resummarise_all
from memory.embedding import get_embedder
from memory.embedding.base import Embedder
from memory.enums import EventKind
from memory.exceptions import MemoryOSError, ModelError
from memory.llm.base import Consolidator
from memory.models import Import, Memory

logger = logging.getLogger(__name__)

AnyTask = Task[..., Any, Any]
Deed = Callable[[Memory, Consolidator, Embedder], object]


def enqueue(task: AnyTask, memory_id: int) -> None:
    """Queue new work for a memory in the caller's transaction; see `queueing.submit`."""
    submit(Work(task.name, memory_id))


@app.task(name="memory.consolidate", queue=QUEUE, pass_context=True)
def consolidate(context: JobContext, *, memory_id: int, attempt: int = 1) -> None:
    """Give new pages and facts their vectors and move what overflows short-term memory to mid-term memory."""
    run(consolidate, context, memory_id, attempt, transfer_all)


@app.task(name="memory.promote", queue=QUEUE, pass_context=True)
def promote(context: JobContext, *, memory_id: int, attempt: int = 1) -> None:
    """Analyse every hot segment, hottest first, once it is worth a call; what has failed is tried again in any case."""
    run(promote, context, memory_id, attempt, promote_due if attempt == 1 else promote_all)


@app.task(name="memory.resummarise", queue=QUEUE, pass_context=True)
def resummarise(context: JobContext, *, memory_id: int, attempt: int = 1) -> None:
    """Sum up anew what a forgetting has left of segments and dialogue chains."""
    run(resummarise, context, memory_id, attempt, resummarise_all)


def run(task: AnyTask, context: JobContext, memory_id: int, attempt: int, deed: Deed) -> None:
    """Do a job's work for a memory that may be gone by now; on failure log why and queue the next attempt. A job that
    has waited for its attempt only takes its turn, behind the memory's lock.

    Whatever fails because the memory was deleted meanwhile ends the job quietly: there is nothing left to do.
    Work that returns None has done nothing yet, so that earlier failures of its kind stay to be seen. While a budget is
    used up no model is asked (`budgets.halted`, before each call) and the job ends quietly; what waits stays waiting.
    After the last attempt the error is raised: the job stays as failed, to be seen and retried by a person.
    """
    with working_as(context.job.id):
        _run(task, context, memory_id, attempt, deed)


def _run(task: AnyTask, context: JobContext, memory_id: int, attempt: int, deed: Deed) -> None:
    work = Work(task.name, memory_id)
    if context.job.lock == work.waiting_lock:
        take_turn(work, attempt)
        return
    memory = Memory.objects.in_use().select_related("assistant").filter(pk=memory_id).first()
    if memory is None:
        # Gone, or at rest: its person has left the assistant. Should they come back, `member_returned` queues it anew.
        return
    try:
        done = deed(memory, consolidator_for(memory.assistant), get_embedder())
    except Exception as error:
        if not _note_failure(memory, task, context, attempt, error):
            logger.info("%s of memory %s ended: the memory was deleted meanwhile", task.name, memory_id)
            return
        if attempt >= MAX_ATTEMPTS:
            # This one will stand for those that were given up before.
            jobs.forget_failures(memory_id, task.name)
            raise
        logger.warning("%s of memory %s failed (attempt %s): %s", task.name, memory_id, attempt, error)
    else:
        # What waits for a budget has done nothing yet either.
        if done is not None and spent(memory) is None:
            jobs.forget_failures(memory_id, task.name)


def _note_failure(memory: Memory, task: AnyTask, context: JobContext, attempt: int, error: Exception) -> bool:
    """Log why an attempt failed and let the next one wait; False when the memory is gone, and with it its log."""
    # Only our own errors are written for people; of anything else, the kind is shown and the log has the rest.
    known = isinstance(error, MemoryOSError)
    outcome = error.outcome if isinstance(error, ModelError) else None
    if not connection.in_atomic_block:
        # The error may be that the database went away for a moment.
        connection.close_if_unusable_or_obsolete()
    # The log is everybody's who curates the assistant, so it has one language; the dashboard translates what it knows.
    with translation.override(settings.LANGUAGE_CODE):
        reason = str(error) if known else f"An unexpected error ({type(error).__name__}). The server's log says more."
    after = {"task": task.name, "job": context.job.id, "attempt": attempt, "reason": reason, "outcome": outcome}
    with transaction.atomic():
        if not Memory.objects.select_for_update(no_key=True).filter(pk=memory.pk).values_list("pk").first():
            return False
        log(event(EventKind.FAILED, memory, memory=memory, after=after))
        put_off(Work(task.name, memory.pk), attempt, outage=outcome in OUTAGES)
    if not known:
        logger.exception("%s of memory %s failed", task.name, memory.pk)
    return True


@app.task(name=imports.READ, queue=QUEUE, pass_context=True)
def read_import(context: JobContext, *, import_id: int) -> None:
    """Read an uploaded file whole and note what importing it would do."""
    run_import_step(context, import_id, imports.read_upload)


@app.task(name=imports.RUN, queue=QUEUE, pass_context=True)
def run_import(context: JobContext, *, import_id: int) -> None:
    """Import a file that the person has confirmed."""
    run_import_step(context, import_id, imports.run)


def run_import_step(context: JobContext, import_id: int, step: Callable[[Import], Import]) -> None:
    """Do a job's work for an import that may be gone by now. What fails is noted on the import, where the person looks
    and can try again; the job itself ends well. Where the person is no member any more, the import is halted.
    """
    upload = Import.objects.select_related("memory__assistant", "by").filter(pk=import_id).first()
    if upload is None:
        return
    with working_as(context.job.id), translation.override(upload.language or settings.LANGUAGE_CODE):
        try:
            if imports.is_in_use(upload):
                step(upload)
            else:
                imports.halt(upload)
        except Exception as error:
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            if not Memory.objects.filter(pk=upload.memory_id).exists():
                logger.info("Import %s ended: its memory was deleted meanwhile", import_id)
                return
            known = isinstance(error, MemoryOSError)
            if not known:
                logger.exception("Import %s failed", import_id)
            imports.fail(upload, str(error) if known else gettext("An unexpected error. The server's log says more."))


@app.periodic(cron="23 * * * *")
@app.task(name="memory.drop_stale_imports", queue=QUEUE, queueing_lock="memory.drop_stale_imports")
def drop_stale_imports(timestamp: int) -> None:
    """Drop uploaded files that nobody went on with for a day."""
    imports.drop_stale(timezone.now())


@app.periodic(cron="* * * * *")
@app.task(name="memory.recover_stalled_jobs", queue=QUEUE, queueing_lock="memory.recover_stalled_jobs")
def recover_stalled_jobs(timestamp: int) -> None:
    """Queue again what a killed worker left in the middle; each job is safe to run twice. Drop the failed jobs of
    memories that are gone: nobody can see them, nor try them again.
    """
    for job in jobs.stalled_jobs():
        logger.warning("Queueing job %s again: its worker is gone", job.pk)
        jobs.requeue(job)
    jobs.drop_orphans()


@app.periodic(cron="3 * * * *")
@app.task(name="memory.look_at_budgets", queue=QUEUE, queueing_lock="memory.look_at_budgets")
def look_at_budgets(timestamp: int) -> None:
    """Queue again what has waited for a budget that there is now: a month has begun, or it was raised."""
    for memory in memories_restored(timezone.now()):
        restore_budget(memory)


@app.periodic(cron="17 * * * *")
@app.task(name="memory.promote_waiting", queue=QUEUE, queueing_lock="memory.promote_waiting")
def promote_waiting(timestamp: int) -> None:
    """Queue the promotion of memories whose few unread pages have waited long enough for more."""
    for memory_id in memories_kept_waiting(timezone.now()):
        enqueue(promote, memory_id)
