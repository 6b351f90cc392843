"""The activity log: append-only."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from memory.enums import Actor, EventKind
from memory.models.assistant import Assistant
from memory.models.memory import Memory


class MemoryEventQuerySet(models.QuerySet["MemoryEvent"]):
    def visible(self, memory: Memory, *, shared: bool) -> MemoryEventQuerySet:
        """What happened in a memory; with `shared` also to the knowledge of its assistant, which belongs to no single
        memory. What the person has proposed stands in both: here it comes once, from the memory.
        """
        mine = models.Q(memory=memory)
        if shared:
            twice = models.Q(kind=EventKind.PROPOSED, user=memory.user_id)
            mine |= models.Q(memory__isnull=True, assistant=memory.assistant_id) & ~twice
        return self.filter(mine)

    def about(self, target_type: str, target_id: int) -> MemoryEventQuerySet:
        """What happened to one thing."""
        return self.filter(target_type=target_type, target_id=target_id)


class MemoryEvent(models.Model):
    """What happened, to what, by whom, with the state before and after. Never updated.

    It belongs to a memory, or, where assistant knowledge changed, to the assistant alone. `target_type` is a
    model's name in lower case, `target_id` its key; the target may be gone by now.
    """

    assistant = models.ForeignKey(Assistant, on_delete=models.CASCADE, related_name="events")
    memory = models.ForeignKey(
        Memory, on_delete=models.CASCADE, null=True, blank=True, related_name="events", db_index=False
    )
    kind = models.CharField(max_length=12, choices=EventKind.choices)
    actor = models.CharField(max_length=10, choices=Actor.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    model_call = models.ForeignKey(
        "memory.ModelCall", on_delete=models.SET_NULL, null=True, blank=True, related_name="events"
    )
    job_id = models.BigIntegerField(
        null=True, blank=True, help_text="The background job that did it; its row may be gone."
    )
    target_type = models.CharField(max_length=20)
    target_id = models.BigIntegerField()
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MemoryEventQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        indexes = (
            # The timeline of a memory, newest first.
            models.Index(fields=("memory", "-id"), name="event_timeline"),
            # The timeline of one kind, of one sort of actor, of one job, from a date on.
            models.Index(fields=("memory", "kind", "-id"), name="event_of_kind"),
            models.Index(fields=("memory", "actor", "-id"), name="event_by_actor"),
            models.Index(fields=("job_id",), condition=models.Q(job_id__isnull=False), name="event_of_job"),
            models.Index(fields=("memory", "created_at"), name="event_by_time"),
            # The same for what belongs to the assistant alone.
            models.Index(
                fields=("assistant", "-id"), condition=models.Q(memory__isnull=True), name="event_of_assistant"
            ),
            # The history of one thing.
            models.Index(fields=("target_type", "target_id"), name="event_of_target"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.target_type} {self.target_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The activity log is append-only.")
        super().save(*args, **kwargs)
