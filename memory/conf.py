"""The paper's constants and our own limits: one typed class, overridable by environment and by assistant."""

import os
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """Symbols and sections are those of arXiv 2506.06326.

    Each field can be set for the installation as `MEMORYOS_<FIELD>` in the environment and for one assistant in
    `Assistant.memory_settings`.
    """

    short_term_capacity: int = 7
    """Pages the short-term queue holds (section 3.2, fixed-length queue)."""
    transfer_batch: int = 5
    """Oldest pages moved to mid-term memory in one model call when the queue overflows (ours)."""
    transfer_batch_limit: int = 20
    """Pages in one call when an import has left a backlog (ours)."""
    transfer_tokens: int = 8000
    """Tokens of pages in one transfer call; a batch that holds more is split (ours). Five pages whose answers fill what
    a call shows of one (1,000 tokens) leave 600 tokens for each message."""
    chain_pause: float = 6 * 3600.0
    """Seconds of silence after which a dialogue chain is over (ours)."""
    mid_term_capacity: int = 200
    """Active segments a memory holds; the coldest beyond it are archived (section 3.2)."""
    segment_threshold: float = 0.8
    """theta: a page joins the segment with the best F-score (Eq. 3) above it. It belongs to the embedding model:
    0.6 in the paper, 0.8 calibrated for WordLlama (docs/decisions.md)."""
    heat_alpha: float = 1.0
    """alpha, weight of N_visit (Eq. 4)."""
    heat_beta: float = 1.0
    """beta, weight of L_interaction (Eq. 4)."""
    heat_gamma: float = 1.0
    """gamma, weight of R_recency (Eq. 4)."""
    heat_decay: float = 1e7
    """mu in seconds: R_recency = exp(-dt / mu) (Eq. 4)."""
    heat_threshold: float = 5.0
    """tau: a segment hotter than this is promoted (section 3.2)."""
    knowledge_capacity: int = 100
    """Active entries of user knowledge, and as many of assistant knowledge (section 3.3)."""
    promotion_tokens: int = 6000
    """Tokens of pages in one promotion call; more are split over several (ours)."""
    promotion_batch: int = 20
    """Unread pages that hot segments hold together before a model is called for them (ours): with one call for the
    pages and at most one for near duplicates, 2 / 20 = 0.1 calls a page. One call reads at most twice as many."""
    promotion_patience: float = 24 * 3600.0
    """Seconds after which the unread pages of a hot segment are read however few they are (ours)."""
    recall_segments: int = 5
    """m: segments that one answer can count as visited (section 3.4)."""
    recall_pages: int = 10
    """k: best pages whose segments one answer visits (section 3.4)."""
    recall_knowledge: int = 10
    """Entries recalled from the user's and from the assistant's knowledge, each (section 3.4)."""
    recall_embedding_timeout: float = 3.0
    """Seconds a remote embedding model may keep an answer waiting before recall goes on without it (ours)."""
    recall_budget: int = 2000
    """Tokens of recalled memory in the prompt (ours; counted conservatively)."""
    history_budget: int = 3000
    """Tokens of the running conversation in the prompt, newest first (ours)."""


def _coerce(name: str, kind: str, value: object) -> Any:
    try:
        number = int(str(value)) if kind == "int" else float(str(value))
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}.") from None
    weight = name.lower().endswith(("alpha", "beta", "gamma", "threshold"))
    if number < 0 or (number == 0 and not weight):
        raise ImproperlyConfigured(f"{name} must be {'at least' if weight else 'more than'} zero.")
    return number


def shown_name(prefix: str, name: str) -> str:
    """Return the name under which a person has set a value: the variable's, or the field's."""
    return f"{prefix}{name.upper()}" if prefix else name


def apply_overrides(base: MemorySettings, overrides: dict[str, Any], prefix: str = "") -> MemorySettings:
    """Return `base` with the named fields replaced; unknown names and non-numbers raise ImproperlyConfigured."""
    kinds = {f.name: str(getattr(f.type, "__name__", f.type)) for f in fields(MemorySettings)}
    if unknown := ", ".join(shown_name(prefix, name) for name in sorted(overrides.keys() - kinds.keys())):
        raise ImproperlyConfigured(f"Unknown memory setting: {unknown}.")
    values = {name: _coerce(shown_name(prefix, name), kinds[name], value) for name, value in overrides.items()}
    return replace(base, **values)


@lru_cache(maxsize=1)
def installation_settings() -> MemorySettings:
    """Return the defaults with this installation's `MEMORYOS_*` environment variables applied."""
    found = {
        f.name: value for f in fields(MemorySettings) if (value := os.environ.get(f"MEMORYOS_{f.name.upper()}", ""))
    }
    return apply_overrides(MemorySettings(), found, prefix="MEMORYOS_")
