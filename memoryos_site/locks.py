"""Advisory file locks: the kernel releases them when their holder dies, however it dies."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class FileLock:
    """A lock on a file that stays where it is; only the lock on it comes and goes.

    The descriptor is not inherited by programs started meanwhile, so the lock ends with this process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Take the lock, or change the one held; with `wait=False` return False when others prevent it.

        A failed change may have lost the lock held before. Raises OSError when the file cannot be opened.
        """
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        operation = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
        try:
            fcntl.flock(self._descriptor, operation)
        except BlockingIOError:
            return False
        return True

    def note(self, text: str) -> None:
        """Say in the file who holds the lock, for others to show."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text.encode(), 0)

    def read_note(self) -> str:
        """Return what the holder has noted, or ""."""
        return self.path.read_text(encoding="utf-8", errors="replace") if self.path.exists() else ""

    def release(self) -> None:
        """Give the lock up; does nothing when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
