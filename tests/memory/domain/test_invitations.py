"""Invitation links: what they say, when they let in, and whom."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.utils import timezone

from memory.domain.invitations import (
    accept_invitation,
    create_invitation,
    find_invitation,
    link_token,
    read_token,
    revoke_invitation,
)
from memory.domain.membership import leave
from memory.enums import EventKind, Role
from memory.exceptions import (
    InvitationExpired,
    InvitationGone,
    InvitationOfArchived,
    InvitationRevoked,
    InvitationUnusable,
    InvitationUsedUp,
    NotAllowed,
)
from memory.models import Assistant, Invitation, Membership, Memory, MemoryEvent
from tests.memory.domain.test_at_once import at_once
from tests.memory.factories import MemoryFactory, PageFactory, UserFactory

pytestmark = pytest.mark.django_db


def owner_of(assistant: Assistant) -> User:
    return User.objects.get(memberships__assistant=assistant, memberships__role=Role.OWNER)


@pytest.fixture
def assistant() -> Assistant:
    return MemoryFactory().assistant


def invite(assistant: Assistant, role: Role = Role.MEMBER, max_uses: int | None = 1, days: int = 7) -> Invitation:
    return create_invitation(assistant, role, days=days, max_uses=max_uses, by=owner_of(assistant))


def test_an_owner_invites_to_any_role(assistant: Assistant) -> None:
    for role in Role:
        invitation = invite(assistant, role)
        assert (invitation.role, invitation.use_count, invitation.revoked_at) == (role, 0, None)
        assert read_token(link_token(invitation)) == invitation
    events = MemoryEvent.objects.order_by("pk")
    told: list[tuple[Any, ...]] = list(events.values_list("kind", "memory", "target_type", "after__role"))
    assert told == [(EventKind.INVITED, None, "invitation", role.value) for role in Role]


@pytest.mark.parametrize("role", [Role.CURATOR, Role.MEMBER])
def test_nobody_else_invites_or_revokes(assistant: Assistant, role: Role) -> None:
    someone = MemoryFactory(assistant=assistant, role=role).user
    invitation = invite(assistant)
    with pytest.raises(NotAllowed):
        create_invitation(assistant, Role.MEMBER, days=7, max_uses=1, by=someone)
    with pytest.raises(NotAllowed):
        revoke_invitation(invitation, by=someone)
    assert read_token(link_token(invitation)) == invitation


@pytest.mark.parametrize(("days", "max_uses"), [(0, 1), (31, 1), (2, 1), (7, 0), (7, -1), (7, 1001)])
def test_other_numbers_are_refused(assistant: Assistant, days: int, max_uses: int) -> None:
    with pytest.raises(ValueError, match="An invitation is open"):
        invite(assistant, days=days, max_uses=max_uses)
    assert not Invitation.objects.exists()


def test_the_link_is_stored_nowhere_and_the_same_each_time(assistant: Assistant) -> None:
    invitation = invite(assistant)
    token = link_token(invitation)
    assert token == link_token(Invitation.objects.get())
    signature = token.partition(".")[2]
    assert signature
    rows = [*Invitation.objects.values(), *MemoryEvent.objects.values()]
    assert not any(signature in str(row) for row in rows)


@pytest.mark.parametrize("kind", ["empty", "words", "cut", "another key", "another salt", "no key", "null"])
def test_what_is_no_link_of_ours_is_refused(assistant: Assistant, kind: str) -> None:
    token, other = link_token(invite(assistant)), link_token(invite(assistant))
    forged = {
        "empty": "",
        "words": "let-me-in",
        "cut": token[:-1],
        "another key": f"{other.partition('.')[0]}.{token.partition('.')[2]}",
        "another salt": signing.Signer(salt="memory.other", sep=".").sign(token.partition(".")[0]),
        "no key": signing.Signer(salt="memory.invitation", sep=".").sign("admin"),
        "null": f"{token}\0",
    }[kind]
    with pytest.raises(InvitationUnusable) as refusal:
        read_token(forged)
    assert type(refusal.value) is InvitationUnusable


def close(invitation: Invitation, how: str) -> type[InvitationUnusable]:
    """Close a link in one way; return what that raises."""
    rows, now = Invitation.objects.filter(pk=invitation.pk), timezone.now()
    match how:
        case "expired":
            rows.update(expires_at=now - timedelta(seconds=1))
            return InvitationExpired
        case "revoked":
            revoke_invitation(invitation, by=owner_of(invitation.assistant))
            return InvitationRevoked
        case "used up":
            rows.update(use_count=1)
            return InvitationUsedUp
        case "archived":
            Assistant.objects.update(archived_at=now)
            return InvitationOfArchived
        case "assistant deleted":
            Assistant.objects.all().delete()
            return InvitationGone
        case _:
            rows.delete()
            return InvitationGone


WAYS = ["expired", "revoked", "used up", "archived", "deleted", "assistant deleted"]


@pytest.mark.parametrize("how", WAYS)
def test_a_closed_link_lets_nobody_in(assistant: Assistant, how: str) -> None:
    invitation = invite(assistant)
    token, person = link_token(invitation), UserFactory()
    fault = close(invitation, how)
    for use in (partial(read_token, token), partial(accept_invitation, token, person)):
        with pytest.raises(InvitationUnusable) as refusal:
            use()
        assert type(refusal.value) is fault
    assert not Membership.objects.filter(user=person).exists()
    assert not Memory.objects.filter(user=person).exists()


@pytest.mark.parametrize("how", ["open", "expired", "revoked", "used up", "archived"])
def test_a_member_is_in_already_whatever_became_of_the_link(assistant: Assistant, how: str) -> None:
    member = MemoryFactory(assistant=assistant, role=Role.CURATOR).user
    invitation = invite(assistant, Role.OWNER)
    if how != "open":
        close(invitation, how)
    uses = find_invitation(link_token(invitation)).use_count
    joined = accept_invitation(link_token(invitation), member)
    assert (joined.is_new, joined.membership.role) == (False, Role.CURATOR)
    invitation.refresh_from_db()
    assert invitation.use_count == uses
    assert not MemoryEvent.objects.filter(kind=EventKind.JOINED).exists()


def test_accepting_joins_counts_and_opens_the_memory(assistant: Assistant) -> None:
    invitation, person = invite(assistant, Role.CURATOR, max_uses=2), UserFactory(username="lina")
    joined = accept_invitation(link_token(invitation), person)
    assert joined.is_new
    membership = Membership.objects.get(user=person)
    assert (membership.role, membership.invitation) == (Role.CURATOR, invitation)
    assert Memory.objects.get(user=person).assistant == assistant
    invitation.refresh_from_db()
    assert invitation.use_count == 1
    joined_events = MemoryEvent.objects.filter(kind=EventKind.JOINED)
    told: list[tuple[Any, ...]] = list(joined_events.values_list("user", "memory", "after"))
    assert told == [(person.pk, None, {"name": "lina", "role": "curator"})]
    assert read_token(link_token(invitation)) == invitation


def test_a_link_for_any_number_stays_open(assistant: Assistant) -> None:
    token = link_token(invite(assistant, max_uses=None))
    for _ in range(5):
        accept_invitation(token, UserFactory())
    assert read_token(token).use_count == 5


def test_a_former_member_finds_their_memory_as_it_was(assistant: Assistant) -> None:
    memory = MemoryFactory(assistant=assistant, role=Role.MEMBER)
    page = PageFactory(memory=memory)
    leave(assistant, by=memory.user)
    assert accept_invitation(link_token(invite(assistant)), memory.user).is_new
    assert Memory.objects.for_user(memory.user).get() == memory
    assert list(memory.pages.all()) == [page]


def test_revoking_twice_is_once(assistant: Assistant) -> None:
    invitation, owner = invite(assistant), owner_of(assistant)
    first = revoke_invitation(invitation, by=owner).revoked_at
    assert revoke_invitation(invitation, by=owner).revoked_at == first
    assert MemoryEvent.objects.filter(kind=EventKind.REVOKED).count() == 1


def test_an_operator_needs_no_role(assistant: Assistant) -> None:
    operator = UserFactory()
    invitation = create_invitation(assistant, Role.OWNER, days=1, max_uses=1, by=operator, operator=True)
    revoke_invitation(invitation, by=operator, operator=True)
    assert Invitation.objects.get().state(timezone.now()) == "revoked"


@pytest.mark.django_db(transaction=True)
def test_of_several_at_once_on_a_link_for_one_exactly_one_gets_in() -> None:
    assistant = MemoryFactory().assistant
    token, people = link_token(invite(assistant)), [UserFactory() for _ in range(4)]
    raised = at_once(*(partial(accept_invitation, token, person) for person in people))
    assert sorted(raised, key=str) == sorted([None, *[InvitationUsedUp] * 3], key=str)
    assert Membership.objects.filter(user__in=people).count() == 1
    assert Invitation.objects.get().use_count == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_person_several_times_at_once_joins_once() -> None:
    assistant = MemoryFactory().assistant
    token, person = link_token(invite(assistant, max_uses=None)), UserFactory()
    results: list[Any] = []
    deed = partial(accept_invitation, token, person)
    assert at_once(*[lambda: results.append(deed())] * 3) == [None] * 3
    assert sorted(joined.is_new for joined in results) == [False, False, True]
    assert Invitation.objects.get().use_count == 1


@pytest.mark.django_db(transaction=True)
def test_revoking_and_accepting_at_once_ends_one_way_or_the_other() -> None:
    assistant = MemoryFactory().assistant
    invitation, person = invite(assistant), UserFactory()
    revoke = partial(revoke_invitation, invitation, by=owner_of(assistant))
    raised = at_once(partial(accept_invitation, link_token(invitation), person), revoke)
    assert raised[1] is None
    assert raised[0] in (None, InvitationRevoked)
    assert Membership.objects.filter(user=person).exists() == (raised[0] is None)
    fresh = Invitation.objects.get()
    assert fresh.use_count == (raised[0] is None)
    assert fresh.revoked_at is not None
