"""Facts of the user and of the assistant, by rules, and which known facts they replace."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from memory.domain.lexical import terms
from memory.llm.base import Fact, KnownFact, PageText
from memory.llm.bounds import FACT, cut
from memory.llm.builtin.dates import with_absolute_dates
from memory.llm.builtin.grammar import third_person
from memory.llm.builtin.profile_rules import PROFESSION
from memory.llm.builtin.statements import is_question, lasting_statements
from memory.llm.builtin.text import addressees, prose, sentences
from memory.llm.builtin.wording import is_builtin_answer

_OF_PROFILE = re.compile(
    r"^(?:I'm|I am|my name is|my name's|call me|nama saya|nama aku)(?: adalah)? [A-Z]?[\w'-]+(?: [A-Z][\w'-]+)?$", re.I
)
_SLOTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("favourite", r"\bfavou?rite (?P<key>\w+(?: \w+)?) (?:is|are|was)\b"),
        ("location", r"\b(?:lives?|living|based|resides?) in\b|\b(?:moved|relocated) (?:\w+ )?(?:from [\w ]+ )?to\b"),
        ("occupation", r"\bwork(?:s|ing)? as\b|\b(?:job|occupation|profession) is\b"),
        ("employer", r"\bwork(?:s|ing)? (?:at|for) (?!home\b)"),
        ("age", r"\b(?:is|am|turned) \d{1,3}(?: years old)?(?=[.,]|$| years)"),
        ("birthday", r"\bbirthday is\b"),
        ("relationship", r"\b(?:is|am|are|got|was) (?:\w+ )?(?:married|single|divorced|engaged|widowed)\b"),
        ("name", r"\bname is\b|\bcalled\b(?= [A-Z])"),
    )
)
_LIKES = re.compile(
    r"\b(?P<not>don't|doesn't|no longer|never|stopped) (?:really |even )?(?P<verb>likes?|loves?|enjoys?|eats?|"
    r"drinks?|eating|drinking)\b"
    r"|\b(?P<bad>hates?|dislikes?|can't stand|quit|gave up)\b|\b(?P<good>likes?|loves?|enjoys?|prefers?|"
    r"adores?|eats?|drinks?)\b",
    re.IGNORECASE,
)
_OWNER = re.compile(r"^The user's (?P<who>[\w-]+)")
_ASSISTANT_FACT = re.compile(
    r"^(?:I (?:recommend|recommended|suggest|suggested|promise|promised)\b|I'm [A-Z]\w+(?=[,.!]|$)|My name is\b"
    r"|I (?:can|can't|cannot) (?:read|write|speak|translate|explain|search|summari[sz]e|plan|generate|create|answer|"
    r"set|send|draw|code|browse|access)\b"
    r"|(?:I'll|I will) (?:remind|send|check|prepare|look up|write|follow up|note|translate|search|plan|draft)\b)"
)
_SPEAKS_TO_USER = re.compile(r"\b(?:you|your|yours|you'\w+|yourself|we|us|our)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Slot:
    """What a fact is about: two facts on one slot cannot both hold, unless they agree."""

    name: str
    key: frozenset[str] = frozenset()
    positive: bool = True


def slot_of(text: str) -> Slot | None:
    """Return what a fact in the third person is about; None when it is nothing that two facts could contradict."""
    owner = _OWNER.match(text)
    # "The user's wife works at a bank" has nothing to do with where the user works.
    whose = owner["who"].lower() if owner else ""
    for name, pattern in _SLOTS:
        if found := pattern.search(text):
            if whose and name not in ("favourite", "birthday", "name") and whose not in ("job", "occupation"):
                return None
            key = found.groupdict().get("key") or (whose if name == "name" else "")
            return Slot(name, frozenset(terms(key)))
    if re.search(r"\b(?:is|am) an? \w", text) and PROFESSION.search(text):
        return None if whose else Slot("occupation")
    return None if whose else _attitude(text)


def _attitude(text: str) -> Slot | None:
    """Return what is liked or disliked, where the sentence is short enough to say only that."""
    found = _LIKES.search(text)
    key = frozenset(terms(text[found.end() :])) if found else frozenset()
    if not found or not 1 <= len(key) <= 3:
        return None
    return Slot("attitude", key - {"anymor"}, positive=bool(found["good"]))


def owner_of(text: str) -> str:
    """Return whose fact it is in "The user's wife works at a bank": "wife"; "" for the user's own."""
    owner = _OWNER.match(text)
    return owner["who"].lower() if owner else ""


def slots_clash(new: Slot | None, old: Slot | None) -> bool:
    """True when two facts on these slots cannot both hold, unless they agree."""
    if new is None or old is None or (new.name, new.key) != (old.name, old.key):
        return False
    return new.name != "attitude" or new.positive != old.positive


def _statements(pages: Sequence[PageText]) -> Iterator[tuple[PageText, str]]:
    names = addressees([page.query for page in pages])
    for page in pages:
        for statement in lasting_statements(page.query, names):
            # A bare name belongs to the profile.
            if not _OF_PROFILE.match(statement.strip(" .!")):
                yield page, statement


def _told(statement: str, at: datetime) -> str:
    """Return a statement as a fact about the user, in the language it was said in."""
    dated = with_absolute_dates(statement, at)
    foreign = re.match(r"^(?:saya|aku)\b", dated, re.IGNORECASE)
    if foreign:
        return cut("Pengguna" + dated[foreign.end() :].rstrip(" .!") + ".", FACT)
    return cut(third_person(dated), FACT)


def find_user_knowledge(pages: Sequence[PageText], known: Sequence[KnownFact]) -> tuple[Fact, ...]:
    """Return what the user states of themselves, in the third person, dates made absolute, oldest first.

    A fact on the slot of a known one (where they live, what they work as, a favourite ...) supersedes it;
    of two on these pages only the later is returned.
    """
    slots_known = {fact.number: (slot_of(fact.text), fact.text.casefold()) for fact in known}
    found: dict[str, tuple[Fact, Slot | None]] = {}
    for page, statement in _statements(pages):
        text = _told(statement, page.occurred_at)
        slot = slot_of(text)
        for key in [key for key, (_, earlier) in found.items() if slots_clash(slot, earlier)]:
            del found[key]
        replaced = tuple(
            number
            for number, (old, words) in slots_known.items()
            if words != text.casefold() and slots_clash(slot, old)
        )
        if (earlier_fact := found.get(text.casefold())) is not None:
            pages_of = tuple(sorted({*earlier_fact[0].page_indexes, page.index}))
            found[text.casefold()] = (
                Fact(text, pages_of, earlier_fact[0].valid_from, earlier_fact[0].supersedes),
                slot,
            )
        else:
            found[text.casefold()] = (Fact(text, (page.index,), page.occurred_at, replaced), slot)
    return tuple(fact for fact, _ in found.values())


def find_assistant_knowledge(pages: Sequence[PageText]) -> tuple[Fact, ...]:
    """Return what the assistant says of itself: its name, what it can do, recommends and promises.

    Nothing that speaks to or of the user, nothing from an answer that only quotes memory.
    """
    found: dict[str, Fact] = {}
    for page in pages:
        if is_builtin_answer(page.response):
            continue
        for sentence in sentences(prose(page.response)):
            if is_question(sentence) or _SPEAKS_TO_USER.search(sentence):
                continue
            if _ASSISTANT_FACT.match(sentence) and terms(sentence):
                text = cut(third_person(sentence, "the assistant"), FACT)
                found.setdefault(text.casefold(), Fact(text, (page.index,), page.occurred_at))
    return tuple(found.values())
