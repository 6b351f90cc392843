"""What a person may set of an assistant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from memory.conf import MemorySettings
from memory.constants import CONSTANTS, LONGEST_VALUE, Constant, read_overrides, shown_number
from memory.domain.assistants import INSTRUCTIONS_LENGTH, MODEL_LENGTH, NAME_LENGTH
from memory.exceptions import InvalidSettings
from memory.forms import CorrectionForm


class OnceForm(forms.Form):
    """A form that makes something new: the same one sent twice makes one thing. `once` names it."""

    once = forms.RegexField(r"\A[0-9a-f]{32}\Z", required=False, widget=forms.HiddenInput)

    @classmethod
    def fresh(cls, **initial: Any) -> OnceForm:
        """Return a form that has not been sent yet."""
        return cls(initial={"once": uuid4().hex, **initial})


class SetupForm(CorrectionForm):
    """Name, instructions and model."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, widget=forms.TextInput({"autocomplete": "off"}))
    instructions = forms.CharField(
        label=_("Instructions"),
        required=False,
        max_length=INSTRUCTIONS_LENGTH,
        widget=forms.Textarea({"rows": 6}),
        help_text=_(
            "Who it is and how it answers, in your own words. Every answer begins with this; all members see it."
        ),
    )
    model = forms.CharField(
        label=_("Model"),
        required=False,
        max_length=MODEL_LENGTH,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "Which model of the connected server answers and reads, by the name the server has for it. "
            "Leave it empty for the one that is set there."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The page has more to read than this form.
        self.fields["name"].widget.attrs.pop("autofocus", None)


class NewAssistantForm(SetupForm, OnceForm):
    """An assistant that is not there yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autofocus"] = True


class DuplicateForm(OnceForm):
    """A copy of an assistant."""

    with_knowledge = forms.BooleanField(label=_("Also copy what it knows about itself"), required=False)


class ConstantsForm(CorrectionForm):
    """The memory's constants: a field each, blank for the installation's value."""

    def __init__(self, base: MemorySettings, *args: Any, **kwargs: Any) -> None:
        self.base_settings = base
        super().__init__(*args, **kwargs)
        for field in self.visible_fields():
            field.field.widget.attrs.pop("autofocus", None)
            field.field.widget.attrs["placeholder"] = shown_number(getattr(base, field.name))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        wish = {constant.name: cleaned.get(constant.name, "") for constant in CONSTANTS}
        try:
            cleaned["own"] = read_overrides(self.base_settings, wish)
        except InvalidSettings as refusal:
            for name, fault in refusal.faults.items():
                self.add_error(name, fault)
        return cleaned


def _field_of(constant: Constant) -> forms.CharField:
    """Return a field that takes whatever is typed: what a number may be is the domain's to say."""
    mode = "numeric" if constant.is_whole else "decimal"
    widget = forms.TextInput(
        {"inputmode": mode, "autocomplete": "off", "aria-describedby": f"constant-{constant.name}_helptext"}
    )
    return forms.CharField(label=constant.label, required=False, max_length=LONGEST_VALUE, widget=widget)


# Django copies a form's fields from here; they come from the descriptions, which are written in one place.
ConstantsForm.base_fields.update({constant.name: _field_of(constant) for constant in CONSTANTS})


def shown_overrides(own: Mapping[str, Any]) -> dict[str, str]:
    """Return an assistant's own constants as the form shows them; blank what it leaves to the installation."""
    return {constant.name: _shown(own.get(constant.name, "")) for constant in CONSTANTS}


def _shown(value: Any) -> str:
    return shown_number(value) if isinstance(value, int | float) else str(value)
