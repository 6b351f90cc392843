"""Finding the JSON object in what a model wrote.

Local models wrap JSON in fences and prose, think aloud and leave a comma before a bracket; that is read. No
error quotes the answer.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from memory.exceptions import ModelEmptyAnswer, ModelMalformedAnswer
from memory.llm.reasoning import without_reasoning

_MAX_STARTS = 32
"""Opening braces tried in prose before giving up: bounds the work on a hostile answer."""
_MARK = re.compile(r'["{}\[\]]')
_TRAILING_COMMA = re.compile(r",\s*[}\]]")


def malformed(fault: str) -> ModelMalformedAnswer:
    """Return the error for an answer that cannot be used, with the fault in plain words."""
    return ModelMalformedAnswer(f"{ModelMalformedAnswer.message} ({fault})")


def _string_ends(text: str, at: int) -> int:
    """Return the index after the JSON string that opens at `at`, or the text's length when it never
    closes.
    """
    at += 1
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == '"':
            return at + 1
        else:
            at += 1
    return len(text)


def _object_ends(text: str, start: int) -> int | None:
    """Return the index after the object that opens at `start`; None when it is cut off."""
    depth, at = 0, start
    while (mark := _MARK.search(text, at)) is not None:
        at = mark.end()
        if mark.group() == '"':
            at = _string_ends(text, mark.start())
            continue
        depth += 1 if mark.group() in "{[" else -1
        if depth == 0:
            return at
    return None


def _without_trailing_commas(text: str) -> str:
    kept: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            end = _string_ends(text, at)
            kept.append(text[at:end])
            at = end
            continue
        if not _TRAILING_COMMA.match(text, at):
            kept.append(text[at])
        at += 1
    return "".join(kept)


def _loaded(text: str) -> dict[str, Any] | None:
    """Return the object the text spells, trailing commas forgiven; None when it spells none."""
    for attempt in (text, _without_trailing_commas(text)):
        try:
            # strict=False: models put raw line feeds into strings.
            value = json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    return None


def _outermost(text: str) -> Iterator[dict[str, Any]]:
    at = text.find("{")
    for _ in range(_MAX_STARTS):
        if at < 0:
            return
        end = _object_ends(text, at)
        value = _loaded(text[at:end]) if end is not None else None
        if value is not None:
            yield value
        at = text.find("{", end if value is not None and end is not None else at + 1)


def read_object(text: str) -> dict[str, Any]:
    """Return the JSON object in a model's answer: the largest of those that stand in it.

    Drops leading reasoning, fences and prose. Raises ModelEmptyAnswer for a blank text,
    ModelMalformedAnswer for one that is cut off or holds no object.
    """
    text = without_reasoning(text).strip()
    if not text:
        raise ModelEmptyAnswer()
    first = text.find("{")
    if first < 0:
        raise malformed("it holds no JSON object")
    whole = max(_outermost(text), key=lambda value: len(str(value)), default=None)
    if whole is None:
        cut_off = _object_ends(text, first) is None
        raise malformed("the JSON is cut off" if cut_off else "it is not valid JSON")
    return whole
