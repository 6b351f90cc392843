"""Sentences, weights of words, keywords and phrases of a text, without a model."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from memory.domain.lexical import STOP_WORDS
from memory.llm.builtin.vocabulary import GREETINGS, LIGHT_WORDS, NOT_NAMES

READ_AT_MOST = 6_000
"""Characters of one message the rules read: what is longer was pasted and is hardly about the user."""

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|^>[^\n]*|https?://\S+", re.DOTALL | re.MULTILINE)
_CAPTION = re.compile(r"\[Image:[^\]]*\]")
_BREAK = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])\s*|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|st|vs|prof|jr|sr|approx|no|e\.g|i\.e|u\.s|a\.m|p\.m)|\b[a-z])\.$", re.I
)
_TOKEN = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*\+?|[^\w\s]")
_VOCATIVE = re.compile(
    rf"(?:^|(?<=[.!?…] ))(?:{GREETINGS})\b[,!.]?\s+([A-Z][a-z]+)(?=\s*[,.!?…]|\s*$)", re.I | re.MULTILINE
)
_CLOSING_NAME = re.compile(
    r"\b(?:[Yy]ou|[Yy]our|[Yy]ou're|[Tt]hat's|[Ss]ounds|[Ll]ooks|[Gg]reat|[Aa]gree|[Ww]ow|[Ww]oohoo|[Hh]ey|"
    r"[Hh]i)\b[^.!?\n]{0,60}?"
    r",? ([A-Z][a-z]+)(?=[!.?])"
)
_CONNECTORS = frozenset({"of", "in", "for", "at", "with", "near", "from"})
_ARTICLES = frozenset({"a", "an", "the", "my", "our", "their", "his", "her"})


def prose(text: str) -> str:
    """Return the part of a message that may be the user's own words: no code, quoted line or caption,
    bounded.
    """
    return _CAPTION.sub(" ", with_captions(text))


def with_captions(text: str) -> str:
    """The same with the captions of images left in: good for keywords, but nobody said them."""
    return _CODE.sub(" ", text[:READ_AT_MOST]).replace("’", "'")


def sentences(text: str) -> list[str]:
    """Return the sentences of a text in order, each with its closing mark."""
    found: list[str] = []
    start = 0
    for gap in _BREAK.finditer(text):
        piece = text[start : gap.start()]
        if "\n" not in gap.group() and _ABBREVIATION.search(piece[-12:]):
            continue
        found.append(text[start : gap.end()])
        start = gap.end()
    found.append(text[start:])
    return [" ".join(sentence.split()) for sentence in found if sentence.strip()]


def talkers(texts: Iterable[str]) -> frozenset[str]:
    """Return the names of the people who talk, found more freely than `addressees`; they are on every
    page.
    """
    found = [text for text in texts if text]
    close = {match[1] for text in found for match in _CLOSING_NAME.finditer(text)}
    return addressees(found) | frozenset(name for name in close if is_content(name))


def addressees(texts: Iterable[str]) -> frozenset[str]:
    """Return the names by which the speaker calls the other one: "Thanks, Mel!" gives Mel."""
    found = {match[1] for text in texts for match in _VOCATIVE.finditer(text)}
    return frozenset(name for name in found if name[0].isupper() and is_content(name))


@lru_cache(maxsize=16384)
def is_content(word: str) -> bool:
    """Say whether a word can carry a topic."""
    folded = word.casefold().removesuffix("'s")
    if folded in STOP_WORDS or folded in LIGHT_WORDS or not folded[0].isalnum():
        return False
    return len(folded) > 2 or not folded.isascii() or (len(word) > 1 and word.isupper() and word.isalpha())


def tokens(text: str) -> list[str]:
    """Return words (apostrophes and hyphens inside kept) and single punctuation marks, as written."""
    return _TOKEN.findall(text)


def _is_name(word: str, *, starts: bool) -> bool:
    return not starts and word[0].isupper() and word.casefold() not in NOT_NAMES


def phrases(text: str, ignored: frozenset[str] = frozenset()) -> list[list[str]]:
    """Return the runs of content words of a text, joined over "of", "in", "for" and their like.

    `ignored` names end a run.
    "I work as a data scientist in San Francisco" gives work; data scientist in San Francisco.
    """
    found: list[list[str]] = []
    run: list[str] = []
    bridge: list[str] = []
    for token in tokens(text):
        folded = token.casefold()
        if is_content(token) and token not in ignored:
            run += [*bridge, token.removesuffix("'s") if token.islower() else token]
            bridge = []
        elif run and ((folded in _CONNECTORS and not bridge) or (folded in _ARTICLES and bridge)):
            bridge.append(token)
        else:
            if run:
                found.append(run)
            run, bridge = [], []
    return [*found, run] if run else found


def weight(word: str, *, starts: bool = False) -> float:
    """Return how much a content word says: long words more than short, names most; others 0."""
    if not is_content(word):
        return 0.0
    return 2.5 if _is_name(word, starts=starts) else 0.6 + 0.08 * min(len(word), 10)


def information(sentence: str) -> float:
    """Return how much a sentence says: the weights of its different content words, damped by its length."""
    found = tokens(sentence)
    seen = {word.casefold(): weight(word, starts=at == 0) for at, word in enumerate(found)}
    return sum(seen.values()) / math.sqrt(8 + len(found))


def keywords(query: str, response: str, ignored: frozenset[str], limit: int = 8) -> tuple[str, ...]:
    """Return the weightiest words of a page in surface form, names of several words as one; the query
    counts double.

    `ignored` are names of the people talking, who are on every page.
    """
    skipped = {name.casefold() for name in ignored}
    scores: defaultdict[str, float] = defaultdict(float)
    written: dict[str, str] = {}
    for text, factor in ((query, 2.0), (response, 1.0)):
        for sentence in sentences(with_captions(text).replace("[Image:", "")):
            for word, value in _weighted_words(sentence):
                folded = word.casefold().removesuffix("'s")
                if folded in skipped:
                    continue
                scores[folded] += value * factor
                written.setdefault(folded, word.removesuffix("'s"))
    ranked = sorted(scores, key=lambda folded: (-math.log1p(scores[folded]), folded))
    return tuple(written[folded] for folded in ranked[:limit])


def _weighted_words(sentence: str) -> list[tuple[str, float]]:
    found = tokens(sentence)
    words: list[tuple[str, float]] = []
    name: list[str] = []
    for at, token in enumerate([*found, "."]):
        # "San Francisco" is one keyword; a capital at the start of a sentence says nothing.
        if token[0].isupper() and _is_name(token, starts=at == 0) and is_content(token):
            name.append(token)
            continue
        if name:
            words.append((" ".join(name[:4]), 2.5))
            name = []
        if value := weight(token, starts=True):
            words.append((token.casefold() if not token.isupper() else token, value))
    return words
