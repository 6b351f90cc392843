"""Which embedder the settings choose."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from memory.embedding import get_embedder
from memory.embedding.registry import DEFAULT_REMOTE_MODEL, WORDLLAMA_NAME


@pytest.fixture(autouse=True)
def nothing_configured(settings: Settings) -> None:
    for name in ("EMBEDDING_MODEL", "EMBEDDING_BASE_URL", "EMBEDDING_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        setattr(settings, name, "")
    settings.MODEL_TIMEOUT = 5


def test_nothing_configured_is_wordllama() -> None:
    assert get_embedder().name == WORDLLAMA_NAME
    assert get_embedder() is get_embedder()


def test_key_of_the_language_model_alone_stays_offline(settings: Settings) -> None:
    settings.OPENAI_API_KEY = "k"

    assert get_embedder().name == WORDLLAMA_NAME


@pytest.mark.parametrize("name", ["EMBEDDING_BASE_URL", "EMBEDDING_API_KEY"])
def test_embedding_server_is_used(settings: Settings, name: str) -> None:
    setattr(settings, name, "http://127.0.0.1:1/v1")

    assert get_embedder().name == f"openai:{DEFAULT_REMOTE_MODEL}"


def test_named_model_is_asked_of_the_language_models_server(settings: Settings) -> None:
    settings.EMBEDDING_MODEL, settings.OPENAI_API_KEY = "bge-m3", "k"

    assert get_embedder().name == "openai:bge-m3"


def test_stored_name_gives_the_model_that_made_a_vector(settings: Settings) -> None:
    settings.EMBEDDING_MODEL, settings.EMBEDDING_API_KEY = "bge-m3", "k"

    assert get_embedder("openai:old-model").name == "openai:old-model"
    assert get_embedder(WORDLLAMA_NAME).name == WORDLLAMA_NAME
    assert get_embedder().name == "openai:bge-m3"


def test_named_model_without_a_server_is_a_mistake(settings: Settings) -> None:
    settings.EMBEDDING_MODEL = "bge-m3"

    with pytest.raises(ImproperlyConfigured, match="EMBEDDING_BASE_URL"):
        get_embedder()
