"""How failed work waits: it holds up nobody, and nobody makes it hammer a failing model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django.fixtures import Settings

from memory import tasks
from memory.domain.jobs import job_state, retry_job
from memory.domain.queueing import MAX_ATTEMPTS, NEW_WORK_WAIT, Work, lock_of, wait_before
from memory.domain.recording import record_page
from memory.exceptions import ModelError
from memory.models import Memory
from tests.memory.factories import MemoryFactory
from tests.openai_server import Behaviour, OpenAIServer

pytestmark = pytest.mark.django_db

OUTAGE, FAULT = Behaviour(status=503), Behaviour(text="Sorry, I cannot do that.")
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def running() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def server(running: OpenAIServer, settings: Settings) -> OpenAIServer:
    running.reset()
    settings.OPENAI_BASE_URL, settings.MODEL = running.base_url, "test-model"
    return running


@pytest.fixture
def memory() -> Memory:
    """A memory with a page too many, and the job for it."""
    memory: Memory = MemoryFactory()
    memory.assistant.memory_settings = {"short_term_capacity": 1, "transfer_batch": 1}
    memory.assistant.save()
    for said in ("tea", "cake"):
        record_page(memory, query=said, response="")
    return memory


def fetch() -> ProcrastinateJob | None:
    """Return the job that a worker would run now, marked as running."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, NULL)")
        job_id = cursor.fetchone()[0]
    return None if job_id is None else ProcrastinateJob.objects.get(pk=job_id)


def end(job: ProcrastinateJob, status: str = "succeeded") -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT procrastinate_finish_job_v1(%s, %s, %s)", [job.pk, status, status == "succeeded"])


def work(job: ProcrastinateJob) -> None:
    """Run a job as a worker does."""
    context = JobContext(start_timestamp=0.0, app=app, job=job.procrastinate_job, abort_reason=lambda: None)
    try:
        app.tasks[job.task_name](context, **job.args)
    except ModelError:
        end(job, "failed")
    else:
        end(job)


def fail_until(attempt: int) -> None:
    """Let the work fail, each time when its wait is over, until this attempt waits or was the last."""
    for _ in range(attempt - 1):
        let_the_wait_pass()
        for _ in range(2):
            job = fetch()
            if job is not None:
                work(job)


def let_the_wait_pass() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE scheduled_at > now()")


def waiting(memory: Memory) -> ProcrastinateJob:
    job: ProcrastinateJob = ProcrastinateJob.objects.get(args__memory_id=memory.pk, status="todo")
    return job


def wait_of(job: ProcrastinateJob) -> timedelta:
    assert job.scheduled_at is not None
    return job.scheduled_at - timezone.now()


