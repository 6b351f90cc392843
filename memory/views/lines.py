"""Lines of the activity log as people read them: a sentence, who did it, what changed, and where to look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F, IntegerField, Q, QuerySet, Value
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from memory.domain.history import former_state, history_of, status_again
from memory.domain.snapshots import LongTerm
from memory.enums import EventKind, KnowledgeStatus, TraitLevel
from memory.models import Knowledge, Memory, MemoryEvent, ModelCall, Page, Profile, Segment, Trait
from memory.views.activity import EXCERPT, actor, sentence
from memory.views.diffs import Change, word_diff
from memory.views.teams import changed_settings, setting_label, setting_value

INLINE = 240
"""Characters of a change that is shown at once; a longer one is folded."""
OF_ONE_THING = 50
"""Events that the page of one thing shows; the timeline has all of them."""

_FIELDS = {
    "name": _("Name"),
    "text": _("Fact"),
    "value": _("Value"),
    "level": _("Level"),
    "reason": _("Reason"),
    "status": _("Status"),
    "title": _("Title"),
    "summary": _("Summary"),
}
"""What is compared before and after, as people call it."""
_CHOICES: dict[str, Mapping[str, Any]] = {"level": dict(TraitLevel.choices), "status": dict(KnowledgeStatus.choices)}
_PLACES = {"page": "page", "segment": "segment", "profile": "profile-row", "trait": "traits-row"}

Place = tuple[str, int]
There = Mapping[Place, int | None]
"""What is there, and of pages their numbers."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened, or several of a kind that happened in one go."""

    event_id: int
    kind: str
    text: str
    label: str
    """What happened in a word or two, where it is plain to what."""
    at: datetime
    by: str
    call: ModelCall | None
    job_id: int | None
    address: str | None
    """The page of what it happened to, while that is there."""
    is_gone: bool
    changes: list[Change] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """What else the log says: a name and the words."""
    count: int = 1
    first_id: int = 0
    """Of several in one go, the oldest."""
    before: str = ""
    """What the thing said before, where it can be set back to that."""

    @property
    def may_restore(self) -> bool:
        """Whether there is a former state to set the thing back to."""
        return bool(self.before)

    @property
    def is_long(self) -> bool:
        """Whether what changed is folded."""
        words = sum(len(part.text) for change in self.changes for part in change.parts)
        return words + sum(len(text) for _, text in self.notes) > INLINE


def lines_of(memory: Memory, events: Sequence[MemoryEvent], person_id: int) -> list[Line]:
    """Put events of a memory into lines; a few queries, however many there are."""
    there = _still_there(memory, events)
    return [_line(memory, event, person_id, there) for event in events]


def history_lines(memory: Memory, item: LongTerm, person_id: int) -> list[Line]:
    """Return the newest lines about one row, each with whether the row can be set back to what it was before it."""
    events = list(history_of(item).select_related("user", "model_call")[:OF_ONE_THING])
    return [_line(memory, event, person_id, {}, before=_former(item, event)) for event in events]


def _former(item: LongTerm, event: MemoryEvent) -> str:
    """Return the words that a row can be set back to, as people read them; nothing where it cannot."""
    state = former_state(item, event)
    if state is None:
        return ""
    words = [shown for name in ("level", "reason", "text", "value") if (shown := _shown(name, state))]
    if isinstance(item, Knowledge) and status_again(item, state) not in (item.status, KnowledgeStatus.ACTIVE):
        words.insert(0, _shown("status", state))
    return ": ".join(words)


def _line(memory: Memory, event: MemoryEvent, person_id: int, there: There, *, before: str = "") -> Line:
    place = _place(event)
    found = place in there
    return Line(
        event_id=event.pk,
        kind=event.kind,
        text=sentence(event, there.get(place)),
        label=_label(event),
        at=event.created_at,
        by=actor(event, person_id),
        call=event.model_call,
        job_id=event.job_id,
        address=_address(memory, event) if found else None,
        is_gone=event.target_type in _MODELS and not found,
        changes=_changes(event),
        notes=list(_notes(event)),
        before=before,
    )


