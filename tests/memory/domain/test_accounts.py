"""The end of an account: what goes, what stays, and when it is refused."""

from __future__ import annotations

import json
import threading
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from chat.models import Conversation, Message
from memory.domain.accounts import delete_account, delete_accounts
from memory.domain.deciding import approve_knowledge, decline_knowledge
from memory.domain.invitations import create_invitation
from memory.domain.membership import add_member, leave
from memory.domain.proposing import propose_knowledge
from memory.domain.roles import lock_assistant
from memory.enums import EventKind, KnowledgeStatus, Role
from memory.exceptions import LastOwner, UnknownPerson
from memory.models import (
    Assistant,
    Invitation,
    Knowledge,
    Membership,
    Memory,
    MemoryEvent,
    ModelCall,
    ModelConnection,
    Page,
)
from memory.sealing import seal
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory
from tests.memory.domain.test_at_once import at_once, until_waiting
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
from tests.memory.fakes import WordEmbedder

pytestmark = pytest.mark.django_db


def test_everything_of_the_person_goes_and_what_is_shared_stays() -> None:
    memory = MemoryFactory(role=Role.CURATOR)
    person, assistant = memory.user, memory.assistant
    other = MemoryFactory(assistant=assistant)
    page, theirs = PageFactory(segment=SegmentFactory(memory=memory)), PageFactory(memory=other)
    AnswerFactory(parent=QuestionFactory(conversation=ConversationFactory(memory=memory)))
    KnowledgeFactory(memory=memory)
    shared = AssistantKnowledgeFactory(assistant=assistant, proposed_by=person, text="Speaks Dutch.")
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


def test_what_was_proposed_and_never_approved_goes_with_its_words() -> None:
    memory, other = MemoryFactory(role=Role.MEMBER), MemoryFactory()
    person, assistant = memory.user, memory.assistant
    owner = MemoryFactory(assistant=assistant).user
    waits, declined, approved = (
        propose_knowledge(KnowledgeFactory(memory=memory), text, WordEmbedder(), by=person)
        for text in ("Waits SECRET.", "Was declined SECRET.", "Was approved.")
    )
    decline_knowledge(declined, by=owner)
    approve_knowledge(approved, by=owner)
    # From a time before memories took these along.
    AssistantKnowledgeFactory(
        assistant=other.assistant, proposed_by=person, status=KnowledgeStatus.PROPOSED, text="Elsewhere SECRET."
    )
    theirs = AssistantKnowledgeFactory(assistant=assistant, proposed_by=owner, status=KnowledgeStatus.PROPOSED)
    delete_account(person, by=person)
    assert list(Knowledge.objects.order_by("pk")) == [approved, theirs]
    assert not Knowledge.objects.filter(pk=waits.pk).exists()
    said = json.dumps(list(MemoryEvent.objects.values_list("before", "after")))
    assert ("SECRET" in said, "Was approved." in said) == (False, True)


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
    ModelConnection.objects.create(
        assistant=memory.assistant, base_url="http://x.test/v1", model="m", sealed_key=seal("sk-secret")
    )
    delete_account(memory.user, by=memory.user)
    assistant = Assistant.objects.get()
    assert assistant.archived_at is not None
    assert not ModelConnection.objects.exists()
    told = MemoryEvent.objects.filter(kind=EventKind.CONFIGURED).values_list("after", flat=True)
    assert list(told) == [{"base_url": "", "model": ""}]
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
def test_several_deleted_at_once_in_two_orders_all_go() -> None:
    owner = MemoryFactory()
    people = [MemoryFactory(role=Role.MEMBER, assistant=owner.assistant).user for _ in range(4)]
    delete = partial(delete_accounts, by=owner.user)
    assert at_once(partial(delete, people), partial(delete, people[::-1])) == [None, None]
    assert list(User.objects.all()) == [owner.user]
    assert delete(people) == 0


def test_of_several_accounts_all_or_none_go() -> None:
    memory = MemoryFactory()
    other = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    third = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    with pytest.raises(LastOwner):
        delete_accounts([other.user, memory.user], by=memory.user)
    assert set(User.objects.all()) == {memory.user, other.user, third.user}
    assert delete_accounts([other.user, third.user], by=memory.user) == 2
    assert list(Membership.objects.values_list("user", flat=True)) == [memory.user.pk]


@pytest.mark.django_db(transaction=True)
def test_several_are_deleted_while_a_writer_of_the_second_memory_waits_for_the_assistant() -> None:
    """All memories come before any assistant."""
    owner = MemoryFactory()
    first, second = (MemoryFactory(assistant=owner.assistant, role=Role.MEMBER) for _ in range(2))
    holds, raised = threading.Event(), []

    def write() -> None:
        try:
            with transaction.atomic():
                Memory.objects.locked(second.pk)
                holds.set()
                until_waiting(1)
                lock_assistant(owner.assistant)
        except DatabaseError as error:
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert holds.wait(10)
    delete_accounts([first.user, second.user], by=owner.user)
    thread.join(10)
    assert (raised, list(User.objects.all())) == ([], [owner.user])


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
