"""Vectors on rows: giving pages theirs, and reading them back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.db.models import Func, IntegerField
from pgvector import HalfVector

from memory.embedding.base import Embedder, Vectors
from memory.models import Memory, Page

_BATCH = 128


def as_array(stored: list[float] | None) -> Vectors | None:
    """Return a stored half-precision vector as float32, shape (d,); None stays None."""
    if stored is None:
        return None
    return np.asarray(stored, dtype=np.float32)


def as_stored(vector: Vectors) -> HalfVector:
    """Return what a `HalfVectorField` takes for a float32 vector of shape (d,)."""
    return HalfVector(vector.astype(np.float16))


def embed_new_pages(memory: Memory, embedder: Embedder) -> int:
    """Give every page without a vector one; return how many. Each batch is one embedder call and one commit.

    Pages that carry another model's vector are left to `reembed`. Raises `ModelError`; batches done stay done.
    """
    done = 0
    while batch := list(memory.pages.filter(embedding_model="").order_by("position")[:_BATCH]):
        vectors = embedder.embed([page.text for page in batch])
        for page, vector in zip(batch, vectors, strict=True):
            page.embedding = as_stored(vector)
            page.embedding_model = embedder.name
        Page.objects.bulk_update(batch, ["embedding", "embedding_model"])
        done += len(batch)
    return done


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
