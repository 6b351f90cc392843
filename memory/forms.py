"""What a person may write into a memory by hand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Model
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.enums import TraitLevel
from memory.models import Knowledge, Profile, Trait


def limit_of(model: type[Model], name: str) -> int | None:
    """Return how many characters a column takes."""
    limit: int | None = getattr(model._meta.get_field(name), "max_length", None)
    return limit


class CorrectionForm(forms.Form):
    """A form over one row. `version` is the row's last change as the person saw it, `was` what it said then."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    was = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first = self.visible_fields()[0].field
        first.widget.attrs["autofocus"] = True


class NewAttributeForm(forms.Form):
    """A profile attribute that is not there yet."""

    name = forms.CharField(
        label=_("Name"),
        max_length=limit_of(Profile, "name"),
        help_text=_("For example: occupation, home town, languages."),
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    value = forms.CharField(
        label=_("Value"),
        max_length=limit_of(Profile, "value"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class AttributeForm(CorrectionForm):
    """The value of a profile attribute."""

    value = forms.CharField(
        label=_("Value"), max_length=limit_of(Profile, "value"), widget=forms.Textarea(attrs={"rows": 1})
    )


class TraitForm(CorrectionForm):
    """How strong a trait is, and why."""

    level = forms.ChoiceField(label=_("Level"), choices=TraitLevel.choices)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=limit_of(Trait, "reason"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class KnowledgeForm(CorrectionForm):
    """The words of a fact."""

    text = forms.CharField(
        label=_("Fact"), max_length=limit_of(Knowledge, "text"), widget=forms.Textarea(attrs={"rows": 2})
    )


class EverythingForm(forms.Form):
    """The assistant's name, typed to say that all of a memory is really to be forgotten; case and spacing are free."""

    name = forms.CharField(label="", widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}))

    def __init__(self, assistant_name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.assistant_name = assistant_name
        self.fields["name"].label = gettext("To confirm, type the assistant’s name: %(name)s") % {
            "name": assistant_name
        }

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"]
        if typed.split() == [] or typed.casefold().split() != self.assistant_name.casefold().split():
            wrong = gettext("That is not the assistant’s name. Type %(name)s.") % {"name": self.assistant_name}
            raise forms.ValidationError(wrong)
        return typed
