"""Forms of the chat's pages."""

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _

from chat.models import Conversation
from chat.text import title_from
from memory.domain.knowledge import TEXT_LENGTH

if TYPE_CHECKING:
    # Django's own class takes no type argument at run time; the stubs' does.
    ConversationForm = forms.ModelForm[Conversation]
else:
    ConversationForm = forms.ModelForm


class RenameForm(ConversationForm):
    """A conversation's title."""

    class Meta:
        model = Conversation
        fields = ("title",)

    def clean_title(self) -> str:
        """Return the title on one line; refuse one that shows nothing."""
        title = title_from(self.cleaned_data["title"])
        if not title:
            raise forms.ValidationError("Give it a title that can be seen.")
        return title


class RememberForm(forms.Form):
    """What is to be remembered, in the person's own words."""

    text = forms.CharField(
        label=_("What to remember"),
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4, "autofocus": True, "dir": "auto"}),
    )
