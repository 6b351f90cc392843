"""Files as they are uploaded: JSON, or a ZIP that holds it. What comes out of a ZIP is counted, not believed."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from memory.exceptions import ImportFault, ImportTooBig

MEGABYTE = 1_000_000
_PIECE = 2**16
_CONVERSATIONS = re.compile(r"(?:.*/)?conversations(?:-\d+)?\.json", re.IGNORECASE)
_NOTHING_ELSE = re.compile(r"(?!__MACOSX/)(?:.*/)?[^./][^/]*\.json", re.IGNORECASE)


def most_bytes() -> int:
    """Return how big an uploaded file may be, and how much may come out of a packed one."""
    return int(settings.MEMORYOS_IMPORT_MAX_MB) * MEGABYTE


def too_big(size: int, most: int) -> ImportTooBig:
    """Return the error for a file of too many bytes."""
    sizes = {"size": megabytes(size), "most": megabytes(most)}
    return ImportTooBig(_("The file has %(size)s MB; %(most)s MB is the most.") % sizes)


def megabytes(size: int) -> str:
    """Return a number of bytes in megabytes, with a digit behind the point where it tells something."""
    return number_format(size / MEGABYTE, 1 if size % MEGABYTE else 0, force_grouping=True)


def load_json(path: Path) -> Any:
    """Return what a JSON file, or a ZIP of one, holds. Raises ImportFault: unreadable, not UTF-8, no JSON."""
    try:
        with path.open("rb") as file:
            return load(file, path.name)
    except OSError as error:
        fault = _("%(file)s could not be read: %(reason)s.")
        raise ImportFault(fault % {"file": path, "reason": error.strerror}) from error


def load(file: IO[bytes], name: str) -> Any:
    """Return what a file holds that may be a ZIP: then what `conversations.json` does, or the only JSON file in it.

    Raises ImportFault (empty, no ZIP that can be read, not UTF-8, no JSON) and ImportTooBig (more comes out of it than
    may).
    """
    if not _is_zip(file):
        return _parsed(file.read(), name)
    packed: dict[str, list[bytes]] = {}
    for member, piece in _unpacked(file, name):
        packed.setdefault(member, []).append(piece)
    parts = [_parsed(b"".join(pieces), member) for member, pieces in packed.items()]
    if len(parts) == 1:
        return parts[0]
    if not all(isinstance(part, list) for part in parts):
        raise ImportFault(_("%(file)s holds parts that do not fit together.") % {"file": name})
    return [entry for part in parts for entry in part]


def unpacked_size(file: IO[bytes], name: str) -> int:
    """Return how many bytes a file has to be read, and rewind it: of a ZIP, what comes out of it, which is not kept.

    Raises ImportFault and ImportTooBig as `load` does.
    """
    size = sum(len(piece) for _, piece in _unpacked(file, name)) if _is_zip(file) else file.seek(0, 2)
    file.seek(0)
    return size


def _is_zip(file: IO[bytes]) -> bool:
    head = file.read(4)
    file.seek(0)
    return head in (b"PK\x03\x04", b"PK\x05\x06")


def _unpacked(file: IO[bytes], name: str) -> Iterator[tuple[str, bytes]]:
    """Yield what is wanted of a ZIP in pieces, each with its file's name; stop as soon as it is more than may be."""
    most, total = most_bytes(), 0
    try:
        with zipfile.ZipFile(file) as archive:
            for member in _wanted(archive.namelist()):
                yield member, b""
                with archive.open(member) as packed:
                    while piece := packed.read(_PIECE):
                        total += len(piece)
                        if total > most:
                            fault = _("What is packed in the ZIP file has more than %(most)s MB, which is the most.")
                            raise ImportTooBig(fault % {"most": megabytes(most)})
                        yield member, piece
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise ImportFault(_("%(file)s is a ZIP file that cannot be unpacked.") % {"file": name}) from error
    except RuntimeError as error:
        fault = _("%(file)s is a ZIP file with a password. Unpack it and choose the JSON file in it.")
        raise ImportFault(fault % {"file": name}) from error


def _wanted(names: list[str]) -> list[str]:
    wanted = sorted(name for name in names if _CONVERSATIONS.fullmatch(name))
    if not wanted:
        wanted = [name for name in names if _NOTHING_ELSE.fullmatch(name)]
        if len(wanted) != 1:
            raise ImportFault(_("The ZIP file holds neither a conversations.json nor a single other JSON file."))
    return wanted


def _parsed(data: bytes, name: str) -> Any:
    said = {"file": name}
    if not data.strip():
        raise ImportFault(_("%(file)s is empty.") % said)
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise ImportFault(_("%(file)s is not UTF-8 text.") % said) from error
    except json.JSONDecodeError as error:
        at = {**said, "reason": error.msg, "line": error.lineno}
        raise ImportFault(_("%(file)s is not JSON: %(reason)s in line %(line)s.") % at) from error
    except RecursionError as error:
        raise ImportFault(_("%(file)s cannot be read: its lists are nested too deeply.") % said) from error
    except ValueError as error:
        raise ImportFault(_("%(file)s is not JSON: it holds a number that is far too long.") % said) from error


def _refuse_constant(name: str) -> None:
    raise ImportFault(_("The file is not JSON: it holds %(constant)s, which is no number.") % {"constant": name})
