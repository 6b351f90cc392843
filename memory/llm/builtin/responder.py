"""Answers without a language model: it quotes what memory holds, with dates, and says so when it holds
nothing.
"""

import asyncio
import math
import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from memory.domain.lexical import terms
from memory.enums import Tier
from memory.llm.base import Delta, RecalledText, ReplyRequest, Usage
from memory.llm.bounds import cut
from memory.llm.builtin import wording
from memory.llm.builtin.knowledge import slot_of
from memory.llm.builtin.profile import attributes
from memory.llm.builtin.statements import is_question
from memory.llm.builtin.text import prose, sentences
from memory.llm.builtin.vocabulary import ASKED_ABOUT, RELATIONS, SEVERAL_RELATIONS
from memory.llm.builtin.wording import Wording

MOST_QUOTES = 4
LONGEST_QUOTE = 150
"""Characters; four quotes with their dates stay within about 120 words."""
_WORDS_A_PIECE = 3
_SAME = 0.8
"""Share of a quote's terms that another may hold before the two say the same."""
_BEST_SHARE = 0.4
"""A quote scoring less than this share of the best one is left out."""
_ASSISTANT_WEIGHT = 0.5
_GROUP_WEIGHT = 0.7
"""Of a match by meaning (job, occupation), against 1 for the very word."""

# What a question is made of besides what it asks about.
_ASKING = frozenset(
    terms(
        "remember recall know tell remind say said mention mentioned talk talked ask asked think thing anything "
        "something everything please can could still already ever again give list show summary happen learn learned "
        "apa siapa kapan mana mengapa kenapa bagaimana berapa apakah ingat ingatkan tahu ceritakan sebutkan tentang"
    )
)
_QUESTION = re.compile(
    r"^(?:(?:hi|hey|hello|so|ok|okay|and|well|please|now)\b[ ,!.]*)*(?:who|what|when|where|which|why|how|do|"
    r"does|did|is|are|"
    r"was|were|am|can|could|would|will|should|have|has|had|tell me|remind me|show me|list|summari[sz]e|any idea|"
    r"apa|siapa|kapan|di ?mana|mengapa|kenapa|bagaimana|berapa|apakah|ingatkan)\b",
    re.IGNORECASE,
)
_ABOUT_ME = re.compile(r"\b(?:about me|who am i|of me|know me|tentang saya|siapa saya)\b", re.IGNORECASE)
_GREETING = re.compile(
    r"^(?:hi|hey|hello|good (?:morning|evening|afternoon)|halo|selamat \w+|thanks|thank you)[\s!.,]*$", re.IGNORECASE
)
_TO_ASSISTANT = re.compile(r"\b(?:did|do|have|can|will|could|would) you (?!remember|know|recall|tell)", re.IGNORECASE)
_VAGUE = frozenset({"interests"})
_FAMILY = frozenset(f"{RELATIONS}|{SEVERAL_RELATIONS}|relationship status".split("|"))
_ATTRIBUTE_GROUPS = {
    "occupation": "occupation",
    "employer": "occupation",
    "location": "location",
    "origin": "location",
    "name": "name",
    "pets": "pets",
    "age": "birthday",
    "birthday": "birthday",
    "allergies": "diet",
    "diet": "diet",
    "languages": "language",
}


@dataclass(frozen=True, slots=True)
class _Quote:
    """Something the answer may quote: its words, how it is introduced and what speaks for it beforehand."""

    text: str
    lead: str
    weight: float
    by_user: bool = True


@lru_cache(maxsize=1)
def _groups_of_term() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for group, words in ASKED_ABOUT.items():
        for term in terms(words):
            found.setdefault(term, set()).add(group)
    return {term: frozenset(groups) for term, groups in found.items()}


def _asks(question: str) -> bool:
    last = (sentences(question) or [question])[-1]
    return is_question(question) or any(map(is_question, sentences(question))) or bool(_QUESTION.match(last))


def _said_on(words: Wording, at: datetime | None, now: datetime, *, by_user: bool) -> str:
    if at is None:
        return words.you_said_here if by_user else words.i_said_here
    said = words.you_said if by_user else words.i_said
    return said.format(day=words.day(at.astimezone(now.tzinfo).date()))


def _halves(text: str) -> tuple[str, str]:
    """Return what the user and what the assistant said on a page as it is recalled."""
    query, _, response = text.partition("\nAssistant: ")
    if query.startswith("Assistant: "):
        return "", query.removeprefix("Assistant: ")
    return query.removeprefix("User: "), response


def _stated(message: str) -> Iterable[str]:
    """Yield the sentences of a message that state something, short neighbours joined to one quote."""
    held = ""
    for sentence in sentences(prose(message)):
        # A question asked earlier is no memory of its answer.
        if is_question(sentence):
            continue
        if held and len(held) + len(sentence) >= LONGEST_QUOTE:
            yield held
            held = ""
        held = f"{held} {sentence}".strip()
    if held:
        yield held


def _page_quotes(item: RecalledText, now: datetime, words: Wording) -> Iterable[_Quote]:
    query, response = _halves(item.text)
    for text in () if _QUESTION.match(query) and len(sentences(query)) == 1 else _stated(query):
        yield _Quote(text, _said_on(words, item.occurred_at, now, by_user=True), 1.0)
    if not wording.is_builtin_answer(response):
        for text in _stated(response):
            lead = _said_on(words, item.occurred_at, now, by_user=False)
            yield _Quote(text, lead, _ASSISTANT_WEIGHT, by_user=False)


