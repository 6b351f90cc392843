"""Finding segments by words: in their title, summary and keywords, and on their pages. Read only."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from memory.domain.lexical import query_terms
from memory.models import Memory, Page, SegmentPosting
from memory.models.segment import SegmentQuerySet

MOST_WORDS = 8
LONGEST = 200
"""Characters of a search that are looked at."""


def holding(segments: SegmentQuerySet, memory: Memory, search: str) -> SegmentQuerySet:
    """Return those of a memory's segments that hold every word of a search, one here and one there.

    On the pages of active segments a word is found in its other forms as well, by the index; archived ones have left
    the index, so there it is found as it is written. No query of its own: it becomes part of the caller's.
    """
    for word in search[:LONGEST].split()[:MOST_WORDS]:
        written = Q(title__icontains=word) | Q(summary__icontains=word) | Q(keywords__icontains=word)
        segments = segments.filter(written | _on_pages(memory, word))
    return segments


def _on_pages(memory: Memory, word: str) -> Q:
    pages = Page.objects.filter(Q(query__icontains=word) | Q(response__icontains=word), segment=OuterRef("pk"))
    archived = Q(archived_at__isnull=False) & Q(Exists(pages))
    # A word in one piece, "well-known" in two: all its pieces have to be there.
    pieces = query_terms(word, memory.languages)
    if not pieces:
        return archived
    indexed = Q(archived_at__isnull=True)
    for alternatives in pieces:
        terms = SegmentPosting.objects.filter(memory=memory, segment=OuterRef("pk"), term__in=alternatives)
        indexed &= Q(Exists(terms))
    return indexed | archived
