"""Vectors: which pages of a memory are nearest to a question. Read only.

Up to `SCANNED` pages are compared exactly. A larger memory is searched by its own tiers: its short-term pages and those
of the segments nearest to the question (the paper's two steps of mid-term retrieval), so that the cost stays bounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from memory.domain.columns import read_columns
from memory.embedding.base import Vectors
from memory.models import Memory

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

NEAREST = 100
SCANNED = 2500

_PRODUCT = "-(embedding <#> %s::halfvec)"
_SEGMENTS = """
    SELECT id, term_count::bigint, CASE {cases} ELSE 'NaN'::float8 END
    FROM memory_segment WHERE memory_id = %s AND archived_at IS NULL"""
# One look into the index of segments for each: as a list of segments they would cost more to plan than to read, and as
# a plain join the planner, which underrates the conditions, reads the whole table. `OFFSET 0` keeps it from choosing.
_PAGES = f"""
    SELECT position, {_PRODUCT}
    FROM (
        SELECT memory_id, position, embedding, embedding_model FROM memory_page
        WHERE memory_id = %s AND segment_id IS NULL
        UNION ALL
        SELECT page.memory_id, page.position, page.embedding, page.embedding_model
        FROM unnest(%s::bigint[]) AS chosen (id) CROSS JOIN LATERAL (
            SELECT memory_id, position, embedding, embedding_model FROM memory_page
            WHERE segment_id = chosen.id OFFSET 0
        ) AS page
    ) AS scanned
    WHERE memory_id = %s AND embedding_model = %s AND vector_dims(embedding) = %s"""


@dataclass(frozen=True, slots=True)
class Probe:
    """A question's vector of one embedding model, as SQL wants it."""

    model: str
    width: int
    text: str


@dataclass(frozen=True, slots=True)
class Segments:
    """The active segments, by id ascending: length in index terms, and nearness (inner product; NaN unknown)."""

    ids: Ids
    lengths: Floats
    nearness: Floats


@dataclass(frozen=True, slots=True)
class Nearest:
    """The positions of the pages nearest to one probe, and the moments over all pages compared with it."""

    positions: Ids
    mean: float = 0.0
    deviation: float = 0.0

    def z(self, products: Floats) -> Floats:
        """Return inner products in standard deviations; 0 where nothing differs."""
        if self.deviation <= 1e-9:
            return np.zeros(len(products))
        return (products - self.mean) / self.deviation


def probes_of(vectors: Mapping[str, Vectors]) -> list[Probe]:
    """Return a probe for each model that gave the question a direction."""
    return [
        Probe(model, len(vector), HalfVector(vector.astype(np.float16)).to_text())
        for model, vector in vectors.items()
        if np.any(vector)
    ]


def product_case(probes: Sequence[Probe], results: Sequence[str]) -> tuple[str, list[Any]]:
    """Return SQL of a CASE's branches, one a probe, for a row with a vector that the probe can be compared with.

    `results` are SQL; "product" stands for the inner product. Also returns the parameters.
    """
    branches: list[str] = []
    params: list[Any] = []
    for probe, result in zip(probes, results, strict=True):
        branches.append("WHEN embedding_model = %s AND vector_dims(embedding) = %s THEN " + result)
        params += [probe.model, probe.width]
        if result == _PRODUCT:
            params.append(probe.text)
    return " ".join(branches) or "WHEN false THEN 0", params


def products(probes: Sequence[Probe]) -> tuple[str, list[Any]]:
    """Return the branches that give each row's inner product with the probe of its model."""
    return product_case(probes, [_PRODUCT] * len(probes))


def read_segments(memory: Memory, probes: Sequence[Probe]) -> Segments:
    cases, params = products(probes)
    rows = read_columns(
        _SEGMENTS.format(cases=cases), [*params, memory.pk], id="int8", length="int8", nearness="float8"
    )
    order = np.argsort(rows["id"])
    return Segments(rows["id"][order], rows["length"][order].astype(np.float64), rows["nearness"][order])


def nearest_pages(memory: Memory, probe: Probe, segments: Segments, average_length: float) -> Nearest:
    """Return the at most 100 nearest pages of those compared."""
    chosen = _searched(segments, average_length)
    params = [probe.text, memory.pk, chosen.tolist(), memory.pk, probe.model, probe.width]
    rows = read_columns(_PAGES, params, position="int8", product="float8")
    positions, near = rows["position"], rows["product"]
    if not len(positions):
        return Nearest(positions)
    best = np.argpartition(-near, NEAREST)[:NEAREST] if len(near) > NEAREST else slice(None)
    return Nearest(positions[best], float(near.mean()), float(near.std()))


def _searched(segments: Segments, average_length: float) -> Ids:
    """Return the segments nearest to the question that hold about `SCANNED` pages together, at least one."""
    pages = segments.lengths / max(average_length, 1.0)
    if pages.sum() <= SCANNED:
        return segments.ids
    order = np.argsort(-np.nan_to_num(segments.nearness, nan=-1.0), kind="stable")
    enough = int(np.searchsorted(np.cumsum(pages[order]), SCANNED)) + 1
    return segments.ids[order[:enough]]
