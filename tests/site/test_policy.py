"""The content security policy of every answer: nothing inline, nothing from elsewhere but what the operator allowed."""

from __future__ import annotations

import re

import pytest
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from django.views import defaults
from pytest_django.fixtures import Settings

from memory.models import Memory
from tests.memory.factories import MemoryFactory, UserFactory
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
    for address in ("/", "/accounts/login/", "/setup/x/", "/nowhere/", "/admin/login/"):
        assert policy_of(client.get(address)) == POLICY, address
    refused = client.post("/accounts/login/", {"login": "x"})
    assert (refused.status_code, policy_of(refused)) == (403, POLICY)
    unknown = client.get("/", headers={"host": "rebound.example"})
    assert (unknown.status_code, policy_of(unknown)) == (400, POLICY)


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
