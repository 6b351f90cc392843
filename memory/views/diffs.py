"""Two texts beside each other, word by word: what was taken away, what was put in, what stayed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Literal

MOST_COMPARED = 60_000
"""Words of one text times words of the other that are compared; beyond that what lies between two equal ends is one
change. Comparing takes at most the cube of a text's words, and nobody reads a longer list of small changes.
"""

_TOKEN = re.compile(
    # A character of a script that is written without blanks, a word with the blanks behind it, blanks.
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]\s*"
    r"|[^\s\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+\s*|\s+"
)

Kind = Literal["same", "out", "in"]


@dataclass(frozen=True, slots=True)
class Part:
    """Words that stayed, went or came."""

    kind: Kind
    text: str


def word_diff(before: str, after: str) -> list[Part]:
    """Return what it takes to get from one text to the other: parts in reading order, what went before what came."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    head = _equal(old, new)
    tail = _equal(old[head:][::-1], new[head:][::-1])
    middle = _middle(old[head : len(old) - tail], new[head : len(new) - tail])
    parts = [("same", old[:head]), *middle, ("same", old[len(old) - tail :])]
    return list(_joined(parts))


def _equal(old: Sequence[str], new: Sequence[str]) -> int:
    """Return with how many equal words both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _middle(old: list[str], new: list[str]) -> Iterator[tuple[Kind, list[str]]]:
    if len(old) * len(new) > MOST_COMPARED:
        yield "out", old
        yield "in", new
        return
    # A word at the end of a sentence has no blank behind it, and is the same word.
    plain = [word.rstrip() for word in old], [word.rstrip() for word in new]
    for _, start, end, new_start, new_end in SequenceMatcher(None, *plain, autojunk=False).get_opcodes():
        if plain[0][start:end] == plain[1][new_start:new_end]:
            yield "same", new[new_start:new_end]
        else:
            yield "out", old[start:end]
            yield "in", new[new_start:new_end]


def _joined(parts: Sequence[tuple[Kind, list[str]]]) -> Iterator[Part]:
    """Yield one part for what follows upon its like, none for nothing."""
    kind: Kind = "same"
    words: list[str] = []
    for each, more in parts:
        if more and each != kind:
            if words:
                yield Part(kind, "".join(words))
            kind, words = each, []
        words = [*words, *more]
    if words:
        yield Part(kind, "".join(words))


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a thing, before and after; `name` is empty where it need not be said."""

    name: str
    parts: list[Part]
