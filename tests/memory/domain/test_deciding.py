"""Deciding on proposals: what was seen, by whom, and only once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import User

from memory.domain.bulk import change_all
from memory.domain.deciding import (
    approve_knowledge,
    approve_reworded,
    decline_knowledge,
    declined,
    reopen_proposal,
    undecided_or_declined,
    words_key,
)
from memory.domain.disabling import disable_knowledge, enable_knowledge
from memory.domain.knowledge import edit_knowledge
from memory.enums import EventKind, KnowledgeStatus, Role
from memory.exceptions import (
    DuplicateKnowledge,
    InvalidText,
    KnowledgeChanged,
    NotAllowed,
    NotAMember,
    ProposalDecided,
)
from memory.models import Assistant, Knowledge, Membership, MemoryEvent
from tests.memory.domain.test_at_once import at_once
from tests.memory.factories import AssistantFactory, AssistantKnowledgeFactory, MembershipFactory, UserFactory
from tests.memory.fakes import WordEmbedder

pytestmark = pytest.mark.django_db
EMBEDDER = WordEmbedder()


@pytest.fixture
def assistant() -> Assistant:
    assistant: Assistant = AssistantFactory()
    return assistant


def curator(assistant: Assistant, role: Role = Role.CURATOR) -> User:
    user: User = MembershipFactory(assistant=assistant, role=role).user
    return user


def proposal(assistant: Assistant, text: str = "Recommended Dune.", **fields: object) -> Knowledge:
    entry: Knowledge = AssistantKnowledgeFactory(
        assistant=assistant, text=text, status=KnowledgeStatus.PROPOSED, **fields
    )
    return entry


def status_of(entry: Knowledge) -> str:
    return Knowledge.objects.get(pk=entry.pk).status


def test_who_is_second_is_told_what_the_first_has_decided(assistant: Assistant) -> None:
    carol, dave = curator(assistant), curator(assistant, Role.OWNER)
    entry = proposal(assistant)
    approve_knowledge(entry, by=carol)
    with pytest.raises(ProposalDecided, match=f"{carol.username} has approved this already"):
        decline_knowledge(entry, by=dave)
    with pytest.raises(ProposalDecided, match=f"{carol.username} has approved this already"):
        approve_knowledge(entry, by=dave)
    assert approve_knowledge(entry, by=carol).status == KnowledgeStatus.ACTIVE
    with pytest.raises(ProposalDecided, match="You have approved this already"):
        decline_knowledge(entry, by=carol)
    assert list(MemoryEvent.objects.values_list("kind", flat=True)) == [EventKind.APPROVED]


def test_a_decider_who_left_is_told_of_as_such(assistant: Assistant) -> None:
    carol, dave = curator(assistant), curator(assistant)
    entry = proposal(assistant)
    decline_knowledge(entry, by=carol)
    carol.delete()
    with pytest.raises(ProposalDecided, match="someone who left has declined"):
        approve_knowledge(entry, by=dave)


@pytest.mark.parametrize("door", [approve_knowledge, decline_knowledge, reopen_proposal])
def test_a_role_that_was_lost_decides_nothing(assistant: Assistant, door: Callable[..., Knowledge]) -> None:
    carol = curator(assistant)
    entry = proposal(assistant)
    Membership.objects.filter(user=carol).update(role=Role.MEMBER)
    with pytest.raises(NotAllowed):
        door(entry, by=carol)
    Membership.objects.filter(user=carol).delete()
    with pytest.raises(NotAMember):
        door(entry, by=carol)
    assert (status_of(entry), MemoryEvent.objects.count()) == (KnowledgeStatus.PROPOSED, 0)
    assert door(entry, by=UserFactory(), operator=True).pk == entry.pk


@pytest.mark.parametrize("door", [approve_knowledge, decline_knowledge])
def test_only_what_was_seen_is_decided(assistant: Assistant, door: Callable[..., Knowledge]) -> None:
    carol = curator(assistant)
    entry = proposal(assistant)
    seen = words_key(entry.text)
    edit_knowledge(entry, "Recommended Solaris.", EMBEDDER, by=carol)
    with pytest.raises(KnowledgeChanged, match="Its words were changed"):
        door(entry, by=carol, seen=seen)
    assert status_of(entry) == KnowledgeStatus.PROPOSED
    assert door(entry, by=carol, seen=words_key("Recommended Solaris.")).status != KnowledgeStatus.PROPOSED


def test_what_is_no_proposal_any_more_says_so(assistant: Assistant) -> None:
    carol = curator(assistant)
    entry = proposal(assistant)
    Knowledge.objects.filter(pk=entry.pk).update(status=KnowledgeStatus.ARCHIVED)
    with pytest.raises(KnowledgeChanged, match="not among the proposals"):
        approve_knowledge(entry, by=carol)
    in_use = AssistantKnowledgeFactory(assistant=assistant)
    assert approve_knowledge(in_use, by=carol).status == KnowledgeStatus.ACTIVE
    assert not MemoryEvent.objects.exists()


def test_other_words_are_approved_in_one_step(assistant: Assistant) -> None:
    carol = curator(assistant)
    entry = proposal(assistant)
    done = approve_reworded(entry, " Recommended Solaris. ", EMBEDDER, by=carol, seen=words_key(entry.text))
    assert (done.text, done.status, done.locked) == ("Recommended Solaris.", KnowledgeStatus.ACTIVE, True)
    assert done.embedding_model == EMBEDDER.name
    event = MemoryEvent.objects.get()
    assert (event.kind, event.after) == (EventKind.APPROVED, {"text": "Recommended Solaris."})
    assert event.before is not None
    assert event.before["text"] == "Recommended Dune."


def test_other_words_that_are_none_or_known_change_nothing(assistant: Assistant) -> None:
    carol = curator(assistant)
    entry = proposal(assistant)
    AssistantKnowledgeFactory(assistant=assistant, text="Recommended Solaris.")
    with pytest.raises(InvalidText):
        approve_reworded(entry, "  ", EMBEDDER, by=carol)
    with pytest.raises(DuplicateKnowledge):
        approve_reworded(entry, "Recommended Solaris", EMBEDDER, by=carol)
    fresh = Knowledge.objects.get(pk=entry.pk)
    assert (fresh.text, fresh.status) == ("Recommended Dune.", KnowledgeStatus.PROPOSED)
    assert not MemoryEvent.objects.exists()


def test_the_same_words_are_approved_as_they_are_without_any_embedder(assistant: Assistant) -> None:
    embedder = WordEmbedder()
    entry = proposal(assistant)
    done = approve_reworded(entry, entry.text, embedder, by=curator(assistant))
    assert (done.status, done.locked, embedder.calls) == (KnowledgeStatus.ACTIVE, False, [])


def test_one_may_take_the_place_of_what_is_known(assistant: Assistant) -> None:
    carol = curator(assistant)
    old = AssistantKnowledgeFactory(assistant=assistant, text="Recommended Emma.")
    entry = proposal(assistant)
    approve_knowledge(entry, by=carol, replaces=old)
    old.refresh_from_db()
    assert (old.status, old.superseded_by) == (KnowledgeStatus.SUPERSEDED, entry)
    gone = AssistantKnowledgeFactory(assistant=assistant, status=KnowledgeStatus.SUPERSEDED, superseded_by=entry)
    second = proposal(assistant, "Recommended Dubliners.")
    with pytest.raises(KnowledgeChanged):
        approve_knowledge(second, by=carol, replaces=gone)
    assert status_of(second) == KnowledgeStatus.PROPOSED


def test_a_decline_can_be_taken_back(assistant: Assistant) -> None:
    carol, dave = curator(assistant), curator(assistant)
    entry = proposal(assistant)
    decline_knowledge(entry, by=carol)
    for _ in range(2):
        assert reopen_proposal(entry, by=dave).status == KnowledgeStatus.PROPOSED
    kinds = MemoryEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == [EventKind.DECLINED, EventKind.RESTORED]
    assert approve_knowledge(entry, by=dave).status == KnowledgeStatus.ACTIVE
    with pytest.raises(ProposalDecided):
        reopen_proposal(entry, by=carol)


def test_a_decline_is_not_taken_back_beside_its_twin(assistant: Assistant) -> None:
    carol = curator(assistant)
    entry = proposal(assistant)
    decline_knowledge(entry, by=carol)
    proposal(assistant)
    with pytest.raises(DuplicateKnowledge):
        reopen_proposal(entry, by=carol)
    assert status_of(entry) == KnowledgeStatus.DISABLED


def test_declined_is_not_what_was_approved_and_disabled_later(assistant: Assistant) -> None:
    carol = curator(assistant)
    turned_down, let_in, back = proposal(assistant, "A."), proposal(assistant, "B."), proposal(assistant, "C.")
    waiting = proposal(assistant, "D.")
    decline_knowledge(turned_down, by=carol)
    disable_knowledge(approve_knowledge(let_in, by=carol), by=carol)
    enable_knowledge(decline_knowledge(back, by=carol), by=carol)
    disable_knowledge(back, by=carol)
    assert list(declined(assistant.knowledge.all())) == [turned_down]
    assert set(undecided_or_declined(assistant.knowledge.all())) == {turned_down, waiting}


def test_several_are_decided_together_and_each_that_refuses_says_why(assistant: Assistant) -> None:
    carol, dave = curator(assistant), curator(assistant)
    first, changed, taken = proposal(assistant, "A."), proposal(assistant, "B."), proposal(assistant, "C.")
    decline_knowledge(taken, by=dave)
    seen = {first.pk: words_key("A."), changed.pk: words_key("Another.")}
    done = change_all(assistant, [first, changed, taken], "approve", by=carol, seen=seen)
    assert done.changed == (first,)
    assert [(entry, "changed" in why or "declined" in why) for entry, why in done.refused] == [
        (changed, True),
        (taken, True),
    ]
    Membership.objects.filter(user=carol).update(role=Role.MEMBER)
    with pytest.raises(NotAllowed):
        change_all(assistant, [changed], "decline", by=carol)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_decide_once() -> None:
    assistant = AssistantFactory()
    carol, dave = curator(assistant), curator(assistant)
    entry = proposal(assistant)
    raised = at_once(partial(approve_knowledge, entry, by=carol), partial(decline_knowledge, entry, by=dave))
    assert sorted(raised, key=str) == sorted([None, ProposalDecided], key=str)
    won = (KnowledgeStatus.ACTIVE, KnowledgeStatus.DISABLED)[raised.index(None)]
    assert (status_of(entry), MemoryEvent.objects.count()) == (won, 1)


@pytest.mark.django_db(transaction=True)
def test_the_same_person_twice_at_once_is_once() -> None:
    assistant = AssistantFactory()
    carol = curator(assistant)
    entry = proposal(assistant)
    approve = partial(approve_knowledge, entry, by=carol)
    assert at_once(approve, approve, approve) == [None] * 3
    assert MemoryEvent.objects.count() == 1
