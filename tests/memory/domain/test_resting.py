"""A memory whose person has left the assistant rests: no model is asked for it until they are back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job
from pytest_django.fixtures import Settings

from memory import tasks
from memory.domain.consolidation import memories_kept_waiting
from memory.domain.membership import add_member, leave
from memory.domain.queueing import QUEUE
from memory.enums import Role
from memory.llm.prompts import PROMOTION_TASK, TRANSFER_TASK
from memory.models import Memory, ModelCall, Page, Segment
from tests.memory.domain.batches import remember
from tests.memory.factories import EPOCH, MemoryFactory, PageFactory, SegmentFactory
from tests.memory.processes import forget_jobs
from tests.openai_server import Behaviour, OpenAIServer, RecordedRequest

pytestmark = pytest.mark.django_db(transaction=True)


class LeavingModel(OpenAIServer):
    """The person leaves while it thinks about a task."""

    def __init__(self, task: str, memory: Memory) -> None:
        super().__init__()
        self._task, self._memory, self.left = task, memory, False

    def take_behaviour(self, request: RecordedRequest) -> Behaviour:
        if self._task in request.text and not self.left:
            self.left = True
            leave(self._memory.assistant, by=self._memory.user)
        return super().take_behaviour(request)


@pytest.fixture
def memory() -> Memory:
    """A memory with pages to move, a hot segment to read and a segment without a summary."""
    forget_jobs()
    memory: Memory = MemoryFactory(role=Role.MEMBER)
    MemoryFactory(assistant=memory.assistant)
    hot = SegmentFactory(memory=memory, length=12, visits=9, last_visited_at=timezone.now())
    for _ in range(12):
        PageFactory(segment=hot, query="I like tea and I live in Ghent.")
    PageFactory(segment=SegmentFactory(memory=memory, summary=""), query="We talked of boats.")
    remember(9, memory)
    forget_jobs()
    return memory


@pytest.fixture
def server(settings: Settings) -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        settings.OPENAI_BASE_URL = settings.EMBEDDING_BASE_URL = server.base_url
        settings.MODEL = "test-model"
        yield server


def run_all(memory: Memory) -> None:
    for task in (tasks.consolidate, tasks.promote, tasks.resummarise):
        job = Job(id=1, queue=QUEUE, lock=None, queueing_lock=None, task_name=task.name)
        context = JobContext(start_timestamp=0, app=app, job=job, abort_reason=lambda: None)
        task(context, memory_id=memory.pk)


def state(memory: Memory) -> tuple[int, int, int]:
    """How many pages wait to be moved, how many to be read, and how many segments to be summed up."""
    pages = Page.objects.filter(memory=memory)
    unread = pages.filter(segment__isnull=False, analysed_at__isnull=True)
    blank = Segment.objects.filter(memory=memory, summary="")
    return pages.filter(segment__isnull=True).count(), unread.count(), blank.count()


def test_no_model_is_asked_for_who_left(memory: Memory, server: OpenAIServer) -> None:
    before = state(memory)
    leave(memory.assistant, by=memory.user)
    run_all(memory)
    assert server.requests == []
    assert not ModelCall.objects.exists()
    assert state(memory) == before
    assert not ProcrastinateJob.objects.exists()


def test_all_that_waited_is_done_once_they_are_back(memory: Memory, server: OpenAIServer) -> None:
    before = state(memory)
    leave(memory.assistant, by=memory.user)
    run_all(memory)
    owner = User.objects.get(memberships__assistant=memory.assistant)
    add_member(memory.assistant, memory.user.username, Role.MEMBER, by=owner)
    queued = ProcrastinateJob.objects.filter(args__memory_id=memory.pk).values_list("task_name", flat=True)
    assert sorted(queued) == ["memory.consolidate", "memory.promote", "memory.resummarise"]
    run_all(memory)
    waiting, unread, blank = state(memory)
    assert waiting < before[0]
    assert unread < before[1]
    assert blank == 0


@pytest.mark.parametrize("task", [TRANSFER_TASK, PROMOTION_TASK], ids=["transfer", "promotion"])
def test_an_answer_that_comes_after_they_left_changes_nothing(memory: Memory, task: str, settings: Settings) -> None:
    before = state(memory)
    if task == PROMOTION_TASK:
        Page.objects.filter(memory=memory, segment__isnull=True).delete()
        before = state(memory)
    with LeavingModel(task, memory) as server:
        settings.OPENAI_BASE_URL, settings.MODEL = server.base_url, "test-model"
        run_all(memory)
        assert server.left
    assert state(memory)[:2] == before[:2]
    assert not memory.knowledge.exists()


def test_the_hourly_look_leaves_them_out(memory: Memory) -> None:
    Page.objects.filter(memory=memory).update(recorded_at=EPOCH)
    assert memories_kept_waiting(timezone.now()) == [memory.pk]
    leave(memory.assistant, by=memory.user)
    assert memories_kept_waiting(timezone.now()) == []
