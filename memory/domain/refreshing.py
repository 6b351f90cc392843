"""Refreshing: a segment that grew gets title, summary, keywords and direction of what it holds now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from memory.domain.assigning import Draft, keywords_of
from memory.domain.vectors import as_stored
from memory.embedding.base import Embedder
from memory.llm.base import Continuation
from memory.llm.bounds import SUMMARY, cut
from memory.llm.builtin.summaries import fitting_title, merged_summary
from memory.models import Segment

TITLE_LENGTH = 120
KEYWORDS_FROM_PAGES = 200
"""The newest pages of a segment whose keywords are counted: growing a segment stays cheap however large it is."""


def refresh(draft: Draft, shown: Mapping[int, Segment], embedder: Embedder, now: datetime) -> None:
    """Save a segment that grew or opened, with everything that describes it renewed and its counters raised.

    `shown` are the segments as the consolidator saw them, by number. Where one of the draft's topics names this
    segment, and nobody has changed it since, title and summary are the consolidator's, old and new together; else
    the most central sentences of the old summary and of the new topics', and the title that fits best. A blank summary
    waits to be rebuilt from all pages, because something was forgotten: it stays blank.
    Growing is an access: recency restarts at `now`, whenever its pages were said (Eq. 4: time since the last access).
    """
    segment, counts = draft.segment, _keyword_counts(draft)
    title, summary = _described(draft, shown, counts)
    segment.title, segment.summary = title[:TITLE_LENGTH], cut(summary, SUMMARY)
    segment.keywords = keywords_of(counts)
    if draft.vector is not None:
        segment.embedding, segment.embedding_model = as_stored(draft.vector), embedder.name
    segment.length += sum(not page.disabled for page in draft.joined)
    segment.term_count += sum(page.length for page in draft.joined)
    segment.last_visited_at = now
    segment.save()


def _described(draft: Draft, shown: Mapping[int, Segment], counts: Counter[str]) -> tuple[str, str]:
    """Return the title and the summary of what the segment holds now."""
    segment, topics = draft.segment, list(draft.topics.values())
    new = segment._state.adding
    if new and len(topics) == 1:
        return topics[0].title, topics[0].summary.strip() or topics[0].title
    titles = list(dict.fromkeys([segment.title, *(topic.title for topic in topics)]))
    if not new and not segment.summary:
        return fitting_title(titles, counts), ""
    told = _continuation(draft, shown)
    if told is None:
        summaries = [topic.summary for topic in topics]
        return fitting_title(titles, counts), merged_summary(segment.summary, summaries, counts) or segment.title
    others = [topic.summary for topic in topics if topic.continues is not told]
    return told.title, merged_summary(told.summary, others, counts) if others else told.summary


def _continuation(draft: Draft, shown: Mapping[int, Segment]) -> Continuation | None:
    """Return what the consolidator says of this segment, provided that it still is what the consolidator saw.

    Its summary may have been rebuilt because something was forgotten: that must not come back.
    """
    for topic in draft.topics.values():
        seen = shown.get(topic.continues.number) if topic.continues else None
        if seen is not None and (seen.pk, seen.summary) == (draft.segment.pk, draft.segment.summary):
            return topic.continues
    return None


def _keyword_counts(draft: Draft) -> Counter[str]:
    """How often each keyword stands on the segment's pages, so that new subjects can displace old ones."""
    stored: list[list[str]] = []
    if not draft.segment._state.adding:
        newest = draft.segment.pages.order_by("-position").values_list("keywords", flat=True)
        stored = list(newest[:KEYWORDS_FROM_PAGES])[::-1]
    return Counter(word for keywords in [*stored, *(page.keywords for page in draft.joined)] for word in keywords)
