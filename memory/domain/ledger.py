"""The one door to the usage ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NotRequired, Protocol, TypedDict, TypeVar, Unpack

from django.db import transaction

from memory.embedding.base import Embedder, EmbeddingModel, Vectors
from memory.enums import Outcome, Purpose
from memory.exceptions import ModelError
from memory.llm.base import Usage
from memory.models import Assistant, Memory, ModelCall


class Told(TypedDict):
    """What is told of a call to a model, as `note_call` takes it."""

    purpose: Purpose
    model: str
    usage: Usage
    duration_ms: int
    outcome: Outcome
    detail: NotRequired[str]


class _Costs(Protocol):
    @property
    def usage(self) -> Usage: ...


Result = TypeVar("Result", bound=_Costs)


def note_call(
    home: Memory | Assistant,
    *,
    purpose: Purpose,
    model: str,
    usage: Usage,
    duration_ms: int,
    outcome: Outcome,
    detail: str = "",
) -> ModelCall:
    """Append one call to the ledger; `detail` is the failure in plain words.

    `home` is the memory it was made for, or the assistant, where it was for what all its members share.
    """
    memory, assistant_id = (home, home.assistant_id) if isinstance(home, Memory) else (None, home.pk)
    return ModelCall.objects.create(
        assistant_id=assistant_id,
        memory=memory,
        purpose=purpose,
        model=model,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        duration_ms=duration_ms,
        outcome=outcome,
        detail=detail[:500],
    )


def noted(
    home: Memory | Assistant, purpose: Purpose, model: str, call: Callable[[], Result]
) -> tuple[Result, ModelCall]:
    """Make a call to a model outside any transaction and note it, whether it succeeds or fails.

    A `ModelError` is noted with its outcome and with what was paid all the same, and raised again. Where the memory was
    deleted meanwhile, its assistant bears the cost and Memory.DoesNotExist is raised (Assistant.DoesNotExist where that
    is gone, too, and the ledger with it): there is nothing left that the call was for.
    """
    started = time.monotonic()

    def elapsed_ms() -> int:
        return round((time.monotonic() - started) * 1000)

    try:
        result = call()
    except ModelError as error:
        note_where_it_stands(
            home,
            purpose=purpose,
            model=model,
            usage=error.usage or Usage(),
            duration_ms=elapsed_ms(),
            outcome=error.outcome,
            detail=str(error),
        )
        raise
    return result, note_where_it_stands(
        home, purpose=purpose, model=model, usage=result.usage, duration_ms=elapsed_ms(), outcome=Outcome.OK
    )


def note_where_it_stands(home: Memory | Assistant, **told: Unpack[Told]) -> ModelCall:
    """Note a call for its home; of a memory that is gone, for the assistant. Raises DoesNotExist of what is gone, when
    it has been noted as far as it can be.
    """
    with transaction.atomic():
        if _stands(home):
            return note_call(home, **told)
        if isinstance(home, Memory) and _stands(home.assistant):
            note_call(home.assistant, **told)
    raise type(home).DoesNotExist


def _stands(home: Memory | Assistant) -> bool:
    """Say whether a row is there, and keep it until the transaction ends."""
    rows = type(home)._default_manager.select_for_update(no_key=True)
    return rows.filter(pk=home.pk).values_list("pk").first() is not None


def embedded(home: Memory | Assistant, embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Embed texts outside any transaction, float32 of shape (len(texts), d), and note the call to a remote model.

    One row a call, however many requests it took; an embedder that computes here leaves none. Raises `ModelError`,
    which is noted, too.
    """
    if not isinstance(embedder, EmbeddingModel):
        return embedder.embed(texts)
    model = embedder
    embedding, _ = noted(home, Purpose.EMBEDDING, model.name, lambda: model.embed_counted(texts))
    return embedding.vectors
