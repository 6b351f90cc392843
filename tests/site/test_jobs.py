"""Finished jobs leave the queue's table, whichever kind of worker ran them."""

import asyncio
import time
from contextlib import suppress

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connections
from procrastinate.contrib.django.models import ProcrastinateJob

from memory.tasks import consolidate, enqueue
from memoryos_site.lifespan import run_jobs

NO_MEMORY = 0
"""A job of a memory that is gone has nothing to do and succeeds."""


def states() -> list[str]:
    return list(ProcrastinateJob.objects.filter(task_name=consolidate.name).values_list("status", flat=True))


def wait_until_done() -> None:
    """Wait for the jobs to end, ten seconds at the most; runs in a thread of its own."""
    deadline = time.monotonic() + 10
    while {"todo", "doing"} & set(states()) and time.monotonic() < deadline:
        time.sleep(0.02)
    connections.close_all()


async def work_until_done() -> None:
    working = asyncio.create_task(run_jobs())
    await asyncio.to_thread(wait_until_done)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    # The periodic jobs are queued through Django, in the thread that all synchronous code shares.
    await sync_to_async(connections.close_all)()


@pytest.mark.django_db(transaction=True)
def test_inline_worker_leaves_no_succeeded_job() -> None:
    enqueue(consolidate, NO_MEMORY)

    asyncio.run(work_until_done())

    assert states() == []


@pytest.mark.django_db(transaction=True)
def test_worker_process_leaves_no_succeeded_job() -> None:
    enqueue(consolidate, NO_MEMORY)

    call_command("procrastinate", "worker", "--one-shot")

    assert states() == []
