"""A start that cannot succeed says why in one sentence with the fix, and exits with an error."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.serving import ProductFactory, manage

pytestmark = pytest.mark.process


def assert_one_sentence(ended: "subprocess.CompletedProcess[str]", sentence: str) -> None:
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", f"{sentence}\n")


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


def test_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ended = manage(tmp_path / "file", "serve", "--port", "0")

    assert_one_sentence(
        ended,
        f"The data folder {tmp_path}/file cannot be used (secret_key: Not a directory): make it writable for this "
        "account or set MEMORYOS_DATA_DIR to another folder.",
    )


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder that even root cannot write")
def test_data_folder_without_write_permission_is_refused() -> None:
    ended = manage(Path("/proc/memoryos"), "serve", "--port", "0", SECRET_KEY="x" * 50)

    assert_one_sentence(
        ended,
        "The data folder /proc/memoryos cannot be used (No such file or directory): make it writable for this "
        "account or set MEMORYOS_DATA_DIR to another folder.",
    )


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgres://u:p@127.0.0.1:9/m", "no PostgreSQL answers at 127.0.0.1:9: start it, or correct host and port."),
        ("postgres://u:p@no-such-host.invalid/m", 'there is no host "no-such-host.invalid": correct its name.'),
    ],
)
def test_unreachable_database_is_named(tmp_path: Path, url: str, reason: str) -> None:
    ended = manage(tmp_path, "serve", "--port", "0", DATABASE_URL=url)

    assert_one_sentence(ended, f"DATABASE_URL cannot be used: {reason}")


def test_missing_database_is_named(product: ProductFactory) -> None:
    folder = product().data_dir / "postgres"

    ended = manage(folder.parent, "serve", "--port", "0", DATABASE_URL=f"postgres://postgres@/missing?host={folder}")

    assert_one_sentence(
        ended,
        f'DATABASE_URL cannot be used: the server at {folder}:5432 has no database "missing" or no user "postgres": '
        "create it.",
    )


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"DATABASE_URL": "mysql://u:p@h/m"}, "DATABASE_URL must look like postgres://user:password@host:5432/name."),
        ({"PORT": "http"}, "PORT must be a whole number from 0 to 65535, not 'http'."),
        ({"DEBUG": "maybe"}, "DEBUG must be true or false, not 'maybe'."),
        ({"MODEL_TIMEOUT": "0"}, "MODEL_TIMEOUT must be a positive number of seconds, not '0'."),
        (
            {"PUBLIC_URL": "memory.example.org"},
            "PUBLIC_URL must be the whole address of the site without a path, like https://memory.example.org, "
            "not 'memory.example.org'.",
        ),
        (
            {"OPENAI_BASE_URL": "localhost:11434"},
            "OPENAI_BASE_URL must be an address like https://example.org/v1, not 'localhost:11434'.",
        ),
        ({"MEMORYOS_SHORT_TERM_CAPACITY": "many"}, "MEMORYOS_SHORT_TERM_CAPACITY must be a number, not 'many'."),
    ],
)
def test_bad_variable_is_named(tmp_path: Path, variables: dict[str, str], sentence: str) -> None:
    assert_one_sentence(manage(tmp_path, "serve", **{"PORT": "0", **variables}), sentence)


@pytest.mark.parametrize(
    ("username", "password", "sentence"),
    [
        ("tom", "", "Set MEMORYOS_ADMIN_USERNAME and MEMORYOS_ADMIN_PASSWORD together, or neither."),
        (
            "tom",
            "12345678",
            "MEMORYOS_ADMIN_PASSWORD cannot be used: This password is too common. This password is entirely numeric.",
        ),
    ],
)
def test_unusable_owner_is_refused(product: ProductFactory, username: str, password: str, sentence: str) -> None:
    ended = manage(
        product.new_data_dir(),
        "serve",
        "--port",
        "0",
        MEMORYOS_ADMIN_USERNAME=username,
        MEMORYOS_ADMIN_PASSWORD=password,
    )

    assert_one_sentence(ended, sentence)
