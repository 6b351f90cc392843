"""A database for measurements: fresh, on the same server, gone afterwards.

Nothing of a measurement reaches the tables people use, and no worker ever sees its jobs. A process that is killed
outright leaves its database behind; the next measurement drops it.
"""

from __future__ import annotations

import copy
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, ProgrammingError, connections
from django.db.backends.base.base import NO_DB_ALIAS, BaseDatabaseWrapper

PREFIX = "memoryos_scratch_"
_ATTEMPTS = 3
_ABANDONED = """
    SELECT datname FROM pg_database
    WHERE starts_with(datname, %s) AND datname NOT IN (SELECT datname FROM pg_stat_activity WHERE datname IS NOT NULL)
    ORDER BY datname"""


@contextmanager
def scratch_database() -> Iterator[str]:
    """Let this thread's default connection lead to a fresh, migrated database; yields its name.

    Order: databases that killed runs have left are dropped, a new one is made and migrated, the block runs on it,
    the connection that was there before returns as it was (it may be inside a transaction), the database is dropped,
    whatever ended the block. Only this thread is led there: do not use the ORM in others meanwhile. Raises
    CommandError when the role may not create databases or the extension pgvector in one.
    """
    usual = connections[DEFAULT_DB_ALIAS]
    with _closing(_separate(usual, NO_DB_ALIAS)) as server:
        drop_abandoned(server)
        name, keeper = _create(server, usual)
        server.close()  # it opens again for the drop: whatever is idle for hours may be hung up on
        try:
            with _closing(keeper), _led_to(_separate(usual, DEFAULT_DB_ALIAS, name)):
                _migrate()
                yield name
        finally:
            _drop(server, name, force=True)


def drop_abandoned(server: BaseDatabaseWrapper) -> list[str]:
    """Drop the scratch databases nobody is connected to and return their names."""
    with server.cursor() as cursor:
        cursor.execute(_ABANDONED, [PREFIX])
        names = [name for (name,) in cursor.fetchall()]
    return [name for name in names if _drop(server, name)]


def _separate(usual: BaseDatabaseWrapper, alias: str, name: str | None = None) -> BaseDatabaseWrapper:
    """Return a connection of its own to the same server: not pooled, for pools are kept by alias and not by name."""
    values = copy.deepcopy(usual.settings_dict)
    values["OPTIONS"].pop("pool", None)
    if name is not None:
        values["NAME"] = name
    return type(usual)(values, alias)


@contextmanager
def _closing(connection: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _led_to(scratch: BaseDatabaseWrapper) -> Iterator[None]:
    """Make `scratch` this thread's default connection for a while. Row ids of content types are not the same there."""
    usual = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = scratch
    ContentType.objects.clear_cache()
    try:
        with _closing(scratch):
            yield
    finally:
        connections[DEFAULT_DB_ALIAS] = usual
        ContentType.objects.clear_cache()


def _create(server: BaseDatabaseWrapper, usual: BaseDatabaseWrapper) -> tuple[str, BaseDatabaseWrapper]:
    """Make a database and return its name and a connection that marks it as used until it is closed.

    Another run may take it for abandoned in the moment before that connection stands; then a next one is made.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        name = f"{PREFIX}{os.getpid()}_{secrets.token_hex(4)}"
        try:
            _execute(server, f"CREATE DATABASE {server.ops.quote_name(name)}")
        except ProgrammingError as error:
            if isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
                raise CommandError(
                    "This measures on a database of its own, and the database role may not create one: "
                    "give it the right CREATEDB, or use the embedded server (no DATABASE_URL)."
                ) from error
            raise
        keeper = _separate(usual, NO_DB_ALIAS, name)
        try:
            keeper.ensure_connection()
        except BaseException as error:
            _drop(server, name)
            if attempt == _ATTEMPTS or not isinstance(error, OperationalError):
                raise
        else:
            return name, keeper
    raise AssertionError("the last attempt either returns or raises")


def _migrate() -> None:
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except ProgrammingError as error:
        if isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            reason = str(error).strip().splitlines()[0]
            raise CommandError(f"The database role could not set up a database to measure on: {reason}.") from error
        raise


def _drop(server: BaseDatabaseWrapper, name: str, *, force: bool = False) -> bool:
    """Drop a database; False when somebody uses it after all. `force` disconnects whoever is left in it."""
    try:
        _execute(server, f"DROP DATABASE IF EXISTS {server.ops.quote_name(name)}{' WITH (FORCE)' if force else ''}")
    except DatabaseError:
        if force:
            raise
        return False
    return True


def _execute(server: BaseDatabaseWrapper, statement: str) -> None:
    with server.cursor() as cursor:
        cursor.execute(statement)
