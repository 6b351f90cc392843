"""What memory learnt from a conversation, as the conversation shows it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from chat.models.conversation import Conversation
from memory.domain.forgetting import Rows
from memory.enums import Tier


class MemoryUpdate(models.Model):
    """One transfer or promotion that learnt something from this conversation."""

    conversation = models.ForeignKey(
        # No index of its own: `memory_update_in_order` leads with the conversation.
        Conversation,
        on_delete=models.CASCADE,
        related_name="memory_updates",
        db_index=False,
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            # A conversation's notes in order, and those that a socket has not seen yet (id > the last it has).
            models.Index(fields=("conversation", "id"), name="memory_update_in_order"),
        )

    def __str__(self) -> str:
        return f"Memory update {self.pk}"


class LearntItemQuerySet(models.QuerySet["LearntItem"]):
    def among(self, rows: Rows) -> LearntItemQuerySet:
        """Items that are one of these rows of long-term memory."""
        knowledge = (Tier.USER_KNOWLEDGE, Tier.ASSISTANT_KNOWLEDGE)
        return self.filter(
            Q(tier__in=knowledge, object_id__in=rows.knowledge)
            | Q(tier=Tier.PROFILE, object_id__in=rows.profile)
            | Q(tier=Tier.TRAIT, object_id__in=rows.traits)
            | Q(tier=Tier.MID_TERM, object_id__in=rows.segments)
        )


class LearntItem(models.Model):
    """One thing learnt: an attribute, trait or fact, or (tier mid-term) the segment that pages went to.

    It names the item and holds no copy of its text: what is deleted from memory is deleted.
    """

    update = models.ForeignKey(MemoryUpdate, on_delete=models.CASCADE, related_name="items", db_index=False)
    tier = models.CharField(max_length=20, choices=Tier.choices)
    object_id = models.BigIntegerField(help_text="Key of the segment, attribute, trait or entry.")

    objects = LearntItemQuerySet.as_manager()

    class Meta:
        ordering = ("update", "pk")
        constraints = (
            # Also serves the list of one update.
            models.UniqueConstraint(fields=("update", "tier", "object_id"), name="learnt_item_once"),
            models.CheckConstraint(condition=Q(tier__in=Tier.values), name="learnt_tier_known"),
        )

    def __str__(self) -> str:
        return f"{self.get_tier_display()} {self.object_id}"
