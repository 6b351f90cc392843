"""Uses: the answers that were given a page. They are the chat's; it is asked by a signal. Read only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from memory.models import Page
from memory.signals import page_opened


@dataclass(frozen=True, slots=True)
class Use:
    """One answer that was given a page: what was asked, when, how well the page fitted, and where to read it."""

    asked: str
    at: datetime
    score: float
    address: str


@dataclass(frozen=True, slots=True)
class Uses:
    """How many answers there are, and the latest of them, newest first."""

    count: int = 0
    latest: tuple[Use, ...] = ()


def uses_of(page: Page) -> Uses:
    """Ask whoever gives pages to answers for those that were given this one."""
    answers: list[Any] = page_opened.send(Page, memory=page.memory, page=page)
    found: list[Uses] = [uses for _, uses in answers]
    latest = sorted((use for uses in found for use in uses.latest), key=lambda use: use.at, reverse=True)
    return Uses(sum(uses.count for uses in found), tuple(latest))
