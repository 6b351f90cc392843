"""Evidence recall: does what a question needs come back? No model is called."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from memory.domain.recall import RecalledItem, recall
from memory.domain.wording import PAGE_TIERS
from memory.evaluation.locomo import Conversation, Question
from memory.models import Memory

DEPTHS = (5, 10, 20)
"""The k of recall at k pages."""
_WHOLE_RANKING = 1_000_000
"""Tokens: a budget that leaves no page out, to see how recall ranks them."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Finding:
    """What came back for one question.

    `at[k]` is the share of its evidence turns on the k pages scored best, `in_budget` the share on the pages that
    a prompt gets. Of the `found` turns within the budget, `shown` stand in the recalled text with all their words.
    """

    question: Question
    at: Mapping[int, float]
    in_budget: float
    found: int
    shown: int
    milliseconds: float


def last_moment(memory: Memory) -> datetime:
    """Return when the memory's newest page was said: the moment at which the questions are asked."""
    return memory.pages.latest("position").occurred_at


def find_evidence(
    memory: Memory, conversation: Conversation, budget: int, progress: Callable[[int], None]
) -> list[Finding]:
    """Ask every question that names its evidence. The clock runs for the recall within `budget` tokens alone."""
    pages = {
        turn: pk for pk, metadata in memory.pages.values_list("pk", "metadata") for turn in metadata.get("turns", ())
    }
    now = last_moment(memory)
    questions = conversation.with_evidence
    for question in questions[:1]:
        recall(memory, question.text, now=now, budget=budget)  # weights and plans are loaded by the first
    findings = []
    for question in questions:
        started = time.perf_counter()
        recalled = recall(memory, question.text, now=now, budget=budget)
        milliseconds = (time.perf_counter() - started) * 1000
        whole = recall(memory, question.text, now=now, budget=_WHOLE_RANKING)
        best = ranked(whole.items)
        texts = {item.object_id: item.text for item in recalled.items if item.tier in PAGE_TIERS}
        found = [turn for turn in question.evidence if pages[turn] in texts]
        shown = [turn for turn in found if stands_in(conversation.turns[turn], texts[pages[turn]])]
        needed = [pages[turn] for turn in question.evidence]
        findings.append(
            Finding(
                question=question,
                at={depth: share_in(needed, best[:depth]) for depth in DEPTHS},
                in_budget=share_in(needed, texts.keys()),
                found=len(found),
                shown=len(shown),
                milliseconds=milliseconds,
            )
        )
        progress(1)
    return findings


def ranked(items: Iterable[RecalledItem]) -> list[int]:
    """Return the ids of the recalled pages of both tiers, best score first."""
    pages = [item for item in items if item.tier in PAGE_TIERS]
    return list(dict.fromkeys(item.object_id for item in sorted(pages, key=lambda item: -item.score)))


def share_in(needed: Collection[int], returned: Collection[int]) -> float:
    """Return the share of the needed pages, one for each evidence turn, that were returned."""
    return sum(page in returned for page in needed) / len(needed)


def stands_in(said: str, text: str) -> bool:
    """Tell whether each line of what was said stands in the text, word after word, whatever surrounds it."""
    words = f" {' '.join(_WORD.findall(text.casefold()))} "
    return all(f" {' '.join(_WORD.findall(line.casefold()))} " in words for line in said.splitlines() if line.strip())
