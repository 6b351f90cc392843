"""Holdings: what recall has to know of a memory as a whole before it looks for anything. Read only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from memory.models import Memory

# The models: one look into an index for each, however many pages there are.
_HOLDINGS = """
    SELECT page_count, term_count::float8 / greatest(page_count, 1), last_position, languages,
        concat_ws(' ', person.first_name, person.last_name, person.username), assistant.name,
        ARRAY(
            WITH RECURSIVE model (name) AS (
                SELECT min(embedding_model) FROM memory_page WHERE memory_id = memory.id AND embedding_model > ''
                UNION ALL
                SELECT (SELECT min(embedding_model) FROM memory_page
                    WHERE memory_id = memory.id AND embedding_model > model.name)
                FROM model WHERE model.name IS NOT NULL
            )
            SELECT name FROM model WHERE name IS NOT NULL
        ),
        ARRAY(SELECT id FROM memory_page WHERE memory_id = memory.id AND disabled)
    FROM memory_memory AS memory
    JOIN memory_assistant AS assistant ON assistant.id = memory.assistant_id
    JOIN auth_user AS person ON person.id = memory.user_id
    WHERE memory.id = %s"""


@dataclass(frozen=True, slots=True)
class Holdings:
    """`page_count` and `average_length` (in index terms) are of the indexed pages, `last_position` is the newest
    page's. `models` are the embedding models that made vectors of the pages. `disabled` are the keys of pages that the
    person wants left out."""

    page_count: int
    average_length: float
    last_position: int
    languages: list[str]
    user_names: str
    assistant_name: str
    models: list[str]
    disabled: list[int]


def read_holdings(memory: Memory) -> Holdings:
    """Read them now, in one query: the caller's instance may be older than the newest page.

    Raises Memory.DoesNotExist.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HOLDINGS, [memory.pk])
        row = cursor.fetchone()
    if row is None:
        raise Memory.DoesNotExist
    return Holdings(*row)
