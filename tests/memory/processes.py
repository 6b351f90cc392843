"""Real workers and writers on the test's own database, and what must hold of a memory whatever they did.

    def test_something(processes: Processes) -> None:
        memory = MemoryFactory()                       # committed: other processes see it
        with HeldModel(hold=TRANSFER_TASK) as model:
            worker = processes.worker(model)           # `manage.py procrastinate worker`, as docker-compose.yml runs it
            model.wait_for_requests(1)
            worker.kill()                              # kill -9, in the middle of the model's call
            processes.let_a_minute_pass()              # its heartbeat is old, the periodic jobs are due again
            model.release()
            processes.worker(model)
            processes.wait_until_idle(memory)
        assert_whole(memory, pages=12)

The fixture is in `conftest.py`. Nothing here sleeps for a fixed time: everything waits for a condition.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urlencode

from django.db import connection, transaction
from django.db.models import QuerySet

from memory.domain.jobs import job_state
from memory.models import Memory
from tests.openai_server import Behaviour, OpenAIServer, RecordedRequest
from tests.serving import ROOT, product_environment

PATIENCE = 60.0
"""Seconds anything may take on a very busy machine."""


def wait_until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Return as soon as `holds()`; raises TimeoutError that says what never came."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"It did not come to this within {seconds:.0f} s: {what}")
        time.sleep(0.01)


def database_url() -> str:
    """Return the address of the database this test is connected to, for other processes."""
    params = connection.get_connection_params()
    host = str(params.get("host") or "localhost")
    login = quote(str(params.get("user", "")), safe="")
    if password := params.get("password"):
        login += f":{quote(str(password), safe='')}"
    if host.startswith("/"):
        return f"postgres://{login}@/{params['dbname']}?{urlencode({'host': host})}"
    return f"postgres://{login}@{host}:{params.get('port') or 5432}/{params['dbname']}"


class HeldModel(OpenAIServer):
    """A model that thinks about its answers to one task until the test says `release()`."""

    def __init__(self, hold: str, default: Behaviour | None = None) -> None:
        """`hold` is TRANSFER_TASK or PROMOTION_TASK; requests of the other kind are answered at once."""
        super().__init__(default)
        self._hold = hold
        self._released = threading.Event()

    @property
    def held(self) -> list[RecordedRequest]:
        """The requests for the task that is held, answered meanwhile or not."""
        return [request for request in list(self.requests) if self._hold in request.text]

    def wait_until_thinking(self, count: int = 1) -> list[RecordedRequest]:
        """Return the held requests once there are so many."""
        wait_until(lambda: len(self.held) >= count, f"{count} requests for {self._hold!r}")
        return self.held

    def release(self) -> None:
        """Answer what is held, and whatever comes from now on at once."""
        self._released.set()

    def take_behaviour(self, request: RecordedRequest) -> Behaviour:
        behaviour = super().take_behaviour(request)
        if self._hold in request.text:
            self._released.wait()
        return behaviour

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        super().__exit__(kind, error, trace)


class Process:
    """One process that a test has started; its name is that of its database sessions, too."""

    def __init__(self, name: str, arguments: tuple[str, ...], log: Path, environment: dict[str, str]) -> None:
        self.name = name
        self._log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**environment, "PGAPPNAME": name},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """What it has printed, errors included."""
        return self._log.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(f"{line}\n".encode())
        self._popen.stdin.flush()

    def wait(self) -> int:
        """Return its exit code once it has ended by itself; raises subprocess.TimeoutExpired."""
        return self._popen.wait(PATIENCE)

    def kill(self) -> None:
        """Kill it with SIGKILL and return when Postgres, too, has noticed: its transaction is rolled back then.

        Inside a lock that the process waits for, use `end` and let go of the lock first.
        """
        self.end()
        self.wait_until_forgotten()

    def end(self) -> None:
        """Kill it with SIGKILL, if it still runs."""
        self._popen.kill()
        self._popen.wait(PATIENCE)
        if self._popen.stdin is not None:
            self._popen.stdin.close()

    def wait_until_forgotten(self) -> None:
        """Wait until no database session of it is left."""
        wait_until(lambda: self._sessions() == 0, f"Postgres lets go of {self.name}")

    def _sessions(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [self.name])
            return int(cursor.fetchone()[0])


class Processes:
    """Starts processes for one test and ends them after it; see the module's docstring."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Process] = []

    def worker(self, model: OpenAIServer | None = None) -> Process:
        """Start a worker as docker-compose.yml does; without a model the built-in consolidator thinks."""
        return self._start("worker", ("manage.py", "procrastinate", "worker", "--concurrency=2", "-p", "0.2"), model)

    def manage(self, *arguments: str, model: OpenAIServer | None = None) -> Process:
        """Start a management command."""
        return self._start(arguments[0], ("manage.py", *arguments), model)

    def writer(self, memory: Memory, name: str, count: int, *options: str) -> Process:
        """Start a writer (tests/memory/writer.py), which waits until `begin`."""
        return self._start("writer", ("-m", "tests.memory.writer", str(memory.pk), name, str(count), *options), None)

    @staticmethod
    def begin(*writers: Process) -> None:
        """Let writers begin at the same moment."""
        wait_until(lambda: all("ready" in writer.output for writer in writers), "the writers are ready")
        for writer in writers:
            writer.tell("go")

    @staticmethod
    def wait_until_idle(*memories: Memory) -> None:
        """Wait until no job of these memories waits, runs or is in trouble."""
        wait_until(lambda: all(job_state(memory).idle for memory in memories), "all jobs are done")

    @staticmethod
    def let_a_minute_pass() -> None:
        """Age the heartbeats and the last run of each periodic job, as if nobody had worked for a minute."""
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'")
            cursor.execute("DELETE FROM procrastinate_periodic_defers")

    def close(self) -> None:
        """Kill what still runs and print what all of them said: pytest shows it when the test has failed."""
        for process in self._started:
            process.end()
        for process in self._started:
            process.wait_until_forgotten()
            print(f"--- {process.name}\n{process.output}")
        forget_jobs()

    def _start(self, kind: str, arguments: tuple[str, ...], model: OpenAIServer | None) -> Process:
        name = f"{kind}-{len(self._started) + 1}"
        variables = {"DATABASE_URL": database_url(), "SECRET_KEY": "only-for-tests-" + "0" * 50}
        if model is not None:
            variables |= {"OPENAI_BASE_URL": model.base_url, "MODEL": "test-model"}
        log = self._folder / f"{name}.log"
        process = Process(name, arguments, log, product_environment(self._folder, **variables))
        self._started.append(process)
        return process


def forget_jobs() -> None:
    """Empty the queue: its tables are not Django's, which would otherwise empty them after the test."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers, procrastinate_periodic_defers CASCADE")


@contextmanager
def held_rows(rows: QuerySet) -> Iterator[Callable[[], None]]:  # type: ignore[type-arg]  # of any model
    """Hold rows locked; what is yielded waits until another process stands before one of them."""

    def somebody_waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            return bool(cursor.fetchone()[0])

    with transaction.atomic():
        assert list(rows.select_for_update())
        yield lambda: wait_until(somebody_waits, "a process waits for the held rows")
