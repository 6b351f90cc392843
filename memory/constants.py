"""What each of the memory's constants is, in plain words, and within which bounds an assistant may set it.

Beside `conf.MemorySettings`, which holds the values: a field there has its description here, and a test sees to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from math import isfinite
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.conf import MemorySettings
from memory.exceptions import InvalidSettings

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

PROMPT_AT_MOST = 100_000
"""Tokens of recalled memory and conversation together: what common models read in one go, with room for an answer."""
CALL_AT_MOST = 100_000
"""Tokens of pages in one background call."""
LONGEST_VALUE = 40
"""Characters of a number as it is typed."""
HOUR, DAY = 3600.0, 24 * 3600.0


class Tier(Enum):
    """What a constant belongs to, in the order of the way of a page."""

    SHORT_TERM = "short-term"
    MID_TERM = "mid-term"
    HEAT = "heat"
    LONG_TERM = "long-term"
    RECALL = "recall"
    PROMPT = "prompt"


TIERS: dict[Tier, tuple[StrPromise, StrPromise]] = {
    Tier.SHORT_TERM: (_("Short-term memory"), _("The latest pages, word for word; always given to an answer.")),
    Tier.MID_TERM: (_("Mid-term memory"), _("Older pages, gathered by topic into segments.")),
    Tier.HEAT: (_("Heat"), _("How much a segment matters: how often it is used, how long it is, how recent.")),
    Tier.LONG_TERM: (_("Long-term memory"), _("What was learnt from hot segments: facts, profile and traits.")),
    Tier.RECALL: (_("Recall"), _("What is looked up for an answer.")),
    Tier.PROMPT: (_("Room in the prompt"), _("How much of it a model is given to read.")),
}


@dataclass(frozen=True, slots=True)
class Constant:
    """One constant: the name of its field, how people call it, the paper's symbol, and its bounds, both included."""

    name: str
    tier: Tier
    label: StrPromise
    text: StrPromise
    """What it does."""
    unit: StrPromise | str
    least: float
    most: float
    symbol: str = ""
    stored: StrPromise | str = ""
    """What a change does to what is stored already."""

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole number."""
        return isinstance(getattr(MemorySettings(), self.name), int)

    @property
    def is_time(self) -> bool:
        """Whether it is a stretch of time."""
        return self.unit is _SECONDS

    def read(self, value: object) -> int | float:
        """Return what was typed, or came as JSON, as a number within bounds. Raises ValueError with the reason."""
        text = str(value).strip()
        try:
            number = int(text) if self.is_whole else float(text)
        except ValueError:
            number = None
        if number is None or isinstance(value, bool) or len(text) > LONGEST_VALUE or not isfinite(number):
            wrong = gettext("Write a whole number.") if self.is_whole else gettext("Write a number.")
            raise ValueError(wrong)
        if not self.least <= number <= self.most:
            bounds = {"least": shown_number(self.least), "most": shown_number(self.most)}
            raise ValueError(gettext("Choose a number from %(least)s to %(most)s.") % bounds)
        return number


_SECONDS, _TOKENS, _PAGES, _SEGMENTS, _FACTS = (
    _("seconds"),
    _("tokens"),
    _("pages"),
    _("segments"),
    _("facts"),
)
_AT_ONCE = _("Heat is worked out when it is looked at: a change applies to every segment at once.")

CONSTANTS: tuple[Constant, ...] = (
    Constant(
        "short_term_capacity",
        Tier.SHORT_TERM,
        _("Latest pages kept"),
        _("How many of the latest pages stay in short-term memory before the oldest move on."),
        _PAGES,
        1,
        100,
        stored=_("If it becomes smaller, the oldest pages move on with the next message. Nothing is lost."),
    ),
    Constant(
        "transfer_batch",
        Tier.SHORT_TERM,
        _("Pages moved together"),
        _("How many of the oldest pages move on in one go. More at once means fewer calls to the model."),
        _PAGES,
        1,
        50,
    ),
    Constant(
        "transfer_batch_limit",
        Tier.SHORT_TERM,
        _("Pages moved together after an import"),
        _("How many pages may move in one go while many are waiting, as after an import."),
        _PAGES,
        1,
        100,
    ),
    Constant(
        "transfer_tokens",
        Tier.SHORT_TERM,
        _("Length of one move"),
        _("How much text one such call may hold. What is longer is moved in several calls."),
        _TOKENS,
        1000,
        CALL_AT_MOST,
    ),
    Constant(
        "chain_pause",
        Tier.SHORT_TERM,
        _("Pause that ends a thread"),
        _("After how long a silence the next message begins a new thread of conversation."),
        _SECONDS,
        60.0,
        30 * DAY,
        stored=_("Threads that are there stay as they are."),
    ),
    Constant(
        "mid_term_capacity",
        Tier.MID_TERM,
        _("Segments kept in use"),
        _("How many segments are in use. Beyond that the coldest are archived, never deleted."),
        _SEGMENTS,
        5,
        5000,
        stored=_(
            "If it becomes smaller, the coldest segments are archived the next time pages move. If it becomes larger, "
            "you can bring archived ones back yourself."
        ),
    ),
    Constant(
        "segment_threshold",
        Tier.MID_TERM,
        _("Likeness that joins a segment"),
        _(
            "How alike a page and a segment must be in meaning and key words for the page to join it. Higher: more and "
            "narrower segments. The right value depends on the embedding model."
        ),
        "",
        0.0,
        2.0,
        symbol="θ",
        stored=_("It applies to pages that move from now on. Segments that are there stay as they are."),
    ),
    Constant(
        "heat_alpha",
        Tier.HEAT,
        _("Weight of visits"),
        _("How much it counts that a segment was used for answers."),
        "",
        0.0,
        100.0,
        symbol="α",
        stored=_AT_ONCE,
    ),
    Constant(
        "heat_beta",
        Tier.HEAT,
        _("Weight of unread pages"),
        _("How much each page counts that has not been read for lasting facts yet."),
        "",
        0.0,
        100.0,
        symbol="β",
        stored=_AT_ONCE,
    ),
    Constant(
        "heat_gamma",
        Tier.HEAT,
        _("Weight of recency"),
        _("How much it counts that a segment was used lately."),
        "",
        0.0,
        100.0,
        symbol="γ",
        stored=_AT_ONCE,
    ),
    Constant(
        "heat_decay",
        Tier.HEAT,
        _("How slowly recency fades"),
        _("After this time a segment that is not used has about a third (37 %) of its recency left."),
        _SECONDS,
        HOUR,
        1e10,
        symbol="μ",
        stored=_AT_ONCE,
    ),
    Constant(
        "heat_threshold",
        Tier.HEAT,
        _("Heat that calls for reading"),
        _("A segment hotter than this is read for lasting facts."),
        "",
        0.0,
        1000.0,
        symbol="τ",
        stored=_(
            "If it becomes lower, more segments are read the next time the memory is looked through. What was "
            "learnt stays."
        ),
    ),
    Constant(
        "knowledge_capacity",
        Tier.LONG_TERM,
        _("Facts kept in use"),
        _(
            "How many facts about a person are in use, and as many about the assistant. Beyond that the least useful "
            "are archived; pinned ones never."
        ),
        _FACTS,
        1,
        1000,
        stored=_(
            "If it becomes smaller, facts are archived the next time something is learnt. They can be brought back."
        ),
    ),
    Constant(
        "promotion_tokens",
        Tier.LONG_TERM,
        _("Length of one reading"),
        _("How much text one call reads for lasting facts. What is longer is read in several calls."),
        _TOKENS,
        1000,
        CALL_AT_MOST,
    ),
    Constant(
        "promotion_batch",
        Tier.LONG_TERM,
        _("Pages worth a reading"),
        _("How many unread pages hot segments must have together before a model is called. More means fewer calls."),
        _PAGES,
        1,
        100,
    ),
    Constant(
        "promotion_patience",
        Tier.LONG_TERM,
        _("Longest wait for a reading"),
        _("After this time the unread pages of a hot segment are read, however few they are."),
        _SECONDS,
        60.0,
        365 * DAY,
    ),
    Constant(
        "recall_segments",
        Tier.RECALL,
        _("Segments used by one answer"),
        _("How many segments one answer can count as visited, which makes them hotter."),
        _SEGMENTS,
        1,
        50,
        symbol="m",
    ),
    Constant(
        "recall_pages",
        Tier.RECALL,
        _("Best pages that count"),
        _("How many of the best pages decide which segments an answer has used."),
        _PAGES,
        1,
        100,
        symbol="k",
    ),
    Constant(
        "recall_knowledge",
        Tier.RECALL,
        _("Facts given to an answer"),
        _("How many facts about the person, and how many about the assistant, an answer is given at most."),
        _FACTS,
        1,
        100,
    ),
    Constant(
        "recall_embedding_timeout",
        Tier.RECALL,
        _("Longest wait for an embedding server"),
        _("How long an answer waits for an embedding server before it goes on by words alone."),
        _SECONDS,
        0.1,
        30.0,
    ),
    Constant(
        "recall_budget",
        Tier.PROMPT,
        _("Room for memory"),
        _("How much of what is remembered goes into one prompt. More room, more memory, a dearer answer."),
        _TOKENS,
        200,
        PROMPT_AT_MOST,
    ),
    Constant(
        "history_budget",
        Tier.PROMPT,
        _("Room for the conversation"),
        _("How much of the running conversation goes into one prompt, the newest first."),
        _TOKENS,
        200,
        PROMPT_AT_MOST,
    ),
)
BY_NAME = {constant.name: constant for constant in CONSTANTS}


def shown_number(number: float) -> str:
    """Return a number as a person would type it: without a needless decimal point or exponent."""
    return str(int(number)) if number == int(number) else str(number)


def read_overrides(base: MemorySettings, wish: Mapping[str, Any]) -> dict[str, int | float]:
    """Return an assistant's own values as numbers; what is blank is left to `base`, and left out.

    Raises InvalidSettings, which has a sentence for each field that cannot be.
    """
    faults: dict[str, str] = {}
    own: dict[str, Any] = {}
    for name, value in wish.items():
        constant = BY_NAME.get(name)
        if constant is None:
            faults[name] = gettext("There is no such setting.")
        elif value is not None and value != "":
            try:
                own[name] = constant.read(value)
            except ValueError as fault:
                faults[name] = str(fault)
    faults = faults or _clashes(replace(base, **own), own)
    if faults:
        raise InvalidSettings(faults)
    return own


def _clashes(conf: MemorySettings, own: Mapping[str, Any]) -> dict[str, str]:
    """Return what cannot be together, told at a field that the assistant sets itself."""
    found = {}
    if conf.transfer_batch > conf.transfer_batch_limit:
        found[_one_of(own, "transfer_batch", "transfer_batch_limit")] = gettext(
            "“%(few)s” must not be more than “%(many)s”: it is %(number)d, and that is %(limit)d."
        ) % {
            "few": BY_NAME["transfer_batch"].label,
            "many": BY_NAME["transfer_batch_limit"].label,
            "number": conf.transfer_batch,
            "limit": conf.transfer_batch_limit,
        }
    if conf.recall_budget + conf.history_budget > PROMPT_AT_MOST:
        found[_one_of(own, "recall_budget", "history_budget")] = gettext(
            "Memory and conversation together must leave a model room to answer: at most %(most)d tokens."
        ) % {"most": PROMPT_AT_MOST}
    if not (conf.heat_alpha or conf.heat_beta or conf.heat_gamma):
        found[_one_of(own, "heat_alpha", "heat_beta", "heat_gamma")] = gettext(
            "One of the three weights must be more than zero, or nothing would ever be learnt."
        )
    # What the installation has set is not for the assistant's owner to mend.
    return {name: fault for name, fault in found.items() if name in own}


def _one_of(own: Mapping[str, Any], *names: str) -> str:
    return next((name for name in names if name in own), names[0])
