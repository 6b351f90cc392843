"""The embedded server: shared by living processes, stopped by the last, started again after accidents."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from memoryos_site.embedded_postgres.account import ServerAccount
from memoryos_site.embedded_postgres.server import PORT, USER, EmbeddedPostgresError, EmbeddedServer
from tests.serving import ProductFactory

DATABASE = "memoryos"


@pytest.fixture
def cluster(product: ProductFactory) -> Iterator[Path]:
    """Return the stopped cluster of an empty installation; a server left running is stopped afterwards."""
    folder = product.new_data_dir() / "postgres"
    yield folder
    EmbeddedServer(folder).detach()


def ask(server: EmbeddedServer) -> str:
    """Return the name of the database that answers."""
    with psycopg.connect(host=server.socket_dir, port=PORT, user=USER, dbname=DATABASE) as connection:
        row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    return str(row[0])


def is_up(cluster: Path) -> bool:
    return (cluster / "postmaster.pid").exists()


def test_last_user_stops_the_server(cluster: Path) -> None:
    first, second = EmbeddedServer(cluster), EmbeddedServer(cluster)
    first.attach(DATABASE)
    second.attach(DATABASE)

    assert first.detach() is False
    assert ask(second) == DATABASE
    assert second.detach() is True
    assert not is_up(cluster)
    assert second.detach() is True


def test_postmaster_file_of_another_program_is_no_obstacle(cluster: Path) -> None:
    stale = [str(os.getpid()), str(cluster), "1700000000", str(PORT), str(cluster), "", "1 1", "ready   "]
    (cluster / "postmaster.pid").write_text("\n".join(stale) + "\n")
    server = EmbeddedServer(cluster)

    server.attach(DATABASE)

    assert ask(server) == DATABASE
    server.detach()


def test_postmaster_file_cut_off_by_a_power_failure_is_no_obstacle(cluster: Path) -> None:
    (cluster / "postmaster.pid").touch()
    server = EmbeddedServer(cluster)

    server.attach(DATABASE)

    assert ask(server) == DATABASE
    server.detach()


@pytest.mark.parametrize("name", ["deep" * 30, "with, a comma", "with 'quotes\""])
def test_folder_that_cannot_hold_a_socket_gets_one_elsewhere(cluster: Path, name: str) -> None:
    moved = cluster.parent / name / "postgres"
    moved.parent.mkdir()
    cluster.rename(moved)
    server = EmbeddedServer(moved)

    server.attach(DATABASE)
    socket_dir = Path(server.socket_dir)
    assert ask(server) == DATABASE
    assert (socket_dir != moved, socket_dir.stat().st_mode & 0o077) == (True, 0)

    server.detach()
    assert not socket_dir.exists()


def test_server_that_cannot_start_says_why(cluster: Path) -> None:
    with (cluster / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_setting = 1\n")

    with pytest.raises(EmbeddedPostgresError) as failure:
        EmbeddedServer(cluster).attach(DATABASE)

    assert str(failure.value) == (
        'The embedded PostgreSQL did not start: configuration file "'
        f'{cluster}/postgresql.conf" contains errors (log: {cluster}.log).'
    )


def test_data_of_another_version_is_refused(cluster: Path) -> None:
    (cluster / "PG_VERSION").write_text("17\n")

    with pytest.raises(EmbeddedPostgresError, match="holds data of PostgreSQL 17 and this MemoryOS brings"):
        EmbeddedServer(cluster).attach(DATABASE)

    assert not is_up(cluster)


def test_interrupted_creation_is_not_taken_for_a_database(product: ProductFactory) -> None:
    fresh = product.new_data_dir(from_nothing=True) / "postgres.new"
    fresh.mkdir()
    (fresh / "PG_VERSION").write_text("18\n")
    server = EmbeddedServer(fresh.with_name("postgres"), options={"fsync": "off"})

    server.attach(DATABASE)

    assert ask(server) == DATABASE
    assert server.detach() is True
    assert not fresh.exists()


def test_opening_a_private_folder_for_the_servers_account_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    private = tmp_path / "private"
    (private / "data").mkdir(parents=True)
    private.chmod(0o700)
    account = ServerAccount()
    account.is_substitute = True  # as for root

    account.let_through(private / "data" / "postgres")
    account.let_through(private / "data" / "postgres")

    assert private.stat().st_mode & 0o777 == 0o701
    assert [
        record.message for record in caplog.records if record.message.startswith(f"Let others into {private},")
    ] == [
        f"Let others into {private}, without listing it (mode 0701): PostgreSQL runs as memoryos-postgres, not as root."
    ]


def test_long_log_is_put_aside(cluster: Path) -> None:
    log = cluster.with_name("postgres.log")
    log.write_bytes(b"x" * 1_000_001)
    server = EmbeddedServer(cluster)

    server.attach(DATABASE)
    server.detach()

    assert log.stat().st_size < 100_000
    assert cluster.with_name("postgres.log.1").stat().st_size == 1_000_001
