"""The devices somebody is signed in with."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from memoryos_site.accounts import seen
from tests.memory.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/accounts/sessions/"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1"
DESK = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def tom() -> User:
    user: User = UserFactory(username="tom")
    return user


def signed_in(user: User, agent: str = DESK, address: str = "192.0.2.7") -> Client:
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return client.get("/settings/").status_code == 200


def test_devices_are_shown_in_words(tom: User) -> None:
    desk, _phone = signed_in(tom), signed_in(tom, PHONE, "2001:db8::1")
    signed_in(UserFactory(username="tim"))
    shown = desk.get(LIST).context["sessions"]
    assert [(each.device, each.ip, each.is_current) for each in shown] == [
        ("Firefox on Linux", "192.0.2.7", True),
        ("Safari on iPhone", "2001:db8::1", False),
    ]
    assert desk.get(LIST).text.count("This one") == 1


def test_one_device_is_signed_out_from_afar(tom: User) -> None:
    desk, phone, tablet = signed_in(tom), signed_in(tom, PHONE), signed_in(tom)
    pk = UserSession.objects.get(session_key=phone.session.session_key).pk
    answer = desk.post(f"{LIST}{pk}/end/", follow=True)
    assert "That device is signed out." in answer.text
    assert [is_in(each) for each in (desk, phone, tablet)] == [True, False, True]
    assert desk.post(f"{LIST}{pk}/end/").status_code == 404


def test_all_others_are_signed_out_at_once(tom: User) -> None:
    desk, phone, tim = signed_in(tom), signed_in(tom, PHONE), signed_in(UserFactory(username="tim"))
    assert "All other devices are signed out." in desk.post(LIST, follow=True).text
    assert [is_in(each) for each in (desk, phone, tim)] == [True, False, True]
    assert UserSession.objects.filter(user=tom).count() == 1


def test_somebody_elses_device_is_not_found(tom: User) -> None:
    tim = signed_in(UserFactory(username="tim"))
    pk = UserSession.objects.get(user__username="tim").pk
    assert signed_in(tom).post(f"{LIST}{pk}/end/").status_code == 404
    assert is_in(tim)


def test_devices_are_for_people_who_are_signed_in(client: Client, tom: User) -> None:
    signed_in(tom)
    pk = UserSession.objects.get().pk
    assert client.get(LIST).headers["location"] == f"/accounts/login/?next={LIST}"
    assert client.post(LIST).status_code == 302
    assert client.post(f"{LIST}{pk}/end/").status_code == 302
    assert Session.objects.filter(session_key=UserSession.objects.get().session_key).exists()


def test_ending_one_takes_a_post(tom: User) -> None:
    desk = signed_in(tom)
    assert desk.get(f"{LIST}{UserSession.objects.get().pk}/end/").status_code == 405
    assert is_in(desk)


def test_what_has_ended_is_not_shown(tom: User) -> None:
    desk, phone, tablet = signed_in(tom), signed_in(tom, PHONE), signed_in(tom)
    phone.post("/accounts/logout/")
    Session.objects.filter(session_key=tablet.session.session_key).update(
        expire_date=timezone.now() - timedelta(seconds=1)
    )
    assert [each.is_current for each in desk.get(LIST).context["sessions"]] == [True]
    # Of what was signed out nothing is kept; what ran out goes with its session.
    assert UserSession.objects.count() == 2
    call_command("clearsessions")
    assert UserSession.objects.count() == 1


@pytest.mark.parametrize("others", [1, 3])
def test_the_list_takes_as_many_queries_whatever_its_length(
    tom: User, others: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    desk = signed_in(tom)
    for _ in range(others):
        signed_in(tom, PHONE)
    # The session, the person; what was noted, what of it still holds.
    with django_assert_num_queries(4):
        desk.get(LIST)


def test_a_page_notes_that_its_session_is_used_rarely_and_in_one_query(
    tom: User, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    client.force_login(tom)
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(days=1))
    with django_assert_num_queries(3):
        client.get("/settings/")
    assert UserSession.objects.get().last_seen_at < timezone.now() - timedelta(hours=23)
    monkeypatch.setattr(seen, "NOTE_SECONDS", 0.0)
    with django_assert_num_queries(4):
        client.get("/settings/")
    assert UserSession.objects.get().last_seen_at > timezone.now() - timedelta(minutes=1)


def test_a_session_that_was_never_noted_is_noted(tom: User) -> None:
    client = Client(headers={"user-agent": DESK})
    client.force_login(tom)
    UserSession.objects.all().delete()
    seen._noted.clear()
    assert [each.device for each in client.get(LIST).context["sessions"]] == []
    assert [each.device for each in client.get(LIST).context["sessions"]] == ["Firefox on Linux"]


@pytest.mark.django_db(transaction=True)
def test_a_request_of_somebody_deleted_meanwhile_is_answered(tom: User, client: Client, rf: RequestFactory) -> None:
    def answer(_request: HttpRequest) -> HttpResponse:
        User.objects.filter(pk=tom.pk).delete()
        return HttpResponse()

    client.force_login(tom)
    request = rf.get("/")
    request.session, request.user = client.session, tom
    seen._noted.clear()
    assert seen.SeenMiddleware(answer)(request).status_code == 200
    assert not UserSession.objects.exists()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.5", "192.0.2.7"),
        (1, "198.51.100.1, 203.0.113.5", "203.0.113.5"),
        (2, "198.51.100.1, 203.0.113.5", "198.51.100.1"),
        (2, "203.0.113.5", "192.0.2.7"),
        (1, "", "192.0.2.7"),
        (1, "nonsense", "192.0.2.7"),
    ],
)
def test_an_address_is_believed_of_the_proxies_that_are_known(
    tom: User, settings: Settings, proxies: int, forwarded: str, address: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    client = Client(headers=headers, REMOTE_ADDR="192.0.2.7")
    client.post("/accounts/login/", {"login": "tom", "password": PASSWORD})
    assert UserSession.objects.get().ip == address


def test_in_the_admin_a_session_is_ended_and_a_second_step_never_written(tom: User) -> None:
    operator = Client()
    operator.force_login(UserFactory(is_staff=True, is_superuser=True))
    desk = signed_in(tom)
    pk = UserSession.objects.get(user=tom).pk
    page = operator.get(f"/admin/usersessions/usersession/{pk}/change/").text
    assert str(desk.session.session_key) not in page
    operator.post(f"/admin/usersessions/usersession/{pk}/delete/", {"post": "yes"})
    assert not is_in(desk)
    assert operator.get("/admin/mfa/authenticator/add/").status_code == 403


def test_of_two_alike_the_hour_of_signing_in_is_shown(tom: User) -> None:
    desk, _phone = signed_in(tom), signed_in(tom, PHONE)
    assert desk.get(LIST).text.count('data-local="day"') == 2
    signed_in(tom)
    page = desk.get(LIST).text
    assert (page.count('data-local="day"'), page.count('data-local="minute"')) == (1, 2)
    assert "signed in on <time" in page
