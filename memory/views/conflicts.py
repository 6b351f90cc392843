"""Two people, or a person and a promotion, at one row: what each of them wrote, beside each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from memory.forms import CorrectionForm
from memory.views.activity import ended
from memory.views.diffs import Change, word_diff


@dataclass(frozen=True, slots=True)
class Conflict:
    """What stands there now, beside what the person saw when they began, and beside what they have written."""

    told: str
    """What stands there now, as a sentence."""
    meanwhile: list[Change]
    mine: list[Change]


def as_seen(fields: Mapping[str, Any]) -> str:
    """Return what a form shows at first, for the form to carry along."""
    return json.dumps({name: str(value) for name, value in fields.items()}, sort_keys=True)


def conflict_of(form: CorrectionForm, now: Mapping[str, Any]) -> Conflict:
    """Compare a form that was sent with what its row says now; of what the form cannot tell, nothing is said."""
    was = _read(form.cleaned_data.get("was", ""))
    shown = " · ".join(_shown(form, name, value) for name, value in now.items() if value)
    return Conflict(
        told=ended(gettext("It now says: “%(now)s”.") % {"now": shown}),
        meanwhile=_changes(form, was, now) if was else [],
        mine=_changes(form, now, form.cleaned_data),
    )


def _changes(form: CorrectionForm, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    found = []
    for field in form.visible_fields():
        old, new = (_shown(form, field.name, state.get(field.name, "")) for state in (before, after))
        if old != new:
            found.append(Change(str(field.label) if len(form.visible_fields()) > 1 else "", word_diff(old, new)))
    return found


def _shown(form: CorrectionForm, name: str, value: object) -> str:
    """Return a field's value as people read it: of a choice, its label."""
    choices = dict(getattr(form.fields[name], "choices", ()))
    return str(choices.get(value, value))


def _read(carried: str) -> dict[str, Any]:
    try:
        fields = json.loads(carried)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
