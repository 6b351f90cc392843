"""Text in a picture: SVG neither wraps nor shortens it. Widths are estimates, on the safe side."""

from __future__ import annotations

import unicodedata

_EM_WIDE, _EM_CAPITAL, _EM_THIN, _EM = 1.0, 0.78, 0.38, 0.62
_THIN = frozenset("iljtfr.,:;!'|()[] ’‘I")


def width_of(text: str, size: float) -> float:
    """Return about how wide a text is in a font of this size, in the same unit."""
    return size * sum(_em(character) for character in text)


def fitted(text: str, width: float, size: float) -> str:
    """Return a text on one line, cut with an ellipsis where it would be wider than `width`."""
    line = " ".join(text.split())
    if width_of(line, size) <= width:
        return line
    room = width - width_of("…", size)
    taken = ""
    for character in line:
        room -= size * _em(character)
        if room < 0:
            break
        taken += character
    return f"{taken.rstrip()}…"


def wrapped(text: str, width: float, size: float) -> tuple[str, ...]:
    """Return a text in lines of at most `width`, broken at blanks; a longer word has a line of its own, cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else ""
        if longer and width_of(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(fitted(word, width, size))
    return tuple(lines)


def _em(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return _EM_WIDE
    if character in _THIN:
        return _EM_THIN
    return _EM_CAPITAL if character.isupper() or character in "mwMW@%—…" else _EM
