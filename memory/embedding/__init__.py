"""Texts as vectors: what is asked (`base`), by whom it is answered (`wordllama`, `openai`), which one
(`registry`).
"""

from memory.embedding.registry import get_embedder

__all__ = ["get_embedder"]
