"""The usage ledger."""

from __future__ import annotations

from django.db import models

from memory.enums import Outcome, Purpose
from memory.models.assistant import Assistant
from memory.models.memory import Memory


class ModelCall(models.Model):
    """One call to a model: what for, what it cost, how it ended."""

    assistant = models.ForeignKey(Assistant, on_delete=models.CASCADE, related_name="model_calls")
    memory = models.ForeignKey(Memory, on_delete=models.SET_NULL, null=True, blank=True, related_name="model_calls")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    model = models.CharField(max_length=200)
    tokens_in = models.PositiveIntegerField(null=True, blank=True)
    tokens_out = models.PositiveIntegerField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField()
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    detail = models.CharField(max_length=500, blank=True, help_text="The failure in plain words.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        indexes = (
            # What a memory cost lately, and its last failures.
            models.Index(fields=("memory", "-created_at"), name="model_call_of_memory"),
            # What an assistant cost in a month, for its page of usage and its budget.
            models.Index(fields=("assistant", "created_at"), name="model_call_of_assistant"),
        )

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} by {self.model}: {self.get_outcome_display()}"

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.duration_ms / 1000
