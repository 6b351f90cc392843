"""The default embedder: WordLlama's 256-dimensional word vectors from its own wheel, offline, on numpy."""

import importlib
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from memory.embedding.base import Vectors
from memory.embedding.registry import WORDLLAMA_NAME

DIMENSIONS = 256
TEXT_CHARACTERS = 32_000
"""Of a longer text only the beginning is embedded, as for a remote model (8,000 tokens): 0.02 s. Two million characters
took 1.1 to 2.7 s and up to 350 MB, and a batch may hold many such texts."""
_BATCH = 256
_CHARACTERS_AT_ONCE = 500_000
"""What is cut into tokens at once: its places take up to 180 bytes a character."""
_TOKENS_AT_ONCE = 8192
"""Rows summed at once: 8 MB, however many tokens a text has."""
_loading = threading.Lock()


@contextmanager
def _logging_untouched() -> Iterator[None]:
    """Undo what importing wordllama does to the process: it calls `logging.basicConfig`."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@lru_cache(maxsize=1)
def _weights() -> Any:
    """Load the weights (0.5 s and 1 s of imports, once a process)."""
    with _logging_untouched():
        wordllama = importlib.import_module("wordllama")
        # Without cache_dir it looks in a folder its wheel does not have, and then downloads.
        package = Path(str(wordllama.__file__)).parent
        model = wordllama.WordLlama.load(dim=DIMENSIONS, cache_dir=package, disable_download=True)
    # One text must not be padded to the longest of its batch.
    model.tokenizer.no_padding()
    return model


class WordLlamaEmbedder:
    """Averages the vectors of a text's tokens; any number of threads may use it."""

    name = WORDLLAMA_NAME

    def embed(self, texts: Sequence[str], *, timeout: float | None = None) -> Vectors:
        """Return float32, shape (len(texts), 256), rows of unit length; zeros for a text without a token.

        Of a text longer than `TEXT_CHARACTERS` its beginning is embedded.
        """
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        if not any(text.strip() for text in texts):
            return vectors
        with _loading:
            model = _weights()
        start = 0
        for batch in _batches(texts):
            encoded = model.tokenizer.encode_batch(batch, add_special_tokens=False)
            for row, (text, encoding) in enumerate(zip(batch, encoded, strict=True), start):
                if text.strip():
                    vectors[row] = _unit_sum(model.embedding, encoding.ids)
            start += len(batch)
        return vectors


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield all texts in their order, shortened, a bounded number of characters at a time."""
    batch: list[str] = []
    characters = 0
    # The tokenizer is written in Rust: a lone surrogate is no text to it.
    for text in (text[:TEXT_CHARACTERS].encode("utf-8", "ignore").decode() for text in texts):
        if batch and (len(batch) == _BATCH or characters + len(text) > _CHARACTERS_AT_ONCE):
            yield batch
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    if batch:
        yield batch


def _unit_sum(table: Vectors, ids: list[int]) -> Vectors:
    """Return the direction of the sum of the tokens' vectors, which is the direction of their mean."""
    total = np.zeros(table.shape[1], dtype=np.float32)
    for start in range(0, len(ids), _TOKENS_AT_ONCE):
        total += table[ids[start : start + _TOKENS_AT_ONCE]].sum(axis=0)
    length = float(np.linalg.norm(total))
    return total / np.float32(length) if length > 0 else total
