"""Looking for a word in everything the product stores: no column is forgotten, because the database names them."""

from __future__ import annotations

from django.db import connection
from psycopg import sql

_TABLES = ("memory_%", "chat_%", "procrastinate_jobs")
_TYPES = ("text", "character varying", "jsonb", "json", "ARRAY", "character")


def traces_of(word: str, *, besides: tuple[str, ...] = ()) -> dict[str, int]:
    """Return "table.column" -> rows that hold `word` in any case, over all columns of text, JSON and arrays.

    `besides` are the columns where it is meant to stay.
    """
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT table_name, column_name FROM information_schema.columns
            WHERE table_schema = current_schema() AND table_name LIKE ANY(%s) AND data_type = ANY(%s)""",
            [list(_TABLES), list(_TYPES)],
        )
        columns = cursor.fetchall()
        assert len(columns) > 40, "the whole product is looked through"
        for table, column in columns:
            if f"{table}.{column}" in besides:
                continue
            statement = sql.SQL("SELECT count(*) FROM {} WHERE {}::text ILIKE %s").format(
                sql.Identifier(table), sql.Identifier(column)
            )
            cursor.execute(statement, [f"%{word}%"])
            if count := cursor.fetchone()[0]:
                found[f"{table}.{column}"] = count
    return found
