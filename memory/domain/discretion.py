"""Discretion: what is learnt about an assistant is seen by all its members and must not tell of any of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memory.domain.lexical import words
from memory.domain.provenance import about_the_assistant, content
from memory.enums import KnowledgeStatus
from memory.llm.base import Fact, PageText, ProfileFinding
from memory.llm.builtin.vocabulary import NOT_NAMES
from memory.llm.pronouns import names_a_person
from memory.models import Knowledge, Memory, Profile

SHARED_WITH_FACT = 0.6
"""Share of an entry's words that one fact about a member may hold before the entry counts as that fact."""
_NAME = re.compile(r"[^\W\d_][\w'’-]+")
_FACTS_READ = 2000
"""Facts of other members that are compared, newest first."""


@dataclass(frozen=True, slots=True)
class Private:
    """What must not be told: members' names (case-folded), names of what is theirs (as written), and the content of
    facts about them."""

    members: frozenset[str]
    names: frozenset[str]
    facts: tuple[frozenset[str], ...]
    own: frozenset[str]
    """Terms of the assistant's name, which users' facts may hold."""


def private_matters(memory: Memory, profile: Sequence[ProfileFinding], facts: Sequence[Fact]) -> Private:
    """Gather what is known of every member of the memory's assistant, and what was just learnt of this one.

    Members' names are those of account and profile; other names are the capitalised words of profiles and facts:
    family, pets, places, employers.
    """
    assistant = memory.assistant
    people = assistant.memberships.values_list("user__username", "user__first_name", "user__last_name")
    values = [
        *Profile.objects.filter(memory__assistant=assistant).values_list("name", "value"),
        *((finding.name, finding.value) for finding in profile),
    ]
    known = Knowledge.objects.filter(memory__assistant=assistant).exclude(status=KnowledgeStatus.ARCHIVED)
    texts = [*known.order_by("-pk").values_list("text", flat=True)[:_FACTS_READ], *(fact.text for fact in facts)]
    own = [name for person in people for name in person] + [v for name, v in values if "name" in name.casefold()]
    harmless = frozenset(words(f"{assistant.name} the assistant user admin"))
    names = {name for _, value in values for name in _proper_names(value)}
    names |= {name for text in texts for name in _proper_names(text, within=True)}
    return Private(
        members=frozenset(word for name in own for word in words(name) if len(word) > 1) - harmless,
        names=frozenset(name for name in names if name.casefold() not in harmless),
        facts=tuple(content(text) for text in texts),
        own=content(assistant.name),
    )


def discreet(facts: Iterable[Fact], pages: Sequence[PageText], private: Private) -> tuple[Fact, ...]:
    """Return the entries about the assistant that tell of nobody; `pages` are those of the request, by index."""
    return tuple(fact for fact in facts if not tells_of_someone(fact, pages, private))


def tells_of_someone(fact: Fact, pages: Sequence[PageText], private: Private) -> bool:
    """Say whether an entry tells of a person: by pronoun or noun, by name, by repeating a fact, or because the words
    are the user's rather than the assistant's."""
    spoken = {word.partition("'")[0] for word in words(fact.text)}
    if names_a_person(fact.text) or spoken & private.members or set(_proper_names(fact.text)) & private.names:
        return True
    mine = content(fact.text)
    if any(len(mine & other - private.own) > SHARED_WITH_FACT * len(mine) for other in private.facts if mine):
        return True
    cited = [pages[index] for index in fact.page_indexes] or list(pages)
    return not about_the_assistant(fact.text, cited)


def _proper_names(text: str, *, within: bool = False) -> list[str]:
    """Return the words with a capital that can name someone or something; `within`: not those that open a sentence.

    In scripts without capitals there are none.
    """
    found = []
    for match in _NAME.finditer(text):
        name = match.group().replace("’", "'").partition("'")[0]
        opens = not (before := text[: match.start()].rstrip()) or before[-1] in ".!?"
        if name[:1].isupper() and name.casefold() not in NOT_NAMES and not (within and opens):
            found.append(name)
    return found
