"""The activity log in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from memory.domain.jobs import LABELS, in_the_readers_language
from memory.domain.traits import DIMENSIONS, label_of
from memory.enums import Actor, EventKind, Source, TraitLevel
from memory.llm.builtin.consolidator import BuiltinConsolidator
from memory.models import Memory, MemoryEvent
from memory.views.previews import amounts
from memory.views.teams import is_told_here, team_sentence

SHOWN = 10
EXCERPT = 80
FORGETTABLE = {
    "knowledge": _("a fact whose words are forgotten"),
    "profile": _("a profile attribute whose words are forgotten"),
    "trait": _("a trait whose words are forgotten"),
}
OPENABLE = {
    "page": _("a page"),
    "segment": _("a segment"),
    "dialoguechain": _("a dialogue chain"),
    "knowledge": _("a fact"),
    "profile": _("a profile attribute"),
    "trait": _("a trait"),
    "memoryevent": _("an entry of the timeline"),
    "modelcall": _("a model call"),
    "import": _("an import"),
    "posting": _("a term of the index"),
    "segmentposting": _("a term of the index"),
    "conversation": _("a conversation"),
    "message": _("a message"),
}
"""What an operator of the installation may have opened, by the names of models."""
DOORS = {
    Source.CHAT: _("the chat"),
    Source.IMPORT: _("an import"),
    Source.DEMO: _("the demo data"),
    Source.API: _("the API"),
}
"""Through what a page came in."""
_SWITCHED = {
    (EventKind.PAUSED, "learning"): _("Learning was paused."),
    (EventKind.RESUMED, "learning"): _("Learning was resumed."),
    (EventKind.PAUSED, "recall"): _("Memory was no longer used for answers."),
    (EventKind.RESUMED, "recall"): _("Memory was used for answers again."),
    # Whose, and how much, is for owners to see.
    (EventKind.CONFIGURED, "budget"): _("A monthly budget was changed."),
    (EventKind.EDITED, "conversation"): _("An operator gave a conversation another title."),
    (EventKind.DELETED, "conversation"): _("An operator deleted a conversation."),
}
NO_REASON = gettext_noop("No reason was noted.")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: a sentence, when, who or what did it, and the segment to look at."""

    event_id: int
    text: str
    at: datetime
    by: str
    segment_id: int | None


def recent_activity(memory: Memory, person_id: int, *, shared: bool) -> list[Line]:
    """Return the last things that happened in this memory, newest first; of an import only its sum.

    With `shared`, also what happened to the knowledge of its assistant, which belongs to no single memory.
    """
    events = MemoryEvent.objects.visible(memory, shared=shared).exclude(
        ~Q(target_type="memory"), kind=EventKind.IMPORTED
    )
    events = events.exclude(kind=EventKind.RECORDED, after__source__in=(Source.IMPORT, Source.DEMO))
    events = events.select_related("user", "model_call")[:SHOWN]
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
    """Return who or what did it, seen by this person; nothing where the sentence has said it already."""
    if event.kind == EventKind.LEFT and event.user_id is None:
        return ""
    if event.actor == Actor.PERSON:
        return gettext("you") if event.user_id == person_id else str(event.user or gettext("someone who left"))
    if event.actor == Actor.MODEL and event.model_call:
        return model_in_words(event.model_call.model)
    if event.kind == EventKind.RECORDED and (door := _state(event).get("source")) in DOORS:
        return str(DOORS[door])
    return gettext("background work")


def model_in_words(model: str) -> str:
    """Return the name of a model; of what stands in for one, plain words."""
    return gettext("built-in rules") if model == BuiltinConsolidator.name else model


def sentence(event: MemoryEvent, page: int | None = None) -> str:
    """Say what happened, with what it happened to where the log knows; `page` is the number of the page it is about."""
    state = _state(event)
    match event.target_type, event.kind:
        case _, EventKind.OPENED:
            return _opened(event, state, page)
        case _, EventKind.PROPOSED if event.memory_id or state.get("withdrawn"):
            return _proposed(state)
        case _ if is_told_here(event) and state.get("what") != "budget":
            return ended(team_sentence(event, _mapping(event.before), _mapping(event.after)))
        case "segment", _:
            return _about_segment(event, state)
        case "memory", EventKind.IMPORTED:
            return _imported(state)
        case _:
            return _about_other(event, state, page)