def _quotes(request: ReplyRequest) -> list[_Quote]:
    """Return everything quotable: recalled items best first, then the running conversation."""
    found: list[_Quote] = []
    words = wording.wording_for(request.question)
    for item in request.recalled:
        match item.tier:
            case Tier.SHORT_TERM | Tier.MID_TERM:
                found += _page_quotes(item, request.now, words)
            case Tier.PROFILE:
                found.append(_Quote(item.text, words.profile, 0.9))
            case Tier.USER_KNOWLEDGE:
                found.append(_Quote(item.text, words.knowledge, 0.8))
            case Tier.ASSISTANT_KNOWLEDGE:
                found.append(_Quote(item.text, words.about_me, _ASSISTANT_WEIGHT, by_user=False))
    for turn in request.turns[: -3 if request.unfinished else -1]:
        if turn.role == "user":
            found += [_Quote(text, words.you_said_here, 1.0) for text in _stated(turn.content)]
    return found


def _groups_told(text: str) -> frozenset[str]:
    """Return what a quote tells of its speaker: "I'm a nurse" is about the job without the word."""
    names = [name for name, _ in attributes(text)]
    names += [name.strip().lower() for name, colon, _ in [text.partition(":")] if colon]
    slot = slot_of(text)
    names += [slot.name] if slot else []
    return frozenset(_ATTRIBUTE_GROUPS.get(name, "family" if name in _FAMILY else "") for name in names) - {""}


def _score(question: str, quotes: Sequence[_Quote]) -> list[float]:
    """Return how well each quote answers: rare shared words most, then words of the same group of meaning."""
    asked = set(terms(question)) - _ASKING
    groups = {group for term in asked for group in _groups_of_term().get(term, ())}
    if any(term not in _groups_of_term() for term in asked):
        # "Which band do I like?" asks for a band; that someone likes something is no answer.
        groups -= _VAGUE
    held = [set(terms(quote.text)) for quote in quotes]
    spread = Counter(term for bag in held for term in bag)
    wants_assistant = bool(_TO_ASSISTANT.search(question))
    scores: list[float] = []
    for quote, bag in zip(quotes, held, strict=True):
        words = sum(math.log1p(len(quotes) / spread[term]) for term in asked & bag)
        shared = {group for term in bag - asked for group in _groups_of_term().get(term, ())} & groups
        told = _groups_told(quote.text) & groups
        meaning = _GROUP_WEIGHT * (len(shared) + 2 * len(told))
        weight = 1.0 if wants_assistant and not quote.by_user else quote.weight
        scores.append((words + meaning) * weight)
    return scores


def _best(question: str, quotes: Sequence[_Quote]) -> list[_Quote]:
    """Return the quotes for the answer, best first; none twice, in the user's own words where there is a
    choice.
    """
    if not set(terms(question)) - _ASKING or _ABOUT_ME.search(question):
        order = list(enumerate(quote.weight if quote.by_user else 0.0 for quote in quotes))
    else:
        order = list(enumerate(_score(question, quotes)))
    top = max((score for _, score in order), default=0.0)
    chosen: list[_Quote] = []
    for at, score in sorted(order, key=lambda pair: -pair[1]):
        if score <= 0 or score < _BEST_SHARE * top or len(chosen) == MOST_QUOTES:
            break
        if not any(_says_the_same(quotes[at].text, other.text) for other in chosen):
            chosen.append(quotes[at])
    return chosen


def _says_the_same(text: str, other: str) -> bool:
    mine = set(terms(text)) - {"user"}
    return len(mine & set(terms(other))) >= _SAME * len(mine)


def answer(request: ReplyRequest) -> str:
    """Return the answer in Markdown: quotes with their dates, or an honest "nothing"; at most about 120
    words.
    """
    question = request.question.strip()
    words = wording.wording_for(question)
    if _GREETING.match(question):
        return f"{words.hello} {words.invitation} {words.no_model}"
    if not _asks(question):
        return words.paused if request.paused else words.noted if request.records else words.not_kept
    chosen = _best(question, _quotes(request))
    if not chosen:
        return f"{words.nothing} {words.no_model}"
    lines = [f"- {quote.lead}: “{cut(quote.text, LONGEST_QUOTE)}”" for quote in chosen]
    return "\n".join([words.remembered, "", *lines])


def _rest(request: ReplyRequest) -> str:
    """Return what is left to say of an answer; one that would be worded otherwise by now is said whole."""
    whole = answer(request)
    if whole.startswith(request.unfinished):
        return whole[len(request.unfinished) :] or wording.wording_for(request.question).nothing_to_add
    return f"\n\n{whole}"


class BuiltinResponder:
    """Quotes instead of generating; streams like a model does."""

    name = wording.NAME
    is_model = False

    def __init__(self, pause: float = 0.015) -> None:
        """`pause`: seconds between pieces of a few words."""
        self._pause = pause

    async def stream(self, request: ReplyRequest) -> AsyncGenerator[Delta | Usage, None]:
        """Yield the answer a few words at a time; no Usage, and no error for any text."""
        words = re.findall(r"\s*\S+\s*", _rest(request))
        for start in range(0, len(words), _WORDS_A_PIECE):
            if start:
                await asyncio.sleep(self._pause)
            yield Delta("".join(words[start : start + _WORDS_A_PIECE]))
