"""A start that cannot succeed says why in one sentence with the fix, and exits with an error."""

import errno
import socket
import subprocess
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth.models import User

from memoryos_site import addresses, preparation
from memoryos_site.environment import PublicUrl
from memoryos_site.preparation import StartError
from tests.serving import manage


def assert_one_sentence(ended: subprocess.CompletedProcess[str], sentence: str) -> None:
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", f"{sentence}\n")


@pytest.mark.process
def test_taken_port_names_a_free_one(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        ended = manage(tmp_path, "serve", PORT=str(port))

    free = ended.stderr.partition("PORT=")[2].partition("`")[0]
    assert int(free) > port
    assert_one_sentence(
        ended,
        f"Port {port} is taken by another program: stop that program, or run `make run PORT={free}` "
        f"(`manage.py serve --port {free}`).",
    )
    assert not (tmp_path / "postgres").exists()


@pytest.mark.process
def test_unreachable_database_ends_the_start(tmp_path: Path) -> None:
    ended = manage(tmp_path, "serve", PORT="0", DATABASE_URL="postgres://u:p@127.0.0.1:9/m")

    assert_one_sentence(
        ended,
        "DATABASE_URL cannot be used: no PostgreSQL answers at 127.0.0.1:9: start it, or correct host and port.",
    )


@pytest.mark.process
def test_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ended = manage(tmp_path / "file", "serve", PORT="0")

    assert_one_sentence(
        ended,
        f"The data folder {tmp_path}/file cannot be used (secret_key: File exists): make it writable for this "
        "account or set MEMORYOS_DATA_DIR to another folder.",
    )


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DATABASE_URL", "mysql://u:p@h/m", "must look like postgres://user:password@host:5432/name."),
        ("DATABASE_URL", "postgres://u:p@h:port/m", "must look like postgres://user:password@host:5432/name."),
        ("DATABASE_URL", "postgres://u:p@h", "must look like postgres://user:password@host:5432/name."),
        ("DATABASE_POOL_MAX", "0", "must be a whole number from 1 to 1000, not '0'."),
        (
            "CHAT_IMAGE_HOSTS",
            "images.example.org, https://example.net/",
            "must be host names with commas between them, like images.example.org or *.example.org, "
            "not 'https://example.net/'.",
        ),
        ("DEBUG", "maybe", "must be true or false, not 'maybe'."),
        ("LOG_LEVEL", "loud", "must be one of DEBUG, INFO, WARNING, ERROR, not 'loud'."),
        ("MEMORYOS_PRIVATE_ADDRESSES", "some", "must be one of allow, refuse, not 'some'."),
        ("MODEL_TIMEOUT", "0", "must be a positive number of seconds, not '0'."),
        (
            "PUBLIC_URL",
            "memory.example.org",
            "must be the whole address of the site without a path, like https://memory.example.org, "
            "not 'memory.example.org'.",
        ),
        (
            "OPENAI_BASE_URL",
            "localhost:11434",
            "must be an address like https://example.org/v1, not 'localhost:11434'.",
        ),
        ("MEMORYOS_SIGNUP", "everybody", "must be one of open, invitation, closed, not 'everybody'."),
        ("EMAIL_URL", "mail.example.org", "must look like smtp+tls://user:password@mail.example.org:587."),
        ("EMAIL_URL", "smtp://mail.example.org:port", "must look like smtp+tls://user:password@mail.example.org:587."),
        ("EMAIL_URL", "filemail:///tmp", "must look like smtp+tls://user:password@mail.example.org:587."),
        ("EMAIL_URL", "smtp://mail.example.org", "needs PUBLIC_URL, the address that links in e-mails lead to."),
        ("TRUSTED_PROXIES", "-1", "must be a whole number from 0 to 10, not '-1'."),
        ("TRUSTED_PROXIES", "one", "must be a whole number from 0 to 10, not 'one'."),
    ],
)
def test_bad_variable_is_named(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    assert_one_sentence(manage(tmp_path, "serve", PORT="0", **{name: value}), f"{name} {sentence}")


@pytest.mark.process
def test_bad_constant_of_the_memory_is_named(tmp_path: Path) -> None:
    ended = manage(tmp_path, "serve", PORT="0", MEMORYOS_SHORT_TERM_CAPACITY="many")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert "short_term_capacity" in ended.stderr.lower()


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("no-such-host.invalid", "HOST=no-such-host.invalid is no address of this machine: use 127.0.0.1, "),
        ("192.0.2.77", "HOST=192.0.2.77 is no address of this machine: use 127.0.0.1, "),
    ],
)
def test_foreign_address_cannot_be_listened_on(host: str, sentence: str) -> None:
    with pytest.raises(StartError) as refused:
        addresses.listen(host, 0)

    assert str(refused.value) == f"{sentence}or 0.0.0.0 for the whole network."


