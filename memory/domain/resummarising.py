"""Resummarising: what is left of a segment or a dialogue chain after forgetting is summed up from its pages alone.

A summary that may quote what was forgotten is blanked in the transaction that forgets. Until a job has summed up anew,
a segment is described by what its remaining pages say: their keywords, the mean of their vectors, the first words of
the earliest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef

from memory.domain.activity import last_forgetting
from memory.domain.assigning import keywords_of
from memory.domain.budgets import halted
from memory.domain.foreseeing import Item
from memory.domain.ledger import noted
from memory.domain.showing import shown, tokens_of
from memory.domain.vectors import alike, as_array, as_stored, mean_direction
from memory.embedding.base import Embedder
from memory.enums import Purpose
from memory.llm.base import Consolidator, PageText, SummaryRequest, SummaryResult
from memory.llm.bounds import TITLE, cut
from memory.models import DialogueChain, Memory, Page, Segment

SHARES = 4
TITLE_KEYWORDS = 3
NAMELESS = "Conversation"
"""The title of pages without a word."""


def blank_segments(memory: Memory, items: Sequence[Item]) -> int:
    """Let segments that lost pages say nothing but what the others say; return how many.

    Title, keywords, direction, BM25 length and L_interaction follow the remaining pages; the summary is blank until it
    is rebuilt. Runs in the forgetting's transaction.
    """
    segments = list(memory.segments.filter(pk__in=[item.pk for item in items]))
    for segment in segments:
        pages = list(segment.pages.order_by("position").defer("metadata"))
        counts = Counter(word for page in pages for word in page.keywords)
        segment.summary = ""
        segment.keywords = keywords_of(counts)
        segment.title = plain_title(segment.keywords, pages)
        segment.term_count = sum(page.length for page in pages)
        segment.length = sum(page.analysed_at is None and not page.disabled for page in pages)
        _direct(segment, pages)
        segment.save()
    return len(segments)


def blank_chains(memory: Memory, ids: Sequence[int]) -> int:
    """Blank the summaries of chains that lost pages and set when they began and ended; return how many."""
    chains = memory.chains.filter(pk__in=ids).annotate(first=Min("pages__occurred_at"), last=Max("pages__occurred_at"))
    blanked = [DialogueChain(pk=c.pk, summary="", started_at=c.first, last_page_at=c.last) for c in chains]
    return DialogueChain.objects.bulk_update(blanked, ["summary", "started_at", "last_page_at"])


def plain_title(keywords: Sequence[str], pages: Sequence[Page]) -> str:
    """Return a title without any model: the first keywords, else the first words of the earliest page."""
    words = ", ".join(keywords[:TITLE_KEYWORDS])
    first = next((page.query.strip() or page.response.strip() for page in pages), "")
    return cut(words[:1].upper() + words[1:] or first, TITLE) or NAMELESS


def resummarise_all(memory: Memory, consolidator: Consolidator, embedder: Embedder) -> int:
    """Sum up every segment and chain whose summary was blanked; return how many.

    One model call each, bounded in tokens; a chain with the very pages of a segment costs none of its own. What is
    forgotten while the model is thinking is not brought back: the row is still blank and is asked for again.
    While a budget is used up, what is left waits. Raises ModelError: what has been summed up by then stays.
    """
    with transaction.atomic():
        # Wait for whoever holds the memory: what they blank belongs to this run.
        Memory.objects.locked(memory.pk)
    done = 0
    known: dict[tuple[int, ...], SummaryResult] = {}
    while (row := _next_blank(memory)) is not None and not halted(memory, consolidator):
        done += _rebuild(memory, row, consolidator, known)
    return done


def _next_blank(memory: Memory) -> Segment | DialogueChain | None:
    segments = memory.segments.filter(Exists(Page.objects.filter(segment=OuterRef("pk"))), summary="")
    chains = memory.chains.filter(Exists(Page.objects.filter(chain=OuterRef("pk"))), summary="")
    return segments.defer("embedding").order_by("pk").first() or chains.order_by("pk").first()


def _rebuild(
    memory: Memory,
    row: Segment | DialogueChain,
    consolidator: Consolidator,
    known: dict[tuple[int, ...], SummaryResult],
) -> bool:
    """Sum up one row and store it unless its pages have changed meanwhile; say whether it was stored."""
    forgotten = last_forgetting(memory)
    pages = list(row.pages.order_by("position").defer("embedding", "metadata"))
    if not pages:
        return False
    ids = tuple(page.pk for page in pages)
    result = known.get(ids)
    if result is None:
        request = SummaryRequest(fitting(pages, memory.conf.promotion_tokens))
        result, _ = noted(memory, Purpose.SUMMARY, consolidator.name, lambda: consolidator.summarise(request))
    with transaction.atomic():
        Memory.objects.locked(memory.pk)
        fresh = type(row)._default_manager.filter(pk=row.pk, summary="").first()
        if fresh is None or forgotten != last_forgetting(memory) or fresh.pages.count() != len(ids):
            return False
        known[ids] = result
        _store(fresh, result, pages)
    return True


def fitting(pages: Sequence[Page], token_limit: int) -> tuple[PageText, ...]:
    """Return all pages, or evenly spread ones, as many as fit one call; long ones are shown by their ends.

    One page takes at most a quarter of the call where there are more, so that a pasted document hides no other.
    """
    texts = [shown(page, 0, token_limit // min(len(pages), SHARES)) for page in pages]
    costs = [tokens_of(text) for text in texts]
    step = 1
    while step < len(pages) and sum(costs[::step]) > token_limit:
        step += 1
    return tuple(replace(text, index=index) for index, text in enumerate(texts[::step]))


def _store(row: Segment | DialogueChain, result: SummaryResult, pages: Sequence[Page]) -> None:
    words = result.summary.strip() or plain_title((), pages)
    row.summary = words
    if isinstance(row, Segment):
        row.title = cut(result.title, TITLE) or plain_title(row.keywords, pages)
        row.keywords = row.keywords or list(result.keywords)
        row.save(update_fields=["title", "summary", "keywords"])
    else:
        row.save(update_fields=["summary"])


def _direct(segment: Segment, pages: Sequence[Page]) -> None:
    """Give a segment the mean of its pages' vectors, of the model it had; without any it points nowhere."""
    seen = [as_array(page.embedding) for page in pages if page.embedding_model == segment.embedding_model]
    vectors = alike([vector for vector in seen if vector is not None])
    if vectors is None:
        segment.embedding, segment.embedding_model = None, ""
    else:
        segment.embedding = as_stored(mean_direction(vectors))
