"""What of the activity log a person wants to see: a form that works as a plain GET, its words and its faults."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict
from django.utils.timezone import make_aware
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.enums import Actor, EventKind
from memory.models.event import MemoryEventQuerySet

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

GROUPS = {
    "said": (_("Pages recorded"), (EventKind.RECORDED, EventKind.IMPORTED)),
    "moved": (_("Sorted and read"), (EventKind.TRANSFERRED, EventKind.ASKED, EventKind.PROMOTED)),
    "learnt": (
        _("Learnt, said again, replaced"),
        (EventKind.LEARNT, EventKind.CONFIRMED, EventKind.MERGED, EventKind.SUPERSEDED),
    ),
    "archived": (_("Archived, brought back"), (EventKind.ARCHIVED, EventKind.RESTORED)),
    "changed": (
        _("Added, changed by hand"),
        (
            EventKind.ADDED,
            EventKind.EDITED,
            EventKind.PINNED,
            EventKind.UNPINNED,
            EventKind.DISABLED,
            EventKind.ENABLED,
            EventKind.LOCKED,
            EventKind.UNLOCKED,
            EventKind.PROPOSED,
            EventKind.APPROVED,
            EventKind.DECLINED,
        ),
    ),
    "team": (
        _("Assistant and members"),
        (
            EventKind.CREATED,
            EventKind.CONFIGURED,
            EventKind.INVITED,
            EventKind.REVOKED,
            EventKind.JOINED,
            EventKind.ROLE_CHANGED,
            EventKind.LEFT,
            EventKind.REMOVED,
        ),
    ),
    "gone": (_("Deleted, forgotten"), (EventKind.DELETED, EventKind.FORGOTTEN)),
    "paused": (_("Paused, resumed"), (EventKind.PAUSED, EventKind.RESUMED)),
    "opened": (_("Opened by an operator"), (EventKind.OPENED,)),
    "failed": (_("Failed work"), (EventKind.FAILED,)),
}
"""Kinds of events by what people would look for; every kind is in one group."""

LARGEST_KEY = 2**63 - 1


class Key(forms.IntegerField):
    """A row's key, or a job's."""

    def __init__(self) -> None:
        super().__init__(required=False, min_value=1, max_value=LARGEST_KEY, widget=forms.HiddenInput)


class Names(forms.RegexField):
    """What links of the timeline name: a thing, or a range of events."""

    def __init__(self, regex: str) -> None:
        super().__init__(regex, required=False, widget=forms.HiddenInput)


class Day(forms.DateField):
    """A day, as browsers send it."""

    def __init__(self, label: StrPromise) -> None:
        widget = forms.DateInput({"type": "date"}, "%Y-%m-%d")
        super().__init__(label=label, required=False, input_formats=["%Y-%m-%d"], widget=widget)


class TimelineForm(forms.Form):
    """Filters of the timeline. Fields that are empty filter nothing."""

    kind = forms.MultipleChoiceField(
        label=_("What happened"), required=False, choices=[], widget=forms.CheckboxSelectMultiple
    )
    who = forms.ChoiceField(
        label=_("Who did it"),
        required=False,
        choices=[
            ("", _("Anybody")),
            (Actor.PERSON, _("A person")),
            (Actor.JOB, _("Background work")),
            (Actor.MODEL, _("A model")),
        ],
    )
    since = Day(label=_("From"))
    until = Day(label=_("To"))
    job = Key()
    of = Names(r"\A(page|segment|knowledge|profile|trait)-[0-9]{1,18}\Z")
    run = Names(r"\A[0-9]{1,18}-[0-9]{1,18}\Z")

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data, auto_id="timeline-%s")
        kinds = self.fields["kind"]
        assert isinstance(kinds, forms.MultipleChoiceField)
        kinds.choices = [(name, label) for name, (label, _) in GROUPS.items()]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            raise forms.ValidationError(gettext("The first day lies after the last one."))
        return cleaned

    @property
    def faults(self) -> list[str]:
        """Return what is wrong, each a sentence with the field's name where it has one."""
        return [
            f"{self.fields[name].label}: {fault}" if self.fields.get(name) and self.fields[name].label else str(fault)
            for name, faults in self.errors.items()
            for fault in faults
        ]

    @property
    def is_narrow(self) -> bool:
        """Whether anything is filtered."""
        return any(self.cleaned_data.values())

    def narrow(self, events: MemoryEventQuerySet) -> MemoryEventQuerySet:
        """Return those of the events that the form asks for."""
        wish = self.cleaned_data
        if wish["kind"]:
            events = events.filter(kind__in=[kind for name in wish["kind"] for kind in GROUPS[name][1]])
        if wish["who"]:
            events = events.filter(actor=wish["who"])
        if wish["since"]:
            events = events.filter(created_at__gte=_midnight(wish["since"]))
        if wish["until"] and wish["until"] < date.max:
            events = events.filter(created_at__lt=_midnight(wish["until"] + timedelta(days=1)))
        if wish["job"]:
            events = events.filter(job_id=wish["job"])
        if wish["of"]:
            target_type, _, key = wish["of"].partition("-")
            events = events.about(target_type, int(key))
        if wish["run"]:
            first, _, last = wish["run"].partition("-")
            events = events.filter(pk__gte=int(first), pk__lte=int(last))
        return events


def _midnight(day: date) -> datetime:
    return make_aware(datetime.combine(day, time.min))
