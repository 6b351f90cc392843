"""Questions: what a query asks of a memory, by its words, its speaker and its vectors. Read only."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured

from memory.domain.dates import Span, spans
from memory.domain.lexical import query_terms, terms, words
from memory.embedding import get_embedder
from memory.embedding.base import Vectors
from memory.enums import Subject
from memory.exceptions import ModelError

logger = logging.getLogger(__name__)

CHARACTERS = 4000
"""A longer question is searched for by its beginning and its end, where people say what they want."""
_I = frozenset(("i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine", "myself"))
_YOU = frozenset(("you", "you're", "you've", "you'd", "you'll", "your", "yours", "yourself"))


@dataclass(frozen=True, slots=True)
class Question:
    """`text` is what is looked for. `words` holds, for each word that can find something, the index terms it may
    stand as. `speaker` is the one of the two who is asked about, None for both or neither. `times` are the periods it
    speaks of."""

    text: str
    words: tuple[frozenset[str], ...] = ()
    speaker: Subject | None = None
    times: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Speakers:
    """The names by which the person and the assistant are known, as text."""

    user: str = ""
    assistant: str = ""


def understand(query: str, speakers: Speakers, now: datetime, languages: Sequence[str] = ()) -> Question:
    """Return what a query looks for: `now` gives "last May" its meaning, `languages` are those of the memory's pages.

    A speaker's name says who is asked about. As a word it would only find the pages on which the other one says it,
    so it is taken out, unless nothing else is left.
    """
    query = shortened(query)
    user, assistant = _names(speakers.user), _names(speakers.assistant)
    said = _plain(words(query))
    rest = _without(query, user | assistant)
    searched = rest if terms(rest) else query
    return Question(
        text=searched,
        words=tuple(query_terms(searched, languages)),
        speaker=_speaker(said, user, assistant),
        times=tuple(spans(query, now)),
    )


def shortened(query: str) -> str:
    """Return a query of at most 4,000 characters: the beginning and the end of a longer one."""
    half = CHARACTERS // 2
    return query if len(query) <= CHARACTERS else f"{query[:half]}\n{query[-half:]}"


def _speaker(said: set[str], user: Collection[str], assistant: Collection[str]) -> Subject | None:
    of_user = not said.isdisjoint(user)
    of_assistant = not said.isdisjoint(assistant)
    if not of_user and not of_assistant:
        # "What was my idea?" asks about the person; "you" alone is mostly politeness.
        of_user = not said.isdisjoint(_I) and said.isdisjoint(_YOU)
    if of_user == of_assistant:
        return None
    return Subject.USER if of_user else Subject.ASSISTANT


def _names(text: str) -> set[str]:
    return {word for word in _plain(words(text)) if len(word) > 1}


def _plain(found: Iterable[str]) -> set[str]:
    return {word.removesuffix("'s") for word in found}


def _without(query: str, names: Collection[str]) -> str:
    return " ".join(word for word in query.split() if _plain(words(word)).isdisjoint(names))


def query_vectors(text: str, stored: Collection[str], timeout: float) -> Mapping[str, Vectors]:
    """Return the question's unit vector, float32 of shape (d,), by embedding model: the configured one and, while
    `reembed` has not finished, those that made vectors of the memory (`stored`) and can still be asked.

    A model that fails or is gone costs its signal, not the answer. A remote one may take `timeout` seconds.
    """
    if not text.strip():
        return {}
    configured = get_embedder().name
    found: dict[str, Vectors] = {}
    for model in dict.fromkeys((configured, *stored)):
        try:
            embedder = get_embedder() if model == configured else get_embedder(model)
            found[embedder.name] = embedder.embed([text], timeout=timeout)[0]
        except (ModelError, ImproperlyConfigured) as error:
            logger.warning("Recall goes on without vectors of %s: %s", model, error)
    return found
