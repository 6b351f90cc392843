"""Who joins, changes roles, leaves and is removed; the last owner; two at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from memory.domain.invitations import accept_invitation, create_invitation, link_token
from memory.domain.membership import (
    add_member,
    change_role,
    leave,
    remove_member,
    require_not_last_owner,
    transfer_ownership,
)
from memory.enums import EventKind, Role
from memory.exceptions import (
    AlreadyMember,
    AssistantIsArchived,
    LastOwner,
    NotAllowed,
    NotAMember,
    UnknownPerson,
)
from memory.models import Assistant, Membership, Memory, MemoryEvent
from memory.signals import membership_ended
from tests.memory.domain.test_at_once import at_once
from tests.memory.factories import MemoryFactory, PageFactory, UserFactory

pytestmark = pytest.mark.django_db


class Team:
    """An assistant with a member of each role."""

    def __init__(self) -> None:
        first = MemoryFactory(user=UserFactory(username="olga"))
        self.assistant: Assistant = first.assistant
        self.owner: User = first.user
        self.curator: User = MemoryFactory(assistant=self.assistant, role=Role.CURATOR).user
        self.member: User = MemoryFactory(assistant=self.assistant, role=Role.MEMBER).user

    def roles(self) -> dict[int, str]:
        return dict(self.assistant.memberships.values_list("user", "role"))

    def told(self) -> list[tuple[str, dict[str, Any] | None, dict[str, Any] | None]]:
        """What the log says of the assistant, oldest first; nothing of it belongs to a memory."""
        events = MemoryEvent.objects.filter(assistant=self.assistant).order_by("pk")
        assert not events.filter(memory__isnull=False).exists()
        return list(events.values_list("kind", "before", "after"))


@pytest.fixture
def team() -> Team:
    return Team()


@pytest.fixture
def ended() -> Any:
    """What `membership_ended` was sent with."""
    sent: list[tuple[Assistant, int]] = []

    def note(assistant: Assistant, user_id: int, **_: Any) -> None:
        sent.append((assistant, user_id))

    membership_ended.connect(note)
    yield sent
    membership_ended.disconnect(note)


def test_an_owner_adds_somebody_by_name(team: Team) -> None:
    lina = UserFactory(username="Lina")
    membership = add_member(team.assistant, "  Lina ", Role.CURATOR, by=team.owner)
    assert (membership.user, membership.role, membership.invitation) == (lina, Role.CURATOR, None)
    assert Memory.objects.get(user=lina).assistant == team.assistant
    assert team.told() == [(EventKind.JOINED, None, {"name": "Lina", "role": "curator"})]


@pytest.mark.parametrize("name", ["lina", "Lin", "", "Li\0na", "' OR 1=1 --"])
def test_a_name_is_written_as_its_owner_signs_in(team: Team, name: str) -> None:
    UserFactory(username="Lina")
    with pytest.raises(UnknownPerson):
        add_member(team.assistant, name, Role.MEMBER, by=team.owner)


def test_a_name_is_normalised_as_django_does(team: Team) -> None:
    UserFactory(username="file")
    assert add_member(team.assistant, "ﬁle", Role.MEMBER, by=team.owner).user.username == "file"


def test_closed_accounts_and_members_cannot_be_added(team: Team) -> None:
    UserFactory(username="gone", is_active=False)
    with pytest.raises(UnknownPerson):
        add_member(team.assistant, "gone", Role.MEMBER, by=team.owner)
    with pytest.raises(AlreadyMember):
        add_member(team.assistant, team.curator.username, Role.OWNER, by=team.owner)
    assert team.roles()[team.curator.pk] == Role.CURATOR


def test_nobody_joins_an_archived_assistant(team: Team) -> None:
    Assistant.objects.filter(pk=team.assistant.pk).update(archived_at=timezone.now())
    UserFactory(username="lina")
    with pytest.raises(AssistantIsArchived):
        add_member(team.assistant, "lina", Role.MEMBER, by=team.owner)
    with pytest.raises(AssistantIsArchived):
        create_invitation(team.assistant, Role.MEMBER, days=7, max_uses=1, by=team.owner)


@pytest.mark.parametrize("known", [True, False], ids=["a name that exists", "one that does not"])
def test_who_is_no_owner_does_not_learn_who_has_an_account(team: Team, known: bool) -> None:
    if known:
        UserFactory(username="lina")
    for person in (team.curator, team.member):
        with pytest.raises(NotAllowed):
            add_member(team.assistant, "lina", Role.MEMBER, by=person)
    with pytest.raises(NotAMember):
        add_member(team.assistant, "lina", Role.MEMBER, by=UserFactory())


DEEDS: dict[str, Callable[[Team, User], object]] = {
    "role": lambda team, by: change_role(team.assistant, team.owner, Role.MEMBER, by=by),
    "remove": lambda team, by: remove_member(team.assistant, team.owner, by=by),
    "transfer": lambda team, by: transfer_ownership(team.assistant, by, by=by),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_curators_and_members_change_nobody(team: Team, deed: str) -> None:
    before = team.roles()
    for person in (team.curator, team.member):
        with pytest.raises(NotAllowed):
            DEEDS[deed](team, person)
    with pytest.raises(NotAMember):
        DEEDS[deed](team, UserFactory())
    assert team.roles() == before
    assert team.told() == []


def test_a_role_changes_once(team: Team) -> None:
    for _ in range(2):
        change_role(team.assistant, team.member, Role.CURATOR, by=team.owner)
    assert team.roles()[team.member.pk] == Role.CURATOR
    after = {"name": team.member.username, "role": "curator"}
    assert team.told() == [(EventKind.ROLE_CHANGED, {"role": "member"}, after)]


def test_the_last_owner_is_not_demoted_and_does_not_leave(team: Team) -> None:
    with pytest.raises(LastOwner):
        change_role(team.assistant, team.owner, Role.CURATOR, by=team.owner)
    with pytest.raises(LastOwner):
        leave(team.assistant, by=team.owner)
    with pytest.raises(LastOwner):
        remove_member(team.assistant, team.owner, by=team.owner)
    # Nor by an operator, who is no member at all.
    for deed in (partial(change_role, role=Role.MEMBER), remove_member):
        with pytest.raises(LastOwner):
            deed(team.assistant, team.owner, by=UserFactory(), operator=True)
    assert team.roles()[team.owner.pk] == Role.OWNER
    assert team.told() == []


def test_an_owner_demotes_themself_while_another_one_remains(team: Team) -> None:
    change_role(team.assistant, team.curator, Role.OWNER, by=team.owner)
    change_role(team.assistant, team.owner, Role.MEMBER, by=team.owner)
    assert team.roles()[team.owner.pk] == Role.MEMBER
    with pytest.raises(NotAllowed):
        change_role(team.assistant, team.owner, Role.OWNER, by=team.owner)


def test_ownership_is_handed_over_in_one_step(team: Team) -> None:
    transfer_ownership(team.assistant, team.member, by=team.owner)
    assert team.roles() == {
        team.owner.pk: Role.CURATOR,
        team.curator.pk: Role.CURATOR,
        team.member.pk: Role.OWNER,
    }
    assert [(kind, after and after["role"]) for kind, _, after in team.told()] == [
        (EventKind.ROLE_CHANGED, "owner"),
        (EventKind.ROLE_CHANGED, "curator"),
    ]
    with pytest.raises(NotAMember):
        transfer_ownership(team.assistant, UserFactory(), by=team.member)


def test_handing_over_to_oneself_changes_nothing(team: Team) -> None:
    transfer_ownership(team.assistant, team.owner, by=team.owner)
    assert team.roles()[team.owner.pk] == Role.OWNER
    assert team.told() == []


@pytest.mark.parametrize("how", ["leaves", "is removed"])
def test_who_goes_loses_nothing_but_the_membership(team: Team, how: str, ended: list[Any]) -> None:
    memory = Memory.objects.get(user=team.member)
    page = PageFactory(memory=memory)
    if how == "leaves":
        leave(team.assistant, by=team.member)
    else:
        remove_member(team.assistant, team.member, by=team.owner)
    assert team.member.pk not in team.roles()
    assert list(memory.pages.all()) == [page]
    assert list(Memory.objects.for_user(team.member)) == []
    kind = EventKind.LEFT if how == "leaves" else EventKind.REMOVED
    assert team.told() == [(kind, {"role": "member"}, {"name": team.member.username})]
    assert ended == [(team.assistant, team.member.pk)]
    with pytest.raises(NotAMember):
        leave(team.assistant, by=team.member)
    with pytest.raises(NotAMember):
        remove_member(team.assistant, team.member, by=team.owner)
    assert len(ended) == 1


def test_who_comes_back_finds_the_memory_as_it_was_and_it_goes_on(team: Team) -> None:
    memory = Memory.objects.get(user=team.member)
    page = PageFactory(memory=memory)
    leave(team.assistant, by=team.member)
    assert not ProcrastinateJob.objects.exists()
    add_member(team.assistant, team.member.username, Role.MEMBER, by=team.owner)
    assert Memory.objects.for_user(team.member).get() == memory
    assert list(memory.pages.all()) == [page]
    names = ProcrastinateJob.objects.filter(args__memory_id=memory.pk).values_list("task_name", flat=True)
    assert sorted(names) == ["memory.consolidate", "memory.promote", "memory.resummarise"]


def test_links_of_who_may_no_longer_invite_are_closed(team: Team) -> None:
    change_role(team.assistant, team.curator, Role.OWNER, by=team.owner)
    mine = create_invitation(team.assistant, Role.OWNER, days=7, max_uses=None, by=team.owner)
    theirs = create_invitation(team.assistant, Role.OWNER, days=7, max_uses=None, by=team.curator)
    change_role(team.assistant, team.curator, Role.MEMBER, by=team.owner)
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.revoked_at, theirs.revoked_at is not None) == (None, True)
    assert [kind for kind, _, _ in team.told()][-2:] == [EventKind.REVOKED, EventKind.ROLE_CHANGED]


def test_a_removed_person_does_not_come_back_by_the_link_they_came_by(team: Team) -> None:
    link = create_invitation(team.assistant, Role.MEMBER, days=7, max_uses=None, by=team.owner)
    lina = UserFactory()
    accept_invitation(link_token(link), lina)
    assert remove_member(team.assistant, lina, by=team.owner) == 1
    link.refresh_from_db()
    assert link.revoked_at is not None


def test_leaving_closes_no_link_of_others(team: Team) -> None:
    link = create_invitation(team.assistant, Role.MEMBER, days=7, max_uses=None, by=team.owner)
    lina = UserFactory()
    accept_invitation(link_token(link), lina)
    leave(team.assistant, by=lina)
    assert accept_invitation(link_token(link), lina).is_new


def test_an_operator_needs_no_role(team: Team) -> None:
    operator = UserFactory()
    UserFactory(username="lina")
    add_member(team.assistant, "lina", Role.MEMBER, by=operator, operator=True)
    change_role(team.assistant, team.member, Role.OWNER, by=operator, operator=True)
    transfer_ownership(team.assistant, team.curator, by=operator, operator=True)
    remove_member(team.assistant, team.owner, by=operator, operator=True)
    assert sorted(team.roles().values()) == [Role.MEMBER, Role.OWNER, Role.OWNER]
    assert not Membership.objects.filter(user=operator).exists()


def test_a_last_owner_is_told_of_which_assistants(team: Team) -> None:
    alone = MemoryFactory(user=team.owner)
    other = MemoryFactory(user=team.owner, assistant__name="Zebra")
    MemoryFactory(assistant=other.assistant, role=Role.MEMBER)
    shared = MemoryFactory(user=team.owner)
    MemoryFactory(assistant=shared.assistant)
    with pytest.raises(LastOwner) as refusal:
        require_not_last_owner(team.owner)
    assert f"{team.assistant.name}, Zebra." in str(refusal.value)
    assert alone.assistant.name not in str(refusal.value)
    require_not_last_owner(team.member)


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_leave_at_once_one_stays() -> None:
    team = Team()
    change_role(team.assistant, team.curator, Role.OWNER, by=team.owner)
    deeds = partial(leave, team.assistant, by=team.owner), partial(leave, team.assistant, by=team.curator)
    assert sorted(at_once(*deeds), key=str) == sorted([None, LastOwner], key=str)
    assert sorted(team.roles().values()) == [Role.MEMBER, Role.OWNER]


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_demote_each_other_at_once_one_stays() -> None:
    team = Team()
    change_role(team.assistant, team.curator, Role.OWNER, by=team.owner)
    demote = partial(change_role, team.assistant, role=Role.MEMBER)
    raised = at_once(partial(demote, team.curator, by=team.owner), partial(demote, team.owner, by=team.curator))
    assert sorted(raised, key=str) == sorted([None, NotAllowed], key=str)
    assert sorted(team.roles().values()) == [Role.MEMBER, Role.MEMBER, Role.OWNER]


@pytest.mark.django_db(transaction=True)
def test_one_added_and_removed_several_times_at_once_is_so_once() -> None:
    team = Team()
    lina = UserFactory(username="lina")
    add = partial(add_member, team.assistant, "lina", Role.MEMBER, by=team.owner)
    assert sorted(at_once(add, add, add), key=str) == sorted([None, AlreadyMember, AlreadyMember], key=str)
    remove = partial(remove_member, team.assistant, lina, by=team.owner)
    assert sorted(at_once(remove, remove, remove), key=str) == sorted([None, NotAMember, NotAMember], key=str)
    assert [kind for kind, _, _ in team.told()] == [EventKind.JOINED, EventKind.REMOVED]
    assert Memory.objects.filter(user=lina).count() == 1
