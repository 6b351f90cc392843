"""Setting up an assistant: by its owners, one after the other, each change told."""

from __future__ import annotations

from typing import Any

import pytest

from memory.domain.configuring import configure_assistant, constants_of, set_constants, setup_of
from memory.enums import EventKind, Role
from memory.exceptions import AssistantIsArchived, EditConflict, InvalidSettings, InvalidText, NotAllowed, NotAMember
from memory.models import Assistant, Memory, MemoryEvent
from tests.memory.factories import EPOCH, AssistantFactory, MemoryFactory, UserFactory

pytestmark = pytest.mark.django_db
WISH = {"name": "Cook", "instructions": "Be brief.\r\nBe kind. ", "model": " tiny "}


@pytest.fixture
def owner() -> Memory:
    assistant = AssistantFactory(name="Helper", slug="helper", model_settings={"model": "old", "other": 1})
    return MemoryFactory(assistant=assistant)


def told(assistant: Assistant) -> list[tuple[str, Any, Any]]:
    events = MemoryEvent.objects.filter(assistant=assistant, memory=None).order_by("pk")
    return [(event.kind, event.before, event.after) for event in events]


def test_the_setup_is_stored_and_told(owner: Memory) -> None:
    configure_assistant(owner.assistant, WISH, by=owner.user, expected=setup_of(owner.assistant))
    stored = Assistant.objects.get()
    assert setup_of(stored) == {"name": "Cook", "instructions": "Be brief.\nBe kind.", "model": "tiny"}
    assert (stored.slug, stored.model_settings) == ("helper", {"model": "tiny", "other": 1})
    before = {"name": "Helper", "instructions": "", "model": "old"}
    assert told(stored) == [(EventKind.CONFIGURED, before, setup_of(stored))]
    configure_assistant(stored, WISH, by=owner.user)
    assert len(told(stored)) == 1


def test_only_what_is_different_is_told(owner: Memory) -> None:
    configure_assistant(owner.assistant, {**setup_of(owner.assistant), "model": ""}, by=owner.user)
    assert told(owner.assistant) == [(EventKind.CONFIGURED, {"model": "old"}, {"model": ""})]
    assert Assistant.objects.get().model_settings == {"other": 1}


@pytest.mark.parametrize("role", [Role.CURATOR, Role.MEMBER])
def test_others_change_nothing(owner: Memory, role: Role) -> None:
    someone = MemoryFactory(assistant=owner.assistant, role=role)
    with pytest.raises(NotAllowed):
        configure_assistant(owner.assistant, WISH, by=someone.user)
    with pytest.raises(NotAllowed):
        set_constants(owner.assistant, {"short_term_capacity": 3}, by=someone.user)
    with pytest.raises(NotAMember):
        configure_assistant(owner.assistant, WISH, by=UserFactory())
    assert (Assistant.objects.get().name, told(owner.assistant)) == ("Helper", [])


def test_an_operator_is_not_asked_for_a_role(owner: Memory) -> None:
    operator = UserFactory()
    assert configure_assistant(owner.assistant, WISH, by=operator, operator=True).name == "Cook"
    own = set_constants(owner.assistant, {"recall_pages": 3}, by=operator, operator=True)
    assert own.memory_settings == {"recall_pages": 3}


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(owner: Memory) -> None:
    seen = setup_of(owner.assistant)
    configure_assistant(owner.assistant, {**seen, "instructions": "Theirs."}, by=owner.user, expected=seen)
    with pytest.raises(EditConflict):
        configure_assistant(owner.assistant, WISH, by=owner.user, expected=seen)
    set_constants(owner.assistant, {"recall_pages": 3}, by=owner.user, expected={})
    with pytest.raises(EditConflict):
        set_constants(owner.assistant, {"recall_pages": 4}, by=owner.user, expected={})
    stored = Assistant.objects.get()
    assert (stored.instructions, stored.memory_settings) == ("Theirs.", {"recall_pages": 3})


@pytest.mark.parametrize(
    "wrong",
    [{"name": " \u200b "}, {"name": "x" * 81}, {"name": "a\0b"}, {"instructions": "x" * 8001}, {"model": "x" * 201}],
)
def test_what_cannot_be_is_refused(owner: Memory, wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidText):
        configure_assistant(owner.assistant, {**WISH, **wrong}, by=owner.user)
    assert Assistant.objects.get().name == "Helper"


def test_constants_are_stored_told_and_set_back(owner: Memory) -> None:
    wish = {"short_term_capacity": "9", "heat_decay": "1e6", "recall_pages": ""}
    assistant = set_constants(owner.assistant, wish, by=owner.user)
    assert constants_of(assistant) == {"short_term_capacity": 9, "heat_decay": 1e6}
    assert (assistant.conf.short_term_capacity, assistant.conf.recall_pages) == (9, 10)
    set_constants(assistant, {}, by=owner.user)
    assert Assistant.objects.get().memory_settings == {}
    none, nine = {"short_term_capacity": None, "heat_decay": None}, {"short_term_capacity": 9, "heat_decay": 1e6}
    assert told(assistant) == [(EventKind.CONFIGURED, none, nine), (EventKind.CONFIGURED, nine, none)]


def test_a_constant_that_cannot_be_changes_nothing(owner: Memory) -> None:
    with pytest.raises(InvalidSettings):
        set_constants(owner.assistant, {"short_term_capacity": 9, "recall_pages": 0}, by=owner.user)
    assert (Assistant.objects.get().memory_settings, told(owner.assistant)) == ({}, [])


def test_an_archived_assistant_is_not_set_up(owner: Memory) -> None:
    Assistant.objects.update(archived_at=EPOCH)
    with pytest.raises(AssistantIsArchived):
        configure_assistant(owner.assistant, WISH, by=owner.user)
    with pytest.raises(AssistantIsArchived):
        set_constants(owner.assistant, {"recall_pages": 3}, by=owner.user, operator=True)
