"""A progress bar for commands: drawn over itself on a terminal, one line per tenth elsewhere."""

from __future__ import annotations

from typing import Protocol

WIDTH = 30


class Output(Protocol):
    def write(self, msg: str, *, ending: str | None = None) -> object: ...
    def isatty(self) -> bool: ...
    def flush(self) -> None: ...


class ProgressBar:
    """Shows how many of `total` steps are done."""

    def __init__(self, label: str, total: int, out: Output) -> None:
        self.label, self.total, self.done = label, total, 0
        self._out = out
        self._shown = -1

    def advance(self, steps: int) -> None:
        self.advance_to(self.done + steps)

    def advance_to(self, done: int) -> None:
        """Redraw when a visible part changed; never beyond the total."""
        self.done = max(self.done, min(done, self.total))
        share = self.done / self.total if self.total else 1.0
        step = int(share * (WIDTH if self._out.isatty() else 10))
        if step == self._shown:
            return
        self._shown = step
        filled = int(share * WIDTH)
        line = f"{self.label} [{'#' * filled}{'.' * (WIDTH - filled)}] {self.done}/{self.total}"
        self._out.write(f"\r{line}" if self._out.isatty() else line, ending="" if self._out.isatty() else "\n")
        self._out.flush()

    def close(self) -> None:
        """Draw the end state and leave the line."""
        self.advance_to(self.total)
        if self._out.isatty():
            self._out.write("")