def _about_other(event: MemoryEvent, state: Mapping[str, Any], page: int | None) -> str:
    match EventKind(event.kind):
        case EventKind.RECORDED:
            return _recorded(state, page)
        case EventKind.FORGOTTEN:
            return _forgotten(event, state)
        case EventKind.LEARNT:
            anew = gettext("Learnt anew: %(thing)s.") if event.before else gettext("Learnt %(thing)s.")
            return ended(anew % {"thing": _thing(event.target_type, state)})
        case EventKind.FAILED:
            return _failed(state)
        case kind:
            return _switched(kind, state) or _happened(kind, _thing(event.target_type, state))


def _imported(state: Mapping[str, Any]) -> str:
    loaded = gettext("Demo data was loaded: %(what)s.")
    said = loaded if state.get("format") == "demo" else gettext("A file was imported: %(what)s.")
    return said % {"what": amounts(state)}


def ended(text: str) -> str:
    """Drop the full stop of a sentence that a quotation at its end has closed."""
    return text.removesuffix(".") if text.endswith((".”.", "!”.", "?”.", "…”.")) else text


def _opened(event: MemoryEvent, state: Mapping[str, Any], page: int | None) -> str:
    if page:
        return gettext("An operator opened page %(number)s.") % {"number": page}
    # What was opened may stand in the log under the memory, where its own key is no number.
    thing = OPENABLE.get(str(state.get("what", event.target_type)), _("something of this memory"))
    return gettext("An operator opened %(thing)s.") % {"thing": thing}


def _switched(kind: EventKind, state: Mapping[str, Any]) -> str:
    """Say what was paused or resumed, or done to a conversation; nothing of any other event."""
    return str(_SWITCHED.get((kind, str(state.get("what"))), ""))


def _happened(kind: EventKind, thing: str) -> str:
    return ended(gettext("%(event)s: %(thing)s.") % {"event": kind.label, "thing": thing})


def _recorded(state: Mapping[str, Any], page: int | None) -> str:
    if not state:
        return gettext("A page was remembered, and forgotten since.")
    match state.get("source"):
        case Source.IMPORT:
            said, of_one = gettext("A page was imported."), gettext("Page %(number)s was imported.")
        case Source.API:
            said, of_one = gettext("A page came in by the API."), gettext("Page %(number)s came in by the API.")
        case Source.DEMO:
            said = gettext("A page of the demo data was stored.")
            of_one = gettext("Page %(number)s, of the demo data, was stored.")
        case _:
            said = gettext("A page of the chat was remembered.")
            of_one = gettext("Page %(number)s, of the chat, was remembered.")
    return of_one % {"number": page} if page else said


def recorded_together(source: str, count: int) -> str:
    """Say that so many pages came in one after the other."""
    match source:
        case Source.IMPORT:
            said = ngettext("%(count)d page was imported.", "%(count)d pages were imported.", count)
        case Source.API:
            said = ngettext("%(count)d page came in by the API.", "%(count)d pages came in by the API.", count)
        case Source.DEMO:
            said = ngettext(
                "%(count)d page of the demo data was stored.", "%(count)d pages of the demo data were stored.", count
            )
        case _:
            said = ngettext(
                "%(count)d page of the chat was remembered.", "%(count)d pages of the chat were remembered.", count
            )
    return said % {"count": count}


def imported_together(target_type: str, count: int, *, shared: bool) -> str:
    """Say that so many facts, attributes or traits came with one file."""
    return _happened(EventKind.IMPORTED, amounts({"assistant_knowledge" if shared else target_type: count}))


def _forgotten(event: MemoryEvent, state: Mapping[str, Any]) -> str:
    # What members share is counted in the assistant's own log.
    counts = state if event.target_type == "memory" else {"assistant_knowledge": state.get("facts")}
    return gettext("Forgotten for good: %(what)s.") % {"what": amounts(counts)}


def _failed(state: Mapping[str, Any]) -> str:
    task = LABELS.get(str(state.get("task")), gettext("Background work"))
    reason = in_the_readers_language(str(state.get("reason", NO_REASON)))
    return gettext("%(task)s failed: %(reason)s") % {"task": task, "reason": _excerpt(reason, 200)}


