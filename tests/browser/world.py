"""A product full of given texts, for the browser tests that look at every page."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.serving import USERNAME, Product, ProductFactory, manage

_FILL = """
import json
from django.contrib.auth.models import User
from memory.domain.assistants import ensure_default_memory
from tests.seeding import fill

memory = ensure_default_memory(User.objects.get(username=%r))
print("ADDRESSES", json.dumps(fill(memory, json.loads(%r))))
"""


@contextmanager
def running_product(**variables: Any) -> Iterator[Product]:
    """Start one product for all tests of a module."""
    factory = ProductFactory(Path(os.environ["MEMORYOS_TEST_DIR"]) / f"product-{uuid4().hex[:8]}")
    try:
        yield factory(**variables)
    finally:
        factory.close()


def fill_product(memoryos: Product, texts: Sequence[str]) -> list[str]:
    """Put the texts wherever one can stand; return the addresses of all pages: see `tests.seeding.fill`."""
    done = manage(memoryos.data_dir, "shell", "-c", _FILL % (USERNAME, json.dumps(texts)))
    assert done.returncode == 0, done.stderr
    addresses: list[str] = json.loads(done.stdout.partition("ADDRESSES ")[2].splitlines()[0])
    return addresses
