"""What the sources ask to be translated, and what the catalogues in `locale/` say, read without GNU gettext."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from gettext import GNUTranslations
from pathlib import Path
from typing import NamedTuple

from django.utils.translation.template import templatize

ROOT = Path(__file__).parents[1]
LOCALE = ROOT / "locale"
PYTHON = ("memory", "chat", "memoryos_site")
# Of each function: where its context, message and plural stand among its arguments.
_PLACES: dict[str, tuple[int | None, int, int | None]] = {
    "gettext": (None, 0, None),
    "ngettext": (None, 0, 1),
    "pgettext": (0, 1, None),
    "npgettext": (0, 1, 2),
}
_FUNCTIONS = _PLACES | {f"{name}_lazy": places for name, places in _PLACES.items()}
_FUNCTIONS |= {"gettext_noop": _PLACES["gettext"], "_": _PLACES["gettext"]}
_TEXT = r"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
_CALL = re.compile(rf"\b(n?p?gettext|_)\(\s*u?({_TEXT}(?:\s*,\s*u?{_TEXT})*)")
_COMPOSED = re.compile(r"\bn?p?gettext\(\s*(?:`[^`]*\$\{|" + _TEXT + r"\s*\+)")


class Message(NamedTuple):
    """What identifies a message of a catalogue."""

    context: str
    text: str
    plural: str = ""


@dataclass
class Entry:
    """A message of a .po file with its translations, one for each plural form."""

    fields: dict[str, str] = field(default_factory=dict)
    fuzzy: bool = False

    @property
    def message(self) -> Message:
        return Message(*(self.fields.get(key, "") for key in ("msgctxt", "msgid", "msgid_plural")))

    @property
    def translations(self) -> list[str]:
        return [text for key, text in self.fields.items() if key.startswith("msgstr")]


def read_po(path: Path) -> list[Entry]:
    """Return the entries of a .po file, the header (an empty message) first."""
    entries, entry, key = [], Entry(), ""
    for line in (*path.read_text(encoding="utf-8").splitlines(), ""):
        if line.startswith("#"):
            entry.fuzzy = entry.fuzzy or (line.startswith("#,") and "fuzzy" in line)
        elif found := re.match(r'(msg[a-z_]+(?:\[\d\])?) (".*")$', line):
            key, text = found.groups()
            entry.fields[key] = ast.literal_eval(text)
        elif line.startswith('"'):
            entry.fields[key] += ast.literal_eval(line)
        elif entry.fields:
            entries.append(entry)
            entry = Entry()
    return entries


def read_mo(path: Path) -> dict[tuple[str, int] | str, str]:
    """Return what a .mo file says: text by message, or by message and number of the plural form."""
    with path.open("rb") as file:
        catalogue: dict[tuple[str, int] | str, str] = vars(GNUTranslations(file))["_catalog"]
    return catalogue


def compiled(entries: list[Entry]) -> dict[tuple[str, int] | str, str]:
    """Return what the .mo file of these entries says."""
    said: dict[tuple[str, int] | str, str] = {}
    for entry in entries:
        context, text, plural = entry.message
        key = f"{context}\x04{text}" if context else text
        said |= {(key, form) if plural else key: to for form, to in enumerate(entry.translations)}
    return said


def of_python(source: str) -> Iterator[Message]:
    """Yield the messages of Python code. Raises ValueError for one that is put together at run time."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name not in _FUNCTIONS:
            continue
        texts = [argument.value if isinstance(argument, ast.Constant) else None for argument in node.args]
        if any(isinstance(argument, ast.JoinedStr | ast.BinOp) for argument in node.args[:1]):
            raise ValueError(f"line {node.lineno}: {ast.unparse(node)}")
        yield from _message(name, texts)


def of_template(source: str) -> Iterator[Message]:
    """Yield the messages of a template."""
    return _of_calls(templatize(source))


def of_script(source: str) -> Iterator[Message]:
    """Yield the messages of JavaScript. Raises ValueError for one that is put together at run time."""
    if found := _COMPOSED.search(source):
        raise ValueError(found.group())
    return _of_calls(source)


def of_sources(domain: str) -> Iterator[tuple[Path, Message]]:
    """Yield all messages of a catalogue's domain with their files. Raises ValueError as the readers do."""
    if domain == "djangojs":
        readers = [(path, of_script) for path in (ROOT / "static").rglob("*.js")]
    else:
        readers = [
            (path, of_template) for path in (ROOT / "templates").rglob("*.*") if path.suffix in (".html", ".txt")
        ]
        readers += [(path, of_python) for folder in PYTHON for path in (ROOT / folder).rglob("*.py")]
    for path, reader in readers:
        source = path.read_text(encoding="utf-8")
        if "gettext" in source or "i18n" in source:
            yield from ((path.relative_to(ROOT), message) for message in reader(source))


def placeholders(text: str) -> set[str]:
    """Return the places that a translation has to keep: `%(name)s`, `%d` and `{name}`."""
    return set(re.findall(r"%(?:\(\w+\))?[a-z]|\{\w*\}", text.replace("%%", "")))


def tags(text: str) -> list[str]:
    """Return the HTML tags that a translation has to keep."""
    return sorted(re.findall(r"<[^>]+>", text))


def _of_calls(source: str) -> Iterator[Message]:
    for name, arguments in _CALL.findall(source):
        texts = [ast.literal_eval(text) for text in re.findall(_TEXT, arguments)]
        yield from _message(name, texts)


def _message(name: str, texts: Sequence[object]) -> Iterator[Message]:
    parts = ["" if at is None else texts[at] if at < len(texts) else None for at in _FUNCTIONS[name]]
    if all(isinstance(part, str) for part in parts):
        yield Message(*map(str, parts))
