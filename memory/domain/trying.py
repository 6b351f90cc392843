"""Trying a question: what recall finds for it, and the prompt that would be sent. Nothing is sent, nothing changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from memory.domain.context import PreparedReply, prepare_reply, system_parts
from memory.domain.laps import Laps
from memory.domain.wording import heading_cost
from memory.enums import Tier
from memory.models import Memory

PERSONA_TIERS = (Tier.PROFILE, Tier.TRAIT)
PROMPT_PARTS = ("instructions", "profile", "memory", "history", "question")


@dataclass(frozen=True, slots=True)
class PromptPiece:
    """A stretch of the prompt, one of `PROMPT_PARTS`, with its role and its tokens."""

    role: str
    part: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Trial:
    """A question tried: what was recalled within `budget` tokens, the whole prompt piece by piece, and how long each
    step took, in milliseconds."""

    prepared: PreparedReply
    budget: int
    pieces: tuple[PromptPiece, ...]
    milliseconds: Mapping[str, float]


def try_question(
    memory: Memory,
    question: str,
    *,
    now: datetime,
    budget: int | None = None,
    exclude_pages: frozenset[int] = frozenset(),
) -> Trial:
    """Recall for a question and build its prompt, just as an answer would, without a conversation before it.

    Read only: no visit is counted, nothing is logged, no language model is called. The embedding model is asked for the
    question's vector, as recall does. Pages in `exclude_pages` are not looked at: the one that an answer became was not
    there when it was given.
    """
    laps = Laps()
    prepared = prepare_reply(memory, question, (), now, budget=budget, exclude_pages=exclude_pages, laps=laps)
    pieces = _pieces(memory, prepared, question, now)
    return Trial(prepared, memory.conf.recall_budget if budget is None else budget, pieces, laps.milliseconds)


def _pieces(memory: Memory, prepared: PreparedReply, question: str, now: datetime) -> tuple[PromptPiece, ...]:
    texts: dict[str, str] = {}
    last = "instructions"
    for tier, text in system_parts(memory, prepared.recollection, now):
        # The frame is one piece before what was recalled; its closing mark ends the last piece.
        last = last if tier is None else "profile" if tier in PERSONA_TIERS else "memory"
        texts[last] = texts.get(last, "") + text
    tokens = _tokens(prepared)
    system = [PromptPiece("system", part, text, tokens[part]) for part, text in texts.items()]
    return (
        *system,
        PromptPiece("", "history", "", tokens["history"]),
        PromptPiece("user", "question", question, tokens["question"]),
    )


def _tokens(prepared: PreparedReply) -> dict[str, int]:
    """Return the tokens of each part, as they are counted for the budget."""
    persona = prepared.recollection.of(*PERSONA_TIERS)
    headings = sum(heading_cost(tier) for tier in {item.tier for item in persona})
    profile = headings + sum(item.tokens for item in persona)
    return {**prepared.tokens, "profile": profile, "memory": prepared.recollection.tokens - profile}
