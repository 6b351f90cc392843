import threading

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from memory.domain.assistants import create_assistant, current_memory, ensure_default_memory, open_memory
from memory.domain.membership import add_member
from memory.enums import Role
from memory.exceptions import InvalidText, NotAMember
from memory.models import Assistant, Invitation, Membership, Memory, MemoryEvent
from tests.memory.factories import MembershipFactory, MemoryFactory, PageFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_newcomer_gets_an_assistant_of_their_own_once() -> None:
    user = UserFactory()
    memory = ensure_default_memory(user)
    assert ensure_default_memory(user) == memory
    assert (memory.assistant.slug, memory.assistant.memberships.get().role) == ("assistant", Role.OWNER)


def test_slugs_of_two_newcomers_differ() -> None:
    slugs = [ensure_default_memory(UserFactory()).assistant.slug for _ in range(3)]
    assert slugs == ["assistant", "assistant-2", "assistant-3"]


def invited(role: Role = Role.MEMBER) -> Membership:
    """Somebody's place who came by a link."""
    place = MembershipFactory(role=role)
    link = Invitation.objects.create(assistant=place.assistant, role=role, expires_at=timezone.now())
    Membership.objects.filter(pk=place.pk).update(invitation=link)
    return place


def test_an_assistant_one_has_joined_comes_first() -> None:
    place = invited()
    create_assistant(place.user, "Later")
    assert ensure_default_memory(place.user).assistant == place.assistant


@pytest.mark.parametrize("role", Role)
def test_who_was_put_into_an_assistant_does_not_start_there(role: Role) -> None:
    owner, newcomer = UserFactory(), UserFactory()
    theirs = create_assistant(owner, "Trap").assistant
    add_member(theirs, newcomer.username, role, by=owner)
    memory = ensure_default_memory(newcomer)
    assert (memory.assistant.created_by, memory.assistant.memberships.get().role) == (newcomer, Role.OWNER)
    assert ensure_default_memory(newcomer) == memory
    assert current_memory(newcomer, "trap").assistant == theirs


def test_one_that_the_person_has_used_counts_as_chosen_after_those_of_their_own() -> None:
    used = PageFactory(memory=MemoryFactory(role=Role.MEMBER)).memory
    assert ensure_default_memory(used.user) == used
    own = create_assistant(used.user, "Own")
    assert ensure_default_memory(used.user) == own


def test_an_invitation_of_somebody_else_leads_nobody_in() -> None:
    place = invited(Role.OWNER)
    other = UserFactory()
    add_member(place.assistant, other.username, Role.MEMBER, by=place.user)
    assert ensure_default_memory(other).assistant != place.assistant


def test_a_strangers_assistant_does_not_exist_for_them() -> None:
    memory = create_assistant(UserFactory(), "Private")
    stranger = UserFactory()
    with pytest.raises(Assistant.DoesNotExist):
        current_memory(stranger, "private")
    with pytest.raises(NotAMember):
        open_memory(stranger, memory.assistant)


@pytest.mark.django_db(transaction=True)
def test_two_first_visits_at_once_make_one_assistant() -> None:
    user = UserFactory()
    barrier = threading.Barrier(4)

    def visit() -> None:
        try:
            barrier.wait(timeout=10)
            ensure_default_memory(user)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Assistant.objects.count(), Memory.objects.count()) == (1, 1)


def test_a_new_assistant_is_its_makers_and_is_told() -> None:
    user = UserFactory()
    memory = create_assistant(user, " Cook \n book ", instructions="Be brief.\r\nNow.", model="tiny")
    assistant = memory.assistant
    assert (assistant.name, assistant.slug, assistant.instructions) == ("Cook book", "cook-book", "Be brief.\nNow.")
    assert (assistant.model_settings, memory.user, assistant.memberships.get().role) == (
        {"model": "tiny"},
        user,
        Role.OWNER,
    )
    event = MemoryEvent.objects.get()
    assert (event.kind, event.memory, event.user, event.after) == ("created", None, user, {"name": "Cook book"})


@pytest.mark.parametrize("name", ["New", "left", "All", "api"])
def test_no_assistant_takes_the_address_of_a_page(name: str) -> None:
    memory = create_assistant(UserFactory(), name)
    assert memory.assistant.slug == f"{name.lower()}-2"
    with pytest.raises(InvalidText):
        create_assistant(UserFactory(), "Mine", name.lower())


@pytest.mark.parametrize("name", ["", " ", "\u200b", "x" * 81, "a\0"])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(InvalidText):
        create_assistant(UserFactory(), name)
    assert Assistant.objects.count() == 0


def test_a_name_without_letters_gets_an_address_all_the_same() -> None:
    assert create_assistant(UserFactory(), "助手 🙂").assistant.slug == "assistant"


def test_the_same_form_sent_twice_makes_one_assistant() -> None:
    user = UserFactory()
    first = create_assistant(user, "Cook", once="a" * 32)
    assert create_assistant(user, "Cook", once="a" * 32) == first
    assert create_assistant(user, "Cook", once="b" * 32) != first
    assert create_assistant(UserFactory(), "Cook", once="a" * 32) != first
    assert create_assistant(user, "Cook") != create_assistant(user, "Cook")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("once", ["a" * 32, ""])
def test_sent_at_once_it_makes_one_and_people_at_once_get_addresses_of_their_own(once: str) -> None:
    users = [UserFactory()] * 4 if once else [UserFactory() for _ in range(4)]
    barrier = threading.Barrier(4)
    made: list[Memory] = []

    def create(user: User) -> None:
        try:
            barrier.wait(timeout=10)
            made.append(create_assistant(user, "Cook", once=once))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=create, args=[user]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert Assistant.objects.count() == (1 if once else 4)
