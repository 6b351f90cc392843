"""What the benchmark's model says: answers whose every token is known beforehand. Pure."""

from __future__ import annotations

import itertools

TOKEN_LENGTH = 5
"""Characters of a token, as those of a real model have on average: a word of four letters and a blank."""
WORDS_AN_ANSWER = 300
"""Different words of one answer; a text of a thousand words has about so many."""
SPREAD = 5
"""Answers are up to a fifth shorter or longer than planned: people's do not all end at once."""
_SYLLABLES = ["".join(pair) for pair in itertools.product("bdfghjklmnprstvz", "aeiou")]
_WORDS = ["".join(pair) for pair in itertools.product(_SYLLABLES, _SYLLABLES)]


def length_of(number: int, planned: int) -> int:
    """Return how many tokens answer `number` has, at least one."""
    span = planned // SPREAD
    return max(planned - span + number * 7 % (2 * span + 1), 1)


def tokens_of(number: int, count: int) -> list[str]:
    """Return the tokens of answer `number`: the same number says the same, the next one something else."""
    words = (_WORDS[(101 * number + 7 * place % WORDS_AN_ANSWER) % len(_WORDS)] for place in range(count))
    return [word if place == count - 1 else f"{word} " for place, word in enumerate(words)]


def ends_of(tokens: list[str]) -> list[int]:
    """Return how many characters of the answer have been said with each token."""
    return list(itertools.accumulate(map(len, tokens)))
