"""The sections of the settings page. Each is a form of its own, so that one can be saved without the others."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from memoryos_site.preferences import THEME_COOKIE, Theme, keep, language_of, theme_of


class Section(forms.Form):
    """A section: to add one, subclass this and name it in `memoryos_site.views.SECTIONS`."""

    name: ClassVar[str]
    """Sent along with its form; also the first part of the ids in it."""
    template: ClassVar[str]
    """Its fields, between the form's tags."""

    def __init__(self, request: HttpRequest) -> None:
        """Read the request's fields if they are this section's, else show what holds now."""
        posted = request.method == "POST" and request.POST.get("section") == self.name
        super().__init__(
            request.POST if posted else None, initial=self.current(request), auto_id=f"{self.name}-%s", label_suffix=""
        )

    def current(self, request: HttpRequest) -> dict[str, Any]:
        """Return what holds now."""
        raise NotImplementedError

    def save(self, request: HttpRequest, response: HttpResponse) -> None:
        """Keep what was chosen; cookies go with the response."""
        raise NotImplementedError


class InterfaceSection(Section):
    """Language and appearance."""

    name = "interface"
    template = "site/_settings_interface.html"

    language = forms.ChoiceField(label=_("Language"), required=False, widget=forms.RadioSelect)
    theme = forms.ChoiceField(label=_("Appearance"), choices=Theme.choices, widget=forms.RadioSelect)

    def __init__(self, request: HttpRequest) -> None:
        """Languages stand in their own words, whatever language the page is in."""
        super().__init__(request)
        automatic = ("", _("Automatic (as the browser asks)"))
        self.fields["language"].choices = [automatic, *settings.LANGUAGES]  # type: ignore[attr-defined]  # a ChoiceField

    def current(self, request: HttpRequest) -> dict[str, Any]:
        return {"language": language_of(request), "theme": theme_of(request)}

    def save(self, request: HttpRequest, response: HttpResponse) -> None:
        theme = self.cleaned_data["theme"]
        keep(response, settings.LANGUAGE_COOKIE_NAME, self.cleaned_data["language"])
        keep(response, THEME_COOKIE, "" if theme == Theme.SYSTEM else theme)
