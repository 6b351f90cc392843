"""The closed vocabularies of the chat."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Mode(models.TextChoices):
    """What a conversation does with memory: recalls and records; only recalls; neither, and is gone when closed."""

    NORMAL = "normal", _("Normal")
    READ_ONLY = "read_only", _("Read-only memory")
    TEMPORARY = "temporary", _("Temporary")


class TitleSource(models.TextChoices):
    """Who named a conversation. What a person wrote stands."""

    FIRST_WORDS = "first_words", _("Its first words")
    MODEL = "model", _("A model")
    PERSON = "person", _("A person")


class MessageRole(models.TextChoices):
    USER = "user", _("You")
    ASSISTANT = "assistant", _("Assistant")


class Status(models.TextChoices):
    """Where a message stands. All but `STREAMING` are final."""

    STREAMING = "streaming", _("Being written")
    COMPLETE = "complete", _("Complete")
    STOPPED = "stopped", _("Stopped by the person")
    INTERRUPTED = "interrupted", _("Interrupted")
    FAILED = "failed", _("Failed")


RETRYABLE = frozenset({Status.INTERRUPTED, Status.FAILED})
"""Answers that a person may ask for again."""

CONTINUABLE = RETRYABLE | {Status.STOPPED}
"""Answers that may go on where they ended, if there is some text."""


class ErrorCode(models.TextChoices):
    """Why a frame was refused; the client branches on these, people read the detail beside them."""

    MALFORMED = "malformed", "The frame could not be read"
    UNKNOWN_TYPE = "unknown_type", "Unknown kind of frame"
    TOO_LARGE = "too_large", "The frame is too large"
    TOO_MANY = "too_many", "Too many frames"
    EMPTY = "empty", "The message is empty"
    TOO_LONG = "too_long", "The message is too long"
    BUSY = "busy", "An answer is still being written"
    NOT_FOUND = "not_found", "No such message"
    NOT_CONTINUABLE = "not_continuable", "This answer cannot be continued"
    MODE_FIXED = "mode_fixed", "A temporary conversation stays temporary"
    ARCHIVED = "archived", "The assistant is archived"
    SIGNED_OUT = "signed_out", "Signed out"
    UNAVAILABLE = "unavailable", "Something went wrong on the server"
