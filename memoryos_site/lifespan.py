"""What runs beside the requests of a server process: producing answers and, inline, the background jobs."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from procrastinate.contrib.django import app as jobs
from procrastinate.contrib.django.django_connector import DjangoConnector

from chat import answering

logger = logging.getLogger(__name__)

WORKER_CONCURRENCY = 2
# Jobs get this long to finish on shut-down; one that takes longer is repeated at the next start.
JOBS_GRACE_SECONDS = 5.0
STOP_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 60.0


class Lifespan:
    """ASGI lifespan application: uvicorn calls it once before the first and once after the last request."""

    def __init__(self, *, worker: bool) -> None:
        self.worker = InlineWorker() if worker else None

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Start up, wait for the end, shut down; an error at the start ends the server."""
        await receive()
        await answering.startup()
        if self.worker:
            self.worker.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            if self.worker:
                await self.worker.stop()
        finally:
            await answering.shutdown()
            await send({"type": "lifespan.shutdown.complete"})


class InlineWorker:
    """A procrastinate worker in the server's own event loop."""

    def __init__(
        self,
        work: Callable[[], Awaitable[None]] | None = None,
        *,
        first_pause: float = 1.0,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        """Prepare the worker; `work` runs until it is cancelled or fails, the other arguments are seconds."""
        self._work = work or run_jobs
        self._first_pause = first_pause
        self._stop_seconds = stop_seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start working in the running event loop."""
        self._task = asyncio.create_task(self._keep_working(), name="background jobs")

    async def stop(self) -> None:
        """Let running jobs finish, within bounds, and stop."""
        if self._task is None:
            return
        self._task.cancel()
        _done, pending = await asyncio.wait({self._task}, timeout=self._stop_seconds)
        if pending:
            logger.warning("A background job did not stop in time; it is repeated at the next start.")
        self._task = None

    async def _keep_working(self) -> None:
        """Work until cancelled; after a failure (database gone, say) try again, ever less often."""
        pause = self._first_pause
        while True:
            started = time.monotonic()
            try:
                await self._work()
                logger.error("The background worker ended by itself.")
            except Exception:
                logger.exception("The background worker failed.")
            if time.monotonic() - started > LONGEST_PAUSE_SECONDS:
                pause = self._first_pause
            logger.info("The background worker starts again in %.0f s.", pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def run_jobs() -> None:
    """Run background jobs until cancelled; then give those that run a few seconds to finish.

    The worker gets an app of its own with its own connections: replacing the global connector would take deferring
    out of the transactions of web requests.
    """
    app = jobs.with_connector(DjangoConnector().get_worker_connector())
    async with app.open_async():
        await app.run_worker_async(
            name="inline",
            concurrency=WORKER_CONCURRENCY,
            install_signal_handlers=False,
            shutdown_graceful_timeout=JOBS_GRACE_SECONDS,
        )
