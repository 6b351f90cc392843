"""A Redis of a test's own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def redis_server(port: int) -> Iterator[str]:
    """Run a Redis on a port; yields its address. Skips where none is installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("No redis-server found: install it (on Debian `apt-get install redis-server`) to run this test.")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        for line in server.stdout:
            if "Ready to accept connections" in line:
                break
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.communicate(timeout=10)
