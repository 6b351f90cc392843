"""What a person types about a model's server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory import outbound
from memory.domain.connections import LONGEST_MODEL
from memory.exceptions import InvalidAddress
from memory.models import ModelConnection

SERVERS = (
    ("OpenAI", "https://api.openai.com/v1"),
    ("OpenRouter", "https://openrouter.ai/api/v1"),
    ("Ollama", "http://localhost:11434/v1"),
    ("vLLM", "http://localhost:8000/v1"),
    ("LM Studio", "http://localhost:1234/v1"),
)
"""Where well-known servers are, unless somebody has moved them."""
_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ConnectionForm(forms.Form):
    """A server, the key for it and a model. What was typed as a key is never sent back.

    `stored` is what is connected; `version` its last change as the person saw it. `listed` are the models of a server
    that was asked for them: then one is chosen instead of typed.
    """

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    base_url = forms.CharField(
        label=_("Address of the server"),
        max_length=outbound.LONGEST,
        widget=forms.URLInput(attrs={**_PLAIN, "list": "servers", "placeholder": SERVERS[0][1]}),
    )
    key = forms.CharField(
        label=_("Key"),
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    no_key = forms.BooleanField(label=_("No key"), required=False)
    model = forms.CharField(label=_("Model"), max_length=LONGEST_MODEL, widget=forms.TextInput(attrs=_PLAIN))
    embedding_model = forms.CharField(
        label=_("Embedding model"),
        required=False,
        max_length=LONGEST_MODEL,
        widget=forms.TextInput(attrs=_PLAIN),
    )

    def __init__(self, data: Any = None, *, stored: ModelConnection | None = None, needs_model: bool = True) -> None:
        initial = {}
        if stored is not None:
            initial = {"base_url": stored.base_url, "model": stored.model, "version": stored.updated_at.isoformat()}
        super().__init__(data, initial=initial, auto_id="connection-%s", label_suffix="")
        self.stored = stored
        self.listed: tuple[str, ...] = ()
        self.fields["model"].required = needs_model
        for name in self.fields:
            if self.is_bound and self[name].errors:
                self.fields[name].widget.attrs["aria-invalid"] = "true"

    @property
    def has_key(self) -> bool:
        """Whether a key is stored."""
        return self.stored is not None and bool(self.stored.sealed_key)

    @property
    def is_listed(self) -> bool:
        """Whether the model that stands in the form is one of the list."""
        return (self["model"].value() or "") in self.listed

    def clean_base_url(self) -> str:
        try:
            return outbound.clean_address(self.cleaned_data["base_url"])
        except InvalidAddress as error:
            raise forms.ValidationError(str(error)) from error

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if not (key.isascii() and key.isprintable()):
            raise forms.ValidationError(gettext("A key holds plain letters, digits and signs only."))
        return key

    def clean_model(self) -> str:
        return _name(self.cleaned_data["model"])

    def clean_embedding_model(self) -> str:
        return _name(self.cleaned_data["embedding_model"])

    def key_to_store(self) -> str | None:
        """Return what is to become of the key: a new one, none (""), or None to keep what is stored."""
        if self.cleaned_data["no_key"]:
            return ""
        return self.cleaned_data["key"] or (None if self.has_key else "")

    def seen(self) -> datetime | None:
        """Return the version of the connection that the person saw; None for none, or for nonsense."""
        try:
            # Where the field itself is refused, nothing is left of it.
            return parse_datetime(self.cleaned_data.get("version", ""))
        except ValueError:
            return None


def _name(name: str) -> str:
    if not name.isprintable():
        raise forms.ValidationError(gettext("This cannot be a model’s name."))
    return name
