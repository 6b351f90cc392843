"""What every test may use: the run's own folder and database, and a real browser."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import translation
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

from memoryos_site.embedded_postgres.base import stop_using
from memoryos_site.embedded_postgres.server import EmbeddedServer
from memoryos_site.locks import FileLock
from tests.serving import ProductFactory

_RUN_LOCK = pytest.StashKey[FileLock]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's folder; workers of pytest-xdist use the one of their controller."""
    if hasattr(config, "workerinput"):
        return
    for stale in Path(tempfile.gettempdir()).glob(f"memoryos-tests-{os.getuid()}-*"):
        _remove_run_folder(stale)
    folder = Path(os.environ["MEMORYOS_TEST_DIR"])
    folder.mkdir(mode=0o700)
    lock = FileLock(folder / "lock")
    lock.acquire()
    config.stash[_RUN_LOCK] = lock


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker run all browser tests of a module, which share a product and a browser, and begin with them.

    With `--dist loadgroup`, as `make pytest` has it; else each worker would start its own.
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the databases and delete the run's folder, whatever the outcome of the run."""
    stop_using()
    if _RUN_LOCK in config.stash:
        config.stash[_RUN_LOCK].release()
        _remove_run_folder(Path(os.environ["MEMORYOS_TEST_DIR"]))


def _remove_run_folder(folder: Path) -> None:
    """Stop what still runs in the folder of a finished (or killed) run and delete it."""
    lock = FileLock(folder / "lock")
    if not folder.is_dir() or not lock.acquire(wait=False):
        return
    for cluster in folder.glob("*/postgres"):
        _stop_server(EmbeddedServer(cluster))
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)


def _stop_server(server: EmbeddedServer) -> None:
    """Stop it as soon as the last test process, which may be exiting just now, has let go of it."""
    deadline = time.monotonic() + 10
    while not server.detach() and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database; nobody is left in it when it is dropped: a pool's own thread may have connected just then."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _no_language() -> Iterator[None]:
    """Let each test begin without a language: a request leaves its own active in the thread of Django's test client."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _no_attempts() -> None:
    """Let each test begin without attempts to sign in that count against it."""
    cache.clear()


@pytest.fixture
def product() -> Iterator[ProductFactory]:
    """Start the real product as a process: see `tests.serving`."""
    factory = ProductFactory(Path(os.environ["MEMORYOS_TEST_DIR"]) / f"product-{uuid4().hex[:8]}")
    yield factory
    factory.close()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Return the system's Chromium; without one skip, or fail when REQUIRE_BROWSER=1."""
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    advice = "No Chromium found: install it (on Debian `apt-get install chromium`) to run the browser tests."
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(advice)
    pytest.skip(advice)


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """Run one Chromium for the browser tests of a module.

    Not for the whole session: while Playwright's sync API is active, its event loop counts as running in this
    thread, which breaks the asyncio tests and the ORM calls of other modules.
    """
    expect.set_options(timeout=15_000)  # a busy machine is slow, not wrong
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=chromium_path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page with fresh cookies; scripts that fail or break the content security policy fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: _note_violation(message, faults))
    yield page
    context.close()
    assert faults == []


def _note_violation(message: ConsoleMessage, faults: list[str]) -> None:
    if message.type == "error" and "Content Security Policy" in message.text:
        faults.append(message.text)
