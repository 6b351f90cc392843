"""The index of words: pages and segments enter it, grow in it and leave it here. Each runs in the caller's
transaction, which holds the memory's lock.

The index holds what recall may find and nothing else: an archived segment leaves it, a forgotten page is gone from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from django.db import connection
from django.db.models import F

from memory.domain.languages import detect_language
from memory.domain.lexical import term_counts
from memory.models import Memory, Page, Posting, Segment, SegmentPosting

_BATCH = 1000
_POST = """
    INSERT INTO memory_posting (memory_id, page_id, length, term, frequency, query_frequency)
    SELECT %s, * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::int[], %s::int[])"""
_ADD_TO_SEGMENT = """
    INSERT INTO memory_segmentposting (memory_id, segment_id, term, frequency)
    SELECT memory_id, %s, term, sum(frequency) FROM memory_posting WHERE page_id = ANY(%s) GROUP BY memory_id, term
    ON CONFLICT (memory_id, term, segment_id) DO UPDATE
    SET frequency = memory_segmentposting.frequency + excluded.frequency"""
_TAKE_FROM_SEGMENTS = """
    WITH gone AS (
        SELECT page.segment_id, posting.term, sum(posting.frequency) AS frequency
        FROM memory_posting posting JOIN memory_page page ON page.id = posting.page_id
        WHERE posting.page_id = ANY(%s) AND page.segment_id IS NOT NULL
        GROUP BY page.segment_id, posting.term
    ), emptied AS (
        DELETE FROM memory_segmentposting held USING gone
        WHERE held.segment_id = gone.segment_id AND held.term = gone.term AND held.frequency <= gone.frequency
    )
    UPDATE memory_segmentposting held SET frequency = held.frequency - gone.frequency FROM gone
    WHERE held.segment_id = gone.segment_id AND held.term = gone.term AND held.frequency > gone.frequency"""


def text_length(query: str, response: str) -> int:
    """Return |d| of BM25: the number of index terms of a page with these two halves."""
    language = detect_language(f"{query}\n{response}")
    return (term_counts(query, language) + term_counts(response, language)).total()


def index_pages(memory: Memory, pages: Sequence[Page]) -> None:
    """Add stored pages, whose `length` is set already; count them and their languages in the memory."""
    spoken = {page.pk: detect_language(f"{page.query}\n{page.response}") for page in pages}
    for start in range(0, len(pages), _BATCH):
        _post(memory, pages[start : start + _BATCH], spoken)
    _note_languages(memory, spoken.values())
    _count(memory, len(pages), sum(page.length for page in pages))


def grow_segment(segment: Segment, pages: Sequence[Page]) -> None:
    """Add indexed pages that have just joined a segment to the segment's own terms."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_TO_SEGMENT, [segment.pk, [page.pk for page in pages]])


def unindex_pages(memory: Memory, pages: Sequence[Page]) -> None:
    """Take indexed pages out, and their terms out of the segments that hold them."""
    ids = [page.pk for page in pages]
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_FROM_SEGMENTS, [ids])
    Posting.objects.filter(page__in=ids).delete()
    _count(memory, -len(pages), -sum(page.length for page in pages))


def unindex_everything(memory: Memory) -> None:
    """Empty the index of a memory: all of it is being forgotten."""
    SegmentPosting.objects.filter(memory=memory).delete()
    Posting.objects.filter(memory=memory).delete()
    Memory.objects.filter(pk=memory.pk).update(page_count=0, term_count=0, languages=[])


def unindex_segment(segment: Segment) -> None:
    """Take a segment and its pages out: it has been archived."""
    SegmentPosting.objects.filter(segment=segment).delete()
    unindex_pages(segment.memory, list(segment.pages.only("pk", "length", "memory")))


def reindex_segment(segment: Segment) -> None:
    """Put a segment and its pages back in: it has been restored."""
    pages = list(segment.pages.defer("embedding", "metadata"))
    index_pages(segment.memory, pages)
    grow_segment(segment, pages)


def _note_languages(memory: Memory, spoken: Iterable[str]) -> None:
    known = Memory.objects.values_list("languages", flat=True).get(pk=memory.pk)
    if new := sorted(set(spoken).difference(known)):
        Memory.objects.filter(pk=memory.pk).update(languages=[*known, *new])


def _post(memory: Memory, pages: Sequence[Page], spoken: Mapping[int, str]) -> None:
    """Store what pages hold of each term, by one statement: as instances, the terms of one long answer took 10 ms."""
    rows = [
        (page.pk, page.length, term, frequency, asked[term])
        for page in pages
        for asked, both in [_counted(page, spoken[page.pk])]
        for term, frequency in both.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(_POST, [memory.pk, *([row[column] for row in rows] for column in range(5))])


def _counted(page: Page, language: str) -> tuple[Counter[str], Counter[str]]:
    """Return the terms of what the person said, and those of the whole page."""
    asked = term_counts(page.query, language)
    return asked, asked + term_counts(page.response, language)


def _count(memory: Memory, pages: int, terms: int) -> None:
    Memory.objects.filter(pk=memory.pk).update(page_count=F("page_count") + pages, term_count=F("term_count") + terms)
