import pytest
from pytest_django.fixtures import Settings

from memoryos_site.sealing import SealBrokenError, seal, unseal


def test_what_is_sealed_is_read_again() -> None:
    sealed = seal("hunter2 and 日本")
    assert "hunter2" not in sealed
    assert seal("hunter2 and 日本") != sealed
    assert unseal(sealed) == "hunter2 and 日本"


def test_a_former_key_still_opens_what_it_sealed(settings: Settings) -> None:
    sealed = seal("secret")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" + "1" * 50
    assert unseal(sealed) == "secret"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(SealBrokenError, match="sealed with another SECRET_KEY"):
        unseal(sealed)


@pytest.mark.parametrize("damaged", ["", "nonsense", "gAAAAA", "ä"])
def test_what_is_damaged_is_refused(damaged: str) -> None:
    with pytest.raises(SealBrokenError):
        unseal(damaged)


def test_a_changed_letter_is_noticed() -> None:
    sealed = seal("secret")
    with pytest.raises(SealBrokenError):
        unseal(sealed[:-9] + ("A" if sealed[-9] != "A" else "B") + sealed[-8:])
