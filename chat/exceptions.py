"""Every error the chat raises on purpose; the consumer turns each into an `error` frame.

The docstring of a class is its message to a person unless one is given.
"""

from chat.enums import ErrorCode


class ChatError(Exception):
    """Something went wrong in the chat."""

    code = ErrorCode.UNAVAILABLE

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class MalformedFrame(ChatError):
    """The frame could not be read."""

    code = ErrorCode.MALFORMED


class UnknownFrame(ChatError):
    """There is no such kind of frame."""

    code = ErrorCode.UNKNOWN_TYPE


class FrameTooLarge(ChatError):
    """The frame is too large."""

    code = ErrorCode.TOO_LARGE


class TooManyFrames(ChatError):
    """That was too fast. Wait a moment and try again."""

    code = ErrorCode.TOO_MANY


class EmptyMessage(ChatError):
    """Write something first."""

    code = ErrorCode.EMPTY


class MessageTooLong(ChatError):
    """The message is too long."""

    code = ErrorCode.TOO_LONG


class Busy(ChatError):
    """The assistant is still answering. Wait for it or stop it first."""

    code = ErrorCode.BUSY


class MessageNotFound(ChatError):
    """There is no such message in this conversation."""

    code = ErrorCode.NOT_FOUND


class NotRetryable(ChatError):
    """Only the newest answer can be tried again, and only when it failed or was interrupted."""

    code = ErrorCode.NOT_RETRYABLE


class SignedOut(ChatError):
    """You are signed out. Sign in again to go on."""

    code = ErrorCode.SIGNED_OUT


class ConversationGone(ChatError):
    """This conversation does not exist, or is someone else's."""

    code = ErrorCode.NOT_FOUND
