"""The product as people start and stop it: real processes, real signals, real database files."""

import os
import re
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from tests.serving import PASSWORD, USERNAME, Product, ProductFactory, manage, sign_in

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def running() -> Iterator[Product]:
    """Return a product that several tests look at and none of them stops."""
    factory = ProductFactory(Path(os.environ["MEMORYOS_TEST_DIR"]) / f"shared-{uuid4().hex[:8]}")
    yield factory()
    factory.close()


def postmaster(memoryos: Product) -> int:
    return int((memoryos.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def test_first_start_makes_everything_and_stopping_keeps_it(product: ProductFactory) -> None:
    memoryos = product(from_nothing=True, owner=False)
    (link,) = re.findall(r"http://127\.0\.0\.1:\d+(/setup/\S+/)", memoryos.output)
    assert "no language model connected" in memoryos.output
    assert stat.S_IMODE((memoryos.data_dir / "secret_key").stat().st_mode) == 0o600

    with memoryos.client(signed_in=False) as client:
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(link).text)[0]
        form = {"username": USERNAME, "password1": PASSWORD, "password2": PASSWORD}
        created = client.post(link, data={**form, "csrfmiddlewaretoken": token})
        assert (created.status_code, created.headers["location"]) == (302, "/")
        assert client.get("/admin/").status_code == 200, "the owner is signed in and may administrate"
        assert client.get(link).status_code == 410

    assert len(memoryos.processes()) > 1
    assert memoryos.terminate(signal.SIGTERM) == 0
    assert memoryos.processes() == []
    assert "Traceback" not in memoryos.output

    memoryos.start()
    assert memoryos.output.count("/setup/") == 1, "the second start prints no set-up link"
    with memoryos.client() as client:
        assert client.get("/admin/").status_code == 200


def test_secret_key_of_the_environment_does_without_a_data_folder(product: ProductFactory) -> None:
    data_dir = product.new_data_dir(from_nothing=True)
    data_dir.rmdir()

    memoryos = product(data_dir=data_dir, owner=False, SECRET_KEY="given-" + "0" * 50)

    assert sorted(path.name for path in data_dir.iterdir() if path.is_dir()) == ["postgres"]
    assert not (data_dir / "secret_key").exists()
    assert memoryos.terminate() == 0


def test_interrupt_ends_every_process(product: ProductFactory) -> None:
    memoryos = product()

    assert memoryos.terminate(signal.SIGINT) == 0
    assert memoryos.processes() == []
    assert "Traceback" not in memoryos.output


def test_hangup_ends_it_unless_nohup_started_it(product: ProductFactory) -> None:
    # A program inherits what its starter does with the signal; this test run may itself be under `nohup`.
    inherited = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        memoryos = product()
        assert memoryos.terminate(signal.SIGHUP) == 0

        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what `nohup` does for the program it starts
        memoryos.start()
    finally:
        signal.signal(signal.SIGHUP, inherited)
    os.kill(memoryos.pid, signal.SIGHUP)
    with memoryos.client(signed_in=False) as client:
        assert [client.get("/healthz").status_code for _ in range(3)] == [200, 200, 200]
    assert memoryos.terminate() == 0


def test_killed_server_leaves_a_database_that_the_next_start_uses_and_stops(product: ProductFactory) -> None:
    memoryos = product()
    orphan = postmaster(memoryos)
    memoryos.kill()
    os.kill(orphan, 0)

    memoryos.start()
    assert postmaster(memoryos) == orphan
    with memoryos.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}
    assert memoryos.terminate() == 0
    assert memoryos.processes() == []


def test_command_beside_the_running_server_leaves_its_database_alone(running: Product) -> None:
    shown = manage(running.data_dir, "showmigrations", "sessions")

    assert shown.stdout == "sessions\n [X] 0001_initial\n"
    with running.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}


def test_second_server_on_the_same_data_is_refused(running: Product) -> None:
    second = manage(running.data_dir, "serve", "--port", "0")

    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == (
        f"MemoryOS is already running on the data in {running.data_dir} (process {running.pid}, "
        f"{running.url}): use that one, stop it first, or set MEMORYOS_DATA_DIR to another folder.\n"
    )
    with running.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}


def test_database_url_of_a_missing_database_is_refused(running: Product) -> None:
    folder = running.data_dir / "postgres"

    ended = manage(running.data_dir, "serve", PORT="0", DATABASE_URL=f"postgres://postgres@/none?host={folder}")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f'DATABASE_URL cannot be used: the server at {folder}:5432 has no database "none" or no user "postgres": '
        "create it.\n"
    )


def test_sign_in_works_by_every_name_of_this_machine(running: Product) -> None:
    port = running.url.rpartition(":")[2]

    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "192.168.7.20:8000"):
        with httpx2.Client(base_url=running.url) as browser:
            answer = sign_in(browser, host=host, origin=f"http://{host}")
            assert (host, answer.status_code, answer.headers.get("location")) == (host, 302, "/")
            cookies = answer.headers.get_list("set-cookie")
            assert not any("secure" in cookie.lower() or "domain" in cookie.lower() for cookie in cookies)


def test_foreign_host_name_and_foreign_form_are_refused(running: Product) -> None:
    with httpx2.Client(base_url=running.url) as browser:
        rebound = browser.get("/", headers={"host": "rebound.example.net:8000"})
        foreign = sign_in(browser, origin="http://foreign.example.net")

    assert rebound.status_code == 400
    assert "PUBLIC_URL=http://rebound.example.net:8000" in rebound.text
    assert foreign.status_code == 403
    assert "<h1>This page was too old</h1>" in foreign.text


def test_static_files_are_served_without_being_collected(running: Product) -> None:
    with running.client(signed_in=False) as client:
        page = client.get("/accounts/login/")
        files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
        answers = {file: client.get(file).status_code for file in files}

    assert files
    assert answers == dict.fromkeys(files, 200)


def test_sign_in_works_behind_an_https_proxy_and_beside_it(product: ProductFactory) -> None:
    memoryos = product(PUBLIC_URL="https://memory.example.org")
    assert "MemoryOS runs at https://memory.example.org" in memoryos.output
    public = {"host": "memory.example.org", "origin": "https://memory.example.org"}
    hidden = {"host": memoryos.url.removeprefix("http://"), "origin": "https://memory.example.org"}

    with httpx2.Client(base_url=memoryos.url) as browser:
        answer = sign_in(browser, **public, **{"x-forwarded-proto": "https"})
        cookies = answer.headers.get_list("set-cookie")
        assert answer.status_code == 302
        assert cookies
        assert all("secure" in cookie.lower() and "domain" not in cookie.lower() for cookie in cookies)

    with httpx2.Client(base_url=memoryos.url) as browser:
        assert sign_in(browser, **hidden).status_code == 302, "a proxy that rewrites the Host header"
    with memoryos.client() as local:
        assert local.get("/admin/").status_code == 200
