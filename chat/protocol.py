"""The frames of the chat's websocket: what they are, how they are read, how they are written.

`docs/protocol.md` is the description for people. Offsets and lengths count characters as Unicode code points:
Python's `len()`, and not JavaScript's, which counts UTF-16 units.
"""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from chat.enums import ErrorCode
from chat.exceptions import FrameTooLarge, MalformedFrame, UnknownFrame
from chat.models.message import CLIENT_ID_MAX_CHARACTERS
from chat.text import clean

PROTOCOL_VERSION = 2
# A code point takes up to 12 bytes in JSON (`\ud83d\ude00`); the rest is room for the frame around it.
_BYTES_PER_CHARACTER = 12
_FRAME_OVERHEAD = 1024
_NAME_MAX_CHARACTERS = 60

MessageId = Annotated[int, Field(gt=0, lt=2**63)]
ClientId = Annotated[str, Field(min_length=1, max_length=CLIENT_ID_MAX_CHARACTERS, pattern=r"^[A-Za-z0-9_-]+$")]


class ClientFrame(BaseModel):
    """A frame from the browser; unknown fields and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Send(ClientFrame):
    """Say something. Repeating a `client_id` is harmless."""

    type: Literal["send"]
    text: str
    client_id: ClientId


class Edit(ClientFrame):
    """Say one's message `message_id` anew, as another version. Repeating a `client_id` is harmless."""

    type: Literal["edit"]
    message_id: MessageId
    text: str
    client_id: ClientId


class Watch(ClientFrame):
    """What the page shows already: the branch up to `message_id`, and of that one `offset` characters if it runs.

    `message_id` 0: nothing yet. Without `offset` the page has that message whole. `update_id` is the newest note of
    what memory learnt.
    """

    type: Literal["watch"]
    message_id: Annotated[int, Field(ge=0, lt=2**63)]
    offset: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    update_id: Annotated[int, Field(ge=0, lt=2**63)] = 0


class Stop(ClientFrame):
    """End the running answer and keep what is there."""

    type: Literal["stop"]
    message_id: MessageId


class Regenerate(ClientFrame):
    """Have the question of an ended answer answered anew, as another version; also after a failure."""

    type: Literal["regenerate"]
    message_id: MessageId


class Continue(ClientFrame):
    """Let an answer that was cut short go on."""

    type: Literal["continue"]
    message_id: MessageId


class Select(ClientFrame):
    """Show the branch on which a message stands."""

    type: Literal["select"]
    message_id: MessageId


class ServerFrame(BaseModel):
    """A frame to the browser."""

    model_config = ConfigDict(frozen=True)

    def encode(self) -> str:
        """Return the frame as JSON text, without the fields that say nothing."""
        return self.model_dump_json(exclude_none=True)


class Hello(ServerFrame):
    """The first frame on every socket."""

    type: Literal["hello"] = "hello"
    protocol: int = PROTOCOL_VERSION
    conversation_id: str
    exists: bool
    """False on a page for a conversation whose first message is still to come."""


class ConversationState(ServerFrame):
    """The conversation has a title and a mode now, or another one."""

    type: Literal["conversation"] = "conversation"
    title: str
    mode: str


class Accepted(ServerFrame):
    """What was sent with `client_id` is stored as message `message_id`; the message itself comes in its turn."""

    type: Literal["accepted"] = "accepted"
    client_id: str
    message_id: int


class Rewind(ServerFrame):
    """Another branch is shown: everything after `message_id` leaves the page, 0 for everything.

    A page that does not hold that message is loaded again.
    """

    type: Literal["rewind"] = "rewind"
    message_id: int


class MessageCreated(ServerFrame):
    """A message the page does not show yet: a person's, or an answer, running or ended.

    `text` is a running answer so far; what has ended comes as `html`, the whole article, rendered and sanitised.
    """

    type: Literal["message"] = "message"
    message_id: int
    role: str
    status: str
    client_id: str | None = None
    text: str | None = None
    html: str | None = None


class Delta(ServerFrame):
    """The next characters of a running answer; `offset` is how many stand before them."""

    type: Literal["delta"] = "delta"
    message_id: int
    offset: int
    text: str


class Done(ServerFrame):
    """An answer ended; `html` is its whole article, rendered and sanitised."""

    type: Literal["done"] = "done"
    message_id: int
    status: str
    html: str


class MemoryLearnt(ServerFrame):
    """Memory learnt something from this conversation; `html` is the note that says what."""

    type: Literal["memory"] = "memory"
    update_id: int
    html: str


class Error(ServerFrame):
    """A frame was refused. The socket stays open."""

    type: Literal["error"] = "error"
    code: ErrorCode
    detail: Annotated[str, AfterValidator(clean)]
    client_id: str | None = None


AnyClientFrame = Send | Edit | Watch | Stop | Regenerate | Continue | Select
_CLIENT_ID: TypeAdapter[str] = TypeAdapter(ClientId)
_FRAMES: dict[str, TypeAdapter[Any]] = {
    "send": TypeAdapter(Send),
    "edit": TypeAdapter(Edit),
    "watch": TypeAdapter(Watch),
    "stop": TypeAdapter(Stop),
    "regenerate": TypeAdapter(Regenerate),
    "continue": TypeAdapter(Continue),
    "select": TypeAdapter(Select),
}


def parse_frame(text: str | None, max_characters: int) -> AnyClientFrame:
    """Return the frame a client sent; `text` is None for a binary one.

    Raises FrameTooLarge, MalformedFrame or UnknownFrame, with what is wrong in plain words.
    """
    if text is None:
        raise MalformedFrame("Frames are JSON text, not binary.")
    if len(text) > max_characters * _BYTES_PER_CHARACTER + _FRAME_OVERHEAD:
        raise FrameTooLarge
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedFrame("The frame is not JSON.") from None
    if not isinstance(value, dict):
        raise MalformedFrame("A frame is a JSON object.")
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in _FRAMES:
        raise UnknownFrame(f"There is no frame of type {json.dumps(kind)[:60]}.")
    try:
        frame: AnyClientFrame = _FRAMES[kind].validate_python(value)
    except ValidationError as error:
        raise MalformedFrame(_first_fault(error)) from None
    return frame


def client_id_of(text: str | None) -> str | None:
    """Return the `client_id` of a frame that could not be accepted, so that its sender knows which one it was."""
    try:
        value = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    found = value.get("client_id") if isinstance(value, dict) else None
    try:
        return _CLIENT_ID.validate_python(found, strict=True)
    except ValidationError:
        return None


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    # The name of an unknown field is the client's own, of any length.
    where = ".".join(str(part) for part in fault["loc"])[:_NAME_MAX_CHARACTERS] or "frame"
    return f"{where}: {fault['msg']}."
