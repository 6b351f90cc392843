"""What the timeline says of an assistant as such and of its people."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from memory.domain.activity import event, log
from memory.domain.configuring import configure_assistant, set_constants
from memory.enums import Actor, EventKind, Role
from memory.models import Memory
from memory.views.activity import sentence
from memory.views.lines import lines_of
from tests.memory.factories import AssistantFactory, MemoryEventFactory, MemoryFactory

pytestmark = pytest.mark.django_db
TEAM = (
    *(EventKind.CREATED, EventKind.CONFIGURED, EventKind.INVITED, EventKind.REVOKED, EventKind.JOINED),
    *(EventKind.ROLE_CHANGED, EventKind.LEFT, EventKind.REMOVED, EventKind.PROPOSED, EventKind.OPENED),
)


@pytest.fixture
def owner() -> Memory:
    return MemoryFactory(assistant=AssistantFactory(name="Helper", slug="helper"))


def said(owner: Memory, kind: EventKind, target: str, before: Any = None, after: Any = None) -> str:
    return sentence(
        MemoryEventFactory(
            memory=None, assistant=owner.assistant, kind=kind, actor=Actor.PERSON, user=owner.user,
            target_type=target, target_id=1, before=before, after=after,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        (EventKind.CREATED, None, {"name": "Cook", "once": "f" * 32}, "The assistant “Cook” was created."),
        (EventKind.CREATED, None, {"name": "B", "of": "A"}, "The assistant “B” was made as a copy of “A”."),
        (EventKind.CONFIGURED, {"name": "A"}, {"name": "B"}, "Settings of the assistant were changed: Name."),
        (EventKind.ARCHIVED, None, {"name": "A"}, "The assistant was archived."),
        (EventKind.RESTORED, {"since": "x"}, {"name": "A"}, "The assistant was brought back."),
        (EventKind.INVITED, None, {"role": "curator"}, "An invitation link was made (Curator)."),
        (EventKind.REVOKED, None, {"role": "member"}, "An invitation link was withdrawn (Member)."),
        (EventKind.JOINED, None, {"name": "bob", "role": "member"}, "bob joined (Member)."),
        (
            EventKind.ROLE_CHANGED,
            {"role": "member"},
            {"name": "bob", "role": "owner"},
            "The role of bob changed from Member to Owner.",
        ),
        (EventKind.LEFT, {"name": "bob"}, None, "bob left."),
        (EventKind.REMOVED, None, {"name": "bob"}, "bob was removed."),
        (EventKind.PROPOSED, None, {"text": "We meet on Mondays."}, "Proposed to the team: “We meet on Mondays.”"),
    ],
)
def test_each_is_a_sentence(owner: Memory, kind: EventKind, before: Any, after: Any, expected: str) -> None:
    assert said(owner, kind, "assistant", before, after) == expected


@pytest.mark.parametrize("kind", TEAM)
@pytest.mark.parametrize(
    "state", [None, {}, [], "x", {"name": None, "role": "king", "text": 3, "what": ["a"], "of": {}}, {"what": "x"}]
)
def test_what_the_log_does_not_know_is_left_out(owner: Memory, kind: EventKind, state: Any) -> None:
    for target in ("assistant", "membership", "invitation", "knowledge", "memory", "modelconnection"):
        text = said(owner, kind, target, state, state)
        assert text.endswith(".")
        for stray in ("None", "{", "%", "king", "“”", "()"):
            assert stray not in text


def test_changed_settings_are_compared_by_their_names(owner: Memory) -> None:
    wish = {"name": "Helper", "instructions": "Be kind.", "model": ""}
    configure_assistant(owner.assistant, wish, by=owner.user)
    set_constants(owner.assistant, {"short_term_capacity": 9, "heat_decay": 1e6}, by=owner.user)
    events = list(owner.assistant.events.select_related("user", "model_call").order_by("pk"))
    lines = lines_of(owner, events, owner.user_id)
    shown = [
        [(change.name, [(part.kind, part.text) for part in change.parts]) for change in line.changes] for line in lines
    ]
    assert shown == [
        [("Instructions", [("in", "Be kind.")])],
        [
            ("Latest pages kept", [("out", "default"), ("in", "9")]),
            ("How slowly recency fades", [("out", "default"), ("in", "1000000")]),
        ],
    ]
    assert [(line.is_gone, line.address, line.by) for line in lines] == [(False, None, "you")] * 2


def test_a_changed_role_is_compared(owner: Memory) -> None:
    before, after = {"role": "member"}, {"role": "curator", "name": "bob"}
    log(
        event(
            EventKind.ROLE_CHANGED,
            owner.assistant,
            assistant=owner.assistant,
            by=owner.user,
            before=before,
            after=after,
        )
    )
    (line,) = lines_of(owner, list(owner.assistant.events.all()), owner.user_id)
    (change,) = line.changes
    assert (change.name, [part.text for part in change.parts]) == ("Role", ["Member", "Curator"])


@pytest.mark.parametrize(("role", "seen"), [(Role.OWNER, True), (Role.CURATOR, True), (Role.MEMBER, False)])
def test_only_those_who_curate_see_what_happened_to_the_team(owner: Memory, role: Role, seen: bool) -> None:
    assistant = owner.assistant
    log(event(EventKind.JOINED, assistant, assistant=assistant, by=owner.user, after={"name": "secretive-bob"}))
    client = Client()
    client.force_login(MemoryFactory(assistant=assistant, role=role).user)
    for address in ("/memory/helper/", "/memory/helper/timeline/", "/memory/helper/timeline/?kind=team"):
        assert ("secretive-bob" in client.get(address).text) == seen
