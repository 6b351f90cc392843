"""Importing: files of other systems become page drafts. Pure; `recording.record_pages` stores them.

Two formats: the demo format of the paper's package (a list of `user_input`, `agent_response`, `timestamp`), and
LoCoMo's (a list of samples, each a conversation of two speakers in dated sessions). A file is read whole before
anything is stored: a fault names its entry and nothing is imported.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.utils.dateparse import parse_datetime

from memory.domain.recording import PageDraft, readable, whole_text
from memory.exceptions import ImportFault

ID_LENGTH = 200
LOCOMO_DATE = "%I:%M %p on %d %B, %Y"


def read_drafts(path: Path, conversation: str | None = None, now: datetime | None = None) -> list[PageDraft]:
    """Return the file's pages, oldest first, with ids of their own so that importing again adds nothing.

    `conversation` picks a sample of a LoCoMo file and is needed where it holds several. `now` dates entries of the
    demo format that carry no timestamp. Raises ImportFault: unreadable file, no JSON, unknown format, a bad entry.
    """
    entries = load_json(path)
    if isinstance(entries, dict):
        entries = [entries]
    if not isinstance(entries, list) or not entries:
        raise ImportFault(f"{path.name} holds no conversation: a list of entries was expected.")
    if isinstance(entries[0], dict) and "conversation" in entries[0]:
        return list(_locomo_drafts(_pick(entries, conversation)))
    if conversation is not None:
        raise ImportFault(f"{path.name} is not a LoCoMo file: it has no conversations to choose from.")
    return list(_demo_drafts(entries, now or datetime.now(UTC)))


def load_json(path: Path) -> Any:
    """Return what a JSON file holds. Raises ImportFault: unreadable, not UTF-8, no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_refuse_constant)
    except OSError as error:
        raise ImportFault(f"{path} could not be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ImportFault(f"{path.name} is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        raise ImportFault(f"{path.name} is not JSON: {error.msg} in line {error.lineno}.") from error


def _refuse_constant(name: str) -> None:
    raise ImportFault(f"The file is not JSON: it holds {name}, which is no number.")


def _text(entry: Mapping[str, Any], name: str, where: str, *, required: bool = True) -> str:
    value = entry.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise ImportFault(f"{where}: {name!r} must be text{'' if value is not None else ', but is missing'}.")
    return value


# The paper's demo format


def _demo_drafts(entries: Sequence[Any], now: datetime) -> Iterator[PageDraft]:
    seen: Counter[str] = Counter()
    for number, entry in enumerate(entries, start=1):
        where = f"Entry {number}"
        if not isinstance(entry, dict):
            raise ImportFault(f"{where} is not an object with user_input and agent_response.")
        query, response = _text(entry, "user_input", where), _text(entry, "agent_response", where)
        if not query.strip() and not response.strip():
            raise ImportFault(f"{where} is empty.")
        stamp = _text(entry, "timestamp", where, required=False)
        digest = hashlib.sha256(json.dumps([query, response, stamp]).encode()).hexdigest()[:32]
        seen[digest] += 1
        metadata = _metadata(entry.get("meta_data") or {}, where)
        yield PageDraft(
            query=query,
            response=response,
            occurred_at=_demo_time(stamp, where) if stamp else now,
            external_id=f"demo:{digest}:{seen[digest]}",
            metadata=metadata,
        )


def _metadata(metadata: Any, where: str) -> dict[str, Any]:
    if not isinstance(metadata, dict):
        raise ImportFault(f"{where}: 'meta_data' must be an object.")
    written = json.dumps(metadata, ensure_ascii=False)
    if "\\u0000" in written or whole_text(written) != written:
        raise ImportFault(f"{where}: 'meta_data' holds characters that no database can store.")
    return metadata


def _demo_time(stamp: str, where: str) -> datetime:
    try:
        moment = parse_datetime(stamp.strip())
    except ValueError:
        moment = None
    if moment is None or not readable(moment):
        raise ImportFault(f"{where}: the timestamp {stamp!r} is not of the form 2025-01-31 18:05:00.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# LoCoMo


def _pick(samples: Sequence[Any], wanted: str | None) -> Mapping[str, Any]:
    by_id = {str(sample.get("sample_id")): sample for sample in samples if isinstance(sample, dict)}
    names = ", ".join(by_id)
    if wanted is None and len(by_id) > 1:
        raise ImportFault(f"The file holds several conversations; choose one with --conversation: {names}.")
    sample = by_id.get(wanted) if wanted is not None else next(iter(by_id.values()), None)
    if sample is None:
        raise ImportFault(f"There is no conversation {wanted!r} in the file. It holds: {names}.")
    if not isinstance(sample.get("conversation"), dict):
        raise ImportFault(f"Sample {sample.get('sample_id')}: 'conversation' must be an object.")
    return sample


@dataclass(slots=True)
class _Exchange:
    """A page being gathered: consecutive turns of the first speaker, then of the second."""

    queries: list[str] = field(default_factory=list)
    responses: list[str] = field(default_factory=list)
    turns: list[str] = field(default_factory=list)


def _locomo_drafts(sample: Mapping[str, Any]) -> Iterator[PageDraft]:
    """speaker_a is the person, speaker_b the assistant; every session starts a new page."""
    name, conversation = str(sample.get("sample_id")), sample["conversation"]
    speakers = tuple(_text(conversation, key, f"Sample {name}") for key in ("speaker_a", "speaker_b"))
    for number in _session_numbers(conversation):
        where = f"Sample {name}, session {number}"
        moment = _locomo_time(_text(conversation, f"session_{number}_date_time", where), where)
        turns = conversation[f"session_{number}"]
        if not isinstance(turns, list):
            raise ImportFault(f"{where} is not a list of turns.")
        for exchange in _exchanges(turns, speakers, where):
            yield PageDraft(
                query="\n".join(exchange.queries),
                response="\n".join(exchange.responses),
                occurred_at=moment,
                external_id=_short_id(f"locomo:{name}:{exchange.turns[0]}"),
                metadata={"session": number, "turns": exchange.turns, "speakers": list(speakers)},
            )


def _short_id(name: str) -> str:
    """Return the name where the column holds it, else a digest of it."""
    return name if len(name) <= ID_LENGTH else f"locomo:{hashlib.sha256(name.encode()).hexdigest()}"


def _session_numbers(conversation: Mapping[str, Any]) -> list[int]:
    tails = (key.removeprefix("session_") for key in conversation if key.startswith("session_"))
    return sorted(int(tail) for tail in tails if tail.isdecimal())


def _locomo_time(stamp: str, where: str) -> datetime:
    try:
        return datetime.strptime(stamp.strip().upper().replace(" ON ", " on "), LOCOMO_DATE).replace(tzinfo=UTC)
    except ValueError:
        raise ImportFault(f"{where}: the date {stamp!r} is not of the form 1:56 pm on 8 May, 2023.") from None


def _exchanges(turns: Sequence[Any], speakers: tuple[str, ...], where: str) -> Iterator[_Exchange]:
    exchange = _Exchange()
    for number, turn in enumerate(turns, start=1):
        at = f"{where}, turn {number}"
        if not isinstance(turn, dict):
            raise ImportFault(f"{at} is not an object.")
        speaker, text = _text(turn, "speaker", at), _turn_text(turn, at)
        if speaker not in speakers:
            raise ImportFault(f"{at}: {speaker!r} is neither {speakers[0]!r} nor {speakers[1]!r}.")
        if speaker == speakers[0] and exchange.responses:
            yield exchange
            exchange = _Exchange()
        (exchange.queries if speaker == speakers[0] else exchange.responses).append(text)
        exchange.turns.append(str(turn.get("dia_id") or f"{where}:{number}"))
    if exchange.turns:
        yield exchange


def _turn_text(turn: Mapping[str, Any], where: str) -> str:
    text = _text(turn, "text", where)
    caption = _text(turn, "blip_caption", where, required=False)
    if not text.strip() and not caption:
        raise ImportFault(f"{where} is empty.")
    return f"{text}\n[Image: {caption}]".strip() if caption else text
