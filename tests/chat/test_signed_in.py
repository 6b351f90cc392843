from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from chat.signed_in import is_signed_in
from tests.memory.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory()


@pytest.fixture
def session_key(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.session.session_key)


def test_a_session_is_its_own_persons_in_one_query(
    user: User, session_key: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert is_signed_in(user.pk, session_key)
    assert not is_signed_in(UserFactory().pk, session_key)
    assert not is_signed_in(user.pk, "gone")
    assert not is_signed_in(user.pk, None)


def test_a_session_ends_with_its_time(user: User, session_key: str) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_signed_in(user.pk, session_key)


def test_a_session_ends_with_the_password_it_was_opened_with(user: User, session_key: str) -> None:
    user.set_password("another-long-password")
    user.save()
    assert not is_signed_in(user.pk, session_key)


def test_a_session_ends_with_the_account(user: User, session_key: str) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert not is_signed_in(user.pk, session_key)


def test_what_is_no_session_of_ours_is_nobodys(user: User, session_key: str) -> None:
    Session.objects.update(session_data="nonsense")
    assert not is_signed_in(user.pk, session_key)
