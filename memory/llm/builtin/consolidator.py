"""The background path without a model: continuity, keywords, topics and first-person facts by rules."""

import re

from memory.llm.base import (
    MergeRequest,
    MergeResult,
    PageNote,
    PromotionRequest,
    PromotionResult,
    SummaryRequest,
    SummaryResult,
    TransferRequest,
    TransferResult,
)
from memory.llm.builtin.interests import find_interests
from memory.llm.builtin.knowledge import find_assistant_knowledge, find_user_knowledge
from memory.llm.builtin.merging import judge
from memory.llm.builtin.profile import find_profile
from memory.llm.builtin.summaries import running_summary, told
from memory.llm.builtin.text import keywords, talkers
from memory.llm.builtin.topics import one_topic, split_topics

_CHANGE = re.compile(
    r"^(?:changing the subject|change of (?:subject|topic)|on (?:another|a (?:\w+ )?different) "
    r"(?:subject|topic|note)|new (?:topic|subject)|different topic|(?:a )?completely different|"
    r"let's talk about something else|ganti topik)\b",
    re.IGNORECASE,
)


class BuiltinConsolidator:
    """Deterministic rules; see `Consolidator` for what the two methods give."""

    name = "built-in consolidator"
    is_model = False

    def transfer(self, request: TransferRequest) -> TransferResult:
        """Judge continuity, keywords and topics of a batch. Never raises for any text.

        Pages of one sitting go on with each other unless the user says that the subject changes: recall
        gains most (4 points) when the dialogue chain is the sitting.
        """
        continues = _continuity(request)
        spoken = [*request.pages, *([request.previous] if request.previous else [])]
        ignored = talkers(text for page in spoken for text in (page.query, page.response))
        notes: list[PageNote] = []
        summary = request.chain_summary or ""
        for page, goes_on in zip(request.pages, continues, strict=True):
            summary = running_summary(summary if goes_on else "", page)
            notes.append(PageNote(goes_on, keywords(page.query, told(page), ignored), summary))
        return TransferResult(pages=tuple(notes), topics=split_topics(request.pages, continues, ignored))

    def promote(self, request: PromotionRequest) -> PromotionResult:
        """Extract what the user states of themselves. Never raises for any text."""
        return PromotionResult(
            profile=find_profile(request.pages, request.profile, request.locked),
            traits=find_interests(request.pages, request.trait_dimensions, request.traits, request.locked),
            user_knowledge=find_user_knowledge(request.pages, request.known),
            assistant_knowledge=find_assistant_knowledge(request.pages),
        )

    def merge(self, request: MergeRequest) -> MergeResult:
        """Judge near duplicates. Never raises for any text."""
        return MergeResult(tuple(map(judge, request.pairs)))

    def summarise(self, request: SummaryRequest) -> SummaryResult:
        """Sum up in sentences that were said. Never raises for any text."""
        ignored = talkers(text for page in request.pages for text in (page.query, page.response))
        topic = one_topic(request.pages, ignored)
        return SummaryResult(topic.title, topic.summary, topic.keywords)


def _continuity(request: TransferRequest) -> list[bool]:
    has_chain = request.previous is not None or request.chain_summary is not None
    return [
        (position > 0 or has_chain) and page.index not in request.breaks and not _CHANGE.match(page.query.strip())
        for position, page in enumerate(request.pages)
    ]
