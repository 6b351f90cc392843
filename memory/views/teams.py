"""What happened to an assistant as such, and to its people, in plain words. Other words: `activity`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.utils.text import get_text_list
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.constants import BY_NAME, shown_number
from memory.enums import EventKind, Role
from memory.models import MemoryEvent

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

SETTINGS: dict[str, StrPromise] = {
    "name": _("Name"),
    "instructions": _("Instructions"),
    "model": _("Model"),
    "base_url": _("Address of the model"),
    "key": _("Key"),
    "monthly_budget": _("Monthly budget"),
    **{name: constant.label for name, constant in BY_NAME.items()},
}
"""What settings are called, by their name in the log."""
_ABOUT_ITSELF = {
    EventKind.ARCHIVED: _("The assistant was archived."),
    EventKind.RESTORED: _("The assistant was brought back."),
}
_TOLD = frozenset(
    {
        EventKind.CREATED,
        EventKind.CONFIGURED,
        EventKind.INVITED,
        EventKind.REVOKED,
        EventKind.JOINED,
        EventKind.ROLE_CHANGED,
        EventKind.LEFT,
        EventKind.REMOVED,
        EventKind.PROPOSED,
    }
)


def is_told_here(event: MemoryEvent) -> bool:
    """Say whether an event is about an assistant as such or about its people."""
    return event.kind in _TOLD or (event.target_type == "assistant" and event.kind in _ABOUT_ITSELF)


def team_sentence(event: MemoryEvent, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Say what happened. What the log does not know is left out of the sentence."""
    kind = EventKind(event.kind)
    if kind in _ABOUT_ITSELF:
        return str(_ABOUT_ITSELF[kind])
    if kind == EventKind.CONFIGURED:
        return _configured(before, after)
    if (tell := _BY_STATE.get(kind)) is not None:
        return tell({**before, **after})
    return _person(kind, before, after)


def changed_settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names of settings, or of a role, that are different, in the order in which people meet them."""
    both = [name for name in ("role", *SETTINGS) if name in before and name in after]
    return [name for name in both if before[name] != after[name]]


def setting_label(name: str) -> str:
    """Return what a setting, or a role, is called; nothing for a name that is none."""
    return str(_("Role") if name == "role" else SETTINGS.get(name, ""))


def setting_value(name: str, value: Any) -> str:
    """Return a setting's value as people read it; what is not set is the default."""
    if name == "role":
        return role_label(value)
    if value is None or value == "":
        return gettext("default") if name in BY_NAME or name == "model" else ""
    return shown_number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def role_label(role: Any) -> str:
    """Return what a role is called; nothing where the log does not say."""
    return str(Role(role).label) if role in Role.values else ""


def _created(after: Mapping[str, Any]) -> str:
    name, origin = _text(after, "name"), _text(after, "of")
    if name and origin:
        return gettext("The assistant “%(name)s” was made as a copy of “%(of)s”.") % {"name": name, "of": origin}
    if name:
        return gettext("The assistant “%(name)s” was created.") % {"name": name}
    return gettext("The assistant was created.")


def _connected(after: Mapping[str, Any]) -> str:
    if not after.get("model"):
        return gettext("The language model was disconnected.")
    return gettext("The language model was set: %(model)s at %(server)s.") % {
        "model": after["model"],
        "server": after["base_url"],
    }


def _configured(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    names = [str(label) for name, label in SETTINGS.items() if name in before or name in after]
    if "base_url" in after:
        return _connected(after)
    if not names:
        return gettext("Settings of the assistant were changed.")
    listed = get_text_list(names[:4], gettext("and")) if len(names) <= 4 else f"{', '.join(names[:4])} …"
    return gettext("Settings of the assistant were changed: %(names)s.") % {"names": listed}


def _invited(state: Mapping[str, Any]) -> str:
    if role := role_label(state.get("role")):
        return gettext("An invitation link was made (%(role)s).") % {"role": role}
    return gettext("An invitation link was made.")


def _revoked(state: Mapping[str, Any]) -> str:
    if role := role_label(state.get("role")):
        return gettext("An invitation link was withdrawn (%(role)s).") % {"role": role}
    return gettext("An invitation link was withdrawn.")


def _proposed(after: Mapping[str, Any]) -> str:
    text = _text(after, "text")
    if not text:
        return gettext("A fact was proposed to the team.")
    return gettext("Proposed to the team: “%(text)s”") % {"text": text if len(text) <= 80 else f"{text[:79]}…"}


def _person(kind: EventKind, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Say what became of a person here, and as what, where the log knows."""
    state = {**before, **after}
    person, role, was = _text(state, "name") or gettext("Somebody"), role_label(after.get("role")), before.get("role")
    words = {"person": person, "role": role, "was": role_label(was)}
    match kind:
        case EventKind.JOINED:
            said = gettext("%(person)s joined (%(role)s).") if role else gettext("%(person)s joined.")
        case EventKind.LEFT:
            said = gettext("%(person)s left.")
        case EventKind.REMOVED:
            said = gettext("%(person)s was removed.")
        case _ if words["was"] and role:
            said = gettext("The role of %(person)s changed from %(was)s to %(role)s.")
        case _:
            said = gettext("The role of %(person)s is now %(role)s.") if role else gettext("A role was changed.")
    return said % words


def _text(state: Mapping[str, Any], name: str) -> str:
    value = state.get(name)
    return value if isinstance(value, str) else ""


_BY_STATE: dict[EventKind, Callable[[Mapping[str, Any]], str]] = {
    EventKind.CREATED: _created,
    EventKind.INVITED: _invited,
    EventKind.REVOKED: _revoked,
    EventKind.PROPOSED: _proposed,
}
