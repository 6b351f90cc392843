"""Reading an exported memory: what is checked, what is put right."""

from __future__ import annotations

import copy
import json
from collections import Counter
from typing import Any

import pytest

from memory.domain.demo import DATA
from memory.domain.importing import Contents, read
from memory.exceptions import ImportFault

DEMO: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))


@pytest.fixture
def data() -> dict[str, Any]:
    return copy.deepcopy(DEMO)


def contents(data: Any) -> Contents:
    return read(data, name="memory.json")


def test_everything_is_read(data: dict[str, Any]) -> None:
    found = contents(data)
    assert found.memory is not None
    whole = found.memory
    counts = (len(found.pages), len(whole.chains), len(whole.segments), len(whole.profile), len(whole.traits))
    assert counts == (60, 41, 9, 8, 16)
    assert (len(whole.facts), whole.assistant, +found.warnings) == (31, "Demo", Counter())
    assert found.pages[0].external_id == "memoryos-demo:hello"
    assert whole.places["memoryos-demo:hello"].segment == 1
    assert whole.places["memoryos-demo:s7"].segment is None


def test_what_refers_to_something_missing_is_put_right_and_told(data: dict[str, Any]) -> None:
    data["pages"][0]["segment"] = 99
    data["knowledge"][0]["sources"] = ["gone", data["pages"][1]["id"]]
    data["segments"].append({**data["segments"][0], "id": 77})
    found = contents(data)
    assert found.memory is not None
    assert found.memory.places["memoryos-demo:hello"].segment is None
    assert found.memory.places["memoryos-demo:hello"].analysed_at is None
    assert found.memory.facts[0].pages == ("memoryos-demo:contours",)
    assert 77 not in found.memory.segments
    assert +found.warnings == Counter(lost_segment=1, lost_source=1, empty_segment=1)


def test_an_empty_memory_is_a_memory() -> None:
    head = {"schema": "memoryos.memory", "version": 1, "memory": {"key": "k"}}
    found = contents(head)
    assert found.memory is not None
    assert (found.pages, found.memory.facts) == ([], [])


@pytest.mark.parametrize(
    ("part", "number", "changes", "fault"),
    [
        ("pages", 2, {"id": ""}, "Page 3: 'id' must not be empty"),
        ("pages", 2, {"id": "x" * 201}, "Page 3: 'id' is 201 characters long; 200 is the most"),
        ("pages", 2, {"id": "memoryos-demo:hello"}, "Page 3: its id 'memoryos-demo:hello' stands twice"),
        ("pages", 2, {"query": " ", "response": ""}, "Page 3 is empty"),
        ("pages", 2, {"occurred_at": "2026-01-01T00:00:00"}, "Page 3: 'occurred_at' must be a time like"),
        ("pages", 2, {"occurred_at": "0001-01-01T00:00:00+00:00"}, "must lie between the years 2 and 9998"),
        ("pages", 2, {"occurred_at": 17}, "Page 3: 'occurred_at' must be a time like"),
        ("pages", 2, {"source": "carrier pigeon"}, "Page 3: 'source' must be one of api, chat, demo, import"),
        ("pages", 2, {"chain": None}, "Page 3: 'chain' must be there exactly where 'segment' is"),
        ("pages", 2, {"segment": "one"}, "Page 3: 'segment' must be a whole number"),
        ("pages", 2, {"keywords": [3]}, "Page 3, 'keywords': 'value' must be text"),
        ("pages", 2, {"metadata": {"a": "\0"}}, "Page 3: 'metadata' holds characters"),
        ("pages", 2, {"metadata": [1]}, "Page 3: 'metadata' must be an object"),
        ("pages", 2, {"disabled": 1}, "Page 3: 'disabled' must be true or false"),
        ("chains", 0, {"id": 2}, "Two chains have the id 2"),
        ("segments", 0, {"visits": -1}, "Segment 1: 'visits' must be a whole number from 0"),
        ("segments", 0, {"visits": True}, "Segment 1: 'visits' must be a whole number"),
        ("segments", 0, {"title": "x" * 121}, "Segment 1: 'title' is 121 characters long; 120 is the most"),
        ("profile", 0, {"value": ""}, "Attribute 1: 'value' must not be empty"),
        ("profile", 0, {"name": "Diet"}, "'diet' stands twice in the profile"),
        ("traits", 0, {"dimension": "gender"}, "Trait 1: 'dimension' must be one of"),
        ("traits", 0, {"level": "huge"}, "Trait 1: 'level' must be one of high, low, medium"),
        ("traits", 0, {"reason": "x" * 1001}, "Trait 1: 'reason' is 1,001 characters long"),
        ("knowledge", 0, {"text": "x" * 1001}, "Fact 1: 'text' is 1,001 characters long; 1,000 is the most"),
        ("knowledge", 0, {"status": "proposed"}, "Fact 1: 'status' must be one of active, archived, disabled"),
        ("knowledge", 0, {"times_confirmed": 0}, "Fact 1: 'times_confirmed' must be a whole number from 1"),
        ("knowledge", 0, {"superseded_by": 1}, "Fact 1 is superseded by itself"),
        ("knowledge", 2, {"text": "mara is a  cartographer at the cairngorms national park"}, "Fact 3 says the same"),
    ],
)
def test_a_fault_names_the_entry_and_the_field(
    data: dict[str, Any], part: str, number: int, changes: dict[str, Any], fault: str
) -> None:
    data[part][number] |= changes
    with pytest.raises(ImportFault, match=fault):
        contents(data)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"version": 2}, "of version 2; this installation reads version 1"),
        ({"version": None}, "of version None"),
        ({"memory": None}, "The file's 'memory' is not an object"),
        ({"pages": {}}, "The file: 'pages' must be a list"),
        ({"pages": [3]}, "Page 1 is not an object"),
    ],
)
def test_a_fault_of_the_whole_is_told(data: dict[str, Any], changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ImportFault, match=fault):
        contents(data | changes)
