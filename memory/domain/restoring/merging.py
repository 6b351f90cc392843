"""What becomes of an attribute, a trait or a fact of a file where the memory holds one like it. Pure.

What a person has written, or set aside, stays; else the newer one holds. Done once, the two are alike, so that the same
file finds nothing to do a second time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from memory.domain.importing.contents import FactRow, ProfileRow, TraitRow
from memory.enums import KnowledgeStatus
from memory.models import Knowledge, Profile, Trait
from memory.models.knowledge import fingerprint

Verdict = Literal["new", "same", "replaces", "stays_by_hand", "stays_newer"]


def verdict_on_attribute(row: ProfileRow, here: Profile | None) -> Verdict:
    """Say what becomes of a profile attribute whose namesake here is `here`."""
    if here is None:
        return "new"
    if here.value == row.value:
        return "same"
    return _which(here, row)


def verdict_on_trait(row: TraitRow, here: Trait | None) -> Verdict:
    """Say what becomes of a trait whose dimension here is `here`."""
    if here is None:
        return "new"
    if (here.level, here.reason) == (row.level, row.reason):
        return "same"
    return _which(here, row)


def _which(here: Profile | Trait, row: ProfileRow | TraitRow) -> Verdict:
    if here.locked or here.disabled:
        return "stays_by_hand"
    return "replaces" if row.updated_at > here.updated_at else "stays_newer"


@dataclass(frozen=True, slots=True)
class Meeting:
    """A fact of a file and the one here that says the same; None where it is new."""

    row: FactRow
    here: Knowledge | None
    ends: bool = False
    """Whether the one here, still in use, was superseded in the file by something said later."""


def meet(rows: Sequence[FactRow], here: Iterable[Knowledge]) -> list[Meeting]:
    """Find for each fact the entry here that says the same, none twice.

    A fact in use is known by whatever says it here and was not superseded before the file says it was said last. A
    superseded one is known by a superseded one, or ends what is in use here where it was replaced by something said
    later than that.
    """
    by_words: defaultdict[tuple[str, str], list[Knowledge]] = defaultdict(list)
    for each in here:
        by_words[each.subject, each.fingerprint].append(each)
    by_id = {row.id: row for row in rows}
    found: dict[int, Meeting] = {}
    # What has ended meets first: it must not take the place of what holds.
    for row in sorted(rows, key=lambda row: row.status != KnowledgeStatus.SUPERSEDED):
        alike = by_words[row.subject, fingerprint(row.text)]
        known = (each for each in _in_order(row, alike) if _is_known(row, each))
        entry = next(known, None)
        if entry is not None:
            alike.remove(entry)
        found[row.id] = Meeting(row, entry, _ends(row, entry, by_id.get(row.superseded_by or -1)))
    return [found[row.id] for row in rows]


def _in_order(row: FactRow, alike: Sequence[Knowledge]) -> list[Knowledge]:
    """Return first what is as the file has it: ended, or not."""
    return sorted(alike, key=lambda entry: _has_ended(entry.status) != _has_ended(row.status))


def _is_known(row: FactRow, entry: Knowledge) -> bool:
    if _has_ended(entry.status) and not _has_ended(row.status):
        return entry.valid_to is None or entry.valid_to >= row.confirmed_at
    return True


def _ends(row: FactRow, entry: Knowledge | None, replaced_by: FactRow | None) -> bool:
    if entry is None or replaced_by is None or not _has_ended(row.status) or entry.locked:
        return False
    return entry.status == KnowledgeStatus.ACTIVE and replaced_by.confirmed_at > entry.confirmed_at


def _has_ended(status: str) -> bool:
    return status == KnowledgeStatus.SUPERSEDED
