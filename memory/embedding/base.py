"""What the memory asks of an embedding model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from memory.llm.base import Usage

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    name: str
    """Identifies the model; stored with every vector it makes (at most 200 characters)."""

    def embed(self, texts: Sequence[str], *, timeout: float | None = None) -> Vectors:
        """Return float32, shape (len(texts), d), each row of unit length (a text with no known token: zeros).

        One batched call for a remote model, which may be silent for `timeout` seconds (None: the adapter's own).
        Raises `ModelError`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Embedding:
    """What one call gave: `vectors` as of `Embedder.embed`, and what the server says it cost."""

    vectors: Vectors
    usage: Usage = field(default_factory=Usage)


@runtime_checkable
class EmbeddingModel(Embedder, Protocol):
    """An embedder behind a network: its calls take time and tokens and stand in the usage ledger.

    What is computed in this process is a plain `Embedder` and stands there no more than any other arithmetic.
    """

    def embed_counted(self, texts: Sequence[str], *, timeout: float | None = None) -> Embedding:
        """Do as `embed` does and say what it cost, summed over its requests.

        A `ModelError` carries the usage of those that were answered before it.
        """
        ...
