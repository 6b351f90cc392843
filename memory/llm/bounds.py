"""How long what a model reads and writes may be, and how it is cut: at a word, without what a database refuses."""

import re

TITLE = 80
SUMMARY = 1000
KEYWORD = 40
KEYWORDS_PER_PAGE = 12
FACT = 500
REASON = 300
PROFILE_NAME = 40
PROFILE_VALUE = 200

QUERY_EXCERPT = 12_000
"""Characters of one message that a call shows; of a longer one, its beginning and its end."""
RESPONSE_EXCERPT = 4_000
"""The same for an answer, which says less about the user."""

# C0 and C1 controls but not tab and line feed: PostgreSQL refuses NUL, and none of them is text.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def storable(text: str) -> str:
    """Return the text without control characters and lone surrogates, which JSON can carry and UTF-8
    cannot.
    """
    return _CONTROLS.sub("", text).encode("utf-8", "ignore").decode("utf-8")


def cut(text: str, limit: int, *, ellipsis: str = "…") -> str:
    """Return the text on one line, at most `limit` characters, cut at a word and marked where it was cut."""
    line = " ".join(storable(text).split())
    if len(line) <= limit:
        return line
    head = line[: limit - len(ellipsis) + 1]
    at_word = head.rpartition(" ")[0]
    # A script without spaces, or one enormous word: cut where the limit falls.
    kept = at_word if len(at_word) >= limit // 2 else head[:-1]
    return kept.rstrip(" ,;:-–—") + ellipsis
