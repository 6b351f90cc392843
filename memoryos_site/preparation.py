"""What has to be true before the first request: a usable database with current tables, and an owner."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from memoryos_site import owner
from memoryos_site.embedded_postgres import base as embedded
from memoryos_site.embedded_postgres.server import EmbeddedPostgresError
from memoryos_site.environment import text

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10
OLDEST_POSTGRES = 14
# halfvec came with 0.7.
OLDEST_PGVECTOR = (0, 7)


class StartError(Exception):
    """MemoryOS cannot start; the message is one sentence with the fix."""


def unusable_folder(error: OSError) -> str:
    """Return the sentence for a data folder that cannot be written."""
    return (
        f"The data folder {settings.DATA_DIR} cannot be used ({error.strerror or error}): make it writable "
        "for this account or set MEMORYOS_DATA_DIR to another folder."
    )


def database_is_embedded() -> bool:
    """Tell whether the embedded server is in use, not DATABASE_URL."""
    return isinstance(connections["default"], embedded.DatabaseWrapper)


def prepare_database() -> None:
    """Start or check the database and bring its tables up to date.

    Of several servers that start on one database at once, one migrates and the others wait for it.

    Raises StartError.
    """
    with _direct_connection() as direct:
        _check_server(direct)
        direct.execute("SELECT pg_advisory_lock(%s, %s)", owner.MIGRATE_LOCK)
        _ensure_pgvector(direct)
        _migrate()


def leave_database() -> None:
    """Close this process's connections; the embedded server stops unless another command is using it."""
    connections.close_all()
    embedded.stop_using()


def ensure_owner() -> None:
    """Create the account of MEMORYOS_ADMIN_USERNAME, a superuser, unless there is one of that name.

    An existing account is left as it is. Raises StartError when the variables cannot be used.
    """
    username, password = text("MEMORYOS_ADMIN_USERNAME"), text("MEMORYOS_ADMIN_PASSWORD")
    if not username and not password:
        return
    if not username or not password:
        raise StartError("Set MEMORYOS_ADMIN_USERNAME and MEMORYOS_ADMIN_PASSWORD together, or neither.")
    user = get_user_model()(username=username)
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise StartError(f"MEMORYOS_ADMIN_USERNAME cannot be used: {' '.join(error.messages)}") from error
    if get_user_model().objects.filter(username=username).exists():
        return
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise StartError(f"MEMORYOS_ADMIN_PASSWORD cannot be used: {' '.join(error.messages)}") from error
    owner.ensure_superuser(username=username, password=password)


@contextmanager
def _direct_connection() -> Iterator[psycopg.Connection]:
    """Connect once past Django, which would hide the reason of a failure behind its pool's time-out."""
    try:
        params = connections["default"].get_connection_params()
    except EmbeddedPostgresError as error:
        raise StartError(str(error)) from error
    params = {name: value for name, value in params.items() if name not in {"context", "cursor_factory"}}
    params.setdefault("connect_timeout", CONNECT_SECONDS)
    try:
        connection = psycopg.connect(**params, autocommit=True)
    except psycopg.Error as error:
        raise StartError(unreachable(str(error), params)) from error
    with connection:
        yield connection


def unreachable(reason: str, params: dict[str, object]) -> str:
    """Return the sentence for a database that does not let us in; `params` are those of the connection."""
    name, user = params.get("dbname"), params.get("user")
    where = f"{params.get('host', 'the local socket')}:{params.get('port', 5432)}"
    known = {
        "password authentication failed": f'the server at {where} refused user "{user}" or its password',
        "no password supplied": f'the server at {where} wants a password for user "{user}"',
        "does not exist": f'the server at {where} has no database "{name}" or no user "{user}": create it',
        "Connection refused": f"no PostgreSQL answers at {where}: start it, or correct host and port",
        "timeout": f"no PostgreSQL answers at {where} within {CONNECT_SECONDS} s: correct host and port",
        "Name or service not known": f'there is no host "{params.get("host")}": correct its name',
        "resolve": f'there is no host "{params.get("host")}": correct its name',
    }
    for sign, sentence in known.items():
        if sign in reason:
            return f"DATABASE_URL cannot be used: {sentence}."
    return f"DATABASE_URL cannot be used: {reason.strip().splitlines()[-1]}"


def _check_server(direct: psycopg.Connection) -> None:
    version = direct.info.server_version // 10_000
    if version < OLDEST_POSTGRES:
        raise StartError(
            f"DATABASE_URL cannot be used: its PostgreSQL is version {version}, and MemoryOS needs "
            f"{OLDEST_POSTGRES} or later."
        )


def _ensure_pgvector(direct: psycopg.Connection) -> None:
    """Install pgvector into the database when it is not there. Raises StartError."""
    found = direct.execute(
        "SELECT default_version, installed_version FROM pg_available_extensions WHERE name = 'vector'"
    ).fetchone()
    if found is None:
        raise StartError(
            "DATABASE_URL cannot be used: that server lacks the extension pgvector; install it there (Debian: "
            "`apt-get install postgresql-<version>-pgvector`) or use the image pgvector/pgvector."
        )
    version = str(found[1] or found[0])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_PGVECTOR:
        raise StartError(
            f"DATABASE_URL cannot be used: its pgvector is version {version}, and MemoryOS needs 0.7 or later "
            "(`ALTER EXTENSION vector UPDATE` after installing it)."
        )
    try:
        direct.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except psycopg.errors.InsufficientPrivilege as error:
        raise StartError(
            "DATABASE_URL cannot be used: its user may not install pgvector; as an administrator run "
            f'`CREATE EXTENSION vector` in the database "{direct.info.dbname}" once.'
        ) from error


def _migrate() -> None:
    """Apply what is new; telling that nothing is new takes a fraction of running `migrate`."""
    try:
        executor = MigrationExecutor(connections["default"])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        if isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            raise StartError(
                "DATABASE_URL cannot be used: its user may not create tables; grant it CREATE on the schema "
                f"(`GRANT ALL ON SCHEMA public TO ...`): {error}"
            ) from error
        raise
