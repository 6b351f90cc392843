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
_BATCH = 256
_TOKENS_AT_ONCE = 8192
"""Rows summed at once: 8 MB, however long a text is."""
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
        """Return float32, shape (len(texts), 256), rows of unit length; zeros for a text without a token."""
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        if not any(text.strip() for text in texts):
            return vectors
        with _loading:
            model = _weights()
        for start in range(0, len(texts), _BATCH):
            # The tokenizer is written in Rust: a lone surrogate is no text to it.
            batch = [text.encode("utf-8", "ignore").decode() for text in texts[start : start + _BATCH]]
            encoded = model.tokenizer.encode_batch(batch, add_special_tokens=False)
            for row, (text, encoding) in enumerate(zip(batch, encoded, strict=True), start):
                if text.strip():
                    vectors[row] = _unit_sum(model.embedding, encoding.ids)
        return vectors


def _unit_sum(table: Vectors, ids: list[int]) -> Vectors:
    """Return the direction of the sum of the tokens' vectors, which is the direction of their mean."""
    total = np.zeros(table.shape[1], dtype=np.float32)
    for start in range(0, len(ids), _TOKENS_AT_ONCE):
        total += table[ids[start : start + _TOKENS_AT_ONCE]].sum(axis=0)
    length = float(np.linalg.norm(total))
    return total / np.float32(length) if length > 0 else total
