"""Runs the real product as a process of its own, for the tests that need one.

    def test_something(product: ProductFactory) -> None:
        memoryos = product(OPENAI_BASE_URL=url)          # ready when this returns, an owner account exists
        page.goto(memoryos.url)                          # browser tests: memoryos.sign_in(page) first
        with memoryos.client() as client: ...            # an HTTP client that has signed in
        memoryos.kill(); memoryos.restart()              # kill -9, then again on the same data and port

Each product has an empty database of its own. It is copied from a template that the first test of the run has
prepared, which takes a tenth of what creating one takes; `from_nothing=True` does without.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import psycopg
from playwright.sync_api import Page

from memoryos_site.embedded_postgres.server import PORT, USER, EmbeddedServer
from memoryos_site.locks import FileLock

ROOT = Path(__file__).resolve().parent.parent
USERNAME = "tom"
PASSWORD = "a-long-enough-passphrase"
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
# No time is lost on making test data survive a power cut.
_FAST = "\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


class ProductError(Exception):
    """The product did not do what its test helper waited for; the message holds its output."""


def product_environment(data_dir: Path, **variables: str) -> dict[str, str]:
    """Return this process's environment without its settings, and with those given."""
    foreign = ("OPENAI_", "EMBEDDING_", "MEMORYOS_", "CHAT_", "DATABASE_", "DJANGO_")
    named = {"DEBUG", "HOST", "PORT", "LOG_LEVEL", "MODEL", "MODEL_TIMEOUT", "PUBLIC_URL", "REDIS_URL", "SECRET_KEY"}
    # Compiling two thousand modules at every start costs three seconds of processor time.
    named.add("PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign) and name not in named}
    # No title is asked for unless a test is about titles: the request would take an answer meant for a person.
    return {**kept, "MEMORYOS_DATA_DIR": str(data_dir), "CHAT_TITLES": "0", **variables}


def manage(data_dir: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a management command on a data folder and return what it printed and its exit code."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=product_environment(data_dir, **variables),
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
        check=False,
    )


class Product:
    """One `manage.py serve` on a data folder of its own.

    `url` is its address, `pid` its process, `output` all it has printed since its first start.
    """

    def __init__(self, data_dir: Path, *, arguments: tuple[str, ...] = (), **variables: str) -> None:
        """Describe the product; `start` starts it. `variables` are environment variables."""
        self.data_dir = data_dir
        self.arguments = arguments
        self.variables = variables
        self.url = ""
        self._port = "0"
        self._log = data_dir.with_name(f"{data_dir.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return the process id of the running product."""
        assert self._process is not None, "the product is not running"
        return self._process.pid

    @property
    def output(self) -> str:
        """Return what the product has printed, errors included."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self, *, wait: bool = True) -> None:
        """Start the process and, by default, wait until it serves.

        Raises ProductError when it ends or says nothing within a minute.
        """
        assert self._process is None, "the product is running already"
        said_before = len(self.output)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", self._port, *self.arguments],
                cwd=ROOT,
                env=product_environment(self.data_dir, **self.variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if wait:
            self._wait_until_ready(said_before)

    def restart(self) -> None:
        """Start again on the same data and port, stopping it first when it runs."""
        if self._process is not None:
            self.terminate()
        self.start()

    def terminate(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it the orderly way and return its exit code. Raises ProductError when it does not end."""
        os.kill(self.pid, how)
        return self.wait()

    def kill(self) -> None:
        """Kill it with SIGKILL, as a power cut or the OOM killer would; its database server lives on."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def wait(self) -> int:
        """Wait until it has ended and return its exit code. Raises ProductError when it does not end."""
        assert self._process is not None, "the product is not running"
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise ProductError(f"The product did not end within {STOP_SECONDS:.0f} s:\n{self.output}") from error
        self._process = None
        return code

    def close(self) -> None:
        """End everything this product has started; never fails."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        EmbeddedServer(self.data_dir / "postgres").detach()

    @contextmanager
    def client(self, *, signed_in: bool = True, **headers: str) -> Iterator[httpx2.Client]:
        """Open an HTTP client for the site, by default with the owner signed in."""
        with httpx2.Client(base_url=self.url, headers=headers, follow_redirects=False, timeout=10) as client:
            if signed_in:
                answer = sign_in(client)
                if answer.status_code != 302:
                    raise ProductError(f"Signing in gave {answer.status_code}: {answer.text}")
            yield client

    def sign_in(self, page: Page) -> None:
        """Sign the owner in through the browser; the page ends on the start page."""
        page.goto(f"{self.url}/accounts/login/")
        page.get_by_label("Username").fill(USERNAME)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/accounts/login" not in url)

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection]:
        """Connect to the product's embedded database, to see what is really stored."""
        socket_dir = (self.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[4].strip()
        with psycopg.connect(host=socket_dir, port=PORT, user=USER, dbname="memoryos", autocommit=True) as database:
            yield database

    def processes(self) -> list[psutil.Process]:
        """Return every living process that belongs to this product: the server, its children and its database."""
        found = []
        for process in psutil.process_iter():
            try:
                command, status = process.cmdline(), process.status()
                environment = process.environ() if "manage.py" in command else {}
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            mine = str(self.data_dir / "postgres") in command
            mine = mine or environment.get("MEMORYOS_DATA_DIR") == str(self.data_dir)
            if mine and status != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def _wait_until_ready(self, said_before: int) -> None:
        assert self._process is not None
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            said = self.output[said_before:]
            if found := re.search(r"^MemoryOS runs at (\S+)", said, re.MULTILINE):
                port = re.search(r"^  local: +http://\S+:(\d+)$", said, re.MULTILINE)
                self._port = port[1] if port else found[1].rpartition(":")[2]
                self.url = f"http://127.0.0.1:{self._port}"
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        self.close()
        raise ProductError(f"The product did not start:\n{self.output[said_before:]}")


def sign_in(
    client: httpx2.Client, *, username: str = USERNAME, password: str = PASSWORD, **headers: str
) -> httpx2.Response:
    """Post the sign-in form as a browser would and return the answer: a redirect (302) when it worked."""
    form = client.get("/accounts/login/", headers=headers)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
    data = {"login": username, "password": password, "csrfmiddlewaretoken": token[1] if token else ""}
    # Given by hand: `client` speaks http even where it plays an https proxy, and keeps Secure cookies to itself.
    headers["cookie"] = "; ".join(f"{name}={value}" for name, value in form.cookies.items())
    return client.post("/accounts/login/", data=data, headers=headers)


class ProductFactory:
    """Starts products for one test and ends them after it; see the module's docstring."""

    def __init__(self, folder: Path) -> None:
        """Keep the products' data in `folder`, where the end of the test run finds what is left."""
        self._folder = folder
        self._made: list[Product] = []

    def __call__(
        self,
        *,
        start: bool = True,
        owner: bool = True,
        from_nothing: bool = False,
        arguments: tuple[str, ...] = (),
        data_dir: Path | None = None,
        **variables: str,
    ) -> Product:
        """Return a product that serves; with `owner`, USERNAME can sign in with PASSWORD.

        `variables` are environment variables, `arguments` go to `manage.py serve`. With `start=False` the caller
        starts it. Raises ProductError.
        """
        data_dir = data_dir or self.new_data_dir(from_nothing=from_nothing)
        if owner:
            variables = {"MEMORYOS_ADMIN_USERNAME": USERNAME, "MEMORYOS_ADMIN_PASSWORD": PASSWORD, **variables}
        made = Product(data_dir, arguments=arguments, **variables)
        self._made.append(made)
        if start:
            made.start()
        return made

    def new_data_dir(self, *, from_nothing: bool = False) -> Path:
        """Return a data folder, by default with an empty, migrated database in it."""
        number = len([path for path in self._folder.parent.glob(f"{self._folder.name}-*") if path.is_dir()])
        data_dir = self._folder.with_name(f"{self._folder.name}-{number}")
        data_dir.mkdir()
        if not from_nothing:
            subprocess.run(["cp", "-a", str(_template(self._folder.parent)), f"{data_dir}/postgres"], check=True)
        return data_dir

    def close(self) -> None:
        """End every product this factory has made."""
        for made in self._made:
            made.close()


def _template(run_folder: Path) -> Path:
    """Return the migrated, stopped database cluster of this test run, making it when it is the first to ask."""
    folder = run_folder / "template"
    with FileLock(run_folder / "template.lock"):
        done = folder / "done"
        if not done.exists():
            migrated = manage(folder, "migrate", "--verbosity=0")
            if migrated.returncode != 0:
                raise ProductError(f"The template database could not be made:\n{migrated.stderr}")
            with (folder / "postgres" / "postgresql.conf").open("a") as configuration:
                configuration.write(_FAST)
            done.touch()
    return folder / "postgres"
