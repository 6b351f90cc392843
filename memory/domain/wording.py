"""How recalled memory reads in the prompt, and what each line of it costs."""

from __future__ import annotations

from datetime import datetime

from memory.domain.tokens import count_tokens
from memory.enums import Tier

HEADINGS: dict[Tier, str] = {
    Tier.PROFILE: "Profile of the person",
    Tier.TRAIT: "Traits of the person",
    Tier.USER_KNOWLEDGE: "What you know about the person",
    Tier.ASSISTANT_KNOWLEDGE: "What you know about yourself",
    Tier.MID_TERM: "Earlier exchanges that may matter here",
    Tier.SHORT_TERM: "The latest exchanges",
}
"""What stands over each tier in the prompt, in this order."""
PAGE_TIERS = (Tier.SHORT_TERM, Tier.MID_TERM)


def line_of(tier: Tier, text: str, occurred_at: datetime | None) -> str:
    """Return a recalled item as the prompt shows it: pages with their date, everything else as a bullet."""
    # Whatever was said once must not be able to close the block that marks it as data.
    text = text.replace("<memory>", "‹memory›").replace("</memory>", "‹/memory›")
    if tier in PAGE_TIERS and occurred_at is not None:
        return f"[{occurred_at:%Y-%m-%d}] {text}"
    return f"- {text}"


def cost_of(tier: Tier, text: str, occurred_at: datetime | None) -> int:
    """Return the tokens of an item's line with its line break."""
    return count_tokens(f"{line_of(tier, text, occurred_at)}\n")


def heading_of(tier: Tier) -> str:
    return f"## {HEADINGS[tier]}"


def heading_cost(tier: Tier) -> int:
    """Return the tokens of a tier's heading with the lines around it."""
    return count_tokens(f"\n\n{heading_of(tier)}\n")
