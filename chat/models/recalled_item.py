"""What an answer was given from memory."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from chat.models.message import Message
from memory.domain.forgetting import Rows
from memory.enums import Tier
from memory.models import Assistant, Memory


class RecalledItemQuerySet(models.QuerySet["RecalledItem"]):
    def in_memory(self, memory: Memory) -> RecalledItemQuerySet:
        """What answers in conversations with this memory were given."""
        return self.filter(message__conversation__memory=memory)

    def with_assistant(self, assistant: Assistant) -> RecalledItemQuerySet:
        """What answers in anybody's conversations with this assistant were given."""
        return self.filter(message__conversation__memory__assistant=assistant)

    def given(self) -> RecalledItemQuerySet:
        """What really stood in a prompt."""
        return self.filter(in_prompt=True)

    def among(self, rows: Rows) -> RecalledItemQuerySet:
        """Items that are one of these rows of memory."""
        pages, knowledge = (Tier.SHORT_TERM, Tier.MID_TERM), (Tier.USER_KNOWLEDGE, Tier.ASSISTANT_KNOWLEDGE)
        return self.filter(
            Q(tier__in=pages, object_id__in=rows.pages)
            | Q(tier__in=knowledge, object_id__in=rows.knowledge)
            | Q(tier=Tier.PROFILE, object_id__in=rows.profile)
            | Q(tier=Tier.TRAIT, object_id__in=rows.traits)
        )


class RecalledItem(models.Model):
    """One item of memory that stood in the prompt of an answer, or was found and had no room in it.

    It names the item and holds no copy of its text: what is deleted from memory is deleted.
    """

    message = models.ForeignKey(
        # No index of its own: `recalled_rank_once` leads with the message.
        Message,
        on_delete=models.CASCADE,
        related_name="recalled",
        db_index=False,
    )
    rank = models.PositiveSmallIntegerField(help_text="Place in the prompt, from 1; then what was left out.")
    tier = models.CharField(max_length=20, choices=Tier.choices)
    object_id = models.BigIntegerField(help_text="Key of the page, attribute, trait or entry.")
    score = models.FloatField()
    signals = models.JSONField(default=dict, help_text="Parts of the score: dense, lexical, chain, segment.")
    tokens = models.PositiveIntegerField()
    in_prompt = models.BooleanField(default=True, help_text="False: found, and not put into the prompt.")

    objects = RecalledItemQuerySet.as_manager()

    class Meta:
        ordering = ("message", "rank")
        constraints = (
            # Also serves the list of what one answer was given, in order.
            models.UniqueConstraint(fields=("message", "rank"), name="recalled_rank_once"),
            models.CheckConstraint(condition=models.Q(tier__in=Tier.values), name="recalled_tier_known"),
        )
        indexes = (
            # Which answers were given one thing: on a page's own page, and when something is forgotten.
            models.Index(fields=("object_id", "tier"), name="recalled_of_object"),
        )

    def __str__(self) -> str:
        return f"{self.get_tier_display()} {self.object_id}"
