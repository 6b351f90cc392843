"""Cutting a batch into topics, and giving each a title and a summary from the words of its pages."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from memory.domain.lexical import term_counts, terms
from memory.llm.base import PageText, Topic
from memory.llm.bounds import SUMMARY, TITLE, cut
from memory.llm.builtin.statements import is_question
from memory.llm.builtin.summaries import told
from memory.llm.builtin.text import information, is_content, keywords, phrases, prose, sentences, tokens, weight

_JOIN = 0.12
"""Cosine with a topic's words from which a page belongs to it, wherever it stands in the batch."""
_STAY = 0.02
"""The same for the topic of the page right before it: a sitting seldom changes its subject."""
_TELLING_TERMS = 5
"""Content words a page needs before its words can open a topic of their own."""
_TELLING_WORDS = 2
_TITLE_PHRASE = 52
_SUMMARY_SENTENCES = 3
_SUMMARY_LENGTH = 480
_TOPIC_KEYWORDS = 12


@dataclass
class _Group:
    pages: list[PageText] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, page: PageText, counts: Counter[str]) -> None:
        self.pages.append(page)
        self.counts.update(counts)


def _counts(page: PageText) -> Counter[str]:
    """Return the page's content terms; the user's words count double."""
    found: Counter[str] = Counter()
    for text, factor in ((prose(page.query), 2), (prose(told(page)), 1)):
        telling = " ".join(word for word in text.split() if is_content(word.strip(".,!?;:\"'()") or "a"))
        for term, count in term_counts(telling).items():
            found[term] += count * factor
    return found


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    shared = sum(math.log1p(one[term]) * math.log1p(other[term]) for term in one.keys() & other.keys())
    lengths = math.prod(math.sqrt(sum(math.log1p(count) ** 2 for count in counts.values())) for counts in (one, other))
    return shared / lengths if lengths else 0.0


def _group(pages: Sequence[PageText], continues: Sequence[bool]) -> list[_Group]:
    groups: list[_Group] = []
    current: _Group | None = None
    for page, goes_on in zip(pages, continues, strict=True):
        counts = _counts(page)
        near = max(groups, key=lambda group: _cosine(counts, group.counts), default=None)
        if (
            current is not None
            and goes_on
            and (len(counts) < _TELLING_TERMS or _cosine(counts, current.counts) >= _STAY)
        ):
            chosen = current
        elif near is not None and _cosine(counts, near.counts) >= _JOIN:
            chosen = near
        else:
            chosen = _Group()
            groups.append(chosen)
        chosen.add(page, counts)
        current = chosen
    return groups


def _title(pages: Sequence[PageText], counts: Counter[str], ignored: frozenset[str]) -> str:
    """Return the weightiest phrase of the user's sentences, with a second one where it is a single word."""
    scores: dict[str, float] = {}
    for page in pages:
        for sentence in sentences(prose(page.query)) or sentences(prose(told(page))):
            for run in phrases(sentence, ignored):
                text = cut(" ".join(run), _TITLE_PHRASE, ellipsis="")
                # Long runs are lists, not phrases: from the fourth word on a word adds nothing.
                values = sorted((weight(word) + math.log1p(counts[_term(word)]) for word in run), reverse=True)
                scores[text] = max(scores.get(text, 0.0), sum(values[:4]))
    ranked = sorted(scores, key=lambda text: (-scores[text], text))
    if not ranked:
        first = next((page.query or page.response for page in pages if page.query or page.response), "")
        return cut(first, TITLE) or "Conversation"
    title = ranked[0]
    rest = [text for text in ranked[1:] if not set(terms(text)) & set(terms(title))]
    if " " not in title and rest:
        title = f"{title} and {rest[0]}"
    return cut(title[:1].upper() + title[1:], TITLE)


def _term(word: str) -> str:
    return next(iter(terms(word)), "")


def _tells(sentence: str) -> bool:
    return sum(map(is_content, tokens(sentence))) >= _TELLING_WORDS


def _summary(pages: Sequence[PageText], sentence_count: int) -> str:
    """Return the sentences that say most, the user's before the assistant's, in the order they were said."""
    said = [sentence for page in pages for sentence in sentences(prose(page.query))]
    answered = [sentence for page in pages for sentence in sentences(prose(told(page)))]
    stated = [sentence for sentence in said if not is_question(sentence) and _tells(sentence)]
    offered = stated or said or answered
    best = sorted(range(len(offered)), key=lambda at: (-information(offered[at]), at))[:sentence_count]
    return cut(" ".join(cut(offered[at], _SUMMARY_LENGTH // 2) for at in sorted(best)), SUMMARY)


def split_topics(pages: Sequence[PageText], continues: Sequence[bool], ignored: frozenset[str]) -> tuple[Topic, ...]:
    """Partition the pages into topics by their words and by which page goes on with the one before it.

    `ignored` are the names of the people talking.
    """
    return tuple(_topic(group, ignored, _SUMMARY_SENTENCES) for group in _group(pages, continues))


def one_topic(pages: Sequence[PageText], ignored: frozenset[str]) -> Topic:
    """Describe all the pages as one topic; its summary grows with their number."""
    group = _Group()
    for page in pages:
        group.add(page, _counts(page))
    return _topic(group, ignored, max(_SUMMARY_SENTENCES, len(pages)))


def _topic(group: _Group, ignored: frozenset[str], sentence_count: int) -> Topic:
    title = _title(group.pages, group.counts, ignored)
    query = "\n".join(page.query for page in group.pages)
    response = "\n".join(told(page) for page in group.pages)
    return Topic(
        title=title,
        summary=_summary(group.pages, sentence_count) or title,
        keywords=keywords(query, response, ignored, _TOPIC_KEYWORDS),
        page_indexes=tuple(page.index for page in group.pages),
    )
