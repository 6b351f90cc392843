"""The processes of the benchmark: the product itself, as `manage.py serve` runs it, and the model server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil
from django.conf import settings
from django.core.management import CommandError
from django.db import connection

from chat.evaluation.model_server import MODEL

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
_PLENTY = "1000000"
_READY = re.compile(r"^MemoryOS runs at (\S+)", re.MULTILINE)
_FOREIGN = ("OPENAI_", "MEMORYOS_ADMIN_", "DJANGO_SETTINGS", "CHAT_", "DATABASE_URL")
_FOREIGN_NAMES = {"DEBUG", "HOST", "PORT", "LOG_LEVEL", "MODEL", "MODEL_TIMEOUT", "PUBLIC_URL", "REDIS_URL"}


@dataclass(frozen=True, slots=True)
class Running:
    """A process that serves at an address."""

    process: psutil.Process
    url: str

    def cpu_seconds(self) -> float:
        """Return the processor time it has taken, its children not counted."""
        return cpu_seconds(self.process)

    def memory_mb(self) -> float:
        """Return what it holds in memory now, in MB (2**20 bytes)."""
        return float(self.process.memory_info().rss) / 2**20


def cpu_seconds(process: psutil.Process) -> float:
    """Return the processor time that a process has taken, its children not counted."""
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def running_model() -> Iterator[Running]:
    """Run the model server. It ends with the block, and with this process however that ends."""
    command = [sys.executable, "-m", "chat.evaluation.model_server"]
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert child.stdout is not None
        port = child.stdout.readline().strip()
        if not port.isdecimal():
            raise CommandError("The benchmark's model server did not start.")
        yield Running(psutil.Process(child.pid), f"http://127.0.0.1:{port}")
    finally:
        _end(child)


@contextmanager
def running_product(model: Running) -> Iterator[Running]:
    """Run the product on the database that the default connection leads to, with background jobs and all.

    Raises CommandError, with what it said, when it does not come to serve.
    """
    with tempfile.TemporaryDirectory(prefix="memoryos-bench-") as folder, (Path(folder) / "log").open("w+") as log:
        child = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--host", "127.0.0.1", "--port", "0"],
            cwd=ROOT,
            env=product_environment(folder, model.url),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for us: the product is ended in its turn, before its database goes.
            start_new_session=True,
        )
        try:
            yield Running(psutil.Process(child.pid), _wait_until_ready(child, Path(log.name)))
        finally:
            _end(child)


def product_environment(data_dir: str, model_url: str) -> dict[str, str]:
    """Return the environment of the product: ours, but for the database, the model and limits on what a person asks.

    It has our secret key, so that it knows the sessions made here.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _FOREIGN_NAMES and not name.startswith(_FOREIGN)
    }
    return {
        **kept,
        "MEMORYOS_DATA_DIR": data_dir,
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": database_url(),
        "OPENAI_BASE_URL": f"{model_url}/v1",
        "MODEL": MODEL,
        "LOG_LEVEL": "WARNING",
        "CHAT_FRAMES_PER_MINUTE": _PLENTY,
        "CHAT_ANSWERS_PER_MINUTE": _PLENTY,
        "CHAT_SOCKETS_PER_PERSON": _PLENTY,
        # A title is asked for in the background, beside what is measured.
        "CHAT_TITLES": "0",
    }


def database_url() -> str:
    """Return the address of the database that this thread's default connection leads to, for another process."""
    params = connection.get_connection_params()
    login = quote(str(params.get("user", "")), safe="")
    if password := params.get("password"):
        login += f":{quote(str(password), safe='')}"
    known = {"user", "password", "host", "port", "dbname", "context", "cursor_factory"}
    options = {name: value for name, value in params.items() if name not in known and isinstance(value, str)}
    host, port = str(params.get("host") or "localhost"), params.get("port") or 5432
    if host.startswith("/"):
        options["host"], where = host, ""
    else:
        where = f"{host}:{port}"
    query = f"?{urlencode(options)}" if options else ""
    return f"postgres://{login}@{where}/{params['dbname']}{query}"


def _wait_until_ready(child: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        if found := _READY.search(log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.02)
    raise CommandError(f"The product did not start:\n{log.read_text(errors='replace')}")


def _end(child: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """End a process the orderly way, and if it does not, the other."""
    if child.stdin is not None:
        child.stdin.close()
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    finally:
        if child.stdout is not None:
            child.stdout.close()
