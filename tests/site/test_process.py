"""The product as people start and stop it: real processes, real signals, real database files."""

import os
import re
import signal
import stat

import httpx2
import pytest

from tests.serving import PASSWORD, USERNAME, ProductFactory, manage, sign_in

pytestmark = pytest.mark.process


def test_first_start_makes_everything_and_its_setup_link_works_once(product: ProductFactory) -> None:
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

    memoryos.restart()
    assert "/setup/" not in memoryos.output[memoryos.output.rindex("MemoryOS runs at") :]
    with memoryos.client() as client:
        assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_stop_signal_ends_every_process_and_keeps_the_data(product: ProductFactory, how: signal.Signals) -> None:
    memoryos = product()
    assert len(memoryos.processes()) > 1

    assert memoryos.terminate(how) == 0
    assert memoryos.processes() == []
    assert "Traceback" not in memoryos.output

    memoryos.variables.clear()
    memoryos.start()
    with memoryos.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}


def test_killed_server_leaves_a_database_that_the_next_start_uses_and_stops(product: ProductFactory) -> None:
    memoryos = product()
    memoryos.kill()
    postmaster = int((memoryos.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, 0)

    memoryos.start()
    assert int((memoryos.data_dir / "postgres" / "postmaster.pid").read_text().split()[0]) == postmaster
    with memoryos.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}
    assert memoryos.terminate() == 0
    assert memoryos.processes() == []


def test_command_beside_the_running_server_leaves_its_database_alone(product: ProductFactory) -> None:
    memoryos = product()

    shown = manage(memoryos.data_dir, "showmigrations", "sessions")

    assert shown.stdout == "sessions\n [X] 0001_initial\n"
    with memoryos.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}


def test_second_server_on_the_same_data_is_refused(product: ProductFactory) -> None:
    memoryos = product()

    second = manage(memoryos.data_dir, "serve", "--port", "0")

    assert second.returncode == 1
    assert second.stderr == (
        f"MemoryOS is already running on the data in {memoryos.data_dir} (process {memoryos.pid}, "
        f"{memoryos.url}): use that one, stop it first, or set MEMORYOS_DATA_DIR to another folder.\n"
    )
    with memoryos.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}


def test_sign_in_works_by_every_name_of_this_machine(product: ProductFactory) -> None:
    memoryos = product()
    port = memoryos.url.rpartition(":")[2]

    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "192.168.7.20:8000"):
        with httpx2.Client(base_url=memoryos.url) as browser:
            answer = sign_in(browser, host=host, origin=f"http://{host}")
            assert (host, answer.status_code, answer.headers.get("location")) == (host, 302, "/")
            cookies = answer.headers.get_list("set-cookie")
            assert not any("secure" in cookie.lower() or "domain" in cookie.lower() for cookie in cookies)


def test_sign_in_works_behind_an_https_proxy_and_beside_it(product: ProductFactory) -> None:
    memoryos = product(PUBLIC_URL="https://memory.example.org")
    public = {"host": "memory.example.org", "origin": "https://memory.example.org"}

    with httpx2.Client(base_url=memoryos.url) as browser:
        answer = sign_in(browser, **public, **{"x-forwarded-proto": "https"})
        cookies = answer.headers.get_list("set-cookie")
    assert answer.status_code == 302
    assert cookies
    assert all("secure" in cookie.lower() and "domain" not in cookie.lower() for cookie in cookies)

    with memoryos.client() as local:
        assert local.get("/admin/").status_code == 200


def test_foreign_host_name_is_refused_with_advice(product: ProductFactory) -> None:
    memoryos = product()

    with memoryos.client(signed_in=False) as client:
        answer = client.get("/", headers={"host": "rebound.example.net:8000"})

    assert answer.status_code == 400
    assert "PUBLIC_URL=http://rebound.example.net:8000" in answer.text
