"""Static attributes people state of themselves, by rules over their own sentences."""

import re
from collections.abc import Iterator, Mapping, Sequence

from memory.llm.base import PageText, ProfileFinding
from memory.llm.bounds import PROFILE_VALUE, cut
from memory.llm.builtin.profile_rules import PET, RELATIVE, RELATIVES, RULES, is_name
from memory.llm.builtin.text import prose, sentences

LISTS = frozenset({"pets", "languages", "allergies", "daughter", "son", "brother", "sister", "children", "diet"})
"""Attributes that gather values; of the others the newest stands."""

_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”")
_HYPOTHETICAL = re.compile(
    r"^(?:if|imagine|suppose|pretend|what if|let's say|say|maybe|perhaps|when)\b|\b(?:I wish|if I|as if|"
    r"I would be)\b",
    re.IGNORECASE,
)
_SAME_PERSON = {"mum": "mother", "mom": "mother", "mama": "mother", "dad": "father", "papa": "father", "kid": "child"}


def _declarative(sentence: str) -> str:
    """Return what the sentence states: nothing of a hypothesis, of a question only what stands before it."""
    text = _QUOTED.sub("", sentence)
    if _HYPOTHETICAL.search(text):
        return ""
    return text.rpartition(",")[0] if text.rstrip().endswith("?") else text


def attributes(text: str) -> Iterator[tuple[str, str]]:
    """Yield (attribute, value) for everything a message states of its writer, in order of its sentences."""
    seen: set[tuple[str, str]] = set()
    for sentence in sentences(prose(text)):
        stated = _declarative(sentence)
        for attribute in (*_own(stated), *_company(stated)):
            if attribute not in seen:
                seen.add(attribute)
                yield attribute


def _own(stated: str) -> Iterator[tuple[str, str]]:
    for name, pattern, clean in RULES:
        found = pattern.search(stated)
        value = clean(found) if found else None
        if value:
            yield name, value


def _company(stated: str) -> Iterator[tuple[str, str]]:
    """Yield the people and animals the writer calls theirs, by their names."""
    for found in RELATIVE.finditer(stated):
        if is_name(found["v"]):
            who = found["who"].lower()
            yield _SAME_PERSON.get(who, who), _bare(found)
    for found in RELATIVES.finditer(stated):
        yield "children", found["v"]
    for found in PET.finditer(stated):
        if is_name(found["v"]):
            yield "pets", f"{_bare(found)} ({found['who'].lower()})"


def _bare(found: re.Match[str]) -> str:
    return found["v"].removesuffix("'s")


def _joined(existing: str, value: str) -> str:
    """Return a gathered value with one more; one that says nothing new changes nothing."""
    if value.casefold() in existing.casefold():
        return existing
    return value if existing.casefold() in value.casefold() else f"{existing}, {value}"


def find_profile(
    pages: Sequence[PageText], existing: Mapping[str, str], locked: frozenset[str]
) -> tuple[ProfileFinding, ...]:
    """Return the attributes the user states on these pages, each with the pages that state it.

    Of two statements the later stands, but for attributes that gather (`LISTS`), which keep what is known.
    """
    values: dict[str, str] = {}
    cited: dict[str, list[int]] = {}
    for page in pages:
        for name, value in attributes(page.query):
            if name in locked:
                continue
            if name in LISTS:
                known = values.get(name) or existing.get(name, "")
                value = _joined(known, value) if known else value  # noqa: PLW2901
            elif values.get(name, value).casefold() != value.casefold():
                cited[name] = []
            values[name] = value
            if page.index not in (pages_of := cited.setdefault(name, [])):
                pages_of.append(page.index)
    return tuple(ProfileFinding(name, cut(value, PROFILE_VALUE), tuple(cited[name])) for name, value in values.items())
