"""The end of an account: what goes, what stays, and when it is refused."""

from __future__ import annotations

from functools import partial

import pytest
from django.contrib.auth.models import User

from chat.models import Conversation, Message
from memory.domain.accounts import delete_account
from memory.domain.invitations import create_invitation
from memory.domain.membership import add_member, leave
from memory.enums import EventKind, KnowledgeStatus, Role
from memory.exceptions import LastOwner, UnknownPerson
from memory.models import Assistant, Invitation, Knowledge, Membership, Memory, MemoryEvent, ModelCall, Page
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory
from tests.memory.domain.test_at_once import at_once
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryEventFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    SegmentFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def test_everything_of_the_person_goes_and_what_is_shared_stays() -> None:
    memory = MemoryFactory(role=Role.CURATOR)
    person, assistant = memory.user, memory.assistant
    other = MemoryFactory(assistant=assistant)
    page, theirs = PageFactory(segment=SegmentFactory(memory=memory)), PageFactory(memory=other)
    AnswerFactory(parent=QuestionFactory(conversation=ConversationFactory(memory=memory)))
    KnowledgeFactory(memory=memory)
    shared = AssistantKnowledgeFactory(
        assistant=assistant, proposed_by=person, status=KnowledgeStatus.PROPOSED, text="Speaks Dutch."
    )
    shared.sources.add(page)
    ModelCallFactory(memory=memory, detail="What was said.")
    MemoryEventFactory(memory=memory)
    leave(assistant, by=person)
    add_member(assistant, person.username, Role.MEMBER, by=other.user)
    delete_account(person, by=person)
    assert not User.objects.filter(pk=person.pk).exists()
    assert list(Memory.objects.all()) == [other]
    assert list(Page.objects.all()) == [theirs]
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    kept = Knowledge.objects.get()
    assert (kept.text, kept.proposed_by, kept.sources.count()) == ("Speaks Dutch.", None, 0)
    call = ModelCall.objects.get()
    assert (call.assistant, call.memory, call.detail) == (assistant, None, "")
    told = MemoryEvent.objects.order_by("pk").values_list("kind", "user", "after__name")
    assert list(told) == [
        (EventKind.LEFT, None, person.username),
        (EventKind.JOINED, other.user.pk, person.username),
        (EventKind.LEFT, None, person.username),
    ]


def test_an_operator_deletes_and_the_log_says_so() -> None:
    memory, operator = MemoryFactory(role=Role.MEMBER), UserFactory()
    MemoryFactory(assistant=memory.assistant)
    delete_account(memory.user, by=operator)
    assert list(MemoryEvent.objects.values_list("kind", "user")) == [(EventKind.REMOVED, operator.pk)]


def test_a_last_owner_with_members_is_refused_and_nothing_changes() -> None:
    memory = MemoryFactory(assistant__name="Team helper")
    MemoryFactory(user=memory.user, assistant__name="My own")
    MemoryFactory(assistant=memory.assistant, role=Role.CURATOR)
    PageFactory(memory=memory)
    with pytest.raises(LastOwner, match="first: Team helper"):
        delete_account(memory.user, by=memory.user)
    assert User.objects.filter(pk=memory.user.pk).exists()
    assert (Membership.objects.count(), Page.objects.count(), Assistant.objects.count()) == (3, 1, 2)
    assert not MemoryEvent.objects.exists()


def test_an_assistant_of_ones_own_goes_along() -> None:
    memory = MemoryFactory()
    create_invitation(memory.assistant, Role.MEMBER, days=7, max_uses=1, by=memory.user)
    AssistantKnowledgeFactory(assistant=memory.assistant)
    delete_account(memory.user, by=memory.user)
    for model in (User, Assistant, Memory, Invitation, Knowledge, MemoryEvent):
        assert not model._default_manager.exists()


def test_an_assistant_that_remembers_somebody_who_left_is_archived_for_their_export() -> None:
    memory = MemoryFactory()
    left = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    page = PageFactory(memory=left)
    leave(memory.assistant, by=left.user)
    delete_account(memory.user, by=memory.user)
    assistant = Assistant.objects.get()
    assert assistant.archived_at is not None
    assert assistant.created_by is None
    assert list(left.pages.all()) == [page]
    assert MemoryEvent.objects.filter(kind=EventKind.ARCHIVED).count() == 1
    # Nobody is left who could want anything of it.
    delete_account(left.user, by=left.user)
    assert not Assistant.objects.exists()


def test_what_was_left_behind_elsewhere_goes_too() -> None:
    memory = MemoryFactory(role=Role.MEMBER)
    other = MemoryFactory(assistant=memory.assistant)
    leave(memory.assistant, by=memory.user)
    delete_account(memory.user, by=memory.user)
    assert list(Memory.objects.all()) == [other]
    assert Assistant.objects.get().archived_at is None


def test_somebody_without_anything_is_deleted() -> None:
    person = UserFactory()
    delete_account(person, by=person)
    assert not User.objects.exists()
    with pytest.raises(User.DoesNotExist):
        delete_account(person, by=person)


def gone(person: User, by: User) -> None:
    """Delete an account that another thread may delete, too."""
    try:
        delete_account(person, by=by)
    except User.DoesNotExist as error:
        raise UnknownPerson from error


@pytest.mark.django_db(transaction=True)
def test_one_account_deleted_twice_at_once_is_deleted_once() -> None:
    memory = MemoryFactory(role=Role.MEMBER)
    MemoryFactory(assistant=memory.assistant)
    deed = partial(gone, memory.user, memory.user)
    assert sorted(at_once(deed, deed), key=str) == sorted([None, UnknownPerson], key=str)
    assert MemoryEvent.objects.filter(kind=EventKind.LEFT).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_last_owners_deleted_at_once_one_stays() -> None:
    first = MemoryFactory()
    second = MemoryFactory(assistant=first.assistant)
    MemoryFactory(assistant=first.assistant, role=Role.MEMBER)
    raised = at_once(*(partial(delete_account, memory.user, by=memory.user) for memory in (first, second)))
    assert sorted(raised, key=str) == sorted([None, LastOwner], key=str)
    assert Membership.objects.filter(role=Role.OWNER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_joining_while_the_account_is_deleted_leaves_nothing_half_done() -> None:
    memory = MemoryFactory(role=Role.MEMBER)
    MemoryFactory(assistant=memory.assistant)
    elsewhere = MemoryFactory()
    add = partial(add_member, elsewhere.assistant, memory.user.username, Role.MEMBER, by=elsewhere.user)
    raised = at_once(partial(delete_account, memory.user, by=memory.user), add)
    assert raised[0] is None
    assert raised[1] in (None, UnknownPerson)
    assert not Membership.objects.filter(user=memory.user.pk).exists()
    assert not Memory.objects.filter(user=memory.user.pk).exists()
