"""Which embedding model is used: chosen from the settings at each call; heavy weights are loaded by
first use.
"""

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from memory.embedding.base import Embedder

WORDLLAMA_NAME = "wordllama-l2-supercat-256"
OPENAI_PREFIX = "openai:"
DEFAULT_REMOTE_MODEL = "text-embedding-3-small"
_KEPT_ADAPTERS = 32


def get_embedder(model: str | None = None) -> Embedder:
    """Return the embedder: WordLlama, or a server once EMBEDDING_MODEL, EMBEDDING_BASE_URL or _API_KEY
    is set.

    `model` asks for another one by its model name or by the `Embedder.name` stored with a vector. Where
    neither address nor key of an embedding server is given, the language model's server is asked. Raises
    ImproperlyConfigured when a server's model is named and no server is.
    """
    name = embedder_name(model)
    if name == WORDLLAMA_NAME:
        return _wordllama()
    configured = name.removeprefix(OPENAI_PREFIX)
    base_url, api_key = settings.EMBEDDING_BASE_URL, settings.EMBEDDING_API_KEY
    if not (base_url or api_key):
        base_url, api_key = settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY
    if not (base_url or api_key):
        raise ImproperlyConfigured(
            f"The embedding model {configured} needs a server: set EMBEDDING_BASE_URL or EMBEDDING_API_KEY."
        )
    return _openai(configured, base_url, api_key, float(settings.MODEL_TIMEOUT))


def embedder_name(model: str | None = None) -> str:
    """Return the `Embedder.name` that `get_embedder` would choose, without loading it or asking for its server."""
    configured = (model or settings.EMBEDDING_MODEL).removeprefix(OPENAI_PREFIX)
    own_server = settings.EMBEDDING_BASE_URL or settings.EMBEDDING_API_KEY
    if configured == WORDLLAMA_NAME or not (configured or own_server):
        return WORDLLAMA_NAME
    return OPENAI_PREFIX + (configured or DEFAULT_REMOTE_MODEL)


@lru_cache(maxsize=1)
def _wordllama() -> Embedder:
    from memory.embedding.wordllama import WordLlamaEmbedder

    return WordLlamaEmbedder()


@lru_cache(maxsize=_KEPT_ADAPTERS)
def _openai(model: str, base_url: str, api_key: str, timeout: float) -> Embedder:
    from memory.embedding.openai import OpenAIEmbedder
    from memory.llm.endpoint import Endpoint

    return OpenAIEmbedder(Endpoint(model, base_url, api_key, timeout))
