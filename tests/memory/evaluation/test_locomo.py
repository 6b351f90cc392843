import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memory.evaluation.locomo import Question, read_conversations
from memory.exceptions import ImportFault
from tests.paths import CONVERSATION, LOCOMO_QUESTIONS, LOCOMO_SMALL

Change = Callable[[dict[str, Any]], object]


def test_a_conversation_has_speakers_pages_turns_and_questions() -> None:
    one, two = read_conversations(LOCOMO_QUESTIONS)
    assert (one.name, one.speakers, len(one.drafts)) == ("asked-1", ("Ada", "Ben"), 15)
    assert (two.name, two.speakers, len(two.drafts)) == ("asked-2", ("Ada", "Cleo"), 1)
    assert one.turns["D1:3"] == "He sprints round the park every morning before breakfast."
    assert one.turns["D1:8"] == "I took up pottery in the meantime.\na lopsided blue bowl on a shelf"
    assert sorted(one.turns) == sorted(turn for draft in one.drafts for turn in draft.metadata["turns"])
    assert two.questions == (Question("Which instrument does Ada play?", "cello", 4, ("D1:1",)),)


def test_evidence_is_split_and_what_leads_nowhere_is_dropped() -> None:
    [one] = read_conversations(LOCOMO_QUESTIONS, ["asked-1"])
    assert [question.evidence for question in one.questions] == [
        ("D1:1",),
        ("D2:5",),
        ("D1:8", "D3:8"),
        ("D2:3",),
        (),
        ("D3:1",),
    ]
    assert [question.answer for question in one.questions if question.category == 4] == ["Bolt", "40"]
    assert len(one.with_evidence) == 5


def test_conversations_come_in_the_order_asked_for_and_once() -> None:
    names = [one.name for one in read_conversations(LOCOMO_QUESTIONS, ["asked-2", "asked-1", "asked-2"])]
    assert names == ["asked-2", "asked-1"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda sample: sample.update(qa={}), "Sample asked-2: 'qa' must be a list"),
        (lambda sample: sample["qa"].append("Why?"), "Sample asked-2, question 2: 'question' must be text"),
        (lambda sample: sample["qa"][0].update(question=None), "question 1: 'question' must be text"),
        (lambda sample: sample["qa"][0].update(evidence="D1:1"), "question 1: 'evidence' must be a list of turn ids"),
        (lambda sample: sample["qa"][0].update(evidence=[1]), "question 1: 'evidence' must be a list of turn ids"),
        (lambda sample: sample["conversation"].pop("session_1_date_time"), "Sample asked-2, session 1"),
        (lambda sample: sample["conversation"].update(session_1=[]), "Sample asked-2 holds no turns"),
        (lambda sample: sample["qa"][0].update(category=5), "asks nothing"),
        (lambda sample: sample["qa"][0].update(evidence=["D7:7"]), "asks nothing"),
        (lambda sample: sample.pop("qa"), "asks nothing"),
        (lambda sample: sample.pop("conversation"), "is not a LoCoMo file"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, change: Change, fault: str) -> None:
    sample = json.loads(LOCOMO_QUESTIONS.read_text(encoding="utf-8"))[1]
    change(sample)
    (tmp_path / "file.json").write_text(json.dumps([sample]), encoding="utf-8")
    with pytest.raises(ImportFault, match=fault):
        read_conversations(tmp_path / "file.json")


@pytest.mark.parametrize(
    ("path", "wanted", "fault"),
    [
        (LOCOMO_QUESTIONS, ["asked-3"], r"no conversation 'asked-3' in the file. It holds: asked-1, asked-2\."),
        (LOCOMO_QUESTIONS.with_name("nowhere.json"), [], "nowhere.json could not be read"),
        (Path(__file__), [], "is not JSON"),
        (CONVERSATION, [], "is not a LoCoMo file"),
        (LOCOMO_SMALL, [], "asks nothing"),
    ],
)
def test_a_file_that_cannot_be_measured_is_refused(path: Path, wanted: list[str], fault: str) -> None:
    with pytest.raises(ImportFault, match=fault):
        read_conversations(path, wanted)
