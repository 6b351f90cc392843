"""The language model: what it is asked (`base`), by whom it is answered (`openai`, `builtin`), which one
(`registry`).
"""

from memory.llm.registry import get_consolidator, get_responder, model_connected

__all__ = ["get_consolidator", "get_responder", "model_connected"]
