"""Provenance: whose words a finding rests on.

Only what the user says of themselves makes memory. What was recalled, quoted back by the assistant or pasted by a
client is memory already; learning it again is the feedback loop that fills a store with echoes. Everything here is
about shares of words, never about exact wording: a model may shorten, reorder and work out dates. Pure.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from memory.domain.lexical import terms
from memory.llm.base import PageText
from memory.models.knowledge import fingerprint

HEARD_FROM = 0.5
"""Share of a finding's words that stand only in the assistant's answers from which it may be an echo ..."""
SAID_BELOW = 1 / 3
"""... and is one, when the user said less than this share of those that stand on the pages at all."""
SAID_AGAIN = 0.5
"""The same share from which the user has said a known fact again; questions do not count as saying."""

_BLOCK = re.compile(r"<(memor(?:y|ies)|recalled\w*)\b[^>]{0,200}>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_MEMORY_NOUNS = (
    r"\b(?:memor(?:y|ies|ia|ias)|m[ée]moires?|recuerdos|ricordi|mem[óo]rias|erinnerungen|herinneringen|remember(?:ed)?|"
    r"recalled|known facts|facts about (?:me|the user)|ingatan|воспоминания)\b|记忆|記憶|记得|기억"
)
_LIST = re.compile(
    rf"^(?=[^\n:：]{{0,100}}(?:{_MEMORY_NOUNS}))[^\n:：]{{0,100}}[:：]\**[ \t]*\n"
    r"(?:\s*(?:[-*•–]|\d+[.)])[^\n]*(?:\n|\Z))+",
    re.MULTILINE | re.IGNORECASE,
)
"""A heading that speaks of memories and the list under it."""
_BULLET = re.compile(r"^\s*(?:[-*•–>]+|\d+[.)])?\s*")
_SENTENCE = re.compile(r"[^.!?…。！？؟\n]+[.!?…。！？؟]*[\"'”’)\]]*\s*")
_ASKED = ("?", "？", "؟")
_COMMAS = (",", ";", "，", "、", "；", "،", " – ", " - ")
_SUBJECTS = frozenset(terms("the user's user assistant pengguna usuario benutzer nutzer utilisateur 用户 助手"))


@dataclass(frozen=True, slots=True)
class Support:
    """How a finding's words stand on its pages: of `total` different ones, `said` by the user, `heard` only from the
    assistant."""

    total: int
    said: int
    heard: int

    @property
    def share_said(self) -> float:
        """Of the words found at all, the user's; 0.0 when none is found."""
        return self.said / (self.said + self.heard) if self.said else 0.0

    @property
    def said_again(self) -> bool:
        """True when the user says at least half of what stands on the pages at all."""
        return self.share_said >= SAID_AGAIN

    @property
    def only_heard(self) -> bool:
        """True when most of what stands on the pages comes from the assistant (of a repetition: or from questions)."""
        return self.heard > 0 and not self.said_again

    @property
    def echoes(self) -> bool:
        """True when a finding stands (almost) only in what the assistant said."""
        return self.heard > 0 and self.heard >= HEARD_FROM * self.total and self.share_said < SAID_BELOW


def own_words(query: str, recalled: Collection[str] = frozenset()) -> str:
    """Return a message without recalled memory: marked blocks, lists under a heading, sentences that are known facts.

    `recalled` holds the fingerprints of what the memory holds; facts are written about the user in the third person,
    so nobody says them word for word.
    """
    text = _LIST.sub("\n", _BLOCK.sub("\n", query))
    if not recalled:
        return text.strip()
    lines = (_without_known(line, recalled) for line in text.split("\n"))
    return "\n".join(line for line in lines if line is not None).strip()


def _without_known(line: str, recalled: Collection[str]) -> str | None:
    bare = _BULLET.sub("", line)
    if bare and fingerprint(bare) in recalled:
        return None
    parts = _SENTENCE.findall(line)
    kept = [part for part in parts if fingerprint(_BULLET.sub("", part)) not in recalled]
    return line if len(kept) == len(parts) else "".join(kept)


def statements(text: str) -> str:
    """Return a message without its questions; of "I'm a cook, what shall I do?" the part before the last comma."""
    return "".join(_stated(part) for part in _SENTENCE.findall(text))


def _stated(sentence: str) -> str:
    if not sentence.rstrip("\"'”’)] \n").endswith(_ASKED):
        return sentence
    return sentence[: max(sentence.rfind(comma) + 1 for comma in _COMMAS)] + " "


def content(text: str, ignored: Collection[str] = frozenset()) -> frozenset[str]:
    """Return the different index terms of a finding that say something: not "the user", not the `ignored` ones."""
    return frozenset(terms(text)) - _SUBJECTS - frozenset(ignored)


def support(text: str, pages: Sequence[PageText], ignored: Collection[str] = frozenset()) -> Support:
    """Weigh a finding about the user: everything the user wrote on the pages, questions included, speaks for it."""
    said = {term for page in pages for term in terms(page.query)}
    return _weighed(content(text, ignored), said, pages)


def _weighed(
    wanted: frozenset[str], said: Collection[str], pages: Sequence[PageText], more: Collection[str] = frozenset()
) -> Support:
    heard = {term for page in pages for term in terms(page.response)} | set(more)
    mine = wanted & set(said)
    return Support(len(wanted), len(mine), len((wanted & heard) - mine))


def repetition(text: str, pages: Sequence[PageText], ignored: Collection[str] = frozenset()) -> Support:
    """Weigh a finding about something known already: only what the user states speaks for it, asking is not saying."""
    stated = {term for page in pages for term in terms(statements(page.query))}
    asked = {term for page in pages for term in terms(page.query)}
    return _weighed(content(text, ignored), stated, pages, asked)


def about_the_assistant(text: str, pages: Sequence[PageText]) -> bool:
    """Say whether an entry about the assistant rests on its answers more than on what the user states."""
    wanted = content(text)
    answered = {term for page in pages for term in terms(page.response)}
    stated = {term for page in pages for term in terms(statements(page.query))}
    return not wanted & stated or len(wanted & stated) <= len((wanted & answered) - stated)
