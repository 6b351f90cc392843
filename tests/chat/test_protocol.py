import json
import re
from pathlib import Path

import pytest

from chat import protocol
from chat.enums import ErrorCode
from chat.exceptions import FrameTooLarge, MalformedFrame, UnknownFrame
from chat.protocol import (
    Accepted,
    Continue,
    ConversationState,
    Delta,
    Done,
    Edit,
    Error,
    Hello,
    MemoryLearnt,
    MessageCreated,
    Regenerate,
    Rewind,
    Select,
    Send,
    Stop,
    Watch,
    client_id_of,
    parse_frame,
)

LIMIT = 100


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (
            {"type": "send", "text": "Hi 😀", "client_id": "a-1_B"},
            Send(type="send", text="Hi 😀", client_id="a-1_B"),
        ),
        ({"type": "watch", "message_id": 0}, Watch(type="watch", message_id=0)),
        ({"type": "watch", "message_id": 7, "offset": 0}, Watch(type="watch", message_id=7, offset=0)),
        ({"type": "stop", "message_id": 7}, Stop(type="stop", message_id=7)),
        (
            {"type": "edit", "message_id": 7, "text": "Hi", "client_id": "a"},
            Edit(type="edit", message_id=7, text="Hi", client_id="a"),
        ),
        (
            {"type": "watch", "message_id": 7, "update_id": 3},
            Watch(type="watch", message_id=7, update_id=3),
        ),
        ({"type": "regenerate", "message_id": 7}, Regenerate(type="regenerate", message_id=7)),
        ({"type": "continue", "message_id": 7}, Continue(type="continue", message_id=7)),
        ({"type": "select", "message_id": 7}, Select(type="select", message_id=7)),
    ],
)
def test_parse_frame_reads_each_kind(frame: dict[str, object], expected: object) -> None:
    assert parse_frame(json.dumps(frame), LIMIT) == expected


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "null",
        "[]",
        '"send"',
        "[" * 100_000,
        "1" * 5000,
        '{"type": "send"}',
        '{"type": "send", "text": 5, "client_id": "a"}',
        '{"type": "send", "text": "Hi"}',
        '{"type": "send", "text": "Hi", "client_id": ""}',
        '{"type": "send", "text": "Hi", "client_id": "a b"}',
        '{"type": "send", "text": "Hi", "client_id": "' + "a" * 65 + '"}',
        '{"type": "send", "text": "Hi", "client_id": "a", "role": "system"}',
        '{"type": "watch"}',
        '{"type": "watch", "message_id": -1}',
        '{"type": "watch", "message_id": true}',
        '{"type": "watch", "message_id": "7"}',
        '{"type": "watch", "message_id": 1, "offset": -1}',
        '{"type": "watch", "message_id": 1, "offset": 1.5}',
        '{"type": "stop", "message_id": 0}',
        '{"type": "stop", "message_id": 9223372036854775808}',
        '{"type": "watch", "message_id": 1, "update_id": -1}',
        '{"type": "edit", "text": "Hi", "client_id": "a"}',
        '{"type": "edit", "message_id": 0, "text": "Hi", "client_id": "a"}',
        '{"type": "edit", "message_id": 1, "text": null, "client_id": "a"}',
        '{"type": "edit", "message_id": 1, "text": "Hi", "client_id": ["a"]}',
        '{"type": "edit", "message_id": 1, "text": "Hi"}',
        '{"type": "regenerate"}',
        '{"type": "regenerate", "message_id": null}',
        '{"type": "regenerate", "message_id": 1, "text": "Hi"}',
        '{"type": "continue", "message_id": "1"}',
        '{"type": "continue", "message_id": 1e3}',
        '{"type": "select"}',
        '{"type": "select", "message_id": [1]}',
        '{"type": "select", "message_id": -5}',
    ],
)
def test_parse_frame_refuses_what_it_cannot_read(text: str | None) -> None:
    with pytest.raises((MalformedFrame, FrameTooLarge)):
        parse_frame(text, 10_000)


