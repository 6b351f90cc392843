"""LoCoMo: conversations with questions whose evidence is known, turn by turn. Reading only.

A sample's dialogue becomes page drafts by `memory.domain.importing`; here its questions are added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memory.domain.importing import load_json, read_drafts
from memory.domain.recording import PageDraft
from memory.exceptions import ImportFault

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop"}
"""The categories that are measured. The fifth asks for what was never said and has no evidence to find."""
_SEPARATORS = re.compile(r"[;,\s]+")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its gold answer and the ids of the turns that hold it; none where the dataset names none."""

    text: str
    answer: str
    category: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One sample: pages to record, the words of each turn by its id, and what is asked about them."""

    name: str
    speakers: tuple[str, str]
    drafts: Sequence[PageDraft]
    turns: Mapping[str, str]
    questions: Sequence[Question]

    @property
    def with_evidence(self) -> list[Question]:
        """The questions that evidence recall can be measured with."""
        return [question for question in self.questions if question.evidence]


def read_conversations(path: Path, wanted: Sequence[str] = ()) -> list[Conversation]:
    """Return the file's conversations, or only those named, in the order asked for.

    Raises ImportFault: unreadable file, no JSON, not LoCoMo's format, an unknown name, a bad entry, and no
    question with evidence in any of them.
    """
    entries = load_json(path)
    samples = entries if isinstance(entries, list) else [entries]
    if not samples or not all(isinstance(sample, dict) and "conversation" in sample for sample in samples):
        raise ImportFault(f"{path.name} is not a LoCoMo file: a list of samples with a conversation was expected.")
    by_name = {str(sample.get("sample_id")): sample for sample in samples}
    for name in wanted:
        if name not in by_name:
            raise ImportFault(f"There is no conversation {name!r} in the file. It holds: {', '.join(by_name)}.")
    found = [_conversation(path, name, by_name[name]) for name in dict.fromkeys(wanted or by_name)]
    if not any(conversation.with_evidence for conversation in found):
        raise ImportFault(f"{path.name} asks nothing: no question of the categories 1 to 4 names its evidence.")
    return found


def _conversation(path: Path, name: str, sample: Mapping[str, Any]) -> Conversation:
    drafts = read_drafts(path, name)
    if not drafts:
        raise ImportFault(f"Sample {name} holds no turns.")
    dialogue = sample["conversation"]
    turns = _turns(dialogue)
    return Conversation(
        name=name,
        speakers=(dialogue["speaker_a"], dialogue["speaker_b"]),
        drafts=drafts,
        turns=turns,
        questions=tuple(_questions(sample, name, turns)),
    )


def _turns(dialogue: Mapping[str, Any]) -> dict[str, str]:
    """What was said, and what an image showed, by turn id; `read_drafts` has checked the form."""
    return {
        str(turn["dia_id"]): "\n".join(filter(None, (turn["text"], turn.get("blip_caption"))))
        for key, session in dialogue.items()
        if key.startswith("session_") and isinstance(session, list)
        for turn in session
        if turn.get("dia_id")
    }


def _questions(sample: Mapping[str, Any], name: str, turns: Mapping[str, str]) -> Iterator[Question]:
    asked = sample.get("qa", [])
    if not isinstance(asked, list):
        raise ImportFault(f"Sample {name}: 'qa' must be a list of questions.")
    for number, entry in enumerate(asked, start=1):
        where = f"Sample {name}, question {number}"
        if not isinstance(entry, dict) or not isinstance(entry.get("question"), str):
            raise ImportFault(f"{where}: 'question' must be text.")
        if entry.get("category") in CATEGORIES:
            yield Question(
                text=entry["question"],
                answer=str(entry.get("answer", "")),
                category=entry["category"],
                evidence=_evidence(entry.get("evidence", []), where, turns),
            )


def _evidence(given: Any, where: str, turns: Mapping[str, str]) -> tuple[str, ...]:
    """The ids of turns that exist. Some strings of the dataset hold several ids, and some ids lead nowhere."""
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise ImportFault(f"{where}: 'evidence' must be a list of turn ids.")
    ids = (piece for text in given for piece in _SEPARATORS.split(text))
    return tuple(dict.fromkeys(turn for turn in ids if turn in turns))
