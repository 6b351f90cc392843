"""What was recalled, in plain words and as bars: the same on the dashboard and in the chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from memory.enums import Tier

Words = str | Promise

SIGNALS: dict[str, Words] = {
    "dense": _("meaning"),
    "lexical": _("words"),
    "chain": _("neighbours"),
    "segment": _("topic"),
    "date": _("date"),
}
"""The parts of a score in plain words, in the order in which they are drawn."""
PARTS: dict[str, Words] = {
    "instructions": _("Instructions"),
    "memory": _("Memory"),
    "history": _("This conversation"),
    "question": _("Your message"),
}
"""The parts of a prompt, as `Message.prompt_tokens` names them."""
NAMES = {
    Tier.SHORT_TERM: _("Latest exchange"),
    Tier.MID_TERM: _("Earlier exchange"),
    Tier.PROFILE: _("Your profile"),
    Tier.TRAIT: _("Trait"),
    Tier.USER_KNOWLEDGE: _("Fact about you"),
    Tier.ASSISTANT_KNOWLEDGE: _("About the assistant"),
}
"""The tiers in plain words, of one thing each."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a stacked bar: where it begins and how wide it is, both of 100, and what it stands for."""

    name: str
    label: Words
    value: float
    start: float
    width: float


def stacked(parts: Sequence[tuple[str, Words, float]], longest: float = 0.0) -> tuple[Bar, ...]:
    """Return the parts of a stacked bar side by side; `longest` is the sum that fills it, by default their own.

    What is below zero has no width: it takes away from the whole, and its number says so. Nothing at all has no bar.
    """
    whole = longest or sum(max(value, 0.0) for _, _, value in parts)
    if not whole:
        return ()
    bars, start = [], 0.0
    for name, label, value in parts:
        width = 100 * max(value, 0.0) / whole
        bars.append(Bar(name, label, value, start, width))
        start += width
    return tuple(bars)


def signal_bars(signals: Mapping[str, float], longest: float) -> tuple[Bar, ...]:
    """Return the parts of a score as a stacked bar; `longest` is the sum that fills it."""
    parts = [(name, label, float(signals[name])) for name, label in SIGNALS.items() if name in signals]
    return stacked(parts, longest)


def positive(signals: Mapping[str, float]) -> float:
    """Return how long a score's bar is: what speaks for a thing, without what speaks against it."""
    return sum(max(float(value), 0.0) for value in signals.values())
