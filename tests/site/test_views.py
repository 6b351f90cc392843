"""The health check, the set-up page and the sign-in pages, without a server process."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from memoryos_site import owner

PASSWORD = "a-long-enough-passphrase"
FORM = {"username": "tom", "password1": PASSWORD, "password2": PASSWORD}


def setup_path() -> str:
    return owner.setup_link("")


@pytest.mark.django_db
def test_healthz_answers_when_the_database_does(client: Client) -> None:
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_healthz_fails_when_the_database_does_not_answer(client: Client) -> None:
    def refuse(*_arguments: object) -> None:
        raise OperationalError("gone")

    with connection.execute_wrapper(refuse):
        response = client.get("/healthz")

    assert (response.status_code, response.json()) == (503, {"status": "the database does not answer"})


@pytest.mark.django_db
def test_setup_creates_the_owner_and_signs_in(client: Client) -> None:
    response = client.post(setup_path(), FORM)

    assert (response.status_code, response.headers["location"]) == (302, "/")
    created = User.objects.get()
    assert (created.username, created.is_superuser, created.is_staff) == ("tom", True, True)
    assert client.session["_auth_user_id"] == str(created.pk)


@pytest.mark.django_db
def test_setup_is_over_once_there_is_an_account(client: Client) -> None:
    User.objects.create_user("ann")

    assert client.get(setup_path()).status_code == 410
    assert client.post(setup_path(), FORM).status_code == 410
    assert [user.username for user in User.objects.all()] == ["ann"]


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["x", "Im93bmVyIg:1aaaaa:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"])
def test_setup_needs_this_installations_token(client: Client, token: str) -> None:
    path = reverse("setup", args=[token])

    assert (client.get(path).status_code, client.post(path, FORM).status_code) == (404, 404)
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"password1": "tom", "password2": "tom"}, "This password is too short."),
        ({"password1": "password", "password2": "password"}, "This password is too common."),
        ({"password2": "another"}, "The two password fields didn’t match."),
        ({"username": "to m"}, "Enter a valid username."),
        ({"username": ""}, "This field is required."),
    ],
)
def test_setup_shows_what_to_change(client: Client, change: dict[str, str], message: str) -> None:
    response = client.post(setup_path(), {**FORM, **change})

    assert response.status_code == 422
    assert message in response.text
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "described"),
    [
        ({"username": ""}, {"username": "username-errors"}),
        ({"password1": ""}, {"password1": "password1-errors password-help"}),
        ({"password2": "another"}, {"password2": "password2-errors"}),
    ],
)
def test_setup_ties_every_error_to_its_field(client: Client, change: dict[str, str], described: dict[str, str]) -> None:
    page = client.post(setup_path(), {**FORM, **change}).text

    fields = re.findall(r'<input [^>]*name="(\w+)"[^>]*aria-invalid="true" aria-describedby="([^"]+)"', page)
    assert dict(fields) == described
    for name, ids in described.items():
        assert [page.count(f'id="{id}"') for id in ids.split()] == [1] * len(ids.split()), name


@pytest.mark.django_db(transaction=True)
def test_setup_by_two_at_once_creates_one_owner() -> None:
    def submit(name: str) -> int:
        try:
            return Client().post(setup_path(), {**FORM, "username": name}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        statuses = sorted(threads.map(submit, ["ann", "bob", "cid", "dee"]))

    assert statuses == [302, 410, 410, 410]
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_superuser_of_the_environment_is_created_once() -> None:
    owner.ensure_superuser(username="tom", password=PASSWORD)
    owner.ensure_superuser(username="tom", password="something-else-entirely")

    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.django_db
def test_sign_in_reports_a_wrong_password(client: Client) -> None:
    User.objects.create_user("tom", password=PASSWORD)

    response = client.post("/accounts/login/", {"login": "tom", "password": "wrong"})

    assert response.status_code == 200
    assert "Username and password do not match." in response.text
    assert 'value="tom"' in response.text


@pytest.mark.django_db
def test_sign_out_takes_a_post(client: Client) -> None:
    client.force_login(User.objects.create_user("tom"))

    assert client.get("/accounts/logout/").status_code == 200
    assert client.get("/settings/").status_code == 200
    assert client.post("/accounts/logout/").headers["location"] == "/accounts/login/"


@pytest.mark.django_db
def test_pages_carry_the_content_security_policy(client: Client) -> None:
    policy = client.get("/accounts/login/").headers["content-security-policy"]

    assert sorted(policy.split("; ")) == [
        "base-uri 'self'",
        "default-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        "object-src 'none'",
    ]


@pytest.mark.django_db
def test_missing_page_has_our_look(client: Client) -> None:
    response = client.get("/accounts/no-such-page/")

    assert response.status_code == 404
    assert "<h1>Not found</h1>" in response.text
