"""How many answers a person may still ask for."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class Allowance(models.Model):
    """A person's token bucket, which fills by `CHAT_ANSWERS_PER_MINUTE` a minute (`chat.limits`).

    Of its own, because what was asked may be gone by the time it is counted: conversations are deleted, and temporary
    ones go by themselves.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="chat_allowance"
    )
    answers_left = models.FloatField()
    counted_at = models.DateTimeField(help_text="When so many were left; by the database's clock.")

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(answers_left__gte=0), name="allowance_not_negative"),)

    def __str__(self) -> str:
        return f"{self.answers_left:.1f} answers left"
