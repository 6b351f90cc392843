"""Text as it comes from browsers and models, made fit to store and to show."""

import re

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from chat.exceptions import EmptyMessage, MessageTooLong
from chat.models.conversation import TITLE_MAX_CHARACTERS

# Embedding, override and isolate controls: in a title they would reorder the page around it.
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_HIGH_SURROGATE = re.compile("[\ud800-\udbff]$")


def clean(text: str) -> str:
    """Return `text` as PostgreSQL and UTF-8 can hold it: NUL and lone surrogates become U+FFFD, pairs are joined.

    JSON can spell both (`"\\u0000"`, `"\\ud83d"`), and models do.
    """
    text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


class Collector:
    """Joins the pieces of an answer; a character split between two pieces is put together again."""

    def __init__(self) -> None:
        self.text = ""
        self._held = ""

    def add(self, piece: str) -> None:
        """Append a piece; its last half character, if any, waits for the next one."""
        piece = self._held + piece
        self._held = ""
        if _HIGH_SURROGATE.search(piece):
            piece, self._held = piece[:-1], piece[-1]
        self.text += clean(piece)

    def close(self) -> str:
        """Return the whole text; a half character that never got its other half becomes U+FFFD."""
        self.text += clean(self._held)
        self._held = ""
        return self.text


def accept_message(text: str, limit: int) -> str:
    """Return what a person wrote, cleaned and without blank edges.

    Raises EmptyMessage when nothing of it is visible, MessageTooLong beyond `limit` characters (code points).
    """
    text = clean(text).strip()
    if not any(character.isprintable() and not character.isspace() for character in text):
        raise EmptyMessage
    if len(text) > limit:
        raise MessageTooLong(
            _(
                "The message is too long: %(length)s characters, and at most %(limit)s can be sent. "
                "Shorten it or send it in parts."
            )
            % {
                "length": number_format(len(text), force_grouping=True),
                "limit": number_format(limit, force_grouping=True),
            }
        )
    return text


def title_from(text: str) -> str:
    """Return a conversation's title from its first message: one line of at most 60 characters, cut at a word."""
    line = " ".join(_BIDI_CONTROLS.sub("", text).split())
    line = "".join(character if character.isprintable() or character == "\u200d" else "" for character in line)
    if len(line) <= TITLE_MAX_CHARACTERS:
        return line
    head, space, _ = line[:TITLE_MAX_CHARACTERS].rpartition(" ")
    # Text without blanks (Chinese, a long link) is cut where it stands.
    cut = head if space and len(head) > TITLE_MAX_CHARACTERS // 2 else line[: TITLE_MAX_CHARACTERS - 1]
    return cut.rstrip(" ,;:.-") + "…"
