"""The columns that the benchmark fills, with their Postgres types; a vector is sent as its bytes."""

from memory.evaluation.bench_tables import copy_type
from memory.evaluation.bench_text import WORD_LENGTH

POSTING = copy_type(
    memory_id=">i8",
    page_id=">i8",
    term=f"S{WORD_LENGTH}",
    frequency=">i4",
    query_frequency=">i4",
    length=">i4",
)
SEGMENT_POSTING = copy_type(memory_id=">i8", segment_id=">i8", term=f"S{WORD_LENGTH}", frequency=">i4")
PAGE = {
    "id": "int8",
    "memory_id": "int8",
    "position": "int8",
    "query": "text",
    "response": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
    "source": "varchar",
    "metadata": "jsonb",
    "chain_id": "int8",
    "segment_id": "int8",
    "keywords": "varchar[]",
    "analysed_at": "timestamptz",
    "embedding": "bytea",
    "embedding_model": "varchar",
    "length": "int4",
    "disabled": "bool",
}
CHAIN = {
    "id": "int8",
    "memory_id": "int8",
    "summary": "text",
    "started_at": "timestamptz",
    "last_page_at": "timestamptz",
}
SEGMENT = {
    "id": "int8",
    "memory_id": "int8",
    "title": "varchar",
    "summary": "text",
    "keywords": "varchar[]",
    "visits": "int4",
    "length": "int4",
    "last_visited_at": "timestamptz",
    "term_count": "int4",
    "created_at": "timestamptz",
    "promoted_at": "timestamptz",
    "embedding": "bytea",
    "embedding_model": "varchar",
}
EVENT = {
    "assistant_id": "int8",
    "memory_id": "int8",
    "kind": "varchar",
    "actor": "varchar",
    "target_type": "varchar",
    "target_id": "int8",
    "after": "jsonb",
    "created_at": "timestamptz",
}
KNOWLEDGE = {
    "id": "int8",
    "subject": "varchar",
    "memory_id": "int8",
    "text": "varchar",
    "fingerprint": "varchar",
    "status": "varchar",
    "pinned": "bool",
    "locked": "bool",
    "times_confirmed": "int4",
    "confirmed_at": "timestamptz",
    "valid_from": "timestamptz",
    "embedding": "bytea",
    "embedding_model": "varchar",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
}
PROFILE = {
    "id": "int8",
    "memory_id": "int8",
    "name": "varchar",
    "value": "varchar",
    "locked": "bool",
    "disabled": "bool",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
}
TRAIT = {
    "id": "int8",
    "memory_id": "int8",
    "dimension": "varchar",
    "level": "varchar",
    "reason": "text",
    "locked": "bool",
    "disabled": "bool",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
}
