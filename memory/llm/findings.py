"""What comes of trying a model's server. Apart from the trying, so that showing it does not load the client."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from memory.exceptions import ModelError
from memory.llm.base import Usage

Form = Literal["json_schema", "json_object", "none"]
"""How JSON is asked for, the strictest first."""


class Mark(StrEnum):
    """How a step ended."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    SKIPPED = "skipped"


class Fault(StrEnum):
    """What is wrong beyond the errors of `memory.exceptions`."""

    NO_LIST = "no_list"
    NO_API = "no_api"
    NOT_LISTED = "not_listed"
    SLOW = "slow"
    NO_JSON = "no_json"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: how it ended, what was measured, and what is wrong: a `Fault`, or an error."""

    mark: Mark = Mark.SKIPPED
    fault: Fault | None = None
    error: ModelError | None = None
    models: tuple[str, ...] = ()
    first_token_ms: int | None = None
    tokens_per_second: float | None = None
    form: Form | None = None
    width: int | None = None
    usage: Usage = field(default_factory=Usage)
    duration_ms: int = 0

    @property
    def was_paid(self) -> bool:
        """Whether a model was asked."""
        return self.mark is not Mark.SKIPPED


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of a test; steps that made no sense any more were skipped."""

    listing: Step = Step()
    answer: Step = Step()
    structured: Step = Step()
    embedding: Step | None = None
    """None where no embedding model was named."""
