"""Hiding a model's reasoning: `<think>...</think>` at the start of an answer is not part of the answer."""

import re

_OPEN = "<think>"
_CLOSE = "</think>"
_BLOCK = re.compile(r"\A\s*<(think(?:ing)?|thought|reasoning)>.*?(?:</\1>|\Z)\s*", re.DOTALL | re.IGNORECASE)
_REST_OF_BLOCK = re.compile(r"\A.*?</think>\s*", re.DOTALL)


def without_reasoning(text: str) -> str:
    """Return a whole answer without its leading reasoning; servers may have eaten the opening tag.

    Of an answer that was cut off while the model was still reasoning nothing is left: what stands there is a draft.
    """
    while block := _BLOCK.match(text):
        text = text[block.end() :]
    # A closing tag inside of JSON, fenced or not, is something somebody said.
    return text if text.lstrip().startswith(("{", "`")) else _REST_OF_BLOCK.sub("", text, count=1)


class ReasoningFilter:
    """Drops leading reasoning from an answer that comes in pieces, wherever the pieces are cut."""

    def __init__(self) -> None:
        self._held = ""
        self._state = "start"

    def feed(self, piece: str) -> str:
        """Take the next piece and return what of the text so far may now be shown."""
        if self._state == "answer":
            return piece
        self._held += piece
        if self._state == "start":
            self._leave_start()
        if self._state == "thinking":
            self._leave_thinking()
        if self._state == "gap":
            # The blank lines between the reasoning and the answer go with the reasoning.
            self._held = self._held.lstrip()
            if self._held:
                self._state = "answer"
        if self._state != "answer":
            return ""
        shown, self._held = self._held, ""
        return shown

    def close(self) -> str:
        """Return what was held back because it might have been the opening tag; reasoning never closed
        is dropped.
        """
        return self._held if self._state == "start" else ""

    def _leave_start(self) -> None:
        head = self._held.lstrip()
        if head.startswith(_OPEN):
            self._held, self._state = head[len(_OPEN) :], "thinking"
        elif head and not _OPEN.startswith(head):
            self._state = "answer"

    def _leave_thinking(self) -> None:
        _, found, after = self._held.partition(_CLOSE)
        if found:
            self._held, self._state = after, "gap"
        else:
            # Only the end can still matter: it may hold the first half of the closing tag.
            self._held = self._held[-(len(_CLOSE) - 1) :]
