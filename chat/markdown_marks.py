"""Markdown without its marks, for a line of it. Pure, and linear in the length of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

MARKS = frozenset("*_`~#|[]()<>\\")
"""What Markdown is marked with; a text may hold any of them on its own account."""

_FENCES = ("```", "~~~")
# Lines that only draw: rules, the line under the head of a table.
_DRAWN = frozenset("|:-=*_ \t")
_BEGINNING = re.compile(r"^[ \t>]*(?:#{1,6}[ \t]+|[-*+][ \t]+)?")
_INSIDE = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|`(?P<code>[^`\n]+)`"
    r"|!?\[(?P<label>[^\[\]\n]*)\]\([^()\n]*\)"
    r"|(?<!\w)(?:\*{1,3}|_{1,3}|~~)(?=\S)|(?<=\S)(?:\*{1,3}|_{1,3}|~~)(?!\w)"
)


def without_marks(text: str) -> str:
    """Return a Markdown text as it reads, line by line; what stands in a block of code stays as it is."""
    return "\n".join(_lines(text))


def _lines(text: str) -> Iterator[str]:
    is_code = False
    for line in text.split("\n"):
        bare = line.strip()
        if bare.startswith(_FENCES):
            is_code = not is_code
        elif is_code:
            yield line
        elif not bare or not _DRAWN.issuperset(bare):
            yield _line(bare)


def _line(line: str) -> str:
    line = _BEGINNING.sub("", line, count=1)
    if line.startswith("|"):
        line = " · ".join(cell.strip() for cell in line.strip("| \t").split("|"))
    return _INSIDE.sub(lambda found: found["escaped"] or found["code"] or found["label"] or "", line)
