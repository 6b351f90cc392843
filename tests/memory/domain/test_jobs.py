from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django.fixtures import Settings

from memory import tasks
from memory.domain.jobs import cancel_waiting, job_state, requeue, retry_failed, retry_job, stalled_jobs
from memory.domain.queueing import MAX_ATTEMPTS
from memory.domain.recording import record_page
from memory.enums import EventKind
from memory.exceptions import JobNotFound
from memory.models import Memory
from tests.memory.factories import MemoryFactory

pytestmark = pytest.mark.django_db


def job_of(memory: Memory) -> ProcrastinateJob:
    job: ProcrastinateJob = ProcrastinateJob.objects.get(args__memory_id=memory.pk)
    return job


def force(job: ProcrastinateJob, status: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = %s WHERE id = %s", [status, job.pk])


def test_recording_queues_one_job_however_many_pages() -> None:
    memory = MemoryFactory()
    for n in range(3):
        record_page(memory, query=str(n), response="")
    assert (job_of(memory).lock, job_of(memory).task_name) == (f"memory:{memory.pk}", "memory.consolidate")
    state = job_state(memory)
    assert (state.queued, state.running, state.failed, state.worker_alive) == (1, 0, (), False)
    assert job_state(MemoryFactory()).idle


def test_a_failed_attempt_says_why_and_queues_the_next_with_back_off(settings: Settings) -> None:
    memory = MemoryFactory()
    record_page(memory, query="x", response="")
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "none", "http://127.0.0.1:9/v1"
    job = job_of(memory)
    force(job, "doing")
    tasks.consolidate(_context(job), memory_id=memory.pk, attempt=1)
    [retrying] = job_state(memory).retrying
    assert retrying.attempts == 2
    assert "reached" in retrying.reason
    assert retrying.due_at is not None
    assert retrying.due_at > timezone.now()
    assert memory.events.filter(kind=EventKind.FAILED).count() == 1


def test_after_the_last_attempt_the_job_stays_failed_and_a_person_can_retry_it(settings: Settings) -> None:
    memory = MemoryFactory()
    record_page(memory, query="x", response="")
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "none", "http://127.0.0.1:9/v1"
    job = job_of(memory)
    force(job, "doing")
    with pytest.raises(Exception, match="reached"):
        tasks.consolidate(_context(job), memory_id=memory.pk, attempt=MAX_ATTEMPTS)
    force(job, "failed")
    assert [failed.id for failed in job_state(memory).failed] == [job.pk]
    with pytest.raises(JobNotFound):
        retry_job(MemoryFactory(), job.pk)
    retry_job(memory, job.pk)
    assert job_state(memory).queued == 1


def test_a_success_clears_earlier_failures_of_its_kind() -> None:
    memory = MemoryFactory()
    record_page(memory, query="x", response="")
    force(job_of(memory), "failed")
    tasks.consolidate(_context(job_of(memory)), memory_id=memory.pk)
    assert job_state(memory).idle


def test_retrying_work_that_is_queued_already_keeps_one_job() -> None:
    memory = MemoryFactory()
    record_page(memory, query="x", response="")
    failed = job_of(memory)
    force(failed, "failed")
    record_page(memory, query="y", response="")
    retry_job(memory, failed.pk)
    state = job_state(memory)
    assert (state.queued, state.failed) == (1, ())


def test_retrying_twice_keeps_the_queued_job() -> None:
    memory = MemoryFactory()
    record_page(memory, query="x", response="")
    failed = job_of(memory)
    force(failed, "failed")
    requeue(failed)
    requeue(failed)
    assert job_state(memory).queued == 1


def test_a_job_whose_worker_is_gone_is_queued_again() -> None:
    memory = MemoryFactory()
    record_page(memory, query="x", response="")
    job = job_of(memory)
    force(job, "doing")
    assert [stalled.pk for stalled in stalled_jobs()] == [job.pk]
    tasks.recover_stalled_jobs(timestamp=0)
    assert job_state(memory).queued == 1
    assert stalled_jobs() == []


def test_a_living_workers_job_is_left_alone() -> None:
    memory = MemoryFactory()
    record_page(memory, query="x", response="")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        worker_id = cursor.fetchone()[0]
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [worker_id])
    assert stalled_jobs() == []
    assert job_state(memory).worker_alive
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = %s", [timezone.now() - timedelta(minutes=1)])
    assert [job.lock for job in stalled_jobs()] == [f"memory:{memory.pk}"]


def test_a_job_of_a_memory_that_is_gone_does_nothing() -> None:
    memory = MemoryFactory()
    record_page(memory, query="x", response="")
    job = job_of(memory)
    memory_id = memory.pk
    memory.delete()
    tasks.promote(_context(job), memory_id=memory_id)
    assert app.tasks["memory.promote"].queue == "memory"


def _context(job: ProcrastinateJob) -> JobContext:
    return JobContext(start_timestamp=0.0, app=app, job=job.procrastinate_job, abort_reason=lambda: None)


def test_an_operator_retries_what_has_failed_and_cancels_what_waits() -> None:
    memory = MemoryFactory()
    record_page(memory, query="x", response="")
    job = job_of(memory)
    assert not retry_failed(job)
    force(job, "failed")
    assert not cancel_waiting(job)
    assert retry_failed(job)
    assert ProcrastinateJob.objects.get().status == "todo"
    assert [cancel_waiting(job), cancel_waiting(job)] == [True, False]
    assert not ProcrastinateJob.objects.exists()
