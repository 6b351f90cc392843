"""The background path without a model: continuity, keywords, topics and first-person facts by rules."""

import re
from collections.abc import Sequence

from memory.llm.base import PageNote, PageText, PromotionRequest, PromotionResult, TransferRequest, TransferResult
from memory.llm.bounds import cut
from memory.llm.builtin.interests import find_interests
from memory.llm.builtin.knowledge import find_assistant_knowledge, find_user_knowledge
from memory.llm.builtin.profile import find_profile
from memory.llm.builtin.statements import is_question
from memory.llm.builtin.text import information, is_content, keywords, prose, sentences, talkers, tokens
from memory.llm.builtin.topics import split_topics, told

LONGEST_PAUSE = 6 * 3600.0
"""Seconds of silence after which a page begins a new dialogue chain."""
CHAIN_SUMMARY = 400
"""Characters of the running summary of a chain."""
_SENTENCE = 160
_TELLING_WORDS = 3

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
            summary = _running_summary(summary if goes_on else "", page)
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


def _continuity(request: TransferRequest) -> list[bool]:
    has_chain = request.previous is not None or request.chain_summary is not None
    return [
        (position > 0 or has_chain) and pause <= LONGEST_PAUSE and not _CHANGE.match(page.query.strip())
        for position, (page, pause) in enumerate(zip(request.pages, request.pauses, strict=True))
    ]


def _best(offered: Sequence[str]) -> str:
    return cut(max(offered, key=information), _SENTENCE) if offered else ""


def _tells(sentence: str) -> bool:
    return sum(map(is_content, tokens(sentence))) >= _TELLING_WORDS


def _running_summary(before: str, page: PageText) -> str:
    """Return the chain's summary with this page's most telling sentence; the oldest sentences make room
    for it.
    """
    said = sentences(prose(page.query)) or sentences(prose(told(page)))
    stated = [sentence for sentence in said if not is_question(sentence)]
    best = _best(stated)
    if not _tells(best):
        best = _best(said)
    # "Great that you did!" tells nothing of the chain; it stands only where there is nothing else.
    kept = [*sentences(before), *([best] if _tells(best) or not before else [])]
    while len(" ".join(kept)) > CHAIN_SUMMARY and len(kept) > 1:
        kept.pop(0)
    return cut(" ".join(sentence for sentence in kept if sentence), CHAIN_SUMMARY)
