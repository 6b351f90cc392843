"""A consolidator and an embedder that do what the test says. Real Protocols, no patching."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from memory.domain.lexical import terms
from memory.embedding.base import Vectors
from memory.llm.base import (
    MergeRequest,
    MergeResult,
    PageNote,
    PromotionRequest,
    PromotionResult,
    SummaryRequest,
    SummaryResult,
    Topic,
    TransferRequest,
    TransferResult,
    Usage,
)

DIMENSIONS = 64


class WordEmbedder:
    """Bag-of-words directions: texts that share words are near, and equal texts are equal. Deterministic."""

    name = "words-64"

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def embed(self, texts: Sequence[str], *, timeout: float | None = None) -> Vectors:
        self.calls.append(list(texts))
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for term in terms(text):
                row[int(hashlib.sha256(term.encode()).hexdigest(), 16) % DIMENSIONS] += 1.0
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        result: Vectors = np.divide(rows, norms, out=rows, where=norms > 0)
        return result


class ScriptedConsolidator:
    """One topic a batch and nothing learnt, unless told otherwise; remembers what it was asked."""

    name = "scripted"
    is_model = True

    def __init__(
        self,
        transfer: Callable[[TransferRequest], TransferResult] | None = None,
        promote: Callable[[PromotionRequest], PromotionResult] | None = None,
        summarise: Callable[[SummaryRequest], SummaryResult] | None = None,
        merge: Callable[[MergeRequest], MergeResult] | None = None,
    ) -> None:
        self._merge = merge
        self.merges: list[MergeRequest] = []
        self._transfer, self._promote, self._summarise = transfer, promote, summarise
        self.transfers: list[TransferRequest] = []
        self.promotions: list[PromotionRequest] = []
        self.summaries: list[SummaryRequest] = []

    def transfer(self, request: TransferRequest) -> TransferResult:
        self.transfers.append(request)
        return self._transfer(request) if self._transfer else one_topic(request)

    def promote(self, request: PromotionRequest) -> PromotionResult:
        self.promotions.append(request)
        return self._promote(request) if self._promote else PromotionResult(usage=Usage(10, 5))

    def merge(self, request: MergeRequest) -> MergeResult:
        """Everything is different, unless told otherwise."""
        self.merges.append(request)
        return self._merge(request) if self._merge else MergeResult(tuple("different" for _ in request.pairs))

    def summarise(self, request: SummaryRequest) -> SummaryResult:
        self.summaries.append(request)
        return self._summarise(request) if self._summarise else quoting(request)


def quoting(request: SummaryRequest) -> SummaryResult:
    """Every message, one after the other, under the first one's words."""
    said = [page.query or page.response for page in request.pages]
    return SummaryResult(said[0][:80], " ".join(said)[:1000], usage=Usage(30, 10))


def one_topic(request: TransferRequest, title: str = "Everything", *, continues: bool = True) -> TransferResult:
    """All pages continue each other and share one topic and the keyword "common"."""
    notes = tuple(PageNote(continues, ("common",), f"up to page {page.index}") for page in request.pages)
    topic = Topic(title, f"{title} in short.", ("common",), tuple(range(len(request.pages))))
    return TransferResult(notes, (topic,), Usage(100, 20))


def topic_a_page(request: TransferRequest) -> TransferResult:
    """Each page stands alone: its own topic, its own keyword, its own chain."""
    notes = tuple(PageNote(False, (f"word{page.query}",), page.query) for page in request.pages)
    topics = tuple(Topic(page.query, page.query, (), (page.index,)) for page in request.pages)
    return TransferResult(notes, topics)
