"""Addresses of the admin that ask what no database can be asked are refused, not a fault of ours."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import DateTimeField
from django.test import Client

from memory.models import Knowledge
from tests.memory.administration import fill, operator
from tests.memory.factories import MemoryFactory, UserFactory
from tests.roles import undone

pytestmark = pytest.mark.django_db

AUTOCOMPLETE = "/admin/autocomplete/?app_label=memory&model_name=membership&field_name=user&term="


@pytest.fixture
def chief(client: Client) -> User:
    chief: User = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(chief)
    return chief


@pytest.mark.parametrize(
    "address",
    [
        "/admin/memory/modelcall/export/?model=%00",
        "/admin/memory/modelcall/export/?created_at__gte=0001-01-01T00:00:00-23:59",
        "/admin/memory/modelcall/?created_at__gte=0001-01-01T00:00:00-23:59",
        "/admin/memory/modelcall/?created_at__lt=9999-12-31T23:59:59-23:59",
        "/admin/memory/modelcall/?model=%00",
        "/admin/memory/backgroundjob/?task_name=%00",
        "/admin/memory/backgroundjob/?q=%00",
        f"{AUTOCOMPLETE}%00",
        "/admin/?%00",
    ],
)
def test_what_cannot_be_asked_is_refused(client: Client, chief: User, address: str) -> None:
    fill()
    answer = client.get(address)
    assert answer.status_code == 400
    assert "cannot be read" in answer.text
    assert "Content-Security-Policy" in answer.headers


def test_no_list_fails_at_a_filter_by_date(client: Client, chief: User) -> None:
    fill()
    asked = 0
    odd = ["0001-01-01T00:00:00-23:59", "9999-12-31T23:59:59-23:59", "x", "99999-01-01", "-1", "9" * 40]
    for model, page in admin.site._registry.items():
        dates = {field.name for field in model._meta.fields if isinstance(field, DateTimeField)}
        for name in dates & {str(column) for column in (page.date_hierarchy, *page.list_filter)}:
            for lookup in ("gte", "lt", "year", "month", "day", "isnull"):
                for value in odd:
                    address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
                    # What the database refuses spoils the transaction, which here is the whole test's.
                    with undone():
                        answer = client.get(address, {f"{name}__{lookup}": value})
                    assert answer.status_code in (200, 302, 400), (model, lookup, value)
                    asked += 1
    assert asked > 30


def test_what_merely_looks_like_a_null_character_is_asked(client: Client, chief: User) -> None:
    assert client.get("/admin/memory/modelcall/?model=100%2500").status_code == 200
    assert client.get(f"{AUTOCOMPLETE}%2500").status_code == 200


def test_our_own_pages_say_what_is_wrong_themselves(client: Client) -> None:
    memory = MemoryFactory()
    client.force_login(memory.user)
    page = f"/memory/{memory.assistant.slug}"
    assert client.get(f"{page}/knowledge/?q=%00").status_code == 200
    posted = client.post(f"{page}/knowledge/add/", {"text": "a\0b"})
    assert (posted.status_code, "Null characters" in posted.text) == (422, True)
    assert not Knowledge.objects.exists()


def test_a_stranger_is_asked_to_sign_in_or_refused(client: Client) -> None:
    assert client.get("/admin/memory/modelcall/?model=%00").status_code == 400
    client.force_login(operator())
    assert client.get("/admin/memory/modelcall/?model=%00").status_code == 400
