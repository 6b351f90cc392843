"""The model that a person has connected, for one assistant or for the whole installation."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Q

from memory.models.assistant import Assistant


class ModelConnection(models.Model):
    """Where a language model is and the key for it. An assistant's own comes before the installation's (`assistant` is
    null), that before the environment's.
    """

    assistant = models.OneToOneField(
        Assistant, on_delete=models.CASCADE, null=True, blank=True, related_name="model_connection"
    )
    base_url = models.CharField(max_length=500)
    model = models.CharField(max_length=200)
    sealed_key = models.TextField(
        blank=True, editable=False, help_text="The key, encrypted; blank where none is asked."
    )
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            # One row for the installation.
            models.UniqueConstraint(
                fields=("assistant",),
                condition=Q(assistant__isnull=True),
                nulls_distinct=False,
                name="connection_of_installation_once",
            ),
            models.CheckConstraint(condition=~Q(model="") & ~Q(base_url=""), name="connection_names_its_model"),
        )

    def __str__(self) -> str:
        return f"{self.model} at {self.host}"

    @property
    def host(self) -> str:
        """Where the model is, without what else an address may hold: a path may be a secret."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]
