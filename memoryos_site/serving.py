"""`manage.py serve`: everything between the command line and the running product, in order."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket
from types import FrameType

import uvicorn
from django.conf import settings
from django.db import connections

from memory.checks import stored_vectors_fit_the_embedder
from memory.conf import installation_settings
from memory.domain.connections import source_of
from memoryos_site import owner, preparation
from memoryos_site.addresses import Address, in_container, listen, shown_address
from memoryos_site.asgi import build_application
from memoryos_site.locks import FileLock
from memoryos_site.preparation import StartError

# JSON may write a character as a pair of escapes, `\ud83d\ude00`; the rest of a frame of the chat is short.
_CHARACTER_MAX_BYTES = 12
_FRAME_OVERHEAD_BYTES = 4096
_FRAME_MIN_BYTES = 1024 * 1024
DRAIN_SECONDS = 5
SWITCH_SECONDS = 0.0005
"""For how long a thread may keep the interpreter from others (Python's default: 0.005). The event loop, which has
something to do thousands of times a second, would wait so long each time while a thread recalls or renders."""
LINGER_SECONDS = 2.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Options:
    """What the command line decides."""

    host: str
    port: int
    worker: bool


class Server(uvicorn.Server):
    """Tells when the site really answers: after the application's own start-up."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start up, then report."""
        await super().startup(sockets)
        if self.started and not self.should_exit:
            _spare_the_collector()
            self._on_ready()


def serve(options: Options) -> None:
    """Run the product until SIGINT, SIGTERM or SIGHUP.

    Locks the data folder (embedded database only), binds the port, starts or checks the database, brings its
    tables up to date, creates the owner account or a set-up link, says so when stored vectors are of another embedding
    model, then serves pages, sockets and background jobs.
    At the end the embedded database is stopped, unless another command is using it.

    Raises StartError, or ImproperlyConfigured, with one sentence for the operator.
    """
    hangup_stops = _stop_on_signals()
    installation_settings()
    with _data_folder_lock() as lock:
        try:
            with listen(options.host, options.port) as listener:
                address = shown_address(listener, options.host, settings.PUBLIC_URL, contained=in_container())
                lock.note(f"process {os.getpid()}, {address.local}")
                preparation.prepare_database()
                preparation.ensure_owner()
                _warn_of_other_vectors()
                banner = _banner(address)
                connections.close_all()
                _run(options, listener, hangup_stops, on_ready=lambda: print(banner, flush=True))
        finally:
            _ignore_signals()
            preparation.leave_database()
            _do_not_linger()


@contextmanager
def _data_folder_lock() -> Iterator[FileLock]:
    """Hold the data folder for this server alone; with DATABASE_URL there is nothing in it to guard."""
    lock = FileLock(settings.DATA_DIR / "serve.lock")
    embedded = preparation.database_is_embedded()
    try:
        if embedded:
            settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        held = not embedded or lock.acquire(wait=False)
    except OSError as error:
        raise StartError(preparation.unusable_folder(error)) from error
    if not held:
        note = lock.read_note()
        raise StartError(
            f"MemoryOS is already running on the data in {settings.DATA_DIR}{f' ({note})' if note else ''}: "
            "use that one, stop it first, or set MEMORYOS_DATA_DIR to another folder."
        )
    try:
        yield lock
    finally:
        lock.release()


def websocket_max_bytes(message_characters: int) -> int:
    """Return the longest frame to accept, in bytes: one character too many must still reach the chat, which says so."""
    return max(_FRAME_MIN_BYTES, message_characters * _CHARACTER_MAX_BYTES + _FRAME_OVERHEAD_BYTES)


def _run(options: Options, listener: socket, hangup_stops: bool, on_ready: Callable[[], None]) -> None:
    """Serve until a signal arrives; returns when requests, jobs and answers have been wound up."""
    sys.setswitchinterval(SWITCH_SECONDS)
    config = uvicorn.Config(
        build_application(worker=options.worker),
        lifespan="on",
        ws_max_size=websocket_max_bytes(settings.CHAT_MESSAGE_MAX_CHARACTERS),
        # Most frames are a few words: to compress one takes several times what all else about it takes.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        log_config=None,
        access_log=False,
        server_header=False,
    )
    server = Server(config, on_ready)
    # uvicorn raises the signal again once it has shut down; by then it has had its effect.
    _ignore_signals()
    if hangup_stops:
        signal.signal(signal.SIGHUP, server.handle_exit)
    loop = (config.get_loop_factory() or asyncio.new_event_loop)()
    try:
        loop.run_until_complete(server.serve(sockets=[listener]))
    except SystemExit as stopped:
        raise StartError("MemoryOS could not start; the reason is in the log above.") from stopped
    finally:
        _close(loop)


def _spare_the_collector() -> None:
    """Take what was loaded by now, which stays for ever, out of the garbage collector's sight.

    Each full collection would walk through it with all else at a stand: a fifth of a second, a few times a minute.
    """
    gc.collect()
    gc.freeze()


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is left. Unlike `asyncio.run` do not wait for threads: one may sit in a long model call."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=1))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _stop_on_signals() -> bool:
    """Until uvicorn takes over, a signal ends the start-up the orderly way.

    Tells whether SIGHUP is among them: `nohup` starts programs with it ignored, and so it stays.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    hangup_stops = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    for number in _SIGNALS:
        if number is not signal.SIGHUP or hangup_stops:
            signal.signal(number, stop)
    return hangup_stops


def _ignore_signals() -> None:
    """Let a stop that is under way finish, however often Ctrl-C is pressed."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _do_not_linger() -> None:
    """End the process even while a background job's thread waits for a model; the job is repeated later."""

    def end() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

    timer = threading.Timer(LINGER_SECONDS, end)
    timer.daemon = True
    timer.start()


def _warn_of_other_vectors() -> None:
    """Print the one system check that wants a database; `serve` runs none of the others."""
    for warning in stored_vectors_fit_the_embedder(databases=["default"]):
        print(f"WARNING: {warning.msg}\n  {warning.hint}", file=sys.stderr, flush=True)


def _banner(address: Address) -> str:
    lines = [f"MemoryOS runs at {address.main}"]
    if address.main != address.local:
        lines.append(f"  local: {address.local}")
    lines += [f"  on this network: {other}" for other in address.others]
    if not owner.has_account():
        lines += [
            "",
            "Create the owner account (this link works once):",
            f"  {owner.setup_link(address.main)}",
            "",
        ]
    lines.append(f"  model: {_model_line()}")
    lines.append(f"  data:  {settings.DATA_DIR}")
    lines.append("  Ctrl-C stops it.")
    return "\n".join(lines)


def _model_line() -> str:
    source = source_of(None)
    if not source.connected:
        return "no language model connected: the built-in responder answers by quoting memory"
    return f"{source.model} at {source.host}"
