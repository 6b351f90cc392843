"""System checks: a configuration that would hurt quietly is named at start-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from memory.conf import installation_settings


@register()
def memory_settings_are_numbers(**_: Any) -> Sequence[CheckMessage]:
    """Name the MEMORYOS_* variable that is no number."""
    try:
        installation_settings()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="memory.E001")]
    return []


@register("database")
def stored_vectors_fit_the_embedder(databases: Sequence[str] | None = None, **_: Any) -> Sequence[CheckMessage]:
    """Say so when stored vectors come from another embedding model than the configured one."""
    from memory.embedding import get_embedder
    from memory.models import Page

    if not databases:
        return []
    name = get_embedder().name
    try:
        other = Page.objects.exclude(embedding_model__in=("", name)).values_list("embedding_model", flat=True).first()
    except DatabaseError:
        return []  # Before the first migration there is nothing to compare.
    if other is None:
        return []
    return [
        Warning(
            f"Pages carry vectors of {other}, but {name} is configured: they are recalled by words only.",
            hint="Set EMBEDDING_MODEL back to the model that made them.",
            id="memory.W001",
        )
    ]