def _about_segment(event: MemoryEvent, state: Mapping[str, Any]) -> str:
    kind = EventKind(event.kind)
    if kind in (EventKind.TRANSFERRED, EventKind.PROMOTED):
        return _pages_of_segment(kind, state)
    name = _segment(state)
    match kind:
        case EventKind.ARCHIVED if event.actor == Actor.PERSON:
            said = gettext("%(segment)s was archived.")
        case EventKind.ARCHIVED:
            said = gettext("%(segment)s was archived to make room.")
        case EventKind.RESTORED:
            said = gettext("%(segment)s was brought back.")
        case _:
            return _happened(kind, _thing("segment", state))
    return said % {"segment": name}


def _pages_of_segment(kind: EventKind, state: Mapping[str, Any]) -> str:
    pages = state.get("pages")
    count = len(pages) if isinstance(pages, list) else 0
    name = _quoted(_title(state)) if "title" in state else gettext("a segment whose title is forgotten")
    if kind == EventKind.PROMOTED and not count:
        said = gettext("Read pages of %(segment)s for lasting facts.")
    elif kind == EventKind.PROMOTED:
        said = ngettext(
            "Read %(count)d page of %(segment)s for lasting facts.",
            "Read %(count)d pages of %(segment)s for lasting facts.",
            count,
        )
    elif not count:
        said = gettext("Pages moved to mid-term memory, into %(segment)s.")
    else:
        said = ngettext(
            "%(count)d page moved to mid-term memory, into %(segment)s.",
            "%(count)d pages moved to mid-term memory, into %(segment)s.",
            count,
        )
    return said % {"count": count, "segment": name}


def _segment(state: Mapping[str, Any]) -> str:
    """Return what opens a sentence about a segment."""
    if "title" not in state:
        return gettext("A segment whose title is forgotten")
    return gettext("The segment %(words)s") % {"words": _quoted(_title(state))}


def _title(state: Mapping[str, Any]) -> str:
    return str(state.get("title") or gettext("without a title"))


def _thing(target_type: str, state: Mapping[str, Any]) -> str:
    """Return what kind of thing it is and the words that name it, quoted; of what is forgotten the log knows none."""
    if target_type in FORGETTABLE and not any(isinstance(said, str) for said in state.values()):
        return str(FORGETTABLE[target_type])
    match target_type:
        case "segment" if "title" not in state:
            return gettext("a segment whose title is forgotten")
        case "segment":
            named, words = gettext("the segment %(words)s"), _title(state)
        case "profile":
            named = gettext("the profile attribute %(words)s")
            words = f"{state.get('name', '')}: {state.get('value', '')}".strip(": ")
        case "trait":
            named, words = gettext("the trait %(words)s"), _trait(state)
        case "page":
            number = state.get("position")
            return gettext("page %(number)s") % {"number": number} if number else gettext("a page")
        case "dialoguechain":
            return gettext("a dialogue chain")
        case "knowledge":
            named, words = gettext("the fact %(words)s"), str(state.get("text", ""))
        case other:
            return gettext("the %(thing)s") % {"thing": other}
    return named % {"words": _quoted(words)}


def _trait(state: Mapping[str, Any]) -> str:
    dimension, level = str(state.get("dimension")), str(state.get("level", ""))
    label = gettext(label_of(dimension)) if dimension in DIMENSIONS else ""
    shown = str(TraitLevel(level).label).lower() if level in TraitLevel.values else level
    return f"{label}: {shown}".strip(": ")


def _proposed(state: Mapping[str, Any]) -> str:
    """Say that a fact of the person's own was proposed, or that anybody took a proposal back."""
    if state.get("withdrawn"):
        return gettext("A proposal to the team was withdrawn.")
    words = _quoted(str(state.get("text") or "")) or gettext("words that are forgotten")
    return ended(gettext("A fact of yours was proposed to the team, as %(words)s.") % {"words": words})


def _quoted(text: str) -> str:
    return f"“{_excerpt(text)}”" if text else ""


def _excerpt(text: str, longest: int = EXCERPT) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _state(event: MemoryEvent) -> Mapping[str, Any]:
    return {**_mapping(event.before), **_mapping(event.after)}


def _mapping(state: Any) -> Mapping[str, Any]:
    return state if isinstance(state, dict) else {}
