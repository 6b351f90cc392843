"""The language model: what it is asked (`base`), by whom it is answered (`openai`, `builtin`), which one
(`registry`).
"""

from memory.llm.endpoint import Endpoint
from memory.llm.registry import (
    consolidator_at,
    environment_endpoint,
    get_consolidator,
    get_responder,
    model_connected,
    responder_at,
)

__all__ = [
    "Endpoint",
    "consolidator_at",
    "environment_endpoint",
    "get_consolidator",
    "get_responder",
    "model_connected",
    "responder_at",
]
