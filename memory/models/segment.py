"""Mid-term memory: dialogue chains and segments."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, TypedDict, cast

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, ExpressionWrapper, F, FloatField, Q, Value
from django.db.models.functions import Cast, Exp, Extract, Greatest
from django.utils.translation import gettext
from pgvector.django import HalfVectorField

from memory.conf import MemorySettings
from memory.models.memory import Memory

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class Heated(TypedDict):
        heat: float

    class Counted(TypedDict):
        page_count: int


class DialogueChain(models.Model):
    """Pages that continue each other, with a running summary (the paper's *meta*, section 3.2)."""

    memory = models.ForeignKey(Memory, on_delete=models.CASCADE, related_name="chains", db_index=False)
    summary = models.TextField(blank=True)
    started_at = models.DateTimeField()
    last_page_at = models.DateTimeField()

    class Meta:
        indexes = (
            # The chain that the next page may continue.
            models.Index(fields=("memory", "-last_page_at"), name="chain_latest"),
        )

    def __str__(self) -> str:
        return f"Chain from {self.started_at:%Y-%m-%d %H:%M}"


class SegmentQuerySet(models.QuerySet["Segment"]):
    def active(self) -> SegmentQuerySet:
        return self.filter(archived_at__isnull=True)

    def archived(self) -> SegmentQuerySet:
        return self.filter(archived_at__isnull=False)

    def with_heat(self, at: datetime, conf: MemorySettings) -> models.QuerySet[WithAnnotations[Segment, Heated]]:
        """Annotate `heat` as of `at` (Eq. 4): computed, never stored, because it decays. Twin: `domain.heat`."""
        elapsed = Greatest(
            Extract(ExpressionWrapper(Value(at) - F("last_visited_at"), output_field=models.DurationField()), "epoch"),
            Value(0.0),
            output_field=FloatField(),
        )
        # Postgres raises on exp() below about -745 instead of answering 0.
        exponent = Greatest(Value(-700.0), -elapsed / Value(conf.heat_decay), output_field=FloatField())
        heated = self.annotate(
            heat=Cast(F("visits"), FloatField()) * Value(conf.heat_alpha)
            + Cast(F("length"), FloatField()) * Value(conf.heat_beta)
            + Exp(exponent) * Value(conf.heat_gamma)
        )
        return cast("models.QuerySet[WithAnnotations[Segment, Heated]]", heated)

    def hot(self, at: datetime, conf: MemorySettings) -> models.QuerySet[WithAnnotations[Segment, Heated]]:
        """Active segments over tau that hold unanalysed pages, hottest first."""
        return (
            self.active().with_heat(at, conf).filter(heat__gt=conf.heat_threshold, length__gt=0).order_by("-heat", "pk")
        )

    def asked_for(self) -> SegmentQuerySet:
        """Active segments that somebody wants analysed and that hold unanalysed pages, longest waiting first."""
        asked = self.active().filter(analysis_asked_at__isnull=False, length__gt=0)
        return asked.order_by("analysis_asked_at", "pk")

    def with_page_count(self) -> models.QuerySet[WithAnnotations[Segment, Counted]]:
        return cast("models.QuerySet[WithAnnotations[Segment, Counted]]", self.annotate(page_count=Count("pages")))


class Segment(models.Model):
    """Pages of one topic (section 3.2). `length` is L_interaction: pages since the last promotion."""

    memory = models.ForeignKey(Memory, on_delete=models.CASCADE, related_name="segments")
    title = models.CharField(max_length=120)
    summary = models.TextField(blank=True)
    keywords = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    visits = models.PositiveIntegerField(default=0, help_text="N_visit: answers that recalled it.")
    length = models.PositiveIntegerField(default=0, help_text="L_interaction: pages since the last promotion.")
    last_visited_at = models.DateTimeField(help_text="t of R_recency: last recalled or grown.")
    term_count = models.PositiveIntegerField(default=0, help_text="Index terms of its pages; |d| of its BM25.")
    created_at = models.DateTimeField(auto_now_add=True)
    promoted_at = models.DateTimeField(null=True, blank=True)
    analysis_asked_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when a person waits for its unread pages to be analysed."
    )
    archived_at = models.DateTimeField(null=True, blank=True)
    embedding = HalfVectorField(null=True, blank=True)
    embedding_model = models.CharField(max_length=200, blank=True)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(embedding__isnull=True, embedding_model="")
                | (Q(embedding__isnull=False) & ~Q(embedding_model="")),
                name="segment_vector_names_its_model",
            ),
        )
        indexes = (
            # The active segments of a memory: recall, transfer, heat, capacity.
            models.Index(fields=("memory",), condition=Q(archived_at__isnull=True), name="segment_active"),
        )

    def __str__(self) -> str:
        return gettext("Segment %(number)s") % {"number": self.pk}

    @property
    def waits_for_analysis(self) -> bool:
        """Tell whether somebody has asked for an analysis that has still something to read."""
        return self.analysis_asked_at is not None and self.archived_at is None and self.length > 0


class SegmentVisit(models.Model):
    """When an answer recalled a segment: what heat was in the past cannot be told from N_visit alone.

    No event: it changes nothing that a person would look for in the timeline, and an answer makes up to five.
    """

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="visit_log", db_index=False)
    visited_at = models.DateTimeField()

    class Meta:
        indexes = (
            # The heat of a segment over time.
            models.Index(fields=("segment", "visited_at"), name="segment_visit_in_order"),
        )

    def __str__(self) -> str:
        return f"Visit of segment {self.segment_id} at {self.visited_at:%Y-%m-%d %H:%M}"
