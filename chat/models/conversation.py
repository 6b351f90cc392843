"""Conversations."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext

from chat.enums import Mode, TitleSource
from memory.models import Memory

if TYPE_CHECKING:
    from django.contrib.auth.models import User

TITLE_MAX_CHARACTERS = 60
UNDO_MINUTES = 30
"""How long a deleted conversation can be brought back."""
UNDO = timedelta(minutes=UNDO_MINUTES)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation stands in a list from new to old; the id tells apart those of one moment."""

    last_message_at: datetime
    id: UUID


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def of_user(self, user: User) -> ConversationQuerySet:
        """This person's own, at assistants they are still a member of, whether deleted or not."""
        return self.filter(memory__user_id=user.pk, memory__assistant__memberships__user_id=user.pk)

    def for_user(self, user: User) -> ConversationQuerySet:
        """Conversations this person may see: their own (`of_user`) that are not deleted."""
        return self.of_user(user).filter(deleted_at__isnull=True)

    def left_behind(self, memory: Memory) -> ConversationQuerySet:
        """Conversations with an assistant whose person is no member of it any more, not deleted: theirs to export."""
        left = self.filter(memory=memory, deleted_at__isnull=True)
        return left.exclude(memory__assistant__memberships__user_id=memory.user_id)

    def deleted(self) -> ConversationQuerySet:
        """Conversations that are hidden, and can be brought back until they are purged."""
        return self.filter(deleted_at__isnull=False)

    def to_be_purged(self, now: datetime) -> ConversationQuerySet:
        """Conversations that were deleted so long ago that the person cannot want them back."""
        return self.filter(deleted_at__lte=now - UNDO)

    def lasting(self) -> ConversationQuerySet:
        """All but temporary ones: those that can be found again."""
        return self.exclude(mode=Mode.TEMPORARY)

    def listed(self) -> ConversationQuerySet:
        """What the list of conversations shows: neither temporary nor archived nor deleted."""
        return self.lasting().filter(archived_at__isnull=True, deleted_at__isnull=True)

    def archived(self) -> ConversationQuerySet:
        """What the archive shows."""
        return self.lasting().filter(archived_at__isnull=False, deleted_at__isnull=True)

    def pinned(self) -> ConversationQuerySet:
        """Those that stand on top of the list."""
        return self.filter(pinned_at__isnull=False)

    def unpinned(self) -> ConversationQuerySet:
        """Those that stand in the list by their date."""
        return self.filter(pinned_at__isnull=True)

    def newest_first(self) -> ConversationQuerySet:
        """Those last written to come first."""
        return self.order_by("-last_message_at", "-id")

    def after(self, place: Place) -> ConversationQuerySet:
        """Conversations further down in a list with the newest first."""
        moment = place.last_message_at
        # The first condition says nothing new: it is the one an index can begin at.
        return self.filter(last_message_at__lte=moment).filter(
            Q(last_message_at__lt=moment) | Q(last_message_at=moment, id__lt=place.id)
        )


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
        return gettext("Conversation %(number)s") % {"number": self.pk}

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("chat:conversation", args=[self.pk])

    @property
    def place(self) -> Place:
        """Where it stands in a list with the newest first."""
        return Place(self.last_message_at, self.pk)
