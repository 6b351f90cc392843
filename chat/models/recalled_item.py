"""What an answer was given from memory."""

from __future__ import annotations

from django.db import models

from chat.models.message import Message
from memory.enums import Tier


class RecalledItem(models.Model):
    """One item of memory that stood in the prompt of an answer.

    It names the item and holds no copy of its text: what is deleted from memory is deleted.
    """

    message = models.ForeignKey(
        # No index of its own: `recalled_rank_once` leads with the message.
        Message,
        on_delete=models.CASCADE,
        related_name="recalled",
        db_index=False,
    )
    rank = models.PositiveSmallIntegerField(help_text="Place in the prompt, from 1.")
    tier = models.CharField(max_length=20, choices=Tier.choices)
    object_id = models.BigIntegerField(help_text="Key of the page, attribute, trait or entry.")
    score = models.FloatField()
    signals = models.JSONField(default=dict, help_text="Parts of the score: dense, lexical, chain, segment.")
    tokens = models.PositiveIntegerField()

    class Meta:
        ordering = ("message", "rank")
        constraints = (
            # Also serves the list of what one answer was given, in order.
            models.UniqueConstraint(fields=("message", "rank"), name="recalled_rank_once"),
            models.CheckConstraint(condition=models.Q(tier__in=Tier.values), name="recalled_tier_known"),
        )

    def __str__(self) -> str:
        return f"{self.get_tier_display()} {self.object_id}"
