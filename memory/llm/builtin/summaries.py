"""Extractive summaries: what a chain and a segment have been about, in sentences that were said.

`BuiltinConsolidator` has no other; with a language model they stand in where its answer left a summary out.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from memory.domain.lexical import terms
from memory.llm.base import PageText
from memory.llm.bounds import SUMMARY, TITLE, cut
from memory.llm.builtin.statements import is_question
from memory.llm.builtin.text import information, is_content, prose, sentences, tokens
from memory.llm.builtin.wording import is_builtin_answer

CHAIN_SUMMARY = 400
"""Characters of the running summary of a chain."""
_SENTENCE = 160
_TELLING_WORDS = 3
_TELLING_TERMS = 2
"""Terms a sentence needs to mean something by itself."""
_SAME = 0.8
"""Share of a sentence's terms another one holds from which it says nothing new."""
_TITLE_KEYWORDS = 3
_COVERED = 0.2
"""Share of the weight of a segment's keywords that a title has to hold, else the keywords are the title."""


def told(page: PageText) -> str:
    """Return the answer of a page as far as it tells something new: a built-in answer only quotes memory."""
    return "" if is_builtin_answer(page.response) else page.response


def running_summary(before: str, page: PageText) -> str:
    """Return a chain's summary with this page's most telling sentence; the oldest sentences make room for it.

    Never blank: a page of nothing but code is quoted.
    """
    said = sentences(prose(page.query)) or sentences(prose(told(page)))
    stated = [sentence for sentence in said if not is_question(sentence)]
    best = _best(stated)
    if not _tells(best):
        best = _best(said)
    # "Great that you did!" tells nothing of the chain; it stands only where there is nothing else.
    kept = [*sentences(before), *([best] if _tells(best) or not before else [])]
    while len(" ".join(kept)) > CHAIN_SUMMARY and len(kept) > 1:
        kept.pop(0)
    return cut(" ".join(sentence for sentence in kept if sentence) or page.query or page.response, CHAIN_SUMMARY)


def merged_summary(old: str, new: Iterable[str], keywords: Counter[str]) -> str:
    """Return the most central sentences of a segment's summary and of its new topics' in their order.

    Central: made of the words that most of the sentences and of the segment's pages (`keywords`, counted over
    them) are about. What another sentence says again goes first, then what says little; of the new ones one always
    stays, so that the summary never freezes. At most 1,000 characters.
    """
    offered = [sentence for text in (old, *new) for sentence in sentences(text)]
    words = [frozenset(terms(sentence)) for sentence in offered]
    weights = Counter(term for held in words for term in held)
    for keyword, count in keywords.items():
        weights.update(dict.fromkeys(terms(keyword), count))
    kept = _without_repeats(words)
    newest = next((at for at in kept if len(words[at]) >= _TELLING_TERMS), len(offered) - 1)
    ranked = sorted(kept, key=lambda at: (at != newest, -_centrality(words[at], weights), -at))
    chosen: list[int] = []
    length = 0
    for at in ranked:
        # The blank before a sentence counts.
        if length + len(offered[at]) <= SUMMARY or not chosen:
            chosen.append(at)
            length += len(offered[at]) + 1
    return cut(" ".join(offered[at] for at in sorted(chosen)), SUMMARY)


def fitting_title(titles: Sequence[str], keywords: Counter[str]) -> str:
    """Return the title that says most of the whole segment; where none does, its most frequent keywords.

    `titles` are the segment's own and its new topics', the present one first; `keywords` are counted over its pages.
    """
    frequent = keywords.most_common(_TITLE_KEYWORDS**2)
    covered = [_coverage(title, frequent) for title in titles]
    best = max(range(len(titles)), key=lambda at: (covered[at], -at), default=None)
    if best is not None and (covered[best] >= _COVERED or not _repeated(frequent)) and titles[best]:
        return titles[best]
    listed = ", ".join(word for word, _ in frequent[:_TITLE_KEYWORDS])
    return cut(listed[:1].upper() + listed[1:], TITLE)


def _best(offered: Sequence[str]) -> str:
    return cut(max(offered, key=information), _SENTENCE) if offered else ""


def _tells(sentence: str) -> bool:
    return sum(map(is_content, tokens(sentence))) >= _TELLING_WORDS


def _without_repeats(words: Sequence[frozenset[str]]) -> list[int]:
    """Return the places of sentences that say something the later ones do not, the last one first."""
    kept: list[int] = []
    for at in reversed(range(len(words))):
        repeated = (len(words[at] & words[other]) >= _SAME * len(words[at]) for other in kept)
        if not any(repeated):
            kept.append(at)
    return kept


def _centrality(words: frozenset[str], weights: Counter[str]) -> float:
    """Return 0.0 for what says little: "Did you make it?" means nothing by itself."""
    if len(words) < _TELLING_TERMS:
        return 0.0
    return sum(math.log1p(weights[term]) for term in words) / math.sqrt(4 + len(words))


def _coverage(title: str, frequent: Sequence[tuple[str, int]]) -> float:
    """Return the share of the keywords' weight that stands in the title."""
    held = set(terms(title))
    total = sum(count for _, count in frequent)
    return sum(count for word, count in frequent if held & set(terms(word))) / total if total else 0.0


def _repeated(frequent: Sequence[tuple[str, int]]) -> bool:
    """Say whether the keywords tell what a segment is about: those of single pages do not."""
    return bool(frequent) and frequent[0][1] > 1
