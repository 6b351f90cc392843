"""Forms of the chat's pages."""

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext
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
            raise forms.ValidationError(_("Give it a title that can be seen."))
        return title


class DeleteAllForm(forms.Form):
    """The word that a person types before all conversations go."""

    word = forms.CharField(max_length=60, required=False)

    @staticmethod
    def expected() -> str:
        """Return the word to be typed, in the language that is active."""
        return gettext("delete all")

    def clean_word(self) -> str:
        """Refuse anything else; case and blanks around and between do not matter."""
        word = " ".join(str(self.cleaned_data["word"]).split()).casefold()
        if word != self.expected().casefold():
            raise forms.ValidationError(_("Nothing was deleted: type “%(word)s”."), params={"word": self.expected()})
        return word


class RememberForm(forms.Form):
    """What is to be remembered, in the person's own words."""

    text = forms.CharField(
        label=_("What to remember"),
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4, "autofocus": True, "dir": "auto"}),
    )
