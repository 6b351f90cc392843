"""What the memory asks of an embedding model."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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
