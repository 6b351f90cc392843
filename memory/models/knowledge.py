"""Long-term knowledge: facts about the person, and facts about the assistant."""

from __future__ import annotations

import hashlib
import unicodedata

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from pgvector.django import HalfVectorField

from memory.enums import KnowledgeStatus, Source, Subject
from memory.models.assistant import Assistant
from memory.models.memory import Memory
from memory.models.page import Page


def fingerprint(text: str) -> str:
    """Return the same 64 hex digits for texts that differ only in case, spacing or closing punctuation."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".!\u3002 ")
    return hashlib.sha256(plain.encode()).hexdigest()


class KnowledgeQuerySet(models.QuerySet["Knowledge"]):
    def active(self) -> KnowledgeQuerySet:
        return self.filter(status=KnowledgeStatus.ACTIVE)

    def about_user(self, memory: Memory) -> KnowledgeQuerySet:
        return self.filter(memory=memory)

    def about_assistant(self, assistant: Assistant) -> KnowledgeQuerySet:
        return self.filter(assistant=assistant)

    def with_from_demo(self) -> KnowledgeQuerySet:
        """Annotate `is_from_demo`: whether an entry rests on pages of the demo data and on no others."""
        links = Knowledge.sources.through._default_manager.filter(knowledge=models.OuterRef("pk"))
        demo, other = links.filter(page__source=Source.DEMO), links.exclude(page__source=Source.DEMO)
        return self.annotate(
            is_from_demo=models.ExpressionWrapper(
                models.Exists(demo) & ~models.Exists(other), output_field=models.BooleanField()
            )
        )

    def least_useful_first(self) -> KnowledgeQuerySet:
        """What capacity archives first: seldom confirmed, then long unconfirmed."""
        return self.order_by("times_confirmed", "confirmed_at", "pk")


class Knowledge(models.Model):
    """A fact. About the user it belongs to a memory; about the assistant, to the assistant and all its members."""

    subject = models.CharField(max_length=10, choices=Subject.choices)
    memory = models.ForeignKey(Memory, on_delete=models.CASCADE, null=True, blank=True, related_name="knowledge")
    assistant = models.ForeignKey(Assistant, on_delete=models.CASCADE, null=True, blank=True, related_name="knowledge")
    text = models.CharField(max_length=1000)
    fingerprint = models.CharField(max_length=64, editable=False)
    status = models.CharField(max_length=12, choices=KnowledgeStatus.choices, default=KnowledgeStatus.ACTIVE)
    pinned = models.BooleanField(default=False, help_text="Never archived for lack of room.")
    locked = models.BooleanField(default=False, help_text="Written by a person: no model changes it.")
    times_confirmed = models.PositiveIntegerField(default=1)
    confirmed_at = models.DateTimeField(help_text="When it was last said.")
    valid_from = models.DateTimeField(null=True, blank=True, help_text="When it became true.")
    valid_to = models.DateTimeField(null=True, blank=True, help_text="When it stopped being true.")
    superseded_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="supersedes"
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The member who wanted it shared; blank for what was learnt.",
    )
    shared_from = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="shared_as",
        help_text="The member's own fact that was shared in these words: for that member's eyes alone.",
    )
    sources = models.ManyToManyField(Page, blank=True, related_name="knowledge")
    embedding = HalfVectorField(null=True, blank=True)
    embedding_model = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = KnowledgeQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "knowledge"
        constraints = (
            models.CheckConstraint(
                condition=Q(subject=Subject.USER, memory__isnull=False, assistant__isnull=True)
                | Q(subject=Subject.ASSISTANT, memory__isnull=True, assistant__isnull=False),
                name="knowledge_has_one_home",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="knowledge_not_empty"),
            models.CheckConstraint(condition=Q(status__in=KnowledgeStatus.values), name="knowledge_status_known"),
            models.UniqueConstraint(
                fields=("memory", "fingerprint"),
                condition=Q(status=KnowledgeStatus.ACTIVE, memory__isnull=False),
                name="knowledge_of_user_once",
            ),
            models.UniqueConstraint(
                fields=("assistant", "fingerprint"),
                condition=Q(status__in=(KnowledgeStatus.ACTIVE, KnowledgeStatus.PROPOSED), assistant__isnull=False),
                name="knowledge_of_assistant_once",
            ),
            models.CheckConstraint(
                condition=Q(embedding__isnull=True, embedding_model="")
                | (Q(embedding__isnull=False) & ~Q(embedding_model="")),
                name="knowledge_vector_names_its_model",
            ),
        )
        indexes = (
            # Recall, capacity and the dashboard's list of a memory's facts.
            models.Index(fields=("memory", "status"), name="knowledge_of_user"),
            # The same for an assistant's.
            models.Index(fields=("assistant", "status"), name="knowledge_of_assistant"),
        )

    def __str__(self) -> str:
        return gettext("Fact %(number)s") % {"number": self.pk}

    @property
    def disabled(self) -> bool:
        """Tell whether a person wants it kept and not used."""
        return self.status == KnowledgeStatus.DISABLED


class SharedKnowledge(Knowledge):
    """Facts about assistants, which all their members share: a list and permissions of their own in the admin."""

    class Meta:
        proxy = True
        verbose_name = "shared fact"
        verbose_name_plural = "shared knowledge"
