"""Invitation links to an assistant."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q

from memory.enums import Role
from memory.models.assistant import Assistant


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def usable(self, at: datetime) -> InvitationQuerySet:
        """Neither revoked nor expired nor used up."""
        left = Q(max_uses__isnull=True) | Q(use_count__lt=F("max_uses"))
        return self.filter(left, revoked_at__isnull=True, expires_at__gt=at)


class Invitation(models.Model):
    """A link that lets whoever holds it join an assistant. The link is signed from `key` and stored nowhere."""

    assistant = models.ForeignKey(Assistant, on_delete=models.CASCADE, related_name="invitations")
    key = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    max_uses = models.PositiveIntegerField(null=True, blank=True, help_text="People it lets in; blank for any number.")
    use_count = models.PositiveIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
            models.CheckConstraint(
                condition=Q(max_uses__isnull=True) | Q(use_count__lte=F("max_uses")), name="invitation_not_overused"
            ),
        )

    def __str__(self) -> str:
        return f"Invitation to {self.assistant} as {self.role}"

    def state(self, at: datetime) -> str:
        """Return `open`, `revoked`, `used_up` or `expired`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.max_uses is not None and self.use_count >= self.max_uses:
            return "used_up"
        return "open" if self.expires_at > at else "expired"
