"""What came of a test of a connection, in plain words. Of what a server wrote, only names of models are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from memory.exceptions import ModelError, ModelRefused
from memory.llm.findings import Fault, Mark, Probe, Step

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

FORMS = {
    "json_schema": _("Keeps to a given form (json_schema): best for sorting memory and learning from it."),
    "json_object": _("Writes JSON (json_object): good for sorting memory and learning from it."),
    "none": _("Writes JSON when asked to, without a switch for it: will do for sorting memory and learning from it."),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the result: of what, how it went, in a sentence or two."""

    label: str | StrPromise
    mark: Mark
    text: str


def rows_of(probe: Probe, *, key_held_back: bool) -> list[Row]:
    """Return the lines of a result."""
    found = [
        Row(_("Server"), probe.listing.mark, _joined(_listing(probe.listing, key_held_back))),
        Row(_("Answers"), probe.answer.mark, _joined(_answer(probe))),
        Row(_("JSON"), probe.structured.mark, _joined(_structured(probe.structured))),
    ]
    if probe.embedding is not None:
        found.append(Row(_("Embeddings"), probe.embedding.mark, _joined(_embedding(probe.embedding))))
    return found


def verdict_of(probe: Probe) -> Mark:
    """Say it in one word: bad where the model cannot chat, good where everything that was tested works."""
    if probe.answer.mark in (Mark.BAD, Mark.SKIPPED):
        return Mark.BAD
    tested = [probe.listing, probe.answer, probe.structured, *([probe.embedding] if probe.embedding else [])]
    return Mark.GOOD if all(step.mark is Mark.GOOD for step in tested) else Mark.WARNING


def listing_in_words(step: Step, *, key_held_back: bool) -> str:
    """Say what came of asking for the models."""
    return _joined(_listing(step, key_held_back))


def _joined(sentences: Iterator[str]) -> str:
    return " ".join(sentences)


def _listing(step: Step, key_held_back: bool) -> Iterator[str]:
    count = len(step.models)
    match step.fault:
        case Fault.NO_LIST:
            yield gettext("Reachable. It does not say which models it has.")
        case Fault.NO_API:
            yield gettext("Something answers at this address, but it is no server of language models.")
            yield gettext("Check the address: often it ends in /v1.")
        case Fault.NOT_LISTED:
            yield gettext("Reachable. It answers to this name, though it is not in the list of its models.")
        case _ if step.error:
            yield _told(step.error)
        case _:
            yield ngettext("Reachable. It has %(count)d model.", "Reachable. It has %(count)d models.", count) % {
                "count": count
            }
    if key_held_back:
        yield gettext("The stored key was not sent, because it belongs to another address or cannot be read.")


def _answer(probe: Probe) -> Iterator[str]:
    step = probe.answer
    if step.mark is Mark.SKIPPED:
        yield gettext("Not tried.")
    elif step.error:
        yield _told(step.error)
        if isinstance(step.error, ModelRefused) and probe.listing.fault is Fault.NO_LIST:
            yield gettext("Check the address, too: often it ends in /v1.")
    else:
        said = gettext("First words after %(milliseconds)d ms.") % {"milliseconds": step.first_token_ms}
        if step.tokens_per_second is not None:
            said = gettext("First words after %(milliseconds)d ms, then about %(rate)d tokens a second.") % {
                "milliseconds": step.first_token_ms,
                "rate": max(1, round(step.tokens_per_second)),
            }
        yield said
        if step.fault is Fault.SLOW:
            yield gettext("That is slow for a chat.")


def _structured(step: Step) -> Iterator[str]:
    if step.mark is Mark.SKIPPED:
        yield gettext("Not tried.")
    elif step.error:
        yield _told(step.error)
    elif step.form is None:
        yield gettext("Does not write JSON: it can chat, but sorting memory and learning from it will fail.")
    else:
        yield str(FORMS[step.form])


def _embedding(step: Step) -> Iterator[str]:
    if step.mark is Mark.SKIPPED:
        yield gettext("Not tried.")
    elif step.error:
        yield gettext("No vectors came. Check the name of the embedding model: not every server has one.")
    else:
        yield gettext("Vectors of %(width)d numbers.") % {"width": step.width}
        yield gettext(
            "Embeddings are one for the whole installation: to use this, its operator sets EMBEDDING_MODEL and "
            "EMBEDDING_BASE_URL and runs “manage.py reembed”."
        )


def _told(error: ModelError) -> str:
    return str(type(error).message)
