"""What people and models have said in Markdown documents of ours: shown, and never read as marks. Pure."""

from __future__ import annotations


def quoted(text: str) -> str:
    """Return a text as a block quote, every line of it by its own mark: a line without one could leave the quote."""
    return "\n".join(f"> {line}" if line else ">" for line in text.strip("\r\n").splitlines())


def inline(text: str) -> str:
    """Return a text for a line of ours: on one line, and with nothing that Markdown reads as more than text."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|~!&" else c for c in " ".join(text.split()))
