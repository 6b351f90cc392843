"""The content security policy of every answer: nothing inline, nothing from elsewhere but what the operator allowed."""

from __future__ import annotations

import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from django.views import defaults
from pytest_django.fixtures import Settings

from memory.models import Memory
from memoryos_site.environment import PublicUrl
from tests.memory.factories import PASSWORD, MemoryFactory, UserFactory
from tests.seeding import fill
from tests.serving import manage

pytestmark = pytest.mark.django_db
POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}

ENTRANCE = (
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/inactive/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-no-token/",
    "/accounts/password/reset/key/done/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/nonsense/",
)
OF_A_PERSON = (
    "/settings/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/2fa/reauthenticate/",
    "/accounts/sessions/",
    "/accounts/delete/",
    "/accounts/logout/",
)


@pytest.fixture
def memory() -> Memory:
    """The memory of somebody who may see the admin."""
    return MemoryFactory(user=UserFactory(is_staff=True, is_superuser=True))


def policy_of(response: HttpResponseBase) -> dict[str, str]:
    """Return the directives and their sources."""
    parts = (part.strip().partition(" ") for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, _, sources in parts}


def test_every_page_has_it(memory: Memory) -> None:
    client = Client()
    client.force_login(memory.user)
    for address in (*fill(memory, ["harmless"]), "/admin/", "/admin/memory/page/", "/nowhere/", "/healthz"):
        assert policy_of(client.get(address)) == POLICY, address
        assert policy_of(client.post(address)) == POLICY, address


def test_pages_for_everybody_have_it() -> None:
    client = Client(enforce_csrf_checks=True)
    for address in ("/", *ENTRANCE, "/setup/x/", "/nowhere/", "/admin/login/"):
        assert policy_of(client.get(address)) == POLICY, address
    refused = client.post("/accounts/login/", {"login": "x"})
    assert (refused.status_code, policy_of(refused)) == (403, POLICY)
    unknown = client.get("/", headers={"host": "rebound.example"})
    assert (unknown.status_code, policy_of(unknown)) == (400, POLICY)


@pytest.mark.parametrize("mode", ["open", "invitation", "closed"])
@pytest.mark.parametrize("mail_is_on", [True, False])
def test_pages_of_accounts_have_nothing_inline(settings: Settings, mode: str, mail_is_on: bool) -> None:
    settings.MEMORYOS_SIGNUP, settings.MAIL_IS_ON = mode, mail_is_on
    settings.PUBLIC_URL = PublicUrl("http", "testserver", "testserver")
    user, client = UserFactory(), Client()
    pages = [client.get(address) for address in ENTRANCE]
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    pages += [client.get("/accounts/reauthenticate/")]
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    pages += [client.get("/accounts/2fa/totp/activate/")]
    secret = pages[-1].context["form"].secret
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    pages += [client.post("/accounts/2fa/totp/activate/", {"code": code}, follow=True)]
    pages += [client.get(address) for address in OF_A_PERSON]
    other = Client()
    login = {"login": user.username, "password": PASSWORD}
    pages += [other.post("/accounts/login/", login, follow=True)]
    for page in pages:
        where = page.request["PATH_INFO"]
        assert policy_of(page) == POLICY, where
        assert page.status_code == 200 or (page.status_code, where) in {
            (403, "/accounts/signup/"),
            (404, "/accounts/email/"),
        }, where
        assert re.search(r"<script(?! (?:type=\"module\" |defer )?src=)", page.text) is None, where
        assert re.search(r"<style| style=| on[a-z]+=\"", page.text) is None, where


def test_a_failing_server_shows_nothing_inline(rf: RequestFactory) -> None:
    page = defaults.server_error(rf.get("/")).content.decode()
    assert re.search(r"<script(?! (?:type=\"module\" |defer )?src=)", page) is None
    assert "style=" not in page
    assert "<style" not in page


@pytest.mark.process
def test_allowed_hosts_of_images_are_in_it(settings: Settings) -> None:
    shown = manage(
        settings.DATA_DIR,
        "shell",
        "-c",
        "from django.conf import settings; print(settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['img-src'])",
        CHAT_IMAGE_HOSTS="pictures.example,*.wide.example",
        DATABASE_URL="postgres://nobody@127.0.0.1:9/nothing",
    )
    assert "\"'self'\", 'data:', 'https://pictures.example', 'https://*.wide.example'" in shown.stdout, shown.stderr