def test_port_without_permission_names_the_limit() -> None:
    assert addresses.refusal(OSError(errno.EACCES, "Permission denied"), "127.0.0.1", 80) == (
        "This account may not use port 80: choose one above 1023, like `make run PORT=8000`."
    )


@pytest.mark.parametrize(
    ("host", "main"),
    [("127.0.0.1", "http://127.0.0.1:{port}"), ("0.0.0.0", "http://localhost:{port}")],
)
def test_shown_address_can_be_opened(host: str, main: str) -> None:
    with addresses.listen(host, 0) as listener:
        shown = addresses.shown_address(listener, host, None)
        assert shown.main == main.format(port=listener.getsockname()[1])


@pytest.mark.parametrize(
    ("public_url", "shown"),
    [
        (None, "http://localhost:{port}"),
        (PublicUrl(scheme="http", netloc="localhost:9000", hostname="localhost"), "http://localhost:9000"),
    ],
)
def test_address_inside_a_container_is_not_shown(public_url: PublicUrl | None, shown: str) -> None:
    with addresses.listen("0.0.0.0", 0) as listener:
        address = addresses.shown_address(listener, "0.0.0.0", public_url, contained=True)
        shown = shown.format(port=listener.getsockname()[1])

    assert address == addresses.Address(main=shown, local=shown, others=())


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (
            'connection to server at "db" failed: FATAL:  password authentication failed for user "me"',
            'the server at db:5432 refused user "me" or its password.',
        ),
        (
            "connection failed: fe_sendauth: no password supplied",
            'the server at db:5432 wants a password for user "me".',
        ),
        ("[Errno -2] Name or service not known", 'there is no host "db": correct its name.'),
        ("failed to resolve host 'db'", 'there is no host "db": correct its name.'),
        (
            "connection timeout expired",
            "no PostgreSQL answers at db:5432 within 10 s: correct host and port.",
        ),
        ("first line\nsomething else altogether", "something else altogether"),
    ],
)
def test_unreachable_database_is_explained(reason: str, sentence: str) -> None:
    params: dict[str, object] = {"host": "db", "port": 5432, "user": "me", "dbname": "memoryos"}

    assert preparation.unreachable(reason, params) == f"DATABASE_URL cannot be used: {sentence}"


def test_unreachable_host_is_explained_by_the_real_client() -> None:
    with pytest.raises(psycopg.OperationalError) as error:
        psycopg.connect(host="no-such-host.invalid", dbname="m", connect_timeout=5)

    assert preparation.unreachable(str(error.value), {"host": "no-such-host.invalid"}) == (
        'DATABASE_URL cannot be used: there is no host "no-such-host.invalid": correct its name.'
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("username", "password", "sentence"),
    [
        ("tom", "", "Set MEMORYOS_ADMIN_USERNAME and MEMORYOS_ADMIN_PASSWORD together, or neither."),
        (
            "tom",
            "12345678",
            "MEMORYOS_ADMIN_PASSWORD cannot be used: This password is too common. This password is entirely numeric.",
        ),
        ("to m", "a-long-enough-passphrase", "MEMORYOS_ADMIN_USERNAME cannot be used: Enter a valid username. "),
    ],
)
def test_unusable_owner_is_refused(
    monkeypatch: pytest.MonkeyPatch, username: str, password: str, sentence: str
) -> None:
    monkeypatch.setenv("MEMORYOS_ADMIN_USERNAME", username)
    monkeypatch.setenv("MEMORYOS_ADMIN_PASSWORD", password)

    with pytest.raises(StartError) as refused:
        preparation.ensure_owner()

    assert str(refused.value).startswith(sentence)
    assert not User.objects.exists()
