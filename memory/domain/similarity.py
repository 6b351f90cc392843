"""The F-score of Eq. 3 and its two halves, in pure Python and numpy."""

from collections.abc import Collection

import numpy as np

from memory.embedding.base import Vectors


def jaccard(left: Collection[str], right: Collection[str]) -> float:
    """|A and B| / |A or B| over keyword sets, case-folded; 0.0 when either is empty."""
    a, b = {word.casefold() for word in left}, {word.casefold() for word in right}
    if not a or not b:
        return 0.0
    return len(a & b) / len(a | b)


def cosine(left: Vectors, right: Vectors) -> float:
    """Cosine of two vectors of shape (d,); 0.0 when either is all zeros."""
    norm = float(np.linalg.norm(left) * np.linalg.norm(right))
    return float(np.dot(left, right)) / norm if norm else 0.0


def f_score(
    segment_vector: Vectors | None,
    segment_keywords: Collection[str],
    page_vector: Vectors | None,
    page_keywords: Collection[str],
) -> float:
    """F = cos(e_segment, e_page) + Jaccard(K_segment, K_page) (Eq. 3), between -1 and 2.

    A missing vector counts as no similarity, so a page without one can still join by its keywords.
    """
    dense = 0.0
    if segment_vector is not None and page_vector is not None and segment_vector.shape == page_vector.shape:
        dense = cosine(segment_vector, page_vector)
    return dense + jaccard(segment_keywords, page_keywords)
