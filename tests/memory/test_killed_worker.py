"""A worker killed with `kill -9`: whatever it was doing, the memory is whole and the next worker does the rest.

A transfer and a promotion have three moments that matter: the model thinks; the transaction has written, but not
committed; it has committed, but the job does not know. Held answers and held rows make the kill fall into each of
them. One more test kills at random moments.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest
from django.db.models import QuerySet
from procrastinate.contrib.django.models import ProcrastinateJob

from memory.domain.jobs import job_state
from memory.domain.queueing import lock_of
from memory.domain.recording import PageDraft, record_pages
from memory.enums import Source
from memory.llm.prompts import PROMOTION_TASK, TRANSFER_TASK
from memory.models import Memory, Page
from tests.memory.factories import EPOCH, MemoryFactory
from tests.memory.processes import HeldModel, Process, Processes, held_rows, wait_until
from tests.memory.wholeness import assert_whole
from tests.openai_server import OpenAIServer

pytestmark = [pytest.mark.process, pytest.mark.proof]

SAID = [
    "I moved to Lisbon in spring and rent a flat near the river.",
    "My sister Clara plays the cello in an orchestra.",
    "We adopted a greyhound called Bolt last weekend.",
    "On Thursdays I teach pottery to beginners.",
    "My doctor told me to leave out peanuts for good.",
    "I am saving for a motorcycle with a sidecar.",
    "The company promoted me to head of logistics.",
]
MOVED = 5
"""Pages of the first batch: twelve wait, seven may stay."""

Hold = Callable[[Memory], QuerySet]  # type: ignore[type-arg]  # of any model


def remember(memory: Memory, count: int = 12) -> None:
    start = memory.pages.count()
    drafts = [
        PageDraft(f"{SAID[n % len(SAID)]} ({n})", "I see.", EPOCH + timedelta(minutes=n))
        for n in range(start, start + count)
    ]
    record_pages(memory, drafts, Source.IMPORT)


def job_itself(memory: Memory) -> QuerySet[ProcrastinateJob]:
    """Held, this lets the work be committed and stops the worker from noting that the job is done."""
    return ProcrastinateJob.objects.filter(lock=lock_of(memory.pk), status="doing")


def last_page_of_the_batch(memory: Memory) -> QuerySet[Page]:
    """Held, this stops a transfer after it has written chains and segments."""
    return memory.pages.filter(position=MOVED)


def the_segment(memory: Memory) -> QuerySet:  # type: ignore[type-arg]  # typed by the manager of a relation
    """Held, this stops a promotion after it has written everything it learnt."""
    return memory.segments.all()


@contextmanager
def killed(worker: Process, model: HeldModel, memory: Memory, hold: Hold | None) -> Iterator[None]:
    """Kill the worker while its model thinks, or else where it meets the rows of `hold`; the body runs just before.

    When this is over a minute has passed, and the model answers at once.
    """
    [request] = model.wait_until_thinking()
    with ExitStack() as stack:
        if hold is not None:
            somebody_waits = stack.enter_context(held_rows(hold(memory)))
            model.release()
            somebody_waits()
        yield
        worker.end()
    worker.wait_until_forgotten()
    model.release()
    if hold is None:
        assert request.disconnected.wait(10), "the kill fell into the model's call"


@pytest.mark.parametrize("hold", [None, last_page_of_the_batch, job_itself], ids=["thinking", "writing", "committed"])
def test_a_worker_killed_in_a_transfer(processes: Processes, hold: Hold | None) -> None:
    memory = MemoryFactory()
    remember(memory)
    with HeldModel(hold=TRANSFER_TASK) as model:
        with killed(processes.worker(model), model, memory, hold):
            committed = hold is job_itself
            assert memory.pages.mid_term().count() == (MOVED if committed else 0)
        assert (memory.segments.count(), memory.chains.count()) == ((1, 1) if committed else (0, 0))
        assert job_state(memory).running == 1
        processes.let_a_minute_pass()
        processes.worker(model)
        processes.wait_until_idle(memory)
        assert len(model.held) == (1 if committed else 2), "a batch that was moved is not paid for twice"
    assert memory.pages.mid_term().count() == MOVED
    assert_whole(memory, pages=12)


@pytest.mark.parametrize("hold", [None, the_segment, job_itself], ids=["thinking", "writing", "committed"])
def test_a_worker_killed_in_a_promotion(processes: Processes, hold: Hold | None) -> None:
    memory = MemoryFactory()
    remember(memory)
    with HeldModel(hold=PROMOTION_TASK) as model:
        with killed(processes.worker(model), model, memory, hold):
            committed = hold is job_itself
            assert memory.pages.filter(analysed_at__isnull=False).count() == (MOVED if committed else 0)
        assert memory.knowledge.count() == (MOVED if committed else 0)
        assert memory.profile.count() == memory.traits.count() == (1 if committed else 0)
        processes.let_a_minute_pass()
        processes.worker(model)
        processes.wait_until_idle(memory)
        assert len(model.held) == (1 if committed else 2), "pages that were read are not paid for twice"
    facts = memory.knowledge.order_by("pk")
    assert list(facts.values_list("text", "times_confirmed")) == [
        (f"The user said: {page.query}", 1) for page in memory.pages.order_by("position")[:MOVED]
    ]
    assert memory.assistant.knowledge.get().times_confirmed == 1
    assert (memory.profile.count(), memory.traits.count()) == (1, 1)
    assert [segment.length for segment in memory.segments.all()] == [0]
    assert_whole(memory, pages=12)


def test_pages_recorded_beside_a_dead_workers_job_are_moved_with_its_own(processes: Processes) -> None:
    """The dead worker's job and the one that the new pages have queued become one."""
    memory = MemoryFactory()
    remember(memory)
    with HeldModel(hold=TRANSFER_TASK) as model:
        with killed(processes.worker(model), model, memory, None):
            remember(memory, 6)
        state = job_state(memory)
        assert (state.running, state.queued) == (1, 1)
        processes.let_a_minute_pass()
        processes.worker(model)
        processes.wait_until_idle(memory)
    assert memory.pages.short_term().count() == 7
    assert_whole(memory, pages=18)


def test_workers_killed_at_random_moments(processes: Processes) -> None:
    """`pytest -p randomly -p "randomly_seed=N"` repeats the moments of a run."""
    memory = MemoryFactory()
    memory.assistant.memory_settings = {"transfer_batch_limit": 5, "promotion_tokens": 150}
    memory.assistant.save()
    remember(memory, 60)
    with OpenAIServer() as model:
        for _ in range(3):
            asked = len(model.requests)
            worker = processes.worker(model)
            more = asked + random.randrange(1, 6)
            wait_until(lambda more=more: len(model.requests) >= more or job_state(memory).idle, "the worker works")  # type: ignore[misc]
            worker.kill()
            processes.let_a_minute_pass()
        processes.worker(model)
        processes.wait_until_idle(memory)
    assert memory.pages.short_term().count() <= 7
    assert_whole(memory, pages=60)
