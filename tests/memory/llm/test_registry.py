"""Which adapter the settings choose, at each call anew."""

import subprocess
import sys

import pytest
from pytest_django import Settings

from memory.llm import get_consolidator, get_responder, model_connected
from memory.llm.registry import DEFAULT_MODEL


@pytest.fixture(autouse=True)
def nothing_configured(settings: Settings) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = settings.MODEL = ""
    settings.MODEL_TIMEOUT = 5


def test_nothing_configured_is_built_in() -> None:
    assert not model_connected()
    assert (get_responder().name, get_responder().is_model) == ("built-in responder", False)
    assert (get_consolidator().name, get_consolidator().is_model) == ("built-in consolidator", False)
    assert get_responder("gpt-x").is_model is False


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
def test_key_or_address_connects_a_model(settings: Settings, name: str) -> None:
    setattr(settings, name, "http://127.0.0.1:1/v1")

    assert model_connected()
    assert (get_responder().name, get_responder().is_model) == (DEFAULT_MODEL, True)
    assert (get_consolidator().name, get_consolidator().is_model) == (DEFAULT_MODEL, True)


def test_model_of_the_settings_and_of_the_assistant(settings: Settings) -> None:
    settings.OPENAI_API_KEY, settings.MODEL = "k", "of-settings"

    assert [get_responder().name, get_responder("").name, get_responder("own").name] == [
        "of-settings",
        "of-settings",
        "own",
    ]
    assert get_consolidator("own").name == "own"


def test_changed_settings_take_effect_and_unchanged_ones_share_an_adapter(settings: Settings) -> None:
    settings.OPENAI_API_KEY = "k"
    first = get_responder()

    assert get_responder() is first
    settings.OPENAI_API_KEY = "other"
    assert get_responder() is not first
    settings.OPENAI_API_KEY = ""
    assert not get_responder().is_model


def test_importing_loads_neither_client_nor_weights() -> None:
    code = "import memory.llm, memory.embedding, sys; print({'openai', 'wordllama', 'pydantic'} & set(sys.modules))"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "set()"