@pytest.mark.parametrize("kind", ["hello", "delta", "", "SEND", 5, None, ["send"], {}])
def test_parse_frame_refuses_unknown_kinds(kind: object) -> None:
    with pytest.raises(UnknownFrame):
        parse_frame(json.dumps({"type": kind}), LIMIT)


def test_parse_frame_names_the_field_that_is_wrong() -> None:
    with pytest.raises(MalformedFrame, match=r"^message_id: "):
        parse_frame('{"type": "stop", "message_id": "x"}', LIMIT)


def test_parse_frame_has_room_for_the_longest_message_however_it_is_escaped() -> None:
    longest = json.dumps({"type": "send", "text": "😀" * LIMIT, "client_id": "a" * 64})
    assert isinstance(parse_frame(longest, LIMIT), Send)
    with pytest.raises(FrameTooLarge):
        parse_frame("x" * 5000, LIMIT)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"type": "send", "client_id": "abc"}', "abc"),
        ('{"client_id": 5}', None),
        ('{"client_id": ""}', None),
        ('{"client_id": "a b"}', None),
        ('{"type": "nope", "client_id": "\\ud83d"}', None),
        ('{"client_id": "' + "a" * 65 + '"}', None),
        ("{", None),
        ("[]", None),
        (None, None),
    ],
)
def test_client_id_of_a_refused_frame(text: str | None, found: str | None) -> None:
    assert client_id_of(text) == found


@pytest.mark.parametrize("name", ["\\ud83d", "x" * 5000])
def test_a_refusal_can_be_told_whatever_the_field_was_called(name: str) -> None:
    with pytest.raises(MalformedFrame) as refusal:
        parse_frame('{"type": "stop", "message_id": 1, "' + name + '": 1}', 10_000)
    assert len(Error(code=refusal.value.code, detail=str(refusal.value)).encode()) < 200


def test_the_detail_of_an_error_is_fit_to_send() -> None:
    assert json.loads(Error(code=ErrorCode.MALFORMED, detail="\ud83d?").encode())["detail"] == "\ufffd?"


def test_server_frames_leave_out_what_says_nothing() -> None:
    assert json.loads(Hello(conversation_id="c", exists=True).encode()) == {
        "type": "hello",
        "protocol": 2,
        "conversation_id": "c",
        "exists": True,
    }
    state = ConversationState(title="T", mode="normal")
    assert json.loads(state.encode()) == {"type": "conversation", "title": "T", "mode": "normal"}
    accepted = Accepted(client_id="c", message_id=5)
    assert json.loads(accepted.encode()) == {"type": "accepted", "client_id": "c", "message_id": 5}
    assert json.loads(Rewind(message_id=0).encode()) == {"type": "rewind", "message_id": 0}
    learnt = MemoryLearnt(update_id=3, html="<p>")
    assert json.loads(learnt.encode()) == {"type": "memory", "update_id": 3, "html": "<p>"}
    assert json.loads(Delta(message_id=1, offset=2, text="😀").encode()) == {
        "type": "delta",
        "message_id": 1,
        "offset": 2,
        "text": "😀",
    }
    assert json.loads(Done(message_id=1, status="complete", html="").encode()) == {
        "type": "done",
        "message_id": 1,
        "status": "complete",
        "html": "",
    }
    assert json.loads(Error(code=ErrorCode.BUSY, detail="Wait.", client_id="a").encode()) == {
        "type": "error",
        "code": "busy",
        "detail": "Wait.",
        "client_id": "a",
    }
    created = MessageCreated(message_id=1, role="assistant", status="streaming", text="")
    assert json.loads(created.encode()) == {
        "type": "message",
        "message_id": 1,
        "role": "assistant",
        "status": "streaming",
        "text": "",
    }


def test_every_frame_and_error_code_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
    documented = set(re.findall(r"`([a-z_]+)`", text))
    kinds = {
        str(frame.model_fields["type"].annotation.__args__[0])  # type: ignore[union-attr]  # a Literal
        for base in (protocol.ClientFrame, protocol.ServerFrame)
        for frame in base.__subclasses__()
    }
    assert kinds | set(ErrorCode.values) <= documented
