"""The formats that are understood, each recognised by what a file holds, never by its name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from django.utils.translation import gettext as _

from memory.domain.importing import chatgpt, exported, locomo, paper_demo
from memory.domain.importing.contents import Contents
from memory.domain.importing.files import load_json
from memory.domain.recording import PageDraft
from memory.exceptions import ImportFault


class Format(Protocol):
    """One format."""

    NAME: str

    def recognises(self, data: Any) -> bool:
        """Say whether a parsed file is of this format, sound or not."""
        ...

    def read(self, data: Any, *, now: datetime, conversation: str | None) -> Contents:
        """Return all that the file holds; `conversation` picks one where a format holds several people's.

        Raises ImportFault, which names the entry.
        """
        ...


FORMATS: tuple[Format, ...] = (exported, chatgpt, locomo, paper_demo)


def read(data: Any, *, name: str, now: datetime | None = None, conversation: str | None = None) -> Contents:
    """Return what a parsed file holds. `now` dates what carries no time.

    Raises ImportFault: unknown format, a bad entry, `conversation` in a format that has none to choose from.
    """
    now = now or datetime.now(UTC)
    form = next((form for form in FORMATS if form.recognises(data)), None)
    if form is None and isinstance(data, dict | list) and data:
        fault = _("%(file)s is of no known format: it is no exported memory, and holds no conversation known here.")
        raise ImportFault(fault % {"file": name})
    if form is None:
        raise ImportFault(_("%(file)s holds no conversation: a list of entries was expected.") % {"file": name})
    if conversation is not None and form.NAME != locomo.NAME:
        fault = _("%(file)s is not a LoCoMo file: it has no conversations to choose from.")
        raise ImportFault(fault % {"file": name})
    contents = form.read(data, now=now, conversation=conversation)
    contents.warnings["future"] += sum(page.occurred_at > now for page in contents.pages)
    return contents


def read_drafts(path: Path, conversation: str | None = None, now: datetime | None = None) -> list[PageDraft]:
    """Return a file's pages alone. Raises ImportFault as `read` and `load_json` do."""
    return read(load_json(path), name=path.name, now=now, conversation=conversation).pages
