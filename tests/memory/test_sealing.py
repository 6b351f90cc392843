"""Secrets at rest: what opens them, what does not."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from memory.exceptions import KeyUnreadable
from memory.sealing import seal, unseal

SECRET = "sk-very-secret-0123456789"


def test_what_is_sealed_comes_back_and_shows_nothing_of_itself() -> None:
    sealed = seal(SECRET)
    assert unseal(sealed) == SECRET
    assert SECRET not in sealed
    assert sealed.isascii()
    assert seal(SECRET) != sealed
    assert unseal(seal("ключ €")) == "ключ €"
    assert unseal(seal("")) == ""


def test_another_secret_key_opens_nothing_and_says_what_to_do(settings: Settings) -> None:
    sealed = seal(SECRET)
    settings.SECRET_KEY = "another-" + "1" * 50
    with pytest.raises(KeyUnreadable, match="SECRET_KEY has changed; enter the key again") as caught:
        unseal(sealed)
    assert SECRET not in str(caught.value)


def test_a_former_secret_key_still_opens_and_what_is_new_is_sealed_with_the_newest(settings: Settings) -> None:
    sealed, former = seal(SECRET), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-" + "1" * 50, [former]
    assert unseal(sealed) == SECRET
    anew = seal(SECRET)
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal(anew) == SECRET
    with pytest.raises(KeyUnreadable):
        unseal(sealed)


@pytest.mark.parametrize("tamper", [lambda s: s[:-8] + "AAAAAAA=", lambda s: s[:20], lambda s: "", lambda s: "ключ"])
def test_what_was_tampered_with_is_not_opened(tamper: object) -> None:
    assert callable(tamper)
    with pytest.raises(KeyUnreadable):
        unseal(tamper(seal(SECRET)))
