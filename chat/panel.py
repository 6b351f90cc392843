"""What memory had to do with one answer, as its panel shows it: what was found and given, why, and what was learnt.

Three different facts: what stood in the prompt, what recall found and had no room for, and what memory learnt
afterwards from the page that the answer became.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chat.known import PAGE_TIERS, Key, Known, look_up
from chat.models import Message, RecalledItem
from memory.domain.tracing import learnt_from
from memory.enums import Tier
from memory.views.recalled import NAMES, PARTS, Bar, Words, positive, signal_bars, stacked


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in the panel. `known` is None when memory holds it no longer; `why` is empty for what is given whatever
    the question."""

    tier: Tier
    known: Known | None
    score: float = 0.0
    tokens: int = 0
    why: tuple[Bar, ...] = ()

    @property
    def name(self) -> Words:
        """Its tier in plain words."""
        return NAMES[self.tier]

    @property
    def said_at(self) -> datetime | None:
        """When a page was said, or since when a fact is true."""
        if self.known is None:
            return None
        row = self.known.row
        at: datetime | None = row.occurred_at if self.tier in PAGE_TIERS else getattr(row, "valid_from", None)
        return at


@dataclass(frozen=True, slots=True)
class Panel:
    """All of it, for one answer."""

    given: tuple[Item, ...]
    left_out: tuple[Item, ...]
    learnt: tuple[Item, ...]
    prompt: tuple[Bar, ...]

    @property
    def prompt_total(self) -> int:
        """Tokens of the whole prompt."""
        return round(sum(bar.value for bar in self.prompt))


def panel_of(answer: Message, *, may_curate: bool) -> Panel:
    """Read an answer's panel. The same few queries, however much it holds."""
    recalled = list(answer.recalled.order_by("rank"))
    rests = learnt_from([answer.page_id] if answer.page_id else [])
    learnt = rests.get(answer.page_id or 0, [])
    keys = {(Tier(item.tier), item.object_id) for item in recalled} | set(learnt)
    known = look_up(answer.conversation.memory, keys, may_curate=may_curate)
    longest = max((positive(item.signals) for item in recalled), default=0.0)
    return Panel(
        given=tuple(_item(item, known, longest) for item in _best_first(recalled) if item.in_prompt),
        left_out=tuple(_item(item, known, longest) for item in recalled if not item.in_prompt),
        # What the person may not see (any more) of what members share was not learnt for them.
        learnt=tuple(Item(key[0], known[key]) for key in learnt if key in known),
        prompt=stacked([(name, label, answer.prompt_tokens.get(name, 0)) for name, label in PARTS.items()]),
    )


def _best_first(recalled: Sequence[RecalledItem]) -> list[RecalledItem]:
    """Sort by how well they fit the question; what is given whatever the question comes last."""
    return sorted(recalled, key=lambda item: (not item.signals, -item.score, item.rank))


def _item(item: RecalledItem, known: Mapping[Key, Known], longest: float) -> Item:
    tier = Tier(item.tier)
    why = signal_bars(item.signals, longest)
    return Item(tier, known.get((tier, item.object_id)), item.score, item.tokens, why)
