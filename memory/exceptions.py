"""Every error the memory raises on purpose. Edges translate them to HTTP, frames or exit codes.

The docstring of a class is its message to a person unless one is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory.enums import Outcome

if TYPE_CHECKING:
    from memory.llm.base import Usage


class MemoryOSError(Exception):
    """Something went wrong in the memory."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class InvalidPage(MemoryOSError):
    """A page needs a message or an answer."""


class ExternalIdConflict(MemoryOSError):
    """A page with this external id exists already and says something else."""


class ImportFault(MemoryOSError):
    """The file could not be imported."""


class TransferConflict(MemoryOSError):
    """Another worker moved these pages first; nothing was changed."""


class PromotionConflict(MemoryOSError):
    """Another worker analysed this segment first; nothing was changed."""


class InvalidConsolidation(MemoryOSError):
    """The model's answer does not fit the pages it was given."""


class ModelError(MemoryOSError):
    """The language model could not answer."""

    outcome = Outcome.SERVER_ERROR

    def __init__(self, message: str = "", *, usage: Usage | None = None) -> None:
        """`usage` is what was paid all the same: for an answer that could not be used, or those before it."""
        super().__init__(message)
        self.usage = usage


class ModelUnreachable(ModelError):
    """The language model could not be reached. Check that its server runs and that OPENAI_BASE_URL is right."""

    outcome = Outcome.UNREACHABLE


class ModelUnauthorised(ModelError):
    """The language model's server refused the key. Check OPENAI_API_KEY."""

    outcome = Outcome.UNAUTHORISED


class ModelRateLimited(ModelError):
    """The language model's server asks to slow down, or its quota is used up. Try again in a little while."""

    outcome = Outcome.RATE_LIMITED


class ModelTimedOut(ModelError):
    """The language model took too long to answer."""

    outcome = Outcome.TIMED_OUT


class ModelServerError(ModelError):
    """The language model's server failed."""

    outcome = Outcome.SERVER_ERROR


class ModelRefused(ModelError):
    """The language model's server refused the request. Check that MODEL names a model it has."""

    outcome = Outcome.REFUSED


class ModelCutOff(ModelError):
    """The connection to the language model broke in the middle of the answer."""

    outcome = Outcome.CUT_OFF


class ModelEmptyAnswer(ModelError):
    """The language model answered with nothing."""

    outcome = Outcome.EMPTY


class ModelMalformedAnswer(ModelError):
    """The language model's answer was not in the form asked for."""

    outcome = Outcome.MALFORMED


class InvalidText(MemoryOSError):
    """The text is empty or too long."""


class DuplicateKnowledge(MemoryOSError):
    """An entry that says the same exists already."""


class NotAMember(MemoryOSError):
    """This person is not a member of the assistant."""


class NothingToForget(MemoryOSError):
    """This is not in the memory (any more)."""


class ForgettingChanged(MemoryOSError):
    """The memory has changed meanwhile, and with it what would be forgotten; nothing was changed."""


class JobNotFound(MemoryOSError):
    """There is no such failed job."""
