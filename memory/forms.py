"""What a person may write into a memory by hand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Model
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.domain.invitations import MOST_USES
from memory.enums import Role, Source, TraitLevel
from memory.models import Knowledge, Profile, Trait

BY_HAND = "hand"
BUDGET_AT_MOST = 100_000


def limit_of(model: type[Model], name: str) -> int | None:
    """Return how many characters a column takes."""
    limit: int | None = getattr(model._meta.get_field(name), "max_length", None)
    return limit


def day_input() -> forms.DateInput:
    """Return a field for a day, as browsers want it, whatever the language."""
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


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


class NewKnowledgeForm(forms.Form):
    """A fact that is not there yet."""

    text = forms.CharField(
        label=_("Fact"),
        max_length=limit_of(Knowledge, "text"),
        help_text=_("One thing in one sentence, as the assistant is to read it."),
        widget=forms.Textarea(attrs={"rows": 2, "autofocus": True}),
    )
    valid_from = forms.DateField(
        label=_("True since"), required=False, help_text=_("Leave it empty if you do not know."), widget=day_input()
    )


class ShareForm(forms.Form):
    """The words in which a fact is shared with the team."""

    text = forms.CharField(
        label=_("What the others will read"),
        max_length=limit_of(Knowledge, "text"),
        help_text=_("Nothing but these words and your name is shared. Where they say “the user”, write whom you mean."),
        widget=forms.Textarea(attrs={"rows": 2, "autofocus": True}),
    )


class DecisionForm(forms.Form):
    """A decision on a proposal: the words that were seen, other words, and what it takes the place of."""

    seen = forms.CharField(required=False)
    text = forms.CharField(required=False)
    replaces = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def clean_text(self) -> str:
        # Browsers send line ends of their own.
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")


_NO_TOKENS = _("Enter a whole number of tokens, or leave it empty.")


class BudgetForm(forms.Form):
    """Tokens a month; empty for no bound. `person` is the member's key, None for the whole assistant."""

    tokens = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=10**15,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _NO_TOKENS),
    )

    def __init__(self, person: int | None, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"budget-{person or 'all'}-%s")
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["tokens"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off", "step": "1000"}
        self.fields["tokens"].widget.attrs["placeholder"] = gettext("No bound")


class MergeForm(forms.Form):
    """The words of the one fact that is to stand for several."""

    text = forms.CharField(
        label=_("What they say together"),
        max_length=limit_of(Knowledge, "text"),
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
    )


class NewTraitForm(forms.Form):
    """A trait that nobody has seen yet."""

    dimension = forms.CharField(widget=forms.HiddenInput)
    level = forms.ChoiceField(label=_("Level"), choices=TraitLevel.choices, initial=TraitLevel.MEDIUM)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=limit_of(Trait, "reason"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class KnowledgeFilterForm(forms.Form):
    """What a list of facts is narrowed to. What makes no sense is told, and narrows nothing."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=1000,
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "placeholder": _("By words or by meaning")}
        ),
    )
    pinned = forms.ChoiceField(
        label=_("Pinned"), required=False, choices=(("", _("Any")), ("yes", _("Pinned")), ("no", _("Not pinned")))
    )
    locked = forms.ChoiceField(
        label=_("Set by hand"), required=False, choices=(("", _("Any")), ("yes", _("By hand")), ("no", _("Learnt")))
    )
    source = forms.ChoiceField(
        label=_("Came from"),
        required=False,
        choices=(("", _("Anywhere")), *Source.choices, (BY_HAND, _("No page: written by hand"))),
    )
    since = forms.DateField(label=_("Said from"), required=False, widget=day_input())
    until = forms.DateField(label=_("Said until"), required=False, widget=day_input())
    sort = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=(
            ("", _("Best fit, or latest")),
            ("latest", _("Latest first")),
            ("oldest", _("Oldest first")),
            ("often", _("Most often said")),
            ("name", _("A to Z")),
        ),
    )

    def chosen(self) -> dict[str, Any]:
        """Return what was asked for and makes sense, without what was left open."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class QuestionForm(forms.Form):
    """A question to try against the memory."""

    q = forms.CharField(
        label=_("Your question"),
        max_length=settings.CHAT_MESSAGE_MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Type a question first.")},
    )
    at = forms.DateField(
        label=_("Asked on"),
        required=False,
        widget=day_input(),
    )
    without = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    budget = forms.IntegerField(
        label=_("Room for memory, in tokens"), required=False, min_value=1, max_value=BUDGET_AT_MOST
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


class NewMemberForm(forms.Form):
    """Somebody who has an account here, to be let in."""

    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        help_text=_("Exactly as this person signs in."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.MEMBER)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Stands beside `InvitationForm` on one page."""
        super().__init__(*args, **{"auto_id": "add_%s", **kwargs})


class InvitationForm(forms.Form):
    """What a new invitation link is to be."""

    role = forms.ChoiceField(label=_("They come as"), choices=Role.choices, initial=Role.MEMBER)
    days = forms.TypedChoiceField(
        label=_("Open for"), choices=((1, _("1 day")), (7, _("7 days")), (30, _("30 days"))), initial=7, coerce=int
    )
    max_uses = forms.IntegerField(
        label=_("For how many people"),
        required=False,
        min_value=1,
        max_value=MOST_USES,
        initial=1,
        help_text=_("Leave it empty for any number."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Stands beside `NewMemberForm` on one page."""
        super().__init__(*args, **{"auto_id": "invite_%s", **kwargs})

    def wish(self) -> dict[str, Any]:
        """Return what was chosen, as `create_invitation` takes it."""
        data = self.cleaned_data
        return {"role": Role(data["role"]), "days": data["days"], "max_uses": data["max_uses"]}
