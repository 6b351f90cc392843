"""The promotion's jobs with a model connected: waiting, trying again, and what is seen of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone, translation
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job
from pytest_django.fixtures import Settings

from memory import tasks
from memory.domain.queueing import QUEUE
from memory.exceptions import ModelTimedOut
from memory.models import Memory, Page
from tests.memory.factories import MemoryFactory, PageFactory, SegmentFactory
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db


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
    """A memory that has learnt before, with one hot segment of one unread page."""
    memory = MemoryFactory()
    SegmentFactory(memory=memory, promoted_at=timezone.now())
    segment = SegmentFactory(memory=memory, length=1, visits=9, last_visited_at=timezone.now())
    PageFactory(segment=segment, query="I like tea")
    return memory


def context() -> JobContext:
    job = Job(id=1, queue=QUEUE, lock=None, queueing_lock=None, task_name="memory.promote")
    return JobContext(start_timestamp=0, app=app, job=job, abort_reason=lambda: None)


def failed_job(memory: Memory) -> ProcrastinateJob:
    tasks.enqueue(tasks.promote, memory.pk)
    job: ProcrastinateJob = ProcrastinateJob.objects.get(args__memory_id=memory.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s", [job.pk])
    return job


def test_a_first_attempt_waits_for_more_pages_and_hides_no_failure(memory: Memory, server: OpenAIServer) -> None:
    job = failed_job(memory)
    tasks.promote(context(), memory_id=memory.pk)
    assert (server.requests, memory.pages.unanalysed().count()) == ([], 1)
    assert ProcrastinateJob.objects.filter(pk=job.pk).exists()


def test_a_later_attempt_waits_for_nothing_and_clears_the_failure(memory: Memory, server: OpenAIServer) -> None:
    job = failed_job(memory)
    tasks.promote(context(), memory_id=memory.pk, attempt=2)
    assert (len(server.requests), memory.pages.unanalysed().count()) == (1, 0)
    assert not ProcrastinateJob.objects.filter(pk=job.pk).exists()


def test_pages_that_waited_for_a_day_are_queued(memory: Memory, server: OpenAIServer) -> None:
    tasks.promote_waiting(timestamp=0)
    assert not ProcrastinateJob.objects.exists()
    Page.objects.update(recorded_at=timezone.now() - timedelta(hours=25))
    tasks.promote_waiting(timestamp=0)
    job = ProcrastinateJob.objects.get()
    assert (job.task_name, job.args["memory_id"]) == ("memory.promote", memory.pk)
    tasks.promote(context(), memory_id=memory.pk)
    assert memory.pages.unanalysed().count() == 0


def test_a_failure_is_logged_in_english_whatever_language_is_active(memory: Memory) -> None:
    def fail(*_: object) -> None:
        raise ModelTimedOut

    with translation.override("id"):
        tasks.run(tasks.promote, context(), memory.pk, 1, fail)
    failure = memory.events.get(kind="failed").after
    assert (failure or {})["reason"] == "The language model took too long to answer."