def _label(event: MemoryEvent) -> str:
    if event.kind == EventKind.PROPOSED and isinstance(event.after, dict) and event.after.get("withdrawn"):
        return gettext("Proposal withdrawn")
    return str(EventKind(event.kind).label)


def _changes(event: MemoryEvent) -> list[Change]:
    """Compare what was before and what is after, field by field, where the log has kept both."""
    before, after = event.before, event.after
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    if event.kind in (EventKind.CONFIGURED, EventKind.ROLE_CHANGED):
        return _settings(before, after)
    changed = [name for name in _FIELDS if name in before and name in after and before[name] != after[name]]
    several = len(changed) > 1 or changed[:1] == ["status"]
    return [
        Change(str(_FIELDS[name]) if several else "", word_diff(_shown(name, before), _shown(name, after)))
        for name in changed
    ]


def _settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Compare settings before and after, each by its name; one that was not set, or is not, was the default."""
    return [
        Change(setting_label(name), word_diff(setting_value(name, before[name]), setting_value(name, after[name])))
        for name in changed_settings(before, after)
    ]


def _shown(name: str, state: Mapping[str, Any]) -> str:
    value = state.get(name)
    return str(_CHOICES.get(name, {}).get(str(value), value or ""))


def _notes(event: MemoryEvent) -> Iterable[tuple[str, str]]:
    """Yield what neither the sentence nor the comparison says."""
    before, after = (state if isinstance(state, dict) else {} for state in (event.before, event.after))
    state = {**before, **after}
    for name in ("text", "value"):
        words = state.get(name)
        compared = name in before and name in after and before[name] != after[name]
        if isinstance(words, str) and len(words) > EXCERPT and not compared:
            yield gettext("In full"), words
    if (
        state.get("reason")
        and event.target_type == "trait"
        and event.kind != EventKind.OPENED
        and not (before and after)
    ):
        yield gettext("Reason"), str(state["reason"])
    if event.kind == EventKind.OPENED and isinstance(after.get("reason"), str):
        yield gettext("The operator’s reason"), after["reason"]
    if isinstance(after.get("by"), str):
        yield gettext("What holds now"), after["by"]
    if isinstance(after.get("said"), str) and after["said"] != after.get("text"):
        yield gettext("What was said"), after["said"]
    if event.kind == EventKind.PROMOTED and isinstance(facts := after.get("facts"), int) and facts:
        yield gettext("Learnt from them"), ngettext("%d fact", "%d facts", facts) % facts


_MODELS: dict[str, type[Page | Segment | Knowledge | Profile | Trait]] = {
    "page": Page,
    "segment": Segment,
    "knowledge": Knowledge,
    "profile": Profile,
    "trait": Trait,
}


def _place(event: MemoryEvent) -> Place:
    return event.target_type, event.target_id


def _address(memory: Memory, event: MemoryEvent) -> str:
    shared = "assistant-knowledge-row" if event.memory_id is None else "knowledge-row"
    return reverse(f"memory:{_PLACES.get(event.target_type, shared)}", args=[memory.assistant.slug, event.target_id])


def _still_there(memory: Memory, events: Sequence[MemoryEvent]) -> There:
    """Return what events are about that is there: one query for each of the five kinds."""
    wanted: dict[str, set[int]] = {name: set() for name in _MODELS}
    for event in events:
        if event.target_type in wanted:
            wanted[event.target_type].add(event.target_id)
    found: dict[Place, int | None] = {}
    for name, ids in wanted.items():
        if ids:
            number = F("position") if name == "page" else Value(None, IntegerField())
            rows = _rows(memory, name).filter(pk__in=ids).values_list("pk", number)
            found |= {(name, pk): position for pk, position in rows}
    return found


def _rows(memory: Memory, name: str) -> QuerySet[Any]:
    own = Q(memory=memory)
    if name == "knowledge":
        own |= Q(assistant=memory.assistant_id)
    return _MODELS[name]._default_manager.filter(own).order_by()
