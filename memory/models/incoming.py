"""A file that somebody wants in their memory: what is known of it, how far it is, and its bytes while they are needed.

The bytes are in the database, so that a worker on another machine reads what a web server was given.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from memory.enums import ImportState
from memory.models.memory import Memory

CHUNK = 2**20
"""Bytes of one stored piece."""


class ImportQuerySet(models.QuerySet["Import"]):
    def open(self) -> ImportQuerySet:
        """Those whose file is still there: somebody may go on with them."""
        return self.filter(state__in=OPEN)

    def busy(self) -> ImportQuerySet:
        """Those a worker has something to do for."""
        return self.filter(state__in=BUSY)


class Import(models.Model):
    """One uploaded file on its way into a memory: read, shown, confirmed, imported."""

    memory = models.ForeignKey(Memory, on_delete=models.CASCADE, related_name="imports", db_index=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    file_name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField(help_text="Bytes as uploaded.")
    sha256 = models.CharField(max_length=64)
    language = models.CharField(max_length=20, blank=True, help_text="In which its faults are told.")
    format = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.READING)
    confirmed = models.BooleanField(default=False, help_text="The person has agreed to what the preview showed.")
    total = models.PositiveIntegerField(default=0, help_text="Pages in the file.")
    done = models.PositiveIntegerField(default=0, help_text="Of these, pages dealt with.")
    added = models.PositiveIntegerField(default=0, help_text="Pages that are new.")
    known = models.PositiveIntegerField(default=0, help_text="Pages that were there already.")
    preview = models.JSONField(default=dict, blank=True, help_text="What importing it would do, as of its reading.")
    outcome = models.JSONField(default=dict, blank=True, help_text="What importing it has done beside its pages.")
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="import_state_known"),
            models.CheckConstraint(condition=Q(done__lte=models.F("total")), name="import_progress_sane"),
        )
        indexes = (
            # The imports of a memory, newest first.
            models.Index(fields=("memory", "-id"), name="import_of_memory"),
        )

    def __str__(self) -> str:
        return gettext("Import %(number)s (%(state)s)") % {"number": self.pk, "state": self.get_state_display()}

    @property
    def is_busy(self) -> bool:
        """Whether a worker has something to do for it."""
        return self.state in BUSY

    @property
    def is_open(self) -> bool:
        """Whether its file is still there."""
        return self.state in OPEN


class ImportChunk(models.Model):
    """A piece of an uploaded file, in order."""

    of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        ordering = ("number",)
        # Also serves the reading of a file from its beginning.
        constraints = (models.UniqueConstraint(fields=("of", "number"), name="import_chunk_once"),)

    def __str__(self) -> str:
        return f"Piece {self.number} of import {self.of_id}"


BUSY = (ImportState.READING, ImportState.IMPORTING)
OPEN = (*BUSY, ImportState.READY, ImportState.FAILED)
