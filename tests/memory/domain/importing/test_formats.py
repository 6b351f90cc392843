import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from memory.domain.importing import read_drafts
from memory.exceptions import ImportFault
from tests.paths import CONVERSATION, LOCOMO_SMALL


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def to_file(content: Any) -> Path:
        path = tmp_path / "file.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return to_file


def entry(**changes: Any) -> dict[str, Any]:
    return {"user_input": "Hi", "agent_response": "Hello", "timestamp": "2026-01-02 03:04:05"} | changes


def sample(**changes: Any) -> dict[str, Any]:
    turns = [{"speaker": "A", "dia_id": "D1:1", "text": "Hi"}, {"speaker": "B", "dia_id": "D1:2", "text": "Yo"}]
    conversation = {
        "speaker_a": "A",
        "speaker_b": "B",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": turns,
    }
    return {"sample_id": "s", "conversation": conversation | changes}


def test_the_demo_format_keeps_words_and_dates() -> None:
    drafts = read_drafts(CONVERSATION)
    assert len(drafts) == 16
    assert drafts[0].query == "Hi! I'm Nora, I work as a marine biologist in Lisbon."
    assert drafts[0].response.startswith("Nice to meet you, Nora!")
    assert drafts[0].occurred_at == datetime(2026, 3, 2, 8, 14, tzinfo=UTC)
    assert len({draft.external_id for draft in drafts}) == 16


def test_ids_are_the_same_every_time_and_tell_repeats_apart(write: Any) -> None:
    path = write([entry(), entry()])
    first, again = read_drafts(path), read_drafts(path)
    assert [draft.external_id for draft in first] == [draft.external_id for draft in again]
    assert first[0].external_id != first[1].external_id


def test_other_time_zones_and_missing_timestamps(write: Any) -> None:
    now = datetime(2026, 5, 5, tzinfo=UTC)
    drafts = read_drafts(write([entry(timestamp="2026-01-02T03:04:05+02:00"), entry(timestamp=None)]), now=now)
    assert [draft.occurred_at for draft in drafts] == [datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC), now]


def test_metadata_is_kept(write: Any) -> None:
    assert read_drafts(write([entry(meta_data={"mood": "good"})]))[0].metadata == {"mood": "good"}


def test_locomo_joins_turns_of_one_speaker_and_loses_no_text() -> None:
    drafts = read_drafts(LOCOMO_SMALL, "small-1")
    assert [(draft.query, draft.response) for draft in drafts] == [
        ("", "Morning, Ada!"),
        ("Morning! I adopted a greyhound.\nHis name is Bolt.", "Show me!\nPlease?"),
        ("Here he is.\n[Image: a photo of a greyhound on a sofa]", ""),
        ("Bolt won a race.", "Congratulations!"),
    ]
    assert [draft.metadata["turns"] for draft in drafts] == [
        ["D1:1"],
        ["D1:2", "D1:3", "D1:4", "D1:5"],
        ["D1:6"],
        ["D2:1", "D2:2"],
    ]
    assert [draft.occurred_at for draft in drafts[2:]] == [
        datetime(2025, 5, 8, 13, 56, tzinfo=UTC),
        datetime(2025, 6, 1, 0, 5, tzinfo=UTC),
    ]


def test_a_locomo_file_of_several_conversations_asks_which_one() -> None:
    with pytest.raises(ImportFault, match="small-1, small-2"):
        read_drafts(LOCOMO_SMALL)
    with pytest.raises(ImportFault, match="no conversation 'conv-1'"):
        read_drafts(LOCOMO_SMALL, "conv-1")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("not json", "not JSON: Expecting value in line 1"),
        ('[{"user_input": "a",', "not JSON"),
        ([], "holds no conversation"),
        (3, "holds no conversation"),
        ([entry(), 7], "Entry 2 is not an object"),
        ([entry(), entry(user_input=3)], "Entry 2: 'user_input' must be text"),
        ([{"user_input": "a"}], "Entry 1: 'agent_response' must be text, but is missing"),
        ([entry(user_input=" ", agent_response="")], "Entry 1 is empty"),
        ([entry(), entry(), entry(timestamp="yesterday")], "Entry 3: the timestamp 'yesterday'"),
        ([entry(timestamp="2026-02-30 00:00:00")], "Entry 1: the timestamp"),
        ([entry(timestamp="0001-01-01 00:00:00+14:00")], "Entry 1: the timestamp"),
        ([entry(meta_data="x")], "Entry 1: 'meta_data'"),
        ([entry(meta_data={"x": "a\0b"})], "Entry 1: 'meta_data' holds characters"),
        ('[{"user_input": "a", "agent_response": "b", "meta_data": {"x": NaN}}]', "holds NaN"),
        ([sample(session_1_date_time="May")], "Sample s, session 1: the date 'May'"),
        ([sample(session_1="x")], "session 1 is not a list"),
        ([sample(session_1=["x"])], "session 1, turn 1 is not an object"),
        ([sample(session_1=[{"speaker": "C", "text": "x"}])], "turn 1: 'C' is neither 'A' nor 'B'"),
        ([sample(session_1=[{"speaker": "A"}])], "turn 1: 'text' must be text, but is missing"),
        ([sample(session_1=[{"speaker": "A", "text": ""}])], "turn 1 is empty"),
        ([{"sample_id": "s", "conversation": []}], "'conversation' must be an object"),
    ],
)
def test_a_fault_names_the_entry(write: Any, content: Any, fault: str) -> None:
    with pytest.raises(ImportFault, match=fault):
        read_drafts(write(content))


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ImportFault, match="could not be read"):
        read_drafts(tmp_path / "none.json")
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ImportFault, match="not UTF-8"):
        read_drafts(tmp_path / "x")
