"""A memory: what one assistant remembers of one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Exists, OuterRef, Q

from memory.conf import MemorySettings
from memory.models.assistant import Assistant, Membership

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class MemoryQuerySet(models.QuerySet["Memory"]):
    def for_user(self, user: User) -> MemoryQuerySet:
        """This person's own memories, at assistants they are still a member of."""
        return self.filter(user=user, assistant__memberships__user=user)

    def in_use(self) -> MemoryQuerySet:
        """Those whose person is a member of the assistant. The others rest: nobody but their export reads them."""
        members = Membership.objects.filter(assistant=OuterRef("assistant"), user=OuterRef("user"))
        return self.filter(Exists(members))

    def learning(self) -> MemoryQuerySet:
        """Those that move and analyse pages now: neither resting nor paused by their person."""
        return self.in_use().filter(learning_paused_at__isnull=True)

    def left_behind(self, user: User) -> MemoryQuerySet:
        """This person's own memories, at assistants they are no member of any more."""
        return self.filter(user=user).exclude(assistant__memberships__user=user)

    def locked(self, pk: int) -> Memory:
        """Return the memory with its row locked until the transaction ends: writers of one memory queue here.

        Every writer takes this lock before any row of the memory, so that no two wait for each other. Rows that
        merely refer to the memory (the activity log) are not held up.
        """
        return self.select_for_update(no_key=True).get(pk=pk)


class Memory(models.Model):
    """One user x one assistant: the unit of privacy, of ordering and of locking."""

    assistant = models.ForeignKey(Assistant, on_delete=models.CASCADE, related_name="memories")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memories")
    page_count = models.PositiveIntegerField(default=0, help_text="Pages in the index; N of BM25.")
    term_count = models.PositiveBigIntegerField(default=0, help_text="Terms in them; N times avgdl of BM25.")
    last_position = models.PositiveBigIntegerField(default=0, help_text="Position given to the newest page.")
    key = models.UUIDField(
        db_default=RandomUUID(), unique=True, editable=False, help_text="Names it in an export, on every installation."
    )
    learning_paused_at = models.DateTimeField(null=True, blank=True, help_text="Nothing is recorded or learnt since.")
    recall_paused_at = models.DateTimeField(null=True, blank=True, help_text="Answers are given nothing since.")
    budget_stopped_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Background work has waited for a budget since, and is queued again when there is one.",
    )
    languages = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, help_text="Languages its pages were indexed in."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MemoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "memories"
        permissions = (("open_private", "Can open what an assistant remembers of somebody; they can see that"),)
        constraints = (
            models.UniqueConstraint(fields=("assistant", "user"), name="memory_once"),
            models.CheckConstraint(condition=Q(page_count__lte=models.F("last_position")), name="memory_counts_sane"),
        )
        indexes = (
            # The few whose background work waits for a budget, looked for every hour.
            models.Index(
                fields=("assistant",), condition=Q(budget_stopped_at__isnull=False), name="memory_out_of_budget"
            ),
        )

    def __str__(self) -> str:
        return f"{self.assistant} remembering {self.user}"

    @property
    def conf(self) -> MemorySettings:
        return self.assistant.conf
