"""Near duplicates judged by rules: what two facts that are close to each other say of one another."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from memory.domain.lexical import terms, words
from memory.llm.base import FactPair, Verdict
from memory.llm.builtin.knowledge import owner_of, slot_of, slots_clash

SAME_FROM = 1.15
"""F-score from which two facts without another name, number or sign are the same; calibrated (docs/decisions.md)."""
_LONGEST_CHANGE = 3
"""Words that may differ in what counts as one sentence with another value."""

_NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|cannot|without|\w+n't|no longer|any ?more|stopped|quit|gave up|cancell?ed|"
    r"called off|ended|broke up|divorced|sold|lost|hates?|dislikes?|"
    r"nicht|nie|niemals|kein\w*|niet|nooit|geen|ne|pas|jamais|nunca|jamás|ya no|non|mai|não|tidak|bukan|jangan|"
    r"не|нет|никогда|nie|yok|değil)\b|[不没沒]|ない|ません|않|없",
    re.IGNORECASE,
)
_NUMBER_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905 (reads better)
)
_NUMBER = re.compile(rf"\d+(?:[.,:]\d+)*|\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = re.compile(
    rf"\b(?:(?:\d{{1,2}} )?{_MONTH}(?: \d{{1,2}})?,? )?(?:19|20)\d\d\b|\b\d{{1,2}} {_MONTH}\b", re.IGNORECASE
)
_APPOINTMENT = re.compile(
    r"\b(?:is|are|starts?|begins?|takes place|happens|is due|is planned) (?:on|in|at|for)\b", re.I
)
_LIVES = re.compile(
    r"\b(?:wohnt|lebt) (?:jetzt )?in|\bvive (?:ahora )?en|\bhabite (?:à|en|au)|\bvive a|\b(?:mora|vive) em|\bwoont in|"
    r"\btinggal di|\bживёт в|\bживет в|住在|住んで|に住",
    re.IGNORECASE,
)


def judge(pair: FactPair) -> Verdict:
    """Say what two near facts are to each other; see `MergeResult`.

    By turns: whose fact it is, whether one denies the other, a slot that holds one value at a time, a changed number,
    place or date in an otherwise equal sentence, other names; what is left is the same from `SAME_FROM` on.
    """
    old, new = pair.old, pair.new
    if _others(old, new) or _others(new, old):
        return "different"
    if bool(_NEGATION.search(old)) != bool(_NEGATION.search(new)):
        return "contradicts"
    if slots_clash(slot_of(new), slot_of(old)):
        more_or_less = set(terms(old)) <= set(terms(new)) or set(terms(new)) <= set(terms(old))
        return "same" if more_or_less else "replaces"
    changed = _changed_values(old, new)
    if changed is not None:
        return changed
    return "same" if pair.f_score >= SAME_FROM else "different"


def _others(text: str, other: str) -> bool:
    """True when the fact is about someone of the user's of whom the other one does not speak."""
    owner = owner_of(text)
    return bool(owner) and not set(terms(owner)) & set(terms(other))


def _changed_values(old: str, new: str) -> Verdict | None:
    """Judge by the numbers, dates and names that only one of the facts has; None when they do not tell."""
    dates = _only_once(_DATE.findall(old), _DATE.findall(new))
    if all(dates):
        return "replaces" if _APPOINTMENT.search(old) and _APPOINTMENT.search(new) else "different"
    bare_old, bare_new = _DATE.sub("", old), _DATE.sub("", new)
    if all(_only_once(_numbers(bare_old), _numbers(bare_new))):
        return "replaces" if _one_value_apart(bare_old, bare_new) else None
    if _LIVES.search(old) and _LIVES.search(new) and set(terms(old)) != set(terms(new)):
        return "replaces" if _one_value_apart(old, new) else None
    return "different" if all(_only_once(_names(bare_old), _names(bare_new))) else None


def _only_once(old: Sequence[str], new: Sequence[str]) -> tuple[set[str], set[str]]:
    return set(old) - set(new), set(new) - set(old)


def _numbers(text: str) -> list[str]:
    found = [number.lower() for number in _NUMBER.findall(text)]
    return [str(_NUMBER_WORDS.index(number) + 1) if number in _NUMBER_WORDS else number for number in found]


def _names(text: str) -> list[str]:
    """Words with a capital inside a sentence."""
    return re.findall(r"(?<=[a-z,;] )[A-Z][\w'-]+", text)


def _one_value_apart(old: str, new: str) -> bool:
    """True when all that differs is one stretch of a few words (or characters, where words are not spaced)."""
    left, right = words(old), words(new)
    if len(left) == len(right) == 1:
        left, right = list(left[0]), list(right[0])
    edits = [edit for edit in SequenceMatcher(None, left, right, autojunk=False).get_opcodes() if edit[0] != "equal"]
    if len(edits) != 1 or edits[0][0] != "replace":
        return False
    _, old_from, old_to, new_from, new_to = edits[0]
    return max(old_to - old_from, new_to - new_from) <= _LONGEST_CHANGE
