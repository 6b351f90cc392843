"""Embeddings from any OpenAI-compatible server."""

from collections.abc import Sequence
from dataclasses import replace

import httpx2
import numpy as np
import openai
from openai.types import CreateEmbeddingResponse

from memory.domain.tokens import beginning, count_tokens
from memory.embedding.base import Embedding, Vectors
from memory.embedding.registry import OPENAI_PREFIX
from memory.exceptions import ModelError
from memory.llm.base import Usage
from memory.llm.bounds import storable
from memory.llm.endpoint import Endpoint
from memory.llm.openai import model_error, sync_client, usage_of

BATCH = 256
"""Texts in one request, at most."""
BATCH_TOKENS = 200_000
"""Tokens in one request by our own high count; OpenAI takes 300,000."""
TEXT_TOKENS = 8_000
"""Of a longer text only the beginning is embedded: servers refuse more, OpenAI more than 8,191 tokens."""
SHORTER = (2_000, 480, 120)
"""What is tried in turn where a server refuses all the same. A tokeniser may make four times as many tokens of a text
as we count (encoded data, rare letters), and many models read 512: one such text must not keep a memory waiting."""
_TOO_LONG = (400, 413, 422)


class OpenAIEmbedder:
    """Asks a server's embeddings endpoint, in batches."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = OPENAI_PREFIX + endpoint.model
        self._endpoint = endpoint

    def embed(self, texts: Sequence[str], *, timeout: float | None = None) -> Vectors:
        """Return float32, shape (len(texts), d), rows of unit length in the order of the texts; blank texts: zeros.

        One request for each 256 texts or 200,000 tokens, each silent for at most `timeout` seconds. With no text but
        blank ones nothing is asked and d is 0. Raises `ModelError`.
        """
        return self.embed_counted(texts, timeout=timeout).vectors

    def embed_counted(self, texts: Sequence[str], *, timeout: float | None = None) -> Embedding:
        """Do as `embed` does and say what it cost; see `EmbeddingModel.embed_counted`."""
        told = [position for position, text in enumerate(texts) if text.strip()]
        if not told:
            return Embedding(np.zeros((len(texts), 0), dtype=np.float32))
        usage = Usage()
        parts: list[Vectors] = []
        try:
            endpoint = self._endpoint if timeout is None else replace(self._endpoint, timeout=timeout)
            with sync_client(endpoint) as client:
                for batch in _batches([_bounded(texts[position]) for position in told]):
                    answer = self._answered(client, batch)
                    # Counted before it is read: a malformed answer is paid for like any other.
                    usage += usage_of(answer)
                    parts.append(_rows(answer, len(batch)))
            found = np.concatenate(parts)
        except (openai.OpenAIError, httpx2.InvalidURL, ValueError, RecursionError) as error:
            raise _about_embedding(model_error(error, self._endpoint), usage) from None
        vectors = np.zeros((len(texts), found.shape[1]), dtype=np.float32)
        vectors[told] = found
        return Embedding(vectors, usage)

    def _answered(self, client: openai.OpenAI, batch: list[str]) -> object:
        """Ask, and where the request is refused, again with texts shortened further as long as there is something to
        shorten: no status tells a text that is too long from another fault.
        """
        for limit in SHORTER:
            shorter = [beginning(text, limit) for text in batch]
            if shorter == batch:
                continue
            try:
                return self._ask(client, batch)
            except openai.APIStatusError as error:
                if error.status_code not in _TOO_LONG:
                    raise
                batch = shorter
        return self._ask(client, batch)

    def _ask(self, client: openai.OpenAI, batch: list[str]) -> object:
        return client.embeddings.create(model=self._endpoint.model, input=batch, encoding_format="float")


def _rows(answer: object, count: int) -> Vectors:
    """Return the `count` vectors of an answer; raises ValueError when it is not one vector a text."""
    data = getattr(answer, "data", None)
    if not isinstance(answer, CreateEmbeddingResponse) or not data or len(data) != count:
        raise ValueError("not one vector a text")
    ordered = sorted(data, key=lambda item: item.index)
    rows = np.array([item.embedding for item in ordered], dtype=np.float32)
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise ValueError("vectors of different lengths")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units: Vectors = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return units


def _bounded(text: str) -> str:
    return beginning(storable(text[: 4 * TEXT_TOKENS]), TEXT_TOKENS)


def _batches(texts: list[str]) -> list[list[str]]:
    batches: list[list[str]] = []
    tokens = 0
    for text in texts:
        count = count_tokens(text)
        if not batches or len(batches[-1]) == BATCH or tokens + count > BATCH_TOKENS:
            batches.append([])
            tokens = 0
        batches[-1].append(text)
        tokens += count
    return batches


def _about_embedding(error: ModelError, usage: Usage) -> ModelError:
    """Return the error with its words turned from the language model to the embedding model, and with what was paid
    before it.
    """
    return type(error)(str(error).replace("language model", "embedding model"), usage=usage)
