"""An import in plain words: what is in the file, what of it is new, what meets something else here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from memory.domain.traits import DIMENSIONS, label_of
from memory.enums import ImportState, TraitLevel
from memory.models import Import
from memory.views.previews import amounts

FORMATS = {
    "memoryos": _("An exported memory"),
    "chatgpt": _("Conversations from ChatGPT"),
    "locomo": _("A LoCoMo conversation"),
    "paper_demo": _("Conversations in the demo format of the MemoryOS paper"),
}
WARNINGS = {
    "future": ngettext_lazy(
        "%(count)s page is dated in the future.", "%(count)s pages are dated in the future.", "count"
    ),
    "hidden": ngettext_lazy(
        "%(count)s message was hidden in the chat (instructions, tools) and is left out.",
        "%(count)s messages were hidden in the chat (instructions, tools) and are left out.",
        "count",
    ),
    "no_text": ngettext_lazy(
        "%(count)s message without text (a picture, a file) is left out.",
        "%(count)s messages without text (pictures, files) are left out.",
        "count",
    ),
    "undated": ngettext_lazy(
        "%(count)s message has no date; it counts as said when you uploaded the file.",
        "%(count)s messages have no date; they count as said when you uploaded the file.",
        "count",
    ),
    "lost_source": ngettext_lazy(
        "In %(count)s place the file names a page as a source that is not in it.",
        "In %(count)s places the file names a page as a source that is not in it.",
        "count",
    ),
    "lost_segment": ngettext_lazy(
        "%(count)s page was in a segment that is not in the file; it becomes one of the latest pages.",
        "%(count)s pages were in a segment that is not in the file; they become latest pages.",
        "count",
    ),
    "empty_segment": ngettext_lazy(
        "%(count)s segment without pages is left out.", "%(count)s segments without pages are left out.", "count"
    ),
    "no_branch": ngettext_lazy(
        "In %(count)s conversation the file does not say which version was shown; the last one is taken.",
        "In %(count)s conversations the file does not say which version was shown; the last one is taken.",
        "count",
    ),
}
VERDICTS = {
    "replaces": _("The file's is newer and takes its place."),
    "stays_by_hand": _("Yours stays: you wrote it, or do not want it used."),
    "stays_newer": _("Yours stays: it is newer."),
    "ended": _("The file knows that this is true no longer."),
}
_OUTCOMES = ("profile", "traits", "facts", "assistant_knowledge")


@dataclass(frozen=True, slots=True)
class Line:
    """What the file holds of a kind, how much of it is new here, and what becomes of the rest."""

    label: str
    new: int
    here: int
    changes: int = 0
    stays: int = 0


@dataclass(frozen=True, slots=True)
class Clash:
    """Two that do not agree, and what happens."""

    what: str
    here: str
    file: str
    then: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One of the first pages."""

    at: datetime
    query: str
    response: str


@dataclass(frozen=True, slots=True)
class Told:
    """An import as its page tells it."""

    format: str
    size: str
    percent: int
    lines: list[Line] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    more_clashes: int = 0
    samples: list[Sample] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    first: datetime | None = None
    last: datetime | None = None
    differing: int = 0
    left_out: int = 0
    short_term: int = 0
    assistant: str = ""
    own: bool = False
    nothing_new: bool = False
    is_whole: bool = False
    did: str = ""


def in_words(upload: Import) -> Told:
    """Put an import into words, as far as it is."""
    seen: Mapping[str, Any] = upload.preview or {}
    pages = seen.get("pages", {})
    lines = list(_lines(seen)) if seen else []
    return Told(
        format=str(FORMATS.get(upload.format, "")),
        size=_size(upload.size),
        percent=round(100 * upload.done / upload.total) if upload.total else 0,
        lines=lines,
        clashes=[_clash(clash) for clash in seen.get("clashes", [])],
        more_clashes=seen.get("more_clashes", 0),
        samples=[_sample(page) for page in seen.get("samples", [])],
        warnings=[WARNINGS[kind] % {"count": count} for kind, count in _warned(seen)],
        first=_moment(seen.get("first")),
        last=_moment(seen.get("last")),
        differing=pages.get("differing", 0),
        left_out=seen.get("left_out", 0),
        short_term=seen.get("short_term", 0),
        assistant=seen.get("assistant", ""),
        own=seen.get("own", False),
        nothing_new=bool(seen) and not any(line.new or line.changes for line in lines),
        is_whole=upload.format == "memoryos",
        did=_did(upload),
    )


def _lines(seen: Mapping[str, Any]) -> Iterator[Line]:
    pages = seen["pages"]
    yield Line(gettext("Pages"), pages["new"], pages["known"] + pages["differing"])
    if seen["segments"]:
        yield Line(gettext("Segments"), seen["segments"], 0)
    labels = {
        "profile": gettext("Profile attributes"),
        "traits": gettext("Traits"),
        "facts": gettext("Facts about you"),
        "assistant_knowledge": gettext("Facts about the assistant"),
    }
    for kind, label in labels.items():
        if counts := seen[kind]:
            changes = counts.get("replaces", 0) + counts.get("ended", 0)
            stays = counts.get("stays_by_hand", 0) + counts.get("stays_newer", 0)
            yield Line(label, counts.get("new", 0), counts.get("same", 0), changes, stays)


def _clash(clash: Mapping[str, str]) -> Clash:
    then = str(VERDICTS.get(clash["verdict"], ""))
    here, file = clash["here"], clash["file"]
    match clash["kind"]:
        case "trait":
            name = clash["name"]
            what = gettext(label_of(name)) if name in DIMENSIONS else name
            here, file = _level(here), _level(file)
        case "fact":
            what = gettext("A fact")
        case _:
            what = clash["name"]
    return Clash(what, here, file, then)


def _level(level: str) -> str:
    return str(TraitLevel(level).label) if level in TraitLevel.values else level


def _sample(page: Mapping[str, str]) -> Sample:
    return Sample(datetime.fromisoformat(page["at"]), page["query"], page["response"])


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _warned(seen: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(kind, count) for kind, count in seen.get("warnings", {}).items() if kind in WARNINGS and count]


def _did(upload: Import) -> str:
    """Return what was new, as a list in a sentence."""
    if upload.state != ImportState.DONE:
        return ""
    return amounts({"pages": upload.added, **{kind: upload.outcome.get(kind, 0) for kind in _OUTCOMES}})


def _size(size: int) -> str:
    if size < 1_000_000:
        return f"{number_format(max(1, round(size / 1000)))} kB"
    return f"{number_format(size / 1_000_000, 1)} MB"
