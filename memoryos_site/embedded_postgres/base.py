"""Django's PostgreSQL backend on the embedded server, which starts at the first connection."""

import atexit
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.postgresql import base as postgresql

from memoryos_site.embedded_postgres.server import PORT, USER, EmbeddedPostgresError, EmbeddedServer

CLUSTER = "postgres"
DATABASE = "memoryos"


class _Use:
    """This process's use of the server: none yet, using, or over."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.server: EmbeddedServer | None = None
        self.over = False


_use = _Use()


def server() -> EmbeddedServer:
    """Return the server of the data folder, starting it for this process when needed.

    Raises EmbeddedPostgresError, also after `stop_using`: a thread that outlives the web server must not
    start the database again.
    """
    with _use.guard:
        if _use.over:
            raise EmbeddedPostgresError("The embedded PostgreSQL is being stopped.")
        if _use.server is None:
            options: dict[str, str] = settings.EMBEDDED_POSTGRES_OPTIONS
            starting = EmbeddedServer(Path(settings.DATA_DIR) / CLUSTER, options=options)
            starting.attach(DATABASE)
            _use.server = starting
            atexit.register(stop_using)
        return _use.server


def stop_using() -> None:
    """Close this process's connections and let go of the server for good; the last process stops it."""
    with _use.guard:
        leaving, _use.server = _use.server, None
        _use.over = _use.over or leaving is not None
    if leaving is None:
        return
    for connection in connections.all(initialized_only=True):
        connection.close()
    # Private to Django, but the only way to the pool that other threads have opened.
    pools = DatabaseWrapper._connection_pools  # type: ignore[attr-defined]
    for pool in pools.values():
        pool.close(timeout=1)
    leaving.detach()


class DatabaseWrapper(postgresql.DatabaseWrapper):
    """Connects through the Unix socket of the embedded server."""

    def get_connection_params(self) -> dict[str, Any]:
        """Return the parameters of the running server; procrastinate's worker uses them too."""
        running = server()
        params: dict[str, Any] = super().get_connection_params()
        return {**params, "host": running.socket_dir, "port": PORT, "user": USER}
