"""The one door to the usage ledger."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from memory.enums import Outcome, Purpose
from memory.exceptions import ModelError
from memory.llm.base import PromotionResult, TransferResult, Usage
from memory.models import Memory, ModelCall

Result = TypeVar("Result", TransferResult, PromotionResult)


def note_call(
    memory: Memory,
    *,
    purpose: Purpose,
    model: str,
    usage: Usage,
    duration_ms: int,
    outcome: Outcome,
    detail: str = "",
) -> ModelCall:
    """Append one call to the ledger; `detail` is the failure in plain words."""
    return ModelCall.objects.create(
        assistant_id=memory.assistant_id,
        memory=memory,
        purpose=purpose,
        model=model,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        duration_ms=duration_ms,
        outcome=outcome,
        detail=detail[:500],
    )


def noted(memory: Memory, purpose: Purpose, model: str, call: Callable[[], Result]) -> tuple[Result, ModelCall]:
    """Make a consolidator's call outside any transaction and note it, whether it succeeds or fails.

    A `ModelError` is noted with its outcome and raised again.
    """
    started = time.monotonic()

    def elapsed_ms() -> int:
        return round((time.monotonic() - started) * 1000)

    try:
        result = call()
    except ModelError as error:
        note_call(
            memory,
            purpose=purpose,
            model=model,
            usage=Usage(),
            duration_ms=elapsed_ms(),
            outcome=error.outcome,
            detail=str(error),
        )
        raise
    return result, note_call(
        memory, purpose=purpose, model=model, usage=result.usage, duration_ms=elapsed_ms(), outcome=Outcome.OK
    )
