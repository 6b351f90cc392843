"""Filling tables fast: by COPY, with their indexes and foreign keys away meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from psycopg import sql

Row = Sequence[Any]

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype FROM pg_constraint
    WHERE contype = ANY(ARRAY['p', 'u', 'f']::"char"[])
      AND (conrelid::regclass::text = ANY(%s) OR confrelid::regclass::text = ANY(%s))
    ORDER BY array_position(ARRAY['p', 'u', 'f']::"char"[], contype), conname"""
_INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid::regclass::text = ANY(%s)
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    ORDER BY indexrelid"""


def copy_rows(table: str, columns: Mapping[str, str], rows: Iterable[Row]) -> None:
    """Append rows to a table; `columns` names them in order with their Postgres types (a vector's is bytea)."""
    with connection.cursor() as cursor, cursor.copy(_statement(table, columns)) as copy:
        copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(row)


def copy_array(table: str, rows: NDArray[Any]) -> None:
    """Append rows that stand in memory as COPY BINARY sends them: an array of `copy_type`."""
    columns = (rows.dtype.names or ())[2::2]
    rows["count"] = len(columns)
    for name in columns:
        rows[f"size of {name}"] = rows.dtype[name].itemsize
    with connection.cursor() as cursor, cursor.copy(_statement(table, columns)) as copy:
        copy.write(_SIGNATURE + rows.tobytes() + _TRAILER)


def copy_type(**columns: str) -> np.dtype[np.void]:
    """Return the layout of a COPY BINARY row: `columns` are big-endian numpy types, none of them nullable."""
    fields = [part for name, kind in columns.items() for part in ((f"size of {name}", ">i4"), (name, kind))]
    return np.dtype([("count", ">i2"), *fields])


def _statement(table: str, columns: Iterable[str]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table), names)


@contextmanager
def bare(tables: Sequence[str]) -> Iterator[None]:
    """Take indexes, keys and foreign keys off tables, and put them back, as they were, after the block."""
    with connection.cursor() as cursor:
        cursor.execute(_CONSTRAINTS, [list(tables), list(tables)])
        constraints = cursor.fetchall()
        for table, name, _, _ in reversed(constraints):
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(_INDEXES, [list(tables)])
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        keys = [row for row in constraints if row[3] != "f"]
        foreign = [row for row in constraints if row[3] == "f"]
        for table, name, definition, _ in keys:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        for _, definition in indexes:
            cursor.execute(definition)
        for table, name, definition, _ in foreign:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        cursor.execute("RESET maintenance_work_mem")


def settle(tables: Sequence[str]) -> None:
    """Leave the tables as autovacuum would have left them after a while, and their changes on disk."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, 'id'), max(id)) FROM {table} HAVING max(id) > 0", [table]
            )
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_has_role('pg_checkpoint', 'USAGE')")
        if cursor.fetchone() == (True,):
            cursor.execute("CHECKPOINT")
