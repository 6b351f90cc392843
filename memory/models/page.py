"""Pages: one question and its answer, one row for life."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from pgvector.django import HalfVectorField

from memory.enums import Source
from memory.models.memory import Memory
from memory.models.segment import DialogueChain, Segment


class PageQuerySet(models.QuerySet["Page"]):
    def short_term(self) -> PageQuerySet:
        """The queue, oldest first: pages that no segment holds yet."""
        return self.filter(segment__isnull=True).order_by("position")

    def mid_term(self) -> PageQuerySet:
        return self.filter(segment__isnull=False)

    def recallable(self) -> PageQuerySet:
        """Pages outside archived segments."""
        return self.filter(Q(segment__isnull=True) | Q(segment__archived_at__isnull=True))

    def unanalysed(self) -> PageQuerySet:
        """Mid-term pages in use that no promotion has read yet, oldest first."""
        return self.mid_term().filter(analysed_at__isnull=True, disabled=False).order_by("position")


class Page(models.Model):
    """{query Q, response R, time T} (paper, section 3.2).

    `segment is null` says short-term; the transfer sets it. No copy of a page exists anywhere.
    """

    # Whatever leads with the memory, such as the constraint below, is its index.
    memory = models.ForeignKey(Memory, on_delete=models.CASCADE, related_name="pages", db_index=False)
    position = models.PositiveBigIntegerField(help_text="Order within the memory, from 1.")
    query = models.TextField(blank=True)
    response = models.TextField(blank=True)
    occurred_at = models.DateTimeField(help_text="When it was said.")
    recorded_at = models.DateTimeField(auto_now_add=True, help_text="When it was stored.")
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.CHAT)
    external_id = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 (null: no id, not unique)
    metadata = models.JSONField(default=dict, blank=True)

    chain = models.ForeignKey(DialogueChain, on_delete=models.RESTRICT, null=True, blank=True, related_name="pages")
    segment = models.ForeignKey(Segment, on_delete=models.RESTRICT, null=True, blank=True, related_name="pages")
    keywords = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    analysed_at = models.DateTimeField(null=True, blank=True, help_text="When a promotion read it.")
    disabled = models.BooleanField(default=False, help_text="Kept, and not recalled.")

    embedding = HalfVectorField(null=True, blank=True)
    embedding_model = models.CharField(max_length=200, blank=True, help_text="The model that made the vector.")
    length = models.PositiveIntegerField(default=0, help_text="Index terms; |d| of BM25.")

    objects = PageQuerySet.as_manager()

    class Meta:
        ordering = ("memory", "position")
        constraints = (
            # Also serves every read of a memory's pages in order, and the neighbours of a page.
            models.UniqueConstraint(fields=("memory", "position"), name="page_position_once"),
            models.UniqueConstraint(
                fields=("memory", "external_id"),
                condition=Q(external_id__isnull=False),
                name="page_external_id_once",
            ),
            models.CheckConstraint(condition=~Q(query="", response=""), name="page_says_something"),
            models.CheckConstraint(
                condition=Q(segment__isnull=False) | Q(analysed_at__isnull=True), name="page_analysed_only_in_mid_term"
            ),
            models.CheckConstraint(
                condition=Q(segment__isnull=True, chain__isnull=True) | Q(segment__isnull=False, chain__isnull=False),
                name="page_chain_with_segment",
            ),
            models.CheckConstraint(
                condition=Q(embedding__isnull=True, embedding_model="")
                | (Q(embedding__isnull=False) & ~Q(embedding_model="")),
                name="page_vector_names_its_model",
            ),
        )
        indexes = (
            # The short-term queue of a memory.
            models.Index(fields=("memory", "position"), condition=Q(segment__isnull=True), name="page_short_term"),
            # What a promotion has to read.
            models.Index(fields=("segment", "position"), condition=Q(analysed_at__isnull=True), name="page_unread"),
            # Which embedding models a memory's vectors come from (recall), and what `reembed` has left.
            models.Index(fields=("memory", "embedding_model"), name="page_by_embedder"),
            # What recall leaves out because the person said so: few, and read by every recall.
            models.Index(fields=("memory",), condition=Q(disabled=True), name="page_disabled"),
            # Whether there is demo data, and what of it is to be forgotten.
            models.Index(fields=("memory",), condition=Q(source=Source.DEMO), name="page_of_demo"),
            # A memory's pages by when they were said (the dashboard, date filters).
            models.Index(fields=("memory", "occurred_at"), name="page_by_time"),
        )

    def __str__(self) -> str:
        return gettext("Page %(number)s") % {"number": self.position}

    @property
    def text(self) -> str:
        """The page as the prompt, the embedder and the index read it."""
        return page_text(self.query, self.response)


def page_text(query: str, response: str) -> str:
    """Join the two halves of a page; an empty half leaves no label behind."""
    halves = (f"User: {query}" if query else "", f"Assistant: {response}" if response else "")
    return "\n".join(half for half in halves if half)


class Posting(models.Model):
    """The inverted index: term -> page, how often it holds it and how long it is.

    Written with the page, in the same transaction. Only what recall may find stands here: the pages of an archived
    segment leave the index and come back with it. The doors are in `memory.domain.indexing`.
    """

    memory = models.ForeignKey(Memory, on_delete=models.CASCADE, related_name="+", db_index=False)
    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="postings")
    term = models.CharField(max_length=64)
    frequency = models.PositiveIntegerField(help_text="In the whole page.")
    query_frequency = models.PositiveIntegerField(default=0, help_text="Of these, in what the person said.")
    length = models.PositiveIntegerField(default=0, help_text="Index terms of the page; |d| of BM25.")

    class Meta:
        constraints = (
            # Serves recall: all pages of a memory that hold a term, from the index alone.
            models.UniqueConstraint(
                fields=("memory", "term", "page"),
                include=("frequency", "query_frequency", "length"),
                name="posting_once",
            ),
            models.CheckConstraint(condition=Q(frequency__gt=0), name="posting_frequency_positive"),
        )

    def __str__(self) -> str:
        return gettext("A term of a page, %(number)s") % {"number": self.pk}


class SegmentPosting(models.Model):
    """The same index over segments as whole texts: term -> active segment, summed over its pages."""

    memory = models.ForeignKey(Memory, on_delete=models.CASCADE, related_name="+", db_index=False)
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="postings")
    term = models.CharField(max_length=64)
    frequency = models.PositiveIntegerField()

    class Meta:
        constraints = (
            # Serves recall: all segments of a memory that hold a term, from the index alone.
            models.UniqueConstraint(
                fields=("memory", "term", "segment"), include=("frequency",), name="segment_posting_once"
            ),
            models.CheckConstraint(condition=Q(frequency__gt=0), name="segment_posting_positive"),
        )

    def __str__(self) -> str:
        return gettext("A term of a segment, %(number)s") % {"number": self.pk}
