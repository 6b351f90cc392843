"""What becomes of two that meet. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from memory.domain.importing.contents import FactRow, ProfileRow, TraitRow
from memory.domain.restoring.merging import meet, verdict_on_attribute, verdict_on_trait
from memory.enums import KnowledgeStatus, Subject, TraitLevel
from memory.models import Knowledge, Profile, Trait
from memory.models.knowledge import fingerprint

AT = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def attribute(value: str = "Oslo", at: datetime = AT) -> ProfileRow:
    return ProfileRow("home", value, False, False, AT, at, ())


def trait(level: TraitLevel = TraitLevel.HIGH, at: datetime = AT) -> TraitRow:
    return TraitRow("humor", level, "Jokes.", False, False, AT, at, ())


@pytest.mark.parametrize(
    ("row", "here", "verdict"),
    [
        (attribute(), None, "new"),
        (attribute(), Profile(value="Oslo", locked=True), "same"),
        (attribute(at=AT + DAY), Profile(value="Rome", updated_at=AT), "replaces"),
        (attribute(), Profile(value="Rome", updated_at=AT), "stays_newer"),
        (attribute(at=AT + DAY), Profile(value="Rome", updated_at=AT, locked=True), "stays_by_hand"),
        (attribute(at=AT + DAY), Profile(value="Rome", updated_at=AT, disabled=True), "stays_by_hand"),
    ],
)
def test_attributes(row: ProfileRow, here: Profile | None, verdict: str) -> None:
    assert verdict_on_attribute(row, here) == verdict


@pytest.mark.parametrize(
    ("row", "here", "verdict"),
    [
        (trait(), None, "new"),
        (trait(), Trait(level="high", reason="Jokes.", updated_at=AT - DAY), "same"),
        (trait(at=AT + DAY), Trait(level="low", reason="Jokes.", updated_at=AT), "replaces"),
        (trait(), Trait(level="low", reason="", updated_at=AT + DAY), "stays_newer"),
        (trait(at=AT + DAY), Trait(level="low", reason="", updated_at=AT, locked=True), "stays_by_hand"),
    ],
)
def test_traits(row: TraitRow, here: Trait | None, verdict: str) -> None:
    assert verdict_on_trait(row, here) == verdict


def fact(key: int, text: str = "Likes tea.", status: str = "active", by: int | None = None, at: int = 0) -> FactRow:
    return FactRow(
        id=key,
        subject=Subject.USER,
        text=text,
        status=KnowledgeStatus(status),
        pinned=False,
        locked=False,
        times_confirmed=1,
        confirmed_at=AT + at * DAY,
        valid_from=None,
        valid_to=None,
        superseded_by=by,
        created_at=AT,
        updated_at=AT,
        pages=(),
    )


def entry(text: str = "Likes tea.", status: str = "active", at: int = 0, to: int | None = None) -> Knowledge:
    return Knowledge(
        subject=Subject.USER,
        text=text,
        fingerprint=fingerprint(text),
        status=status,
        confirmed_at=AT + at * DAY,
        valid_to=None if to is None else AT + to * DAY,
    )


@pytest.mark.parametrize("status", ["active", "archived", "disabled"])
def test_a_fact_is_known_by_whatever_says_it_here(status: str) -> None:
    here = entry("likes  TEA", status)
    [meeting] = meet([fact(1)], [here])
    assert (meeting.here, meeting.ends) == (here, False)


def test_one_that_ended_here_later_is_known_and_one_said_again_since_is_new() -> None:
    here = entry(status="superseded", to=5)
    assert meet([fact(1, at=5)], [here])[0].here is here
    assert meet([fact(1, at=6)], [here])[0].here is None


def test_the_same_words_twice_meet_the_ones_that_are_alike() -> None:
    held, ended = entry(at=9), entry(status="superseded", to=5)
    rows = [fact(1, at=9), fact(2, status="superseded")]
    assert [meeting.here for meeting in meet(rows, [ended, held])] == [held, ended]


def test_what_the_file_knows_to_be_replaced_ends_unless_it_was_said_later_or_written_by_hand() -> None:
    rows = [fact(1, status="superseded", by=2), fact(2, "Likes coffee.", at=5)]
    assert meet(rows, [entry(at=4)])[0].ends
    assert not meet(rows, [entry(at=6)])[0].ends
    locked = entry(at=4)
    locked.locked = True
    assert not meet(rows, [locked])[0].ends
    assert not meet([replace(rows[0], superseded_by=None)], [entry(at=4)])[0].ends


def test_subjects_are_kept_apart() -> None:
    here = entry()
    here.subject = Subject.ASSISTANT
    assert meet([fact(1)], [here])[0].here is None
