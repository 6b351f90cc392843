"""Fixtures of the memory's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.memory.processes import Processes, forget_jobs


@pytest.fixture
def processes(transactional_db: None, tmp_path: Path) -> Iterator[Processes]:
    """Start real workers and writers on this test's database: see `tests.memory.processes`."""
    forget_jobs()
    started = Processes(tmp_path)
    yield started
    started.close()
