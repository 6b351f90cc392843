"""A model that takes no time, so that what is measured is the memory."""

from __future__ import annotations

from memory.domain.lexical import terms
from memory.llm.base import (
    MergeRequest,
    MergeResult,
    PageNote,
    PageText,
    PromotionRequest,
    PromotionResult,
    SummaryRequest,
    SummaryResult,
    Topic,
    TransferRequest,
    TransferResult,
)


class InstantConsolidator:
    """A model that answers at once: a batch is one topic and one chain, its keywords the first words of each page."""

    name = "instant"
    is_model = True

    def transfer(self, request: TransferRequest) -> TransferResult:
        notes = tuple(PageNote(page.index > 0, _first_words(page), f"Up to {page.index}.") for page in request.pages)
        topic = Topic("News", "What was new.", notes[0].keywords, tuple(page.index for page in request.pages))
        return TransferResult(notes, (topic,))

    def promote(self, request: PromotionRequest) -> PromotionResult:
        return PromotionResult()

    def merge(self, request: MergeRequest) -> MergeResult:
        return MergeResult(tuple("different" for _ in request.pairs))

    def summarise(self, request: SummaryRequest) -> SummaryResult:
        return SummaryResult("News", "What was new.")


def _first_words(page: PageText) -> tuple[str, ...]:
    return tuple(dict.fromkeys(terms(page.query)))[:5]
