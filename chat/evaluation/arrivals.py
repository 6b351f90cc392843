"""What came of an answer on a socket, beside what the model said and when. Pure; times in nanoseconds of one clock."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from chat.evaluation.words import ends_of

_TAG = re.compile("<[^>]*>")


@dataclass(frozen=True, slots=True)
class Said:
    """What the model was asked and said: when the request's headers came, when each token went."""

    asked_at: int
    tokens: Sequence[str]
    sent_at: Sequence[int]

    @property
    def text(self) -> str:
        return "".join(self.tokens)


@dataclass(slots=True)
class Arrived:
    """An answer as a page has it: the running text put together from frames, then the end."""

    sent_at: int
    """When the question left for the server."""
    message_id: int = 0
    text: str = ""
    steps: list[tuple[int, int]] = field(default_factory=list)
    """Characters there, ever more, and since when."""
    doubled: int = 0
    """Characters that came once more."""
    missing: int = 0
    """Characters that were still to come when later ones came."""
    status: str = ""
    html: str = ""
    ended_at: int = 0

    def take(self, frame: Mapping[str, Any], at: int) -> None:
        """Take a frame about this answer: `message`, `delta` or `done`."""
        if frame.get("html") is not None:
            self.status, self.html, self.ended_at = frame["status"], frame["html"], at
        elif text := frame.get("text"):
            self._grow(frame.get("offset", 0), text, at)

    def _grow(self, offset: int, text: str, at: int) -> None:
        has = len(self.text)
        self.doubled += max(has - offset, 0)
        self.missing += max(offset - has, 0)
        upto = offset + len(text)
        self.text = self.text[:offset] + text + self.text[upto:]
        if upto > has:
            self.steps.append((upto, at))


@dataclass(frozen=True, slots=True)
class Compared:
    """One answer on its way from the model to the page and to the database."""

    delays: list[float]
    """Of each token, in milliseconds, from the model's sending to the page's having it."""
    lost: int
    """Tokens that the page or the database lacks at the end."""
    doubled: int
    """Tokens that either has more often than they were said."""
    faults: list[str]


def compare(said: Said, arrived: Arrived, stored: str) -> Compared:
    """Compare what was said with what the page and the database have.

    The last tokens of an answer may come to the page with its end only, which carries all of it as HTML.
    """
    text = said.text
    shown = " ".join(unescape(_TAG.sub(" ", arrived.html)).split())
    whole = text if text in shown else arrived.text
    lost, doubled = zip(*(_difference(said.tokens, other) for other in (whole, stored)), strict=True)
    faults = [
        what
        for is_so, what in (
            (arrived.status != "complete", f"ended as {arrived.status or 'nothing'}"),
            (bool(arrived.doubled), f"{arrived.doubled} characters came twice"),
            (bool(arrived.missing), f"{arrived.missing} characters were passed over"),
            (not text.startswith(arrived.text), "the deltas do not add up to what was said"),
            (text not in shown, "the page's last word on it is not what was said"),
            (stored != text, "the database has another text"),
        )
        if is_so
    ]
    return Compared(_delays(said, arrived), max(lost), max(doubled), faults)


def _difference(tokens: Sequence[str], text: str) -> tuple[int, int]:
    said, there = Counter(token.strip() for token in tokens), Counter(text.split())
    return (said - there).total(), (there - said).total()


def _delays(said: Said, arrived: Arrived) -> list[float]:
    reached = [upto for upto, _ in arrived.steps]
    delays = []
    for end, sent_at in zip(ends_of(list(said.tokens)), said.sent_at, strict=False):
        place = bisect_left(reached, end)
        at = arrived.steps[place][1] if place < len(reached) else arrived.ended_at
        if at:
            delays.append((at - sent_at) / 1e6)
    return delays
