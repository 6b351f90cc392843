"""Conversations."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse

from chat.enums import Mode
from memory.models import Memory

if TYPE_CHECKING:
    from django.contrib.auth.models import User

TITLE_MAX_CHARACTERS = 60


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def for_user(self, user: User) -> ConversationQuerySet:
        """Conversations this person may see: their own, at assistants they are still a member of."""
        return self.filter(memory__user_id=user.pk, memory__assistant__memberships__user_id=user.pk)

    def newest_first(self) -> ConversationQuerySet:
        """Those last written to come first."""
        return self.order_by("-last_message_at", "-id")

    def before(self, moment: datetime) -> ConversationQuerySet:
        """Conversations whose last message is older: the next page of the list."""
        return self.filter(last_message_at__lt=moment)


class Conversation(models.Model):
    """A thread of messages with one memory behind it. The row appears together with its first message."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    memory = models.ForeignKey(
        # No index of its own: `conversation_newest` leads with the memory.
        Memory,
        on_delete=models.CASCADE,
        related_name="conversations",
        db_index=False,
    )
    title = models.CharField(max_length=TITLE_MAX_CHARACTERS)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.NORMAL)
    created_at = models.DateTimeField()
    last_message_at = models.DateTimeField()

    objects = ConversationQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="conversation_mode_known"),
            models.CheckConstraint(condition=~Q(title=""), name="conversation_titled"),
        )
        indexes = (
            # The list in the side bar, newest first, page by page.
            models.Index(fields=("memory", "-last_message_at"), name="conversation_newest"),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("chat:conversation", args=[self.pk])
