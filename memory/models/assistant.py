"""Assistants and who may use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from memory.conf import MemorySettings, apply_overrides, installation_settings
from memory.enums import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class AssistantQuerySet(models.QuerySet["Assistant"]):
    def active(self) -> AssistantQuerySet:
        return self.filter(archived_at__isnull=True)

    def for_user(self, user: User) -> AssistantQuerySet:
        """Assistants this person is a member of, in the order they joined them."""
        return self.filter(memberships__user=user).order_by("memberships__joined_at", "pk")


class Assistant(models.Model):
    """A persistent assistant. `instructions` is the paper's agent profile: static, written by its owner."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=80, unique=True)
    instructions = models.TextField(blank=True, max_length=8000)
    model_settings = models.JSONField(default=dict, blank=True)
    memory_settings = models.JSONField(
        default=dict, blank=True, help_text="Overrides of the memory's constants, e.g. {'short_term_capacity': 10}."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    monthly_budget = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Tokens a calendar month (UTC) for all members together; blank for no bound."
    )

    objects = AssistantQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def conf(self) -> MemorySettings:
        """The memory's constants for this assistant: defaults, then the installation's, then its own."""
        overrides: dict[str, Any] = self.memory_settings or {}
        return apply_overrides(installation_settings(), overrides)


class Membership(models.Model):
    """A person's place at an assistant. Sharing an assistant is adding memberships; there are no teams."""

    assistant = models.ForeignKey(Assistant, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    joined_at = models.DateTimeField(auto_now_add=True)
    invitation = models.ForeignKey(
        "memory.Invitation",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="memberships",
        help_text="The link by which this person came.",
    )
    monthly_budget = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Tokens a calendar month (UTC) for this person here; blank for no bound."
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("assistant", "user"), name="membership_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        )

    def __str__(self) -> str:
        return f"{self.user} at {self.assistant} ({self.role})"
