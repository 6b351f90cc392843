"""Reading one entry of a file, field by field: what does not fit raises ImportFault, which names entry and field."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from memory.domain.recording import FIRST_YEAR, LAST_YEAR, readable, whole_text
from memory.exceptions import ImportFault

MOST = 2**31 - 1
"""The largest number a column holds."""
MOST_KEY = 2**63 - 1
"""The largest key of a row."""


class Entry:
    """An object of the file and the words that say where it stands."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise ImportFault(_("%(where)s is not an object.") % {"where": where})
        self._fields: Mapping[str, Any] = value
        self.where = where

    def get(self, name: str) -> Any:
        """Return a field as it is; None where it is missing."""
        return self._fields.get(name)

    def fault(self, name: str, what: str) -> ImportFault:
        """Return the fault of a field."""
        missing = "" if name in self._fields else _(", but is missing")
        return ImportFault(f"{self.where}: {name!r} {what}{missing}.")

    def text(self, name: str, longest: int | None = None, *, required: bool = True) -> str:
        """Return a text that a database can hold; "" for one that may be missing and is."""
        value = self.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str):
            raise self.fault(name, _("must be text"))
        if longest is not None and len(value) > longest:
            counts = {"count": _grouped(len(value)), "most": _grouped(longest)}
            raise self.fault(name, _("is %(count)s characters long; %(most)s is the most") % counts)
        value = whole_text(value)
        if required and longest is not None and not value.strip():
            raise self.fault(name, _("must not be empty"))
        return value

    def one_of(self, name: str, allowed: Collection[str]) -> str:
        """Return one of the allowed words."""
        value = self.get(name)
        if not isinstance(value, str) or value not in allowed:
            raise self.fault(name, _("must be one of %(words)s") % {"words": ", ".join(sorted(allowed))})
        return value

    def flag(self, name: str) -> bool:
        """Return a yes or no; no where it is missing."""
        value = self._fields.get(name, False)
        if not isinstance(value, bool):
            raise self.fault(name, _("must be true or false"))
        return value

    def number(self, name: str, least: int = 0, most: int = MOST) -> int:
        """Return a whole number."""
        value = self.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            bounds = {"least": least, "most": most}
            raise self.fault(name, _("must be a whole number from %(least)s to %(most)s") % bounds)
        return value

    def key(self, name: str) -> int:
        """Return the number by which other entries name this one, or by which it names another."""
        return self.number(name, most=MOST_KEY)

    def key_or_none(self, name: str) -> int | None:
        """Return such a number; None where it is null or missing."""
        return None if self.get(name) is None else self.key(name)

    def moment(self, name: str) -> datetime:
        """Return a time with its zone, such as 2026-01-31T18:05:00+00:00."""
        value = self.get(name)
        try:
            moment = parse_datetime(value.strip()) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise self.fault(name, _("must be a time like 2026-01-31T18:05:00+00:00"))
        if not readable(moment):
            years = {"first": FIRST_YEAR, "last": LAST_YEAR}
            raise self.fault(name, _("must lie between the years %(first)s and %(last)s") % years)
        return moment

    def moment_or_none(self, name: str) -> datetime | None:
        """Return a time; None where it is null or missing."""
        return None if self.get(name) is None else self.moment(name)

    def seconds(self, name: str) -> datetime | None:
        """Return a time that is written as seconds since 1970; None where it is null or missing."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.fault(name, _("must be a time in seconds since 1970"))
        try:
            moment = datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            moment = None
        if moment is None or not readable(moment):
            years = {"first": FIRST_YEAR, "last": LAST_YEAR}
            raise self.fault(name, _("must lie between the years %(first)s and %(last)s") % years)
        return moment

    def items(self, name: str) -> list[Any]:
        """Return a list; an empty one where it is missing."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.fault(name, _("must be a list"))
        return value

    def texts(self, name: str, longest: int) -> tuple[str, ...]:
        """Return a list of texts, none of them empty."""
        found = [Entry({"value": item}, f"{self.where}, {name!r}").text("value", longest) for item in self.items(name)]
        return tuple(found)

    def metadata(self, name: str) -> dict[str, Any]:
        """Return an object that the database can hold; an empty one where it is missing."""
        metadata = self.get(name) or {}
        if not isinstance(metadata, dict):
            raise self.fault(name, _("must be an object"))
        written = json.dumps(metadata, ensure_ascii=False)
        if "\\u0000" in written or whole_text(written) != written:
            raise self.fault(name, _("holds characters that no database can store"))
        return metadata


def _grouped(number: int) -> str:
    return number_format(number, force_grouping=True)
