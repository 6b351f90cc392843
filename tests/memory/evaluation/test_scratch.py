import os
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError
from django.db import connection, connections, transaction
from django.db.backends.base.base import NO_DB_ALIAS, BaseDatabaseWrapper
from procrastinate.contrib.django.models import ProcrastinateJob

from memory.domain.recording import record_page
from memory.evaluation.scratch import PREFIX, drop_abandoned, scratch_database
from memory.llm.prompts import TRANSFER_TASK
from memory.models import Memory, Page
from tests.memory.factories import MemoryFactory
from tests.memory.processes import HeldModel, Processes, wait_until
from tests.paths import LOCOMO_QUESTIONS

pytestmark = pytest.mark.proof
OURS = f"{PREFIX}{os.getpid()}_"


def separate(**changes: object) -> BaseDatabaseWrapper:
    """A second, unpooled connection to this test's server."""
    usual = connections["default"]
    return type(usual)({**usual.settings_dict, "OPTIONS": {}, **changes}, NO_DB_ALIAS)


@pytest.fixture
def server(db: None) -> Iterator[BaseDatabaseWrapper]:
    """A connection outside the test's transaction, for what no transaction may hold."""
    wrapper = separate()
    yield wrapper
    wrapper.close()


def databases(wrapper: BaseDatabaseWrapper, prefix: str = OURS) -> list[str]:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        return [name for (name,) in cursor.fetchall()]


def test_what_happens_on_it_stays_there(server: BaseDatabaseWrapper) -> None:
    mine = MemoryFactory()
    with scratch_database() as name:
        assert databases(server) == [name]
        assert not Memory.objects.exists()
        memory = MemoryFactory(assistant__slug="only-here")
        record_page(memory, query="Good evening", response="")
        assert (Page.objects.count(), ProcrastinateJob.objects.count()) == (1, 1)
    assert databases(server) == []
    assert list(Memory.objects.all()) == [mine]
    assert not Page.objects.exists()
    assert not ProcrastinateJob.objects.exists()


def test_the_usual_connection_comes_back_in_the_middle_of_its_transaction(db: None) -> None:
    usual = connections["default"]
    with transaction.atomic():
        made = MemoryFactory()
        depth = len(connection.savepoint_ids)
        with scratch_database():
            assert connections["default"] is not usual
            assert not connection.in_atomic_block
        assert connections["default"] is usual
        assert len(connection.savepoint_ids) == depth
        assert Memory.objects.get() == made
        transaction.set_rollback(True)
    assert not Memory.objects.exists()


def test_rows_of_content_types_are_not_mistaken_for_those_of_the_other_database(db: None) -> None:
    ContentType.objects.filter(app_label="auth", model="user").update(model="gone")
    ContentType.objects.clear_cache()
    usual = ContentType.objects.create(app_label="auth", model="user").pk
    with scratch_database():
        assert ContentType.objects.get_for_model(User).pk != usual
    assert ContentType.objects.get_for_model(User).pk == usual


@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_it_is_dropped_however_the_block_ends(server: BaseDatabaseWrapper, kind: type[BaseException]) -> None:
    usual = connections["default"]

    def measure() -> None:
        with scratch_database():
            MemoryFactory()
            raise kind

    with pytest.raises(kind):
        measure()
    assert databases(server) == []
    assert connections["default"] is usual
    assert not Memory.objects.exists()


def test_it_is_dropped_though_somebody_is_still_connected(server: BaseDatabaseWrapper) -> None:
    with scratch_database() as name:
        left = separate(NAME=name)
        left.ensure_connection()
    assert databases(server) == []
    left.close()


def test_the_next_run_drops_what_nobody_uses(server: BaseDatabaseWrapper) -> None:
    with server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {OURS}abandoned")
    with scratch_database() as name:
        assert databases(server) == [name]


def test_a_run_is_not_taken_for_abandoned_while_its_connection_is_closed(server: BaseDatabaseWrapper) -> None:
    with scratch_database() as name:
        connection.close()
        assert name not in drop_abandoned(server)
        assert not Memory.objects.exists()


def test_a_role_that_may_not_create_databases_is_told_so(server: BaseDatabaseWrapper) -> None:
    usual = connections["default"]
    connections["default"] = separate(OPTIONS={"options": "-c role=pg_monitor"})
    try:
        with pytest.raises(CommandError, match="give it the right CREATEDB"), scratch_database():
            raise AssertionError("never gets here")
    finally:
        connections["default"] = usual
    assert databases(server) == []


def test_a_killed_run_leaves_a_database_that_the_next_one_drops(
    processes: Processes, server: BaseDatabaseWrapper
) -> None:
    with HeldModel(hold=TRANSFER_TASK) as model:
        run = processes.manage("locomo", str(LOCOMO_QUESTIONS), model=model)
        model.wait_until_thinking()
        with server.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_stat_activity WHERE application_name = %s", [run.name])
            [name] = {name for (name,) in cursor.fetchall() if name.startswith(PREFIX)}
        assert name not in drop_abandoned(server)  # it is in use
        run.kill()
    wait_until(lambda: bool(drop_abandoned(server)) or not databases(server, name), "the database is dropped")
    assert databases(server, name) == []
    assert not Memory.objects.exists()
