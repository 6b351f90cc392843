"""Dialogue chains: which pages continue each other (paper, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from memory.conf import MemorySettings
from memory.llm.base import PageNote, PageText, TransferRequest
from memory.models import DialogueChain, Memory, Page


def page_text(page: Page, index: int) -> PageText:
    """Return the page as the consolidator sees it."""
    return PageText(index, page.query, page.response, page.occurred_at)


def pause_before(page: Page, previous_at: datetime | None) -> float:
    """Seconds between a page and what came before it; 0.0 at the start or when an import goes back in time."""
    return max(0.0, (page.occurred_at - previous_at).total_seconds()) if previous_at else 0.0


def transfer_request(memory: Memory, batch: Sequence[Page]) -> TransferRequest:
    """Describe the batch and the open chain that its first page may continue."""
    conf = memory.conf
    previous = memory.pages.mid_term().select_related("chain").order_by("-position").first()
    times = [previous.occurred_at if previous else None, *(page.occurred_at for page in batch[:-1])]
    pauses = tuple(pause_before(page, at) for page, at in zip(batch, times, strict=True))
    open_chain = _open_chain(previous, batch[0], conf)
    return TransferRequest(
        pages=tuple(page_text(page, index) for index, page in enumerate(batch)),
        pauses=pauses,
        chain_summary=open_chain.summary if open_chain else None,
        previous=page_text(previous, -1) if previous and open_chain else None,
    )


def link(memory: Memory, batch: Sequence[Page], notes: Sequence[PageNote], pauses: Sequence[float]) -> None:
    """Put each page on its chain: the one before it, or a new one after a long pause or a change of topic.

    Called inside the transfer's transaction; writes the chains and their running summaries and sets `page.chain`
    on the batch without saving the pages.
    """
    conf = memory.conf
    previous = memory.pages.mid_term().select_related("chain").order_by("-position").first()
    chain = _open_chain(previous, batch[0], conf)
    for page, note, pause in zip(batch, notes, pauses, strict=True):
        if chain is None or not note.continues or pause > conf.chain_pause:
            if chain is not None:
                chain.save()
            chain = DialogueChain(memory=memory, started_at=page.occurred_at)
        chain.summary = note.chain_summary
        chain.last_page_at = page.occurred_at
        if chain._state.adding:
            chain.save()
        page.chain = chain
    if chain is not None:
        chain.save()


def _open_chain(previous: Page | None, page: Page, conf: MemorySettings) -> DialogueChain | None:
    if previous is None or pause_before(page, previous.occurred_at) > conf.chain_pause:
        return None
    return previous.chain
