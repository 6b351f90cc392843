"""Dialogue chains: which pages continue each other (paper, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from memory.conf import MemorySettings
from memory.domain.showing import shown
from memory.exceptions import TransferConflict
from memory.llm.base import KnownSegment, PageNote, PageText, TransferRequest
from memory.llm.builtin.summaries import running_summary
from memory.models import DialogueChain, Memory, Page

PREVIOUS_SHARE = 8
"""The page before a batch takes at most this part of the call's tokens."""


def pause_before(page: Page, previous_at: datetime | None) -> float:
    """Seconds between a page and what came before it, in either direction; 0.0 at the start.

    An import can go back in time: what was said a year before the page before it is as far away as a year after.
    """
    return abs((page.occurred_at - previous_at).total_seconds()) if previous_at else 0.0


def transfer_request(memory: Memory, batch: Sequence[Page], segments: Sequence[KnownSegment] = ()) -> TransferRequest:
    """Describe the batch, the open chain that its first page may continue and the segments it may join."""
    conf = memory.conf
    previous = _last_page(memory)
    times = [previous.occurred_at if previous else None, *(page.occurred_at for page in batch[:-1])]
    pauses = tuple(pause_before(page, at) for page, at in zip(batch, times, strict=True))
    open_chain = _open_chain(previous, batch[0], conf)
    return TransferRequest(
        pages=tuple(shown(page, index, conf.transfer_tokens) for index, page in enumerate(batch)),
        pauses=pauses,
        chain_summary=open_chain.summary if open_chain else None,
        previous=_shown_before(previous, conf) if previous and open_chain else None,
        breaks=frozenset(index for index, pause in enumerate(pauses) if pause > conf.chain_pause),
        segments=segments,
    )


def link(memory: Memory, batch: Sequence[Page], notes: Sequence[PageNote], request: TransferRequest) -> None:
    """Put each page on its chain: the one before it, or a new one after a long pause or a change of topic.

    Called inside the transfer's transaction; writes the chains and their running summaries and sets `page.chain`
    on the batch without saving the pages. A new chain takes nothing of the old one's summary along: where the
    consolidator went on over a pause, the chain is summed up from its own pages until the consolidator begins anew.
    A chain whose summary is blank waits to be summed up as a whole, because something of it was forgotten: it stays
    blank.
    Raises TransferConflict when the chain before the batch is no longer what the consolidator was shown.
    """
    chain = _chain_shown(memory, batch[0], request)
    carried_over, waits = False, chain is not None and not chain.summary
    for page, note, text in zip(batch, notes, request.pages, strict=True):
        over = text.index in request.breaks
        if chain is None or over or not note.continues:
            # Before the first page a chain that is over was not shown and cannot be carried over.
            carried_over = over and note.continues and text.index > 0
            if chain is not None:
                chain.save()
            chain = DialogueChain(memory=memory, started_at=page.occurred_at, last_page_at=page.occurred_at)
            waits = False
        if not waits:
            own = "" if carried_over else note.chain_summary
            chain.summary = own or running_summary(chain.summary, text)
        chain.started_at = min(chain.started_at, page.occurred_at)
        chain.last_page_at = max(chain.last_page_at, page.occurred_at)
        if chain._state.adding:
            chain.save()
        page.chain = chain
    if chain is not None:
        chain.save()


def _last_page(memory: Memory) -> Page | None:
    return memory.pages.mid_term().select_related("chain").order_by("-position").first()


def _open_chain(previous: Page | None, page: Page, conf: MemorySettings) -> DialogueChain | None:
    if previous is None or pause_before(page, previous.occurred_at) > conf.chain_pause:
        return None
    return previous.chain


def _shown_before(previous: Page, conf: MemorySettings) -> PageText:
    return shown(previous, -1, conf.transfer_tokens // PREVIOUS_SHARE)


def _chain_shown(memory: Memory, page: Page, request: TransferRequest) -> DialogueChain | None:
    """Return the open chain; what was forgotten of it while the consolidator was thinking must not come back."""
    previous = _last_page(memory)
    chain = _open_chain(previous, page, memory.conf)
    shown = (request.chain_summary, request.previous)
    if shown != ((chain.summary, _shown_before(previous, memory.conf)) if chain and previous else (None, None)):
        raise TransferConflict
    return chain
