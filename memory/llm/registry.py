"""Which adapter does the work: chosen by the endpoint at each call, so that a changed setting takes effect at once.

Adapters are kept by what they were made of; `openai` (1.6 s to import) is loaded by the first that needs
it.
"""

from functools import lru_cache

from django.conf import settings

from memory.llm.base import Consolidator, Responder
from memory.llm.endpoint import Endpoint

DEFAULT_MODEL = "gpt-4o-mini"
"""The paper's model, for an installation that gives a key and no MODEL."""
_KEPT_ADAPTERS = 32


def model_connected() -> bool:
    """Say whether the environment names a language model: a key, or the address of a server that may need none."""
    return bool(settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL)


def environment_endpoint(model: str | None = None) -> Endpoint | None:
    """Return the environment's server with this model (default MODEL); None where it names none."""
    if not model_connected():
        return None
    return Endpoint(
        model or settings.MODEL or DEFAULT_MODEL,
        settings.OPENAI_BASE_URL,
        settings.OPENAI_API_KEY,
        float(settings.MODEL_TIMEOUT),
    )


def responder_at(endpoint: Endpoint | None) -> Responder:
    """Return what answers in the chat at this endpoint; without one, the built-in responder.

    The first call with an endpoint imports the client: make it from a thread, not from the event loop.
    """
    return _openai_responder(endpoint) if endpoint else _builtin_responder()


def consolidator_at(endpoint: Endpoint | None) -> Consolidator:
    """Return what orders the memory in the background at this endpoint; without one, the built-in consolidator."""
    return _openai_consolidator(endpoint) if endpoint else _builtin_consolidator()


def get_responder(model: str | None = None) -> Responder:
    """Return what answers by the environment alone; for an assistant see `domain.connections`."""
    return responder_at(environment_endpoint(model))


def get_consolidator(model: str | None = None) -> Consolidator:
    """Return what orders a memory by the environment alone; for an assistant see `domain.connections`."""
    return consolidator_at(environment_endpoint(model))


@lru_cache(maxsize=1)
def _builtin_responder() -> Responder:
    from memory.llm.builtin.responder import BuiltinResponder

    return BuiltinResponder()


@lru_cache(maxsize=1)
def _builtin_consolidator() -> Consolidator:
    from memory.llm.builtin.consolidator import BuiltinConsolidator

    return BuiltinConsolidator()


@lru_cache(maxsize=_KEPT_ADAPTERS)
def _openai_responder(endpoint: Endpoint) -> Responder:
    from memory.llm.openai import OpenAIResponder

    return OpenAIResponder(endpoint)


@lru_cache(maxsize=_KEPT_ADAPTERS)
def _openai_consolidator(endpoint: Endpoint) -> Consolidator:
    from memory.llm.openai import OpenAIConsolidator

    return OpenAIConsolidator(endpoint)
