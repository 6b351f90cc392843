"""Counting tokens without a tokeniser, on the safe side, and shortening texts to a number of them."""

import math


def count_tokens(text: str) -> int:
    """Return an upper-leaning estimate: never below characters / 4, one per character outside Latin scripts.

    Models cut English at about 4.2 characters a token and Chinese at about 1; counting high keeps a budget a
    promise.
    """
    wide = 0 if text.isascii() else sum(1 for character in text if ord(character) > 0x24F)
    return math.ceil((len(text) - wide) / 4) + wide


def ends_of(text: str, kept: int) -> str:
    """Return `kept` characters of a longer text: its beginning, its end and, plainly marked, how much lies between."""
    head, tail = kept * 2 // 3, kept // 3
    return f"{text[:head]}\n[... {len(text) - head - tail} characters left out ...]\n{text[len(text) - tail :]}"


def clipped(text: str, limit: int, characters: int | None = None) -> str:
    """Return the text, or of one longer than `limit` tokens or so many characters its ends (`ends_of`)."""
    most = 4 * limit if characters is None else min(4 * limit, characters)
    # A token is never more than four characters: what is longer need not be counted.
    if len(text) <= most and count_tokens(text) <= limit:
        return text
    kept = max(min(most, len(text)) - 60, 8)
    while True:
        cut = ends_of(text, kept)
        if kept <= 8 or count_tokens(cut) <= limit:
            return cut
        kept = kept * 3 // 4


def beginning(text: str, limit: int) -> str:
    """Return the text, or of one longer than `limit` tokens as much of its beginning as surely holds no more."""
    text = text[: 4 * limit]
    while (tokens := count_tokens(text)) > limit:
        # The tokens may stand at the beginning, so that leaving out the share that is too much is not always enough.
        text = text[: len(text) * limit // tokens]
    return text
