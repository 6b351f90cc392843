"""The background path as it really runs: a served product, its inline worker, a command beside it."""

import re

import pytest

from tests.openai_server import OpenAIServer
from tests.paths import CONVERSATION
from tests.serving import USERNAME, ProductFactory, manage

pytestmark = pytest.mark.process


def counts(report: str) -> dict[str, int]:
    return {name: int(number) for number, name in re.findall(r"(\d+) (pages in|segments|facts|profile)", report)}


def test_an_import_beside_a_running_product_leaves_the_work_to_its_worker(product: ProductFactory) -> None:
    memoryos = product()
    done = manage(memoryos.data_dir, "import_conversations", str(CONVERSATION), "--user", USERNAME)
    assert done.returncode == 0, done.stderr
    assert "16 pages added" in done.stdout
    assert counts(done.stdout)["pages in"] >= 9
    assert counts(done.stdout)["segments"] >= 1
    with memoryos.client() as client:
        assert "A small second-hand Fuji" in client.get("/memory/assistant/short-term/").text


def test_a_connected_model_does_the_thinking(product: ProductFactory) -> None:
    with OpenAIServer() as model:
        memoryos = product(OPENAI_BASE_URL=model.base_url, MODEL="local")
        done = manage(
            memoryos.data_dir, "import_conversations", str(CONVERSATION), "--user", USERNAME,
            OPENAI_BASE_URL=model.base_url, MODEL="local",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert counts(done.stdout)["segments"] >= 1
        # One call moved the ten oldest pages and one more analysed them: never a call a page.
        assert 1 <= len(model.requests) <= 4


def test_a_failing_model_shows_its_reason_and_loses_nothing(product: ProductFactory) -> None:
    unreachable = "http://127.0.0.1:9/v1"
    memoryos = product(OPENAI_BASE_URL=unreachable)
    done = manage(memoryos.data_dir, "import_conversations", str(CONVERSATION), "--user", USERNAME)
    assert done.returncode == 0, done.stderr
    assert "could not be reached" in done.stderr
    with memoryos.client() as client:
        overview = client.get("/memory/", follow_redirects=True).text
    assert "could not be reached" in overview
    assert "Short-term: 16 pages" in done.stdout
