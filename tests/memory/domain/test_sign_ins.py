"""Ending somebody's sign-ins: all of theirs and nobody else's."""

from __future__ import annotations

import pytest
from django.test import Client

from memory.domain.sign_ins import end_sign_ins
from tests.memory.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_all_of_a_person_end_and_no_others() -> None:
    someone, other = UserFactory(), UserFactory()
    browsers = []
    for person in (someone, someone, other):
        browser = Client()
        browser.force_login(person)
        browsers.append(browser)
    assert end_sign_ins(someone) == 2
    assert [browser.get("/settings/").status_code for browser in browsers] == [302, 302, 200]
    assert end_sign_ins(someone) == 0
