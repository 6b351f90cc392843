"""The F-score of Eq. 3 and its two halves, in pure Python and numpy."""

from collections.abc import Iterable, Set

import numpy as np

from memory.embedding.base import Vectors


def folded(words: Iterable[str]) -> frozenset[str]:
    """Return keywords as a set that ignores case, as `jaccard` compares them."""
    return frozenset(word.casefold() for word in words)


def jaccard(left: Set[str], right: Set[str]) -> float:
    """|A and B| / |A or B| over folded keyword sets; 0.0 when either is empty."""
    if not left or not right:
        return 0.0
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared)


def cosine(left: Vectors | None, right: Vectors | None) -> float:
    """Cosine of two vectors of shape (d,); 0.0 when either is missing, all zeros, or of another width."""
    if left is None or right is None or left.shape != right.shape:
        return 0.0
    norm = float(np.linalg.norm(left) * np.linalg.norm(right))
    return float(np.dot(left, right)) / norm if norm else 0.0


def f_score(dense: float, segment_keywords: Set[str], page_keywords: Set[str]) -> float:
    """F = cos(e_segment, e_page) + Jaccard(K_segment, K_page) (Eq. 3), between -1 and 2.

    `dense` is the cosine, 0.0 where a vector is missing, so that a page without one can still join by its keywords;
    the keyword sets are folded.
    """
    return dense + jaccard(segment_keywords, page_keywords)
