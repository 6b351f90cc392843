"""A memory in which things were said, moved and learnt by the real pipeline, for tests that make it forget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from memory.domain.consolidation import promote_all, transfer_all
from memory.domain.recording import PageDraft, record_pages
from memory.enums import Source
from memory.llm.base import (
    Fact,
    PageNote,
    ProfileFinding,
    PromotionRequest,
    PromotionResult,
    SummaryRequest,
    SummaryResult,
    Topic,
    TraitFinding,
    TransferRequest,
    TransferResult,
)
from memory.models import Memory, Page
from tests.memory.factories import EPOCH, MemoryFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder

EMBEDDER = WordEmbedder()


def by_first_word(request: TransferRequest) -> TransferResult:
    """A topic for each first word, named after all that was said on it; chains as the topics; keywords are words."""
    pages = request.pages
    notes, topics, spoken = [], [], ""
    for index, page in enumerate(pages):
        goes_on = index > 0 and _subject(page.query) == _subject(pages[index - 1].query)
        spoken = f"{spoken if goes_on else 'They spoke:'} {page.query}"
        notes.append(PageNote(goes_on, tuple(page.query.lower().split()), spoken))
    for _, group in groupby(sorted(pages, key=lambda page: _subject(page.query)), lambda page: _subject(page.query)):
        held = sorted(group, key=lambda page: page.index)
        said = " ".join(page.query for page in held)
        topics.append(Topic(f"About {said}"[:80], f"They said {said}.", (), tuple(page.index for page in held)))
    return TransferResult(tuple(notes), tuple(topics))


def everything_said(request: PromotionRequest) -> PromotionResult:
    """A fact for each page, one that rests on all of them; an attribute and a trait that rest on the first."""
    facts = tuple(Fact(f"The user said {page.query}.", (page.index,)) for page in request.pages)
    every = tuple(page.index for page in request.pages)
    first = request.pages[0]
    return PromotionResult(
        profile=(ProfileFinding(_subject(first.query), first.query, (0,)),),
        traits=(TraitFinding("travel", "high", f"Because of {first.query}", (0,)),),
        user_knowledge=(*facts, Fact(f"The user spoke {len(every)} times.", every)),
    )


def in_their_words(request: SummaryRequest) -> SummaryResult:
    said = " ".join(page.query for page in request.pages)
    return SummaryResult(f"Left: {said}"[:80], f"Left is {said}.")


def thinking() -> ScriptedConsolidator:
    return ScriptedConsolidator(by_first_word, everything_said, in_their_words)


def memory_of(said: Sequence[str], memory: Memory | None = None, *, short_term: int = 2, theta: float = 1.9) -> Memory:
    """Return a memory that was told these things, each answered by "re <thing>"; all but the newest are learnt from."""
    memory = memory or MemoryFactory()
    memory.assistant.memory_settings = {
        "short_term_capacity": short_term,
        "heat_threshold": 0.5,
        "segment_threshold": theta,
        "transfer_batch": 1,
        "transfer_batch_limit": 100,
    }
    memory.assistant.save()
    start = memory.pages.count()
    drafts = [
        PageDraft(words, f"re {words}", EPOCH + timedelta(minutes=start + n), external_id=f"x:{start + n}")
        for n, words in enumerate(said)
    ]
    record_pages(memory, drafts, Source.IMPORT)
    transfer_all(memory, thinking(), EMBEDDER)
    promote_all(memory, thinking(), EMBEDDER)
    return memory


def page_of(memory: Memory, words: str) -> Page:
    return memory.pages.get(query=words)


def _subject(words: str) -> str:
    return words.split(maxsplit=1)[0]
