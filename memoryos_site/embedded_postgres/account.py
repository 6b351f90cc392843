"""The system account of the embedded server when MemoryOS itself runs as root, which PostgreSQL refuses."""

import logging
import os
import pwd
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

ACCOUNT = "memoryos-postgres"


class AccountError(Exception):
    """Root could not get an unprivileged account for the server."""


class ServerAccount:
    """Who owns the cluster and runs the server: this process's account, or another in place of root."""

    def __init__(self) -> None:
        """Find the account; as root, create it when missing. Raises AccountError."""
        self.uid, self.gid = os.geteuid(), os.getegid()
        self.is_substitute = self.uid == 0
        if self.is_substitute:
            entry = _system_account()
            self.uid, self.gid = entry.pw_uid, entry.pw_gid

    @property
    def subprocess_options(self) -> dict[str, Any]:
        """Return the arguments that make `subprocess` run a program as this account."""
        if not self.is_substitute:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Hand a folder over to the account and let it pass the folders above."""
        if not self.is_substitute:
            return
        os.chown(path, self.uid, self.gid)
        self.let_through(path)

    def let_through(self, path: Path) -> None:
        """Add the search bit (not reading) for others to the folders above `path` that lack it, and log each."""
        if not self.is_substitute:
            return
        for folder in path.parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                opened = stat.S_IMODE(mode) | stat.S_IXOTH
                folder.chmod(opened)
                logger.warning(
                    "Let others into %s, without listing it (mode %04o): PostgreSQL runs as %s, not as root.",
                    folder,
                    opened,
                    ACCOUNT,
                )

    def let_read(self, tree: Path) -> None:
        """Make a tree of programs usable for the account when root's umask had closed it."""
        if not self.is_substitute:
            return
        self.let_through(tree)
        if tree.stat().st_mode & stat.S_IXOTH and next(tree.glob("bin/postgres")).stat().st_mode & stat.S_IXOTH:
            return
        for path in (tree, *tree.rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            extra = stat.S_IXOTH if mode & stat.S_IXUSR else 0
            path.chmod(mode | stat.S_IROTH | extra)


def _system_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        command = [
            "useradd",
            "--system",
            "--no-create-home",
            "--home-dir",
            "/",
            "--shell",
            "/bin/false",
            ACCOUNT,
        ]
    # What counts is whether the account exists now: another process may have created it at the same moment.
    with suppress(OSError):
        subprocess.run(command, check=False, capture_output=True)
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise AccountError(
            f"PostgreSQL does not run as root and the system account {ACCOUNT} could not be created: "
            "start MemoryOS as an ordinary user, create that account, or set DATABASE_URL."
        ) from None
