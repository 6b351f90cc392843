"""The activity log in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from memory.domain.jobs import LABELS
from memory.domain.traits import DIMENSIONS
from memory.enums import Actor, EventKind
from memory.models import Memory, MemoryEvent
from memory.views.previews import amounts

SHOWN = 10
EXCERPT = 80
FORGETTABLE = {"knowledge": "a fact", "profile": "a profile attribute", "trait": "a trait"}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: a sentence, when, who or what did it, and the segment to look at."""

    event_id: int
    text: str
    at: datetime
    by: str
    segment_id: int | None


def recent_activity(memory: Memory, person_id: int, *, shared: bool) -> list[Line]:
    """Return the last things that happened in this memory, newest first.

    With `shared`, also what happened to the knowledge of its assistant, which belongs to no single memory.
    """
    mine = Q(memory=memory)
    if shared:
        mine |= Q(memory__isnull=True, assistant=memory.assistant_id)
    events = MemoryEvent.objects.filter(mine).select_related("user", "model_call")[:SHOWN]
    return [
        Line(
            event.pk,
            sentence(event),
            event.created_at,
            actor(event, person_id),
            # A log without the title is about a segment that has been forgotten, at least in part.
            event.target_id if event.target_type == "segment" and "title" in _state(event) else None,
        )
        for event in events
    ]


def actor(event: MemoryEvent, person_id: int) -> str:
    """Return who or what did it, seen by this person."""
    if event.actor == Actor.PERSON:
        return "you" if event.user_id == person_id else str(event.user or "someone who left")
    if event.actor == Actor.MODEL and event.model_call:
        return event.model_call.model
    return "background work"


def sentence(event: MemoryEvent) -> str:
    """Say what happened, with what it happened to where the log knows."""
    state = _state(event)
    what, words = _thing(event.target_type, state)
    if event.target_type == "segment":
        return _about_segment(event, state, words)
    match EventKind(event.kind):
        case EventKind.RECORDED:
            return _recorded(state)
        case EventKind.FORGOTTEN:
            return _forgotten(event, state)
        case EventKind.LEARNT:
            return ended(f"Learnt{' anew:' if event.before else ''} {what} {words}")
        case EventKind.FAILED:
            task = LABELS.get(str(state.get("task")), "Background work")
            return f"{task} failed: {_excerpt(str(state.get('reason', 'no reason was noted.')), 200)}"
        case kind:
            return ended(f"{kind.label}: {what} {words}")


def ended(text: str) -> str:
    """Close a sentence, unless a quotation at its end has closed it."""
    text = text.strip()
    return text if text.endswith((".”", "!”", "?”", "…”")) else f"{text}."


def _recorded(state: Mapping[str, Any]) -> str:
    if not state:
        return "A page was remembered, and forgotten since."
    return {"import": "A page was imported.", "api": "A page came in by the API."}.get(
        str(state.get("source")), "A page of the chat was remembered."
    )


def _forgotten(event: MemoryEvent, state: Mapping[str, Any]) -> str:
    # What members share is counted in the assistant's own log.
    counts = state if event.target_type == "memory" else {"assistant_knowledge": state.get("facts")}
    return f"Forgotten for good: {amounts(counts)}."


def _about_segment(event: MemoryEvent, state: Mapping[str, Any], name: str) -> str:
    pages = state.get("pages")
    count = len(pages) if isinstance(pages, list) else 0
    some_pages = f"{count} page" if count == 1 else f"{count} pages" if count else "Pages"
    segment = f"{name[:1].upper()}{name[1:]}" if "title" not in state else f"The segment {name}"
    match EventKind(event.kind):
        case EventKind.TRANSFERRED:
            return f"{some_pages} moved to mid-term memory, into {name}."
        case EventKind.PROMOTED:
            return f"Read {some_pages.lower()} of {name} for lasting facts."
        case EventKind.ARCHIVED if event.actor == Actor.PERSON:
            return f"{segment} was archived."
        case EventKind.ARCHIVED:
            return f"{segment} was archived to make room."
        case EventKind.RESTORED:
            return f"{segment} was brought back."
        case kind:
            return f"{kind.label}: {segment[:1].lower()}{segment[1:]}."


def _thing(target_type: str, state: Mapping[str, Any]) -> tuple[str, str]:
    """Return what kind of thing it is and the words that name it, quoted; of what is forgotten the log knows none."""
    if target_type == "segment":
        known = _quoted(str(state.get("title") or "without a title"))
        return "the segment", known if "title" in state else "a segment whose title is forgotten"
    if target_type in FORGETTABLE and not any(isinstance(said, str) for said in state.values()):
        return FORGETTABLE[target_type], "whose words are forgotten"
    if target_type == "profile":
        return "the profile attribute", _quoted(f"{state.get('name', '')}: {state.get('value', '')}".strip(": "))
    if target_type == "trait":
        label = DIMENSIONS.get(str(state.get("dimension")), ("", ""))[0]
        return "the trait", _quoted(f"{label}: {state.get('level', '')}".strip(": "))
    if target_type == "knowledge":
        return "the fact", _quoted(str(state.get("text", "")))
    return f"the {target_type}", ""


def _quoted(text: str) -> str:
    return f"“{_excerpt(text)}”" if text else ""


def _excerpt(text: str, longest: int = EXCERPT) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _state(event: MemoryEvent) -> Mapping[str, Any]:
    return {**_mapping(event.before), **_mapping(event.after)}


def _mapping(state: Any) -> Mapping[str, Any]:
    return state if isinstance(state, dict) else {}
