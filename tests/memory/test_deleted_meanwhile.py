"""A memory that is deleted while a model works for it: the job ends quietly and nothing is left of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job
from pytest_django.fixtures import Settings

from memory import tasks
from memory.domain.queueing import MAX_ATTEMPTS, QUEUE
from memory.enums import Outcome, Purpose
from memory.llm.prompts import MERGE_TASK, PROMOTION_TASK, SUMMARY_TASK, TRANSFER_TASK
from memory.models import DialogueChain, Knowledge, Memory, MemoryEvent, ModelCall, Page, Profile, Segment, Trait
from tests.memory.domain.batches import remember
from tests.memory.factories import KnowledgeFactory, MemoryFactory, PageFactory, SegmentFactory
from tests.memory.processes import forget_jobs
from tests.openai_server import Behaviour, OpenAIServer, RecordedRequest

pytestmark = pytest.mark.django_db(transaction=True)

EMBEDDING = "/v1/embeddings"
DELETIONS: dict[str, Callable[[Memory], object]] = {
    "memory": lambda memory: Memory.objects.get(pk=memory.pk).delete(),
    "user": lambda memory: memory.user.delete(),
    "assistant": lambda memory: memory.assistant.delete(),
}
JOBS = {
    "embedding": (EMBEDDING, Purpose.EMBEDDING, tasks.consolidate),
    "transfer": (TRANSFER_TASK, Purpose.TRANSFER, tasks.consolidate),
    "promotion": (PROMOTION_TASK, Purpose.PROMOTION, tasks.promote),
    "merge": (MERGE_TASK, Purpose.MERGE, tasks.promote),
    "summary": (SUMMARY_TASK, Purpose.SUMMARY, tasks.resummarise),
}


class DeletingModel(OpenAIServer):
    """Deletes what the test says in the middle of the first answer to one kind of request."""

    def __init__(self, during: str, delete: Callable[[], object], failing: bool) -> None:
        super().__init__()
        self._during, self._delete, self._failing = during, delete, failing
        self.deleted = False

    def take_behaviour(self, request: RecordedRequest) -> Behaviour:
        behaviour = super().take_behaviour(request)
        if self.deleted or not (request.path == self._during or self._during in request.text):
            return behaviour
        self._delete()
        connection.close()
        self.deleted = True
        return Behaviour(status=500) if self._failing else behaviour


@pytest.fixture
def memory(settings: Settings) -> Iterator[Memory]:
    """A memory with work for each of its jobs: pages to move, a hot segment with a fact near a known one, a blank."""
    settings.MODEL, settings.EMBEDDING_MODEL = "test-model", "test-embedder"
    memory = remember(8)
    segment = SegmentFactory(memory=memory, length=1, visits=9, last_visited_at=timezone.now(), summary="")
    PageFactory(segment=segment, query="I like green tea from Japan", response="", position=100)
    KnowledgeFactory(memory=memory, text="The user said: I like black tea from Japan")
    forget_jobs()
    yield memory
    forget_jobs()


def context(task: tasks.AnyTask) -> JobContext:
    job = Job(id=1, queue=QUEUE, lock=None, queueing_lock=None, task_name=task.name)
    return JobContext(start_timestamp=0, app=app, job=job, abort_reason=lambda: None)


@pytest.mark.parametrize("failing", [False, True], ids=["answers", "fails"])
@pytest.mark.parametrize("gone", DELETIONS)
@pytest.mark.parametrize("during", JOBS)
def test_a_job_of_a_memory_deleted_meanwhile_ends_quietly(
    during: str, gone: str, failing: bool, memory: Memory, settings: Settings
) -> None:
    words, purpose, task = JOBS[during]
    with DeletingModel(words, lambda: DELETIONS[gone](memory), failing) as server:
        settings.OPENAI_BASE_URL = settings.EMBEDDING_BASE_URL = server.base_url
        task(context(task), memory_id=memory.pk, attempt=MAX_ATTEMPTS)
        assert server.deleted
    for model in (Memory, Page, Segment, DialogueChain, Knowledge, Profile, Trait, MemoryEvent):
        assert not model._default_manager.exists()
    assert not ProcrastinateJob.objects.exists()
    paid = list(ModelCall.objects.filter(purpose=purpose).values_list("assistant", "memory", "outcome"))
    outcome = (Outcome.SERVER_ERROR if failing else Outcome.OK).value
    expected: list[tuple[int, int | None, str]] = [(memory.assistant_id, None, outcome)]
    assert paid == ([] if gone == "assistant" else expected)


def test_failed_jobs_of_a_memory_that_is_gone_are_dropped(memory: Memory) -> None:
    other = MemoryFactory()
    for each in (memory, other):
        tasks.enqueue(tasks.promote, each.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    DELETIONS["memory"](memory)
    tasks.recover_stalled_jobs(timestamp=0)
    assert [job.args["memory_id"] for job in ProcrastinateJob.objects.all()] == [other.pk]
