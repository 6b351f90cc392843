"""Vectors on rows: giving pages theirs, and reading them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from django.db import connection, transaction
from django.db.models import Func, IntegerField, Model, QuerySet
from pgvector import HalfVector

from memory.domain.ledger import embedded
from memory.embedding.base import Embedder, Vectors
from memory.models import Assistant, Knowledge, Memory, Page, Segment

_BATCH = 128
Row = TypeVar("Row", Page, Knowledge)
Holder = TypeVar("Holder", Page, Segment, Knowledge)


def as_array(stored: list[float] | None) -> Vectors | None:
    """Return a stored half-precision vector as float32, shape (d,); None stays None."""
    if stored is None:
        return None
    return np.asarray(stored, dtype=np.float32)


def as_stored(vector: Vectors) -> HalfVector:
    """Return what a `HalfVectorField` takes for a float32 vector of shape (d,).

    No dimensions at all, which a remote model's adapter gives for nothing but blanks, is no vector to Postgres: that
    becomes a single zero, near to nothing.
    """
    return HalfVector(vector.astype(np.float16) if vector.size else np.zeros(1, dtype=np.float16))


def outdated(rows: QuerySet[Holder], model: str) -> QuerySet[Holder]:
    """Return the rows whose vector another model has made."""
    return rows.exclude(embedding_model__in=("", model))


def embed_new_pages(memory: Memory, embedder: Embedder) -> int:
    """Give every page without a vector one; return how many. Each batch is one embedder call and one commit.

    Pages that carry another model's vector are left to `reembed`. Raises `ModelError`; batches done stay done. Of a
    memory that is deleted meanwhile nothing is left to do.
    """
    done = 0
    while batch := list(memory.pages.filter(embedding_model="").order_by("position")[:_BATCH]):
        try:
            vectors = embedded(memory, embedder, [page.text for page in batch])
            with transaction.atomic():
                Memory.objects.locked(memory.pk)
                done += len(give_vectors(batch, vectors, embedder.name, "embedding_model"))
        except Memory.DoesNotExist:
            break
    return done


def embed_new_facts(memory: Memory, embedder: Embedder) -> int:
    """Give every fact about person or assistant without a vector one, as `embed_new_pages` does; return how many.

    Those are what a person wanted remembered, imported or brought back: nothing keeps them waiting for an embedding
    server.
    """
    return sum(_embed_facts_of(home, embedder) for home in (memory, memory.assistant))


def _embed_facts_of(home: Memory | Assistant, embedder: Embedder) -> int:
    done = 0
    while batch := list(home.knowledge.filter(embedding_model="").order_by("pk")[:_BATCH]):
        try:
            vectors = embedded(home, embedder, [entry.text for entry in batch])
            with transaction.atomic():
                type(home)._default_manager.select_for_update(no_key=True).get(pk=home.pk)
                done += len(give_vectors(batch, vectors, embedder.name, "embedding_model", "text"))
        except (Memory.DoesNotExist, Assistant.DoesNotExist):
            break
    return done


def direct_new_segments(memory: Memory, embedder: Embedder) -> int:
    """Give imported segments the direction of their pages, which have their vectors by now; return how many got one."""
    waiting = memory.segments.filter(embedding_model="", pages__embedding_model=embedder.name).distinct()
    keys = list(waiting.values_list("pk", flat=True))
    if not keys:
        return 0
    with transaction.atomic():
        try:
            Memory.objects.locked(memory.pk)
        except Memory.DoesNotExist:
            return 0
        return direct_segments(keys, embedder.name)


def give_vectors(rows: Sequence[Row], vectors: Vectors, model: str, *told_by: str) -> list[Row]:
    """Store a vector a row, shape (n, d), where the fields `told_by` still say what was read; return those rows.

    Runs in the caller's transaction, behind the lock of the rows' home. A row that was deleted, or that somebody else
    has given a vector meanwhile, is left alone.
    """
    if not rows:
        return []
    kind = type(rows[0])
    now = {row[0]: row[1:] for row in kind.objects.filter(pk__in=[r.pk for r in rows]).values_list("pk", *told_by)}
    unchanged = []
    for row, vector in zip(rows, vectors, strict=True):
        if now.get(row.pk) == tuple(getattr(row, name) for name in told_by):
            row.embedding, row.embedding_model = as_stored(vector), model
            unchanged.append(row)
    _write(kind, {row.pk: row.embedding for row in unchanged}, model)
    return unchanged


def direct_segments(segment_ids: Iterable[int], model: str) -> int:
    """Give segments the mean direction of their pages' vectors; return how many got one.

    Only those none of whose pages waits for a vector of `model`. One without any such page loses its direction: it has
    nothing to point at. Runs in the caller's transaction, behind the memory's lock.
    """
    wanted = set(segment_ids)
    waiting = outdated(Page.objects.filter(segment__in=wanted), model).values_list("segment_id", flat=True).distinct()
    ready = wanted - set(waiting)
    sums: dict[int, Vectors] = {}
    pages = Page.objects.filter(segment__in=ready, embedding_model=model).order_by("segment_id", "position")
    for segment_id, stored in pages.values_list("segment_id", "embedding").iterator(chunk_size=1000):
        vector, so_far = np.asarray(stored, dtype=np.float32), sums.get(segment_id)
        # As in `alike`: under one model's name the newest width counts.
        sums[segment_id] = vector if so_far is None or so_far.shape != vector.shape else so_far + vector
    _write(Segment, {pk: as_stored(mean_direction(total[np.newaxis])) for pk, total in sums.items()}, model)
    Segment.objects.filter(pk__in=ready - sums.keys()).update(embedding=None, embedding_model="")
    return len(sums)


def _write(kind: type[Model], vectors: Mapping[int, HalfVector], model: str) -> None:
    """Store vectors by the key of their row. For 256 rows 5 times as fast as `bulk_update` and its CASE WHEN."""
    if not vectors:
        return
    table = connection.ops.quote_name(kind._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET embedding = given.vector::halfvec, embedding_model = %s "
            f"FROM unnest(%s::bigint[], %s::text[]) AS given (id, vector) WHERE {table}.id = given.id",
            [model, list(vectors), [vector.to_text() for vector in vectors.values()]],
        )


def page_vector(page: Page, embedder: Embedder) -> Vectors | None:
    """Return the page's vector where this embedder made it, else None: two models' vectors never meet."""
    return as_array(page.embedding) if page.embedding_model == embedder.name else None


def alike(vectors: Sequence[Vectors]) -> Vectors | None:
    """Stack the vectors that have the last one's width, shape (n, d); None for none.

    Two servers may give vectors of different widths under one model name.
    """
    fitting = [vector for vector in vectors if vector.shape == vectors[-1].shape]
    return np.stack(fitting) if fitting else None


class Width(Func):
    """The number of dimensions of a stored vector: an inner product of different widths is an error in Postgres."""

    function = "vector_dims"
    output_field = IntegerField()


def mean_direction(vectors: Vectors) -> Vectors:
    """Return the unit vector of the mean of rows, shape (n, d) -> (d,); zeros where they cancel out."""
    mean: Vectors = vectors.mean(axis=0)
    norm = float(np.linalg.norm(mean))
    return mean / norm if norm else mean
