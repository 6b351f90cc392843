"""LoCoMo: a list of samples, each a conversation of two speakers in dated sittings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from memory.domain.importing.contents import Contents
from memory.domain.importing.entries import Entry
from memory.domain.recording import PageDraft
from memory.exceptions import ImportFault

NAME = "locomo"
ID_LENGTH = 200
DATE = "%I:%M %p on %d %B, %Y"


def recognises(data: Any) -> bool:
    """Say whether it is such a list, or a single sample of one."""
    first = data[0] if isinstance(data, list) and data else data
    return isinstance(first, dict) and "conversation" in first


def read(data: Any, *, now: datetime, conversation: str | None = None) -> Contents:
    """Return the pages of one sample. Raises ImportFault where there are several and none is named."""
    samples = data if isinstance(data, list) else [data]
    return Contents(NAME, list(_drafts(_pick(samples, conversation))))


def _pick(samples: Sequence[Any], wanted: str | None) -> Mapping[str, Any]:
    by_id = {str(sample.get("sample_id")): sample for sample in samples if isinstance(sample, dict)}
    names = ", ".join(by_id)
    if wanted is None and len(by_id) > 1:
        fault = _(
            "The file holds several conversations: %(names)s. One memory takes one of them; choose it with "
            "manage.py import_conversations --conversation."
        )
        raise ImportFault(fault % {"names": names})
    sample = by_id.get(wanted) if wanted is not None else next(iter(by_id.values()), None)
    if sample is None:
        fault = _("There is no conversation %(wanted)s in the file. It holds: %(names)s.")
        raise ImportFault(fault % {"wanted": repr(wanted), "names": names})
    if not isinstance(sample.get("conversation"), dict):
        fault = _("Sample %(name)s: 'conversation' must be an object.")
        raise ImportFault(fault % {"name": sample.get("sample_id")})
    return sample


@dataclass(slots=True)
class _Exchange:
    """A page being gathered: consecutive turns of the first speaker, then of the second."""

    queries: list[str] = field(default_factory=list)
    responses: list[str] = field(default_factory=list)
    turns: list[str] = field(default_factory=list)


def _drafts(sample: Mapping[str, Any]) -> Iterator[PageDraft]:
    """speaker_a is the person, speaker_b the assistant; every sitting starts a new page."""
    name = str(sample.get("sample_id"))
    conversation = Entry(sample["conversation"], _("Sample %(name)s") % {"name": name})
    speakers = tuple(conversation.text(key) for key in ("speaker_a", "speaker_b"))
    for number in _sitting_numbers(sample["conversation"]):
        where = _("Sample %(name)s, session %(number)s") % {"name": name, "number": number}
        stamp = Entry(sample["conversation"], where).text(f"session_{number}_date_time")
        turns = conversation.get(f"session_{number}")
        if not isinstance(turns, list):
            raise ImportFault(_("%(where)s is not a list of turns.") % {"where": where})
        moment = _moment(stamp, where)
        for exchange in _exchanges(turns, speakers, where, f"Sample {name}, session {number}"):
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


def _sitting_numbers(conversation: Mapping[str, Any]) -> list[int]:
    tails = (key.removeprefix("session_") for key in conversation if key.startswith("session_"))
    return sorted(int(tail) for tail in tails if tail.isdecimal())


def _moment(stamp: str, where: str) -> datetime:
    try:
        return datetime.strptime(stamp.strip().upper().replace(" ON ", " on "), DATE).replace(tzinfo=UTC)
    except ValueError:
        fault = _("%(where)s: the date %(stamp)s is not of the form 1:56 pm on 8 May, 2023.")
        raise ImportFault(fault % {"where": where, "stamp": repr(stamp)}) from None


def _exchanges(turns: Sequence[Any], speakers: tuple[str, ...], where: str, id_base: str) -> Iterator[_Exchange]:
    exchange = _Exchange()
    for number, value in enumerate(turns, start=1):
        turn = Entry(value, _("%(where)s, turn %(number)s") % {"where": where, "number": number})
        speaker, text = turn.text("speaker"), _turn_text(turn)
        if speaker not in speakers:
            names = {"speaker": repr(speaker), "first": repr(speakers[0]), "second": repr(speakers[1])}
            fault = _("%(where)s: %(speaker)s is neither %(first)s nor %(second)s.")
            raise ImportFault(fault % {"where": turn.where, **names})
        if speaker == speakers[0] and exchange.responses:
            yield exchange
            exchange = _Exchange()
        (exchange.queries if speaker == speakers[0] else exchange.responses).append(text)
        # Not `where`, which is in the reader's language: an id is the same in all.
        exchange.turns.append(str(turn.get("dia_id") or f"{id_base}:{number}"))
    if exchange.turns:
        yield exchange


def _turn_text(turn: Entry) -> str:
    text = turn.text("text")
    caption = turn.text("blip_caption", required=False)
    if not text.strip() and not caption:
        raise ImportFault(_("%(where)s is empty.") % {"where": turn.where})
    return f"{text}\n[Image: {caption}]".strip() if caption else text