def test_the_library_serves_a_lock_first_come_first_served_whatever_is_due() -> None:
    """Why waiting work has a lock of its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, scheduled_at)"
            " VALUES ('memory', 'first', 'x', now() + interval '17 minutes'), ('memory', 'second', 'x', NULL)"
        )
    assert fetch() is None


def test_work_that_waits_for_its_next_attempt_holds_up_no_other(memory: Memory, server: OpenAIServer) -> None:
    server.default = OUTAGE
    fail_until(4)
    assert (waiting(memory).args["attempt"], len(server.requests)) == (4, 3)
    tasks.enqueue(tasks.promote, memory.pk)
    job = fetch()
    assert job is not None
    assert (job.task_name, job.lock) == ("memory.promote", lock_of(memory.pk))


def test_when_its_wait_is_over_it_takes_its_turn(memory: Memory, server: OpenAIServer) -> None:
    server.queue(OUTAGE)
    fail_until(2)
    tasks.enqueue(tasks.promote, memory.pk)
    tasks.enqueue(tasks.resummarise, memory.pk)
    promotion = fetch()
    assert promotion is not None
    let_the_wait_pass()
    waited = fetch()
    assert waited is not None
    work(waited)
    assert fetch() is None, "two jobs of a memory never run at once"
    assert [request.path for request in server.requests] == ["/v1/chat/completions"]
    end(promotion)
    for task, attempt in (("memory.resummarise", 1), ("memory.consolidate", 2)):
        job = fetch()
        assert job is not None
        assert (job.task_name, job.args["attempt"]) == (task, attempt), "the memory's jobs keep their order"
        work(job)
    assert memory.pages.short_term().count() == 1
    assert job_state(memory).failed == ()


@pytest.mark.parametrize(("behaviour", "longest"), [(OUTAGE, NEW_WORK_WAIT), (FAULT, wait_before(MAX_ATTEMPTS))])
def test_new_work_shortens_the_wait_after_an_outage_alone(
    memory: Memory, server: OpenAIServer, behaviour: Behaviour, longest: timedelta
) -> None:
    server.default = behaviour
    fail_until(MAX_ATTEMPTS)
    assert wait_before(MAX_ATTEMPTS) - SECOND * 5 < wait_of(waiting(memory)) < wait_before(MAX_ATTEMPTS)
    asked = len(server.requests)
    for n in range(3):
        record_page(memory, query=str(n), response="")
        assert longest - SECOND * 5 < wait_of(waiting(memory)) < longest
    assert (waiting(memory).args["attempt"], len(server.requests)) == (MAX_ATTEMPTS, asked)
    assert fetch() is None
    [retrying] = job_state(memory).retrying
    assert (retrying.attempts, retrying.due_at) == (MAX_ATTEMPTS, waiting(memory).scheduled_at)


@pytest.mark.parametrize(("behaviour", "longest"), [(OUTAGE, NEW_WORK_WAIT), (FAULT, wait_before(5))])
def test_a_page_recorded_during_the_failing_call_resets_nothing(
    memory: Memory, server: OpenAIServer, behaviour: Behaviour, longest: timedelta
) -> None:
    server.default = behaviour
    fail_until(4)
    let_the_wait_pass()
    waited = fetch()
    assert waited is not None
    work(waited)
    attempt = fetch()
    assert attempt is not None
    record_page(memory, query="meanwhile", response="")
    assert (waiting(memory).args["attempt"], waiting(memory).scheduled_at) == (1, None)
    work(attempt)
    assert waiting(memory).args["attempt"] == 5
    assert longest - SECOND * 5 < wait_of(waiting(memory)) < longest
    assert fetch() is None


def test_after_the_last_attempt_new_work_waits_and_one_job_stays_failed(memory: Memory, server: OpenAIServer) -> None:
    server.default = OUTAGE
    fail_until(MAX_ATTEMPTS + 1)
    state = job_state(memory)
    assert (len(state.failed), state.retrying, len(server.requests)) == (1, (), MAX_ATTEMPTS)
    record_page(memory, query="new", response="")
    assert NEW_WORK_WAIT - SECOND * 5 < wait_of(waiting(memory)) < NEW_WORK_WAIT
    assert (waiting(memory).args["attempt"], fetch()) == (MAX_ATTEMPTS, None)
    fail_until(2)
    assert (len(job_state(memory).failed), len(server.requests)) == (1, MAX_ATTEMPTS + 1)
    server.default = Behaviour()
    record_page(memory, query="newer", response="")
    fail_until(2)
    assert job_state(memory).idle
    assert memory.pages.short_term().count() == 1


def test_what_a_person_tries_again_waits_for_nothing(memory: Memory, server: OpenAIServer) -> None:
    server.default = OUTAGE
    fail_until(MAX_ATTEMPTS + 1)
    record_page(memory, query="new", response="")
    retry_job(memory, job_state(memory).failed[0].id)
    state = job_state(memory)
    assert (state.queued, state.retrying, state.failed) == (1, (), ())
    assert wait_of(waiting(memory)) <= SECOND * 0
    assert waiting(memory).lock == Work("memory.consolidate", memory.pk).waiting_lock


def test_the_wait_of_one_memory_is_not_anothers(memory: Memory, server: OpenAIServer) -> None:
    server.default = OUTAGE
    fail_until(3)
    other = MemoryFactory()
    record_page(other, query="hello", response="")
    job = fetch()
    assert job is not None
    assert job.args == {"memory_id": other.pk, "attempt": 1}
    assert job_state(other).retrying == ()
