"""Every error the chat raises on purpose; the consumer turns each into an `error` frame, pages into words.

`message` is what a person reads unless another is given, in the language that is active when it is read.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chat.enums import ErrorCode


class ChatError(Exception):
    """Something went wrong in the chat."""

    code = ErrorCode.UNAVAILABLE
    message: str | Promise = _("Something went wrong on the server. It has been logged; try again.")

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.message)


class MalformedFrame(ChatError):
    """For the developers of clients: a browser sends none."""

    code = ErrorCode.MALFORMED
    message = "The frame could not be read."


class UnknownFrame(ChatError):
    """A kind of frame that the protocol does not know."""

    code = ErrorCode.UNKNOWN_TYPE
    message = "There is no such kind of frame."


class FrameTooLarge(ChatError):
    """Larger than the longest message can be."""

    code = ErrorCode.TOO_LARGE
    message = _("The message is too large to be sent. Send it in parts.")


class TooManyFrames(ChatError):
    """More frames than `CHAT_FRAMES_PER_MINUTE`."""

    code = ErrorCode.TOO_MANY
    message = _("That was too fast. Wait a moment and try again.")


class TooManyAnswers(ChatError):
    """More answers than `CHAT_ANSWERS_PER_MINUTE`."""

    code = ErrorCode.TOO_MANY
    message = _("You have asked for many answers within a minute. Wait a moment and try again.")


class TooManySockets(ChatError):
    """More sockets of one person than `CHAT_SOCKETS_PER_PERSON`."""

    code = ErrorCode.TOO_MANY
    message = _("You have the chat open in too many tabs. Close some of them.")


class EmptyMessage(ChatError):
    """Nothing visible to send."""

    code = ErrorCode.EMPTY
    message = _("Write something first.")


class MessageTooLong(ChatError):
    """More characters than `CHAT_MESSAGE_MAX_CHARACTERS`."""

    code = ErrorCode.TOO_LONG
    message = _("The message is too long.")


class Busy(ChatError):
    """Another answer of the conversation is being written."""

    code = ErrorCode.BUSY
    message = _("The assistant is still answering. Wait for it or stop it first.")


class MemoryBusy(ChatError):
    """An import or a forgetting holds the memory for longer than a person should wait."""

    code = ErrorCode.BUSY
    message = _("Your memory is busy with an import or a clean-up. Try again in a moment.")


class MessageNotFound(ChatError):
    """No such message here, or not of the kind that is meant."""

    code = ErrorCode.NOT_FOUND
    message = _("There is no such message in this conversation.")


class NotContinuable(ChatError):
    """The answer is whole, or has no beginning to go on from."""

    code = ErrorCode.NOT_CONTINUABLE
    message = _("Only an answer that was cut short can be continued.")


class ModeFixed(ChatError):
    """A temporary conversation was to become another kind, or another one temporary."""

    code = ErrorCode.MODE_FIXED
    message = _("A temporary conversation stays temporary. Begin a new one.")


class AssistantArchived(ChatError):
    """The conversation's assistant is archived: it can be read, and nothing more be said in it."""

    code = ErrorCode.ARCHIVED
    message = _("This assistant is archived. What was said can be read and exported; nothing more can be said.")


class SignedOut(ChatError):
    """The session has ended."""

    code = ErrorCode.SIGNED_OUT
    message = _("You are signed out. Sign in again to go on.")


class ConversationGone(ChatError):
    """It does not exist (any more), or is someone else's."""

    code = ErrorCode.NOT_FOUND
    message = _("This conversation does not exist, or is someone else’s.")
