"""Conversations."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse

from chat.enums import Mode, TitleSource
from memory.models import Memory

if TYPE_CHECKING:
    from django.contrib.auth.models import User

TITLE_MAX_CHARACTERS = 60


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def for_user(self, user: User) -> ConversationQuerySet:
        """Conversations this person may see: their own, at assistants they are still a member of."""
        return self.filter(
            memory__user_id=user.pk, memory__assistant__memberships__user_id=user.pk, deleted_at__isnull=True
        )

    def listed(self) -> ConversationQuerySet:
        """Those that the list offers: no temporary ones, none that was put away."""
        return self.filter(archived_at__isnull=True).exclude(mode=Mode.TEMPORARY)

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
    title_source = models.CharField(max_length=12, choices=TitleSource.choices, default=TitleSource.FIRST_WORDS)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.NORMAL)
    head = models.ForeignKey(
        "chat.Message",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The last message of the branch that is shown.",
    )
    created_at = models.DateTimeField()
    last_message_at = models.DateTimeField()
    pinned_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="Hidden, and purged after a while.")
    closes_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Until when a temporary conversation stays though no page shows it; open pages renew it.",
    )

    objects = ConversationQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="conversation_mode_known"),
            models.CheckConstraint(condition=~Q(title=""), name="conversation_titled"),
            models.CheckConstraint(
                condition=Q(title_source__in=TitleSource.values), name="conversation_title_source_known"
            ),
            models.CheckConstraint(
                condition=Q(mode=Mode.TEMPORARY, closes_at__isnull=False)
                | (~Q(mode=Mode.TEMPORARY) & Q(closes_at__isnull=True)),
                name="conversation_closes_if_temporary",
            ),
        )
        indexes = (
            # The list in the side bar, newest first, page by page.
            models.Index(fields=("memory", "-last_message_at"), name="conversation_newest"),
            # The sweep for what was deleted long enough ago, and for temporary ones that nobody shows any more.
            models.Index(
                fields=("deleted_at",), condition=Q(deleted_at__isnull=False), name="conversation_to_be_purged"
            ),
            models.Index(fields=("closes_at",), condition=Q(closes_at__isnull=False), name="conversation_closing"),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("chat:conversation", args=[self.pk])
