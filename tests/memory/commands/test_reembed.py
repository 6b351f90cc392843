"""`manage.py reembed` against a real embeddings server: in this process, and as one that is killed."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from memory.domain.consolidation import transfer_all
from memory.domain.recording import PageDraft, record_pages
from memory.domain.vectors import as_stored
from memory.embedding.registry import WORDLLAMA_NAME
from memory.enums import Outcome, Purpose, Source
from memory.models import Memory, ModelCall, Page
from tests.memory.factories import EPOCH, KnowledgeFactory, MemoryFactory
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder
from tests.memory.processes import PATIENCE, Process, database_url
from tests.openai_answers import bag_of_words
from tests.openai_server import Behaviour, OpenAIServer
from tests.paths import CONVERSATION
from tests.serving import USERNAME, ProductFactory, manage, product_environment

OLD = WordEmbedder()
NEW = "openai:new"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def configured(server: OpenAIServer, settings: Settings) -> OpenAIServer:
    """The product is set up for another model than that of `talk`."""
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL, settings.MODEL_TIMEOUT = "new", server.base_url, 5
    return server


def talk(count: int) -> Memory:
    memory = MemoryFactory()
    record_pages(memory, [PageDraft(f"q{n}", f"r{n}", EPOCH) for n in range(count)], Source.IMPORT)
    transfer_all(memory, ScriptedConsolidator(), OLD)
    vector = as_stored(OLD.embed(["Likes tea."])[0])
    KnowledgeFactory(memory=memory, text="Likes tea.", embedding=vector, embedding_model=OLD.name)
    ModelCall.objects.all().delete()
    return memory


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("reembed", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def models_of(memory: Memory) -> set[str]:
    rows = (memory.pages.all(), memory.segments.all(), memory.knowledge.all())
    return {model for kind in rows for model in kind.values_list("embedding_model", flat=True)}


@pytest.mark.django_db
def test_all_rows_follow_with_progress_a_summary_and_a_ledger(configured: OpenAIServer) -> None:
    memory = talk(30)
    out, err = run("--batch", "10")
    assert models_of(memory) == {NEW}
    for page in memory.pages.all():
        direction = np.array(bag_of_words(page.text)) / np.linalg.norm(bag_of_words(page.text))
        assert np.allclose(np.array(page.embedding), direction, atol=1e-3)
    assert out.startswith(f"Gave 30 pages, 1 segment and 1 fact vectors of {NEW} (")
    assert "Embedding [" in err
    assert "32/32" in err
    assert [len(request.body["input"]) for request in configured.requests] == [10, 10, 10, 1]
    calls = ModelCall.objects.order_by("pk").values_list("memory", "purpose", "model", "tokens_in", "outcome")
    assert list(calls) == [(memory.pk, Purpose.EMBEDDING, NEW, tokens, Outcome.OK) for tokens in (10, 10, 10, 1)]


@pytest.mark.django_db
def test_a_dry_run_tells_and_changes_nothing(configured: OpenAIServer) -> None:
    memory = talk(30)
    out, _ = run("--dry-run")
    assert out.splitlines() == [
        "30 pages with a vector of words-64.",
        "1 segment with a vector of words-64.",
        "1 fact with a vector of words-64.",
        f"They would get vectors of {NEW}. Nothing was changed.",
    ]
    assert models_of(memory) == {OLD.name}
    assert configured.requests == []


@pytest.mark.django_db
def test_nothing_to_do(settings: Settings) -> None:
    MemoryFactory()
    assert run() == (f"Nothing to do: every vector is of {WORDLLAMA_NAME}.\n", "")
    assert run("--dry-run") == run()


@pytest.mark.django_db
def test_back_to_the_built_in_model_asks_no_server_and_leaves_no_ledger() -> None:
    memory = talk(8)
    run()
    assert models_of(memory) == {WORDLLAMA_NAME}
    assert not ModelCall.objects.exists()


@pytest.mark.django_db
def test_a_failing_model_stops_with_one_sentence_and_the_next_run_goes_on(configured: OpenAIServer) -> None:
    memory = talk(30)
    configured.queue(Behaviour(), Behaviour(), Behaviour(status=429))
    with pytest.raises(CommandError, match=r"embedding model's server asks to slow down.*20 of 32 rows are done") as e:
        run("--batch", "10")
    assert e.value.returncode == 1
    assert memory.pages.filter(embedding_model=NEW).count() == 20
    assert ModelCall.objects.latest("pk").outcome == Outcome.RATE_LIMITED
    assert run("--batch", "10")[0].startswith("Gave 10 pages, 1 segment and 1 fact")
    assert models_of(memory) == {NEW}


@pytest.mark.django_db
def test_one_memory_and_an_unknown_one(configured: OpenAIServer) -> None:
    memory, other = talk(8), talk(8)
    with pytest.raises(CommandError, match=r"There is no memory 0, 999\. Nothing was changed"):
        run("--memory", str(memory.pk), "999", "0")
    run("--memory", str(memory.pk))
    assert (models_of(memory), models_of(other)) == ({NEW}, {OLD.name})


@pytest.mark.django_db
@pytest.mark.parametrize("size", ["0", "-1", "many"])
def test_a_batch_of_nothing_is_refused(size: str) -> None:
    with pytest.raises(CommandError, match="no number of rows"):
        run("--batch", size)


def start(folder: Path, server: OpenAIServer, name: str) -> Process:
    variables = {
        "DATABASE_URL": database_url(),
        "SECRET_KEY": "only-for-tests-" + "0" * 50,
        "EMBEDDING_BASE_URL": server.base_url,
        "EMBEDDING_MODEL": "new",
    }
    arguments = ("manage.py", "reembed", "--batch", "10")
    return Process(name, arguments, folder / f"{name}.log", product_environment(folder, **variables))


@pytest.mark.process
@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_it_goes_on_where_it_was(server: OpenAIServer, tmp_path: Path) -> None:
    memory = talk(40)
    server.queue(Behaviour(), Behaviour())
    server.default = Behaviour(first_byte_after=600)

    first = start(tmp_path, server, "reembed-killed")
    server.wait_for_requests(3, PATIENCE)
    first.kill()
    assert memory.pages.filter(embedding_model=NEW).count() == 20
    assert memory.pages.filter(embedding_model=OLD.name).count() == 20
    assert not Page.objects.filter(embedding__isnull=True).exists()

    server.default = Behaviour()
    second = start(tmp_path, server, "reembed-again")
    assert (second.wait(), second.output.count("Traceback")) == (0, 0)
    second.end()
    assert "Gave 20 pages, 1 segment and 1 fact vectors" in second.output
    assert models_of(memory) == {NEW}
    asked = [text for request in server.requests for text in request.body["input"]]
    # Only what the killed call had asked for is asked again.
    assert len(asked) == 40 + 10 + 1


@pytest.mark.process
@pytest.mark.proof
def test_a_product_with_a_new_setting_says_so_until_a_run_beside_it_is_done(
    server: OpenAIServer, product: ProductFactory
) -> None:
    memoryos = product()
    imported = manage(memoryos.data_dir, "import_conversations", str(CONVERSATION), "--user", USERNAME)
    assert imported.returncode == 0, imported.stderr
    assert "WARNING" not in memoryos.output

    new = {"EMBEDDING_BASE_URL": server.base_url, "EMBEDDING_MODEL": "new"}
    memoryos.variables |= new
    memoryos.restart()
    assert f"WARNING: Vectors of {WORDLLAMA_NAME} are stored (16 pages, " in memoryos.output
    assert "manage.py reembed" in memoryos.output

    done = manage(memoryos.data_dir, "reembed", **new)
    assert (done.returncode, done.stdout.startswith("Gave 16 pages, ")) == (0, True), done.stderr
    said = memoryos.output
    memoryos.restart()
    assert "WARNING" not in memoryos.output[len(said) :]
    back = manage(memoryos.data_dir, "check", "--database", "default")
    assert "(memory.W001)" in back.stderr
