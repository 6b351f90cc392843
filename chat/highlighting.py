"""Code in colours: Pygments' classes with the prefix `hl-`, which `static/chat/code.css` paints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from html import escape

from pygments import format as write
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES, Text, _TokenType
from pygments.util import ClassNotFound

# Pygments needs 1 ms for 1 kB; text beyond this is shown without colours.
_MAX_CHARACTERS = 20_000
_LABEL_MAX_CHARACTERS = 40
_FORMATTER = HtmlFormatter(nowrap=True, classprefix="hl-")
# Of Pygments' six hundred, those that were tried with hostile code: each gives its tokens one by one, none takes long.
_NAMES = (
    "awk bash batch c clojure cmake common-lisp console cpp csharp css dart diff django docker elixir elm "
    "erlang fortran fsharp gas go graphql groovy haskell html http java javascript json jsx julia kotlin "
    "less lua make markdown mysql nasm nginx nimrod nixos objective-c perl php postgresql "
    "powershell prolog properties protobuf pycon python racket ruby rust scala scheme scss solidity splus sql "
    "swift tcl terraform tex text toml tsx typescript vb.net vim vue xml yaml zig"
)
_LANGUAGES = frozenset(_NAMES.split())
CLASSES = frozenset(f"hl-{name}" for name in STANDARD_TYPES.values() if name)


class Allowance:
    """The processor time that the colours of one answer may take; what comes after it is shown without.

    Some of Pygments' patterns take quadratic time on code made for it: 20,000 line ends in C need ten seconds.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds

    @property
    def is_used_up(self) -> bool:
        """Tell whether no more may be coloured."""
        return self.seconds <= 0

    def tokens(self, lexer: Lexer, code: str) -> Iterator[tuple[_TokenType, str]]:
        """Yield the tokens of `code`; once the time is over, the rest as one."""
        end = 0
        began = time.thread_time()
        for index, kind, value in lexer.get_tokens_unprocessed(code):
            yield kind, value
            end = index + len(value)
            now = time.thread_time()
            self.seconds, began = self.seconds - (now - began), now
            if self.is_used_up:
                break
        yield Text, code[end:]


def highlighted(code: str, info: str, allowance: Allowance) -> tuple[str, str]:
    """Return code as HTML and its language's name; `info` is what stands behind the fence.

    The name is Pygments' own where it knows the language, else what was written; "" where nothing was.
    """
    word = info.split(maxsplit=1)[0] if info.strip() else ""
    lexer = _lexer(word)
    if lexer is None:
        return escape(code), word[:_LABEL_MAX_CHARACTERS]
    if len(code) > _MAX_CHARACTERS or allowance.is_used_up:
        return escape(code), str(lexer.name)
    return str(write(allowance.tokens(lexer, code), _FORMATTER)), str(lexer.name)


def _lexer(word: str) -> Lexer | None:
    try:
        lexer = get_lexer_by_name(word) if word else None
    except ClassNotFound:
        return None
    return lexer if lexer and lexer.aliases[0] in _LANGUAGES else None
