"""System checks: a configuration that would hurt quietly is named at start-up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from memory.conf import installation_settings

COUNTED = 1000
"""Rows counted of each kind before it is "more than"."""
MEMORIES_LOOKED_AT = 1000


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
    """Say so when stored vectors come from another embedding model than the configured one.

    Runs with `check --database default`, `migrate` and at each start of `serve`, so it looks at a bounded sample: the
    pages of the newest memories through the index by memory and model, and the newest segments and facts. `reembed`
    goes from the oldest memory to the newest and gives a segment its vector with its last page: what an interrupted
    run leaves is in the sample. `reembed --dry-run` counts everything.
    """
    from memory.embedding.registry import embedder_name

    if not databases:
        return []
    name = embedder_name()
    try:
        found = {"pages": _pages(name), "segments": _newest("Segment", name), "facts": _newest("Knowledge", name)}
    except DatabaseError:
        return []  # Before the first migration there is nothing to compare.
    models = sorted({model for models in found.values() for model in models})
    if not models:
        return []
    counts = ", ".join(_amount(sum(models.values()), kind) for kind, models in found.items() if models)
    return [
        Warning(
            f"Vectors of {', '.join(models)} are stored ({counts}), but {name} is configured.",
            hint="Run `manage.py reembed`, which may run beside the product, or set EMBEDDING_MODEL back.",
            id="memory.W001",
        )
    ]


def _pages(name: str) -> Counter[str]:
    """Count outdated pages of the newest memories by model, at most one more than `COUNTED`.

    Two ranges around `name` instead of an inequality: each is one descent of the index for each memory, however many
    pages there are.
    """
    from memory.models import Memory, Page

    newest = list(Memory.objects.order_by("-pk").values_list("pk", flat=True)[:MEMORIES_LOOKED_AT])
    pages = Page.objects.filter(memory__in=newest).order_by().values_list("embedding_model", flat=True)
    below, above = (
        pages.filter(embedding_model__gt="", embedding_model__lt=name),
        pages.filter(embedding_model__gt=name),
    )
    return Counter([*below[: COUNTED + 1], *above[: COUNTED + 1]])


def _newest(kind: str, name: str) -> Counter[str]:
    """Count the outdated among the newest rows of a kind, by model."""
    from django.apps import apps

    rows = apps.get_model("memory", kind)._default_manager.order_by("-pk")
    newest = rows.values_list("embedding_model", flat=True)[: COUNTED + 1]
    return Counter(model for model in newest if model not in ("", name))


def _amount(count: int, kind: str) -> str:
    from memory.domain.reembedding import amount

    return f"more than {COUNTED:,} {kind}" if count > COUNTED else amount(count, kind)
