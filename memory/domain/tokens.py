"""Counting tokens without a tokeniser, on the safe side."""

import math


def count_tokens(text: str) -> int:
    """Return an upper-leaning estimate: never below characters / 4, one per character outside Latin scripts.

    Models cut English at about 4.2 characters a token and Chinese at about 1; counting high keeps a budget a
    promise.
    """
    wide = 0 if text.isascii() else sum(1 for character in text if ord(character) > 0x24F)
    return math.ceil((len(text) - wide) / 4) + wide


def clipped(text: str, limit: int) -> str:
    """Return the text, or of one longer than `limit` tokens its beginning and its end and how much lies between."""
    if count_tokens(text) <= limit:
        return text
    kept = max(4 * limit - 60, 8)
    while True:
        head, tail = kept * 2 // 3, kept // 3
        cut = f"{text[:head]}\n[... {len(text) - head - tail} characters left out ...]\n{text[len(text) - tail :]}"
        if count_tokens(cut) <= limit or kept <= 8:
            return cut
        kept = kept * 3 // 4
