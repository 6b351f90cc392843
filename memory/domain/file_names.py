"""Names of files made from titles: safe in every file system, and one apart from the other. Pure."""

from __future__ import annotations

import re
import unicodedata

LONGEST_BYTES = 120
"""Of a name in UTF-8 without its ending; file systems take 255, paths on Windows 260 characters in all."""

# Not allowed on Windows, or with a meaning to a shell or a path; controls and what reorders the text around it.
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]')
_RESERVED = re.compile(r"\A(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?\Z", re.IGNORECASE)


def safe_name(title: str, fallback: str) -> str:
    """Return a title as the name of a file, without an ending; `fallback` where nothing of it is left."""
    name = unicodedata.normalize("NFC", title.encode("utf-8", "ignore").decode())
    name = " ".join(_UNSAFE.sub(" ", name).split()).strip(". ")
    name = name.encode()[:LONGEST_BYTES].decode("utf-8", "ignore").rstrip(". ")
    if not any(character.isprintable() and not character.isspace() for character in name):
        return fallback
    return f"_{name}" if _RESERVED.match(name) else name


class Names:
    """Gives each file of a folder a name of its own; upper and lower case are the same to some file systems."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str, ending: str) -> str:
        """Return the name with its ending, numbered where another file has it already."""
        number, candidate = 1, f"{name}{ending}"
        while candidate.casefold() in self._taken:
            number += 1
            candidate = f"{name} ({number}){ending}"
        self._taken.add(candidate.casefold())
        return candidate
