"""The background worker beside the requests: it comes back after failures and stops within bounds."""

import asyncio
import logging

import pytest

from memoryos_site.lifespan import InlineWorker


async def test_worker_starts_again_after_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[int] = []
    recovered = asyncio.Event()

    async def work() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            raise ConnectionError("the database is gone")
        if len(runs) == 3:
            recovered.set()
            await asyncio.Event().wait()

    worker = InlineWorker(work, first_pause=0.001)
    worker.start()
    async with asyncio.timeout(5):
        await recovered.wait()
    await worker.stop()

    assert runs == [0, 1, 2]
    faults = [record.message for record in caplog.records if record.levelno >= logging.ERROR]
    assert faults == ["The background worker failed.", "The background worker ended by itself."]


async def test_worker_lets_a_running_job_finish() -> None:
    finished = asyncio.Event()
    running = asyncio.Event()

    async def work() -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            finished.set()

    worker = InlineWorker(work)
    worker.start()
    await running.wait()
    await worker.stop()

    assert finished.is_set()


async def test_worker_that_will_not_stop_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    running, release = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            await release.wait()

    worker = InlineWorker(work, stop_seconds=0.01)
    worker.start()
    await running.wait()
    await worker.stop()
    release.set()

    assert [record.message for record in caplog.records] == [
        "A background job did not stop in time; it is repeated at the next start."
    ]


async def test_worker_that_was_never_started_stops_at_once() -> None:
    await InlineWorker().stop()
