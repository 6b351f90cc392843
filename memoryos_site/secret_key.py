"""The secret key of an installation: made once, kept in the data folder."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from memoryos_site.environment import InvalidSettingError

FILE_NAME = "secret_key"


def load_secret_key(data_dir: Path) -> str:
    """Return the stored key, making it (mode 0600) when there is none.

    Two processes that start at once get the same key: each writes its own file and links it to the final
    name; the first link wins and both read the winner.

    Raises InvalidSettingError when the folder cannot be written or the stored key is unusable.
    """
    path = data_dir / FILE_NAME
    try:
        if not path.exists():
            _create(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a key"
        raise InvalidSettingError(
            f"The data folder {data_dir} cannot be used ({path.name}: {reason}): make it writable for this "
            "account or set MEMORYOS_DATA_DIR to another folder."
        ) from error
    if len(key) < 50:
        raise InvalidSettingError(f"The secret key in {path} is damaged: delete that file to make a new one.")
    return key


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(mine, path)
    finally:
        mine.unlink()
