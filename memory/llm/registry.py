"""Which model does the work: chosen from the settings at each call, so that a changed setting takes
effect at once.

Adapters are kept by what they were made of; `openai` (1.6 s to import) is loaded by the first that needs
it.
"""

from functools import lru_cache

from django.conf import settings

from memory.llm.base import Consolidator, Responder

DEFAULT_MODEL = "gpt-4o-mini"
"""The paper's model, for an installation that gives a key and no MODEL."""
_KEPT_ADAPTERS = 32


def model_connected() -> bool:
    """Say whether a language model is configured: a key, or the address of a server that may need none."""
    return bool(settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL)


def get_responder(model: str | None = None) -> Responder:
    """Return what answers in the chat: the configured server's `model` (default MODEL), else the
    built-in one.

    The first call with a model imports the client: make it from a thread, not from the event loop.
    """
    if not model_connected():
        return _builtin_responder()
    return _openai_responder(*_endpoint(model))


def get_consolidator(model: str | None = None) -> Consolidator:
    """Return what orders the memory in the background; chosen as in `get_responder`."""
    if not model_connected():
        return _builtin_consolidator()
    return _openai_consolidator(*_endpoint(model))


def _endpoint(model: str | None) -> tuple[str, str, str, float]:
    return (
        model or settings.MODEL or DEFAULT_MODEL,
        settings.OPENAI_BASE_URL,
        settings.OPENAI_API_KEY,
        float(settings.MODEL_TIMEOUT),
    )


@lru_cache(maxsize=1)
def _builtin_responder() -> Responder:
    from memory.llm.builtin.responder import BuiltinResponder

    return BuiltinResponder()


@lru_cache(maxsize=1)
def _builtin_consolidator() -> Consolidator:
    from memory.llm.builtin.consolidator import BuiltinConsolidator

    return BuiltinConsolidator()


@lru_cache(maxsize=_KEPT_ADAPTERS)
def _openai_responder(model: str, base_url: str, api_key: str, timeout: float) -> Responder:
    from memory.llm.openai import Endpoint, OpenAIResponder

    return OpenAIResponder(Endpoint(model, base_url, api_key, timeout))


@lru_cache(maxsize=_KEPT_ADAPTERS)
def _openai_consolidator(model: str, base_url: str, api_key: str, timeout: float) -> Consolidator:
    from memory.llm.openai import Endpoint, OpenAIConsolidator

    return OpenAIConsolidator(Endpoint(model, base_url, api_key, timeout))
