"""The embeddings client against a local server."""

from dataclasses import replace

import numpy as np
import pytest

from memory import exceptions as errors
from memory.domain.tokens import count_tokens
from memory.embedding.openai import BATCH, SHORTER, TEXT_TOKENS, OpenAIEmbedder
from memory.llm.base import Usage
from memory.llm.endpoint import Endpoint
from tests.openai_answers import EMBEDDING_DIMENSIONS, bag_of_words
from tests.openai_server import ERROR_SECRET, Behaviour, OpenAIServer, RecordedRequest


@pytest.fixture
def endpoint(server: OpenAIServer) -> Endpoint:
    return Endpoint("bge", server.base_url, "sk-secret", timeout=2.0)


@pytest.fixture
def embedder(endpoint: Endpoint) -> OpenAIEmbedder:
    return OpenAIEmbedder(endpoint)


def test_rows_are_unit_vectors_in_order(server: OpenAIServer, embedder: OpenAIEmbedder) -> None:
    vectors = embedder.embed(["a b", "", "c"])

    assert (vectors.dtype, vectors.shape) == (np.dtype(np.float32), (3, EMBEDDING_DIMENSIONS))
    assert np.allclose(vectors[0], np.array(bag_of_words("a b")) / np.linalg.norm(bag_of_words("a b")))
    assert not vectors[1].any()
    assert np.allclose(vectors[2], np.array(bag_of_words("c")) / 2)
    (request,) = server.requests
    assert request.body == {"model": "bge", "input": ["a b", "c"], "encoding_format": "float"}
    assert embedder.name == "openai:bge"


def test_many_texts_go_in_batches(server: OpenAIServer, embedder: OpenAIEmbedder) -> None:
    texts = [f"text {number}" for number in range(2 * BATCH + 1)]

    vectors = embedder.embed(texts)

    assert [len(request.body["input"]) for request in server.requests] == [BATCH, BATCH, 1]
    assert np.allclose(vectors[-1], embedder.embed(texts[-1:])[0])


def test_long_texts_are_cut_and_spread_over_requests(server: OpenAIServer, embedder: OpenAIEmbedder) -> None:
    embedder.embed(["long word " * 10_000] * 26)

    assert [len(request.body["input"]) for request in server.requests] == [25, 1]
    assert len(server.requests[0].body["input"][0]) == 4 * TEXT_TOKENS


@pytest.mark.parametrize("text", ["茶" * 20_000, "茶" * TEXT_TOKENS + "x" * 40_000, "x" * 40_000 + "茶" * TEXT_TOKENS])
def test_a_long_text_keeps_the_bound_wherever_its_tokens_stand(
    server: OpenAIServer, embedder: OpenAIEmbedder, text: str
) -> None:
    embedder.embed([text])

    [sent] = server.requests[0].body["input"]
    assert text.startswith(sent)
    assert TEXT_TOKENS // 2 < count_tokens(sent) <= TEXT_TOKENS


class NarrowModel(OpenAIServer):
    """Refuses texts of more than `most` characters, as models with a window do."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def take_behaviour(self, request: RecordedRequest) -> Behaviour:
        behaviour = super().take_behaviour(request)
        too_long = any(len(text) > self._most for text in request.body["input"])
        return Behaviour(status=400) if too_long else behaviour


@pytest.mark.parametrize(("most", "sent"), [(10_000, [32_000, 8_000]), (2_000, [32_000, 8_000, 1_920])])
def test_a_model_that_reads_less_is_asked_with_less(most: int, sent: list[int]) -> None:
    """Else one page of encoded data would keep all pages of its memory waiting, for ever."""
    with NarrowModel(most) as server:
        embedding = OpenAIEmbedder(Endpoint("bge", server.base_url)).embed_counted(["x" * 100_000, "tea"])

        assert [[len(text) for text in request.body["input"]] for request in server.requests] == [
            [length, 3] for length in sent
        ]
    assert embedding.vectors.shape == (2, EMBEDDING_DIMENSIONS)
    assert embedding.usage == Usage(2, None)


def test_a_request_refused_for_another_reason_ends_soon(server: OpenAIServer, embedder: OpenAIEmbedder) -> None:
    server.default = Behaviour(status=400)

    with pytest.raises(errors.ModelRefused):
        embedder.embed(["tea"])
    with pytest.raises(errors.ModelRefused):
        embedder.embed(["x" * 100_000])

    assert len(server.requests) == 1 + 1 + len(SHORTER)


def test_what_a_call_cost_is_summed_over_its_requests(server: OpenAIServer, embedder: OpenAIEmbedder) -> None:
    embedding = embedder.embed_counted(["a", " ", *["b"] * BATCH])

    assert len(server.requests) == 2
    assert embedding.usage == Usage(BATCH + 1, None)
    assert embedding.vectors.shape == (BATCH + 2, EMBEDDING_DIMENSIONS)
    assert embedder.embed_counted([" "]).usage == Usage()


def test_an_error_carries_what_the_requests_before_it_cost(server: OpenAIServer, embedder: OpenAIEmbedder) -> None:
    server.queue(Behaviour(), Behaviour(status=500))

    with pytest.raises(errors.ModelServerError) as raised:
        embedder.embed(["a"] * (BATCH + 1))

    assert raised.value.usage == Usage(BATCH, None)


def test_blank_texts_ask_nothing(server: OpenAIServer, embedder: OpenAIEmbedder) -> None:
    assert embedder.embed(["", " "]).shape == (2, 0)
    assert server.requests == []


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (Behaviour(status=401), errors.ModelUnauthorised),
        (Behaviour(status=404), errors.ModelRefused),
        (Behaviour(status=429), errors.ModelRateLimited),
        (Behaviour(status=500), errors.ModelServerError),
        (Behaviour(first_byte_after=5), errors.ModelTimedOut),
        (Behaviour(embeddings=[]), errors.ModelMalformedAnswer),
        (Behaviour(embeddings=[{"index": 0, "embedding": [1.0]}]), errors.ModelMalformedAnswer),
        (
            Behaviour(embeddings=[{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}]),
            errors.ModelMalformedAnswer,
        ),
        (
            Behaviour(embeddings=[{"index": 0, "embedding": None}, {"index": 1, "embedding": "x"}]),
            errors.ModelMalformedAnswer,
        ),
        (Behaviour(raw_body="<html>", content_type="text/html"), errors.ModelMalformedAnswer),
        (Behaviour(raw_body="[" * 200_000, content_type="application/json"), errors.ModelMalformedAnswer),
    ],
)
def test_failures_become_errors_in_plain_words(
    server: OpenAIServer, endpoint: Endpoint, behaviour: Behaviour, kind: type[errors.ModelError]
) -> None:
    server.default = behaviour

    with pytest.raises(kind) as raised:
        OpenAIEmbedder(replace(endpoint, timeout=0.3)).embed(["a", "b"])

    assert "embedding model" in str(raised.value)
    assert "OPENAI" not in str(raised.value)
    assert ERROR_SECRET not in str(raised.value)


def test_batches_of_different_lengths_are_malformed(server: OpenAIServer, embedder: OpenAIEmbedder) -> None:
    rows = [{"index": index, "embedding": [1.0, 2.0]} for index in range(BATCH)]
    server.queue(Behaviour(embeddings=rows))

    with pytest.raises(errors.ModelMalformedAnswer):
        embedder.embed([f"text {number}" for number in range(BATCH + 1)])


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1/v1", "http://[::1"])
def test_wrong_address_is_unreachable(endpoint: Endpoint, base_url: str) -> None:
    with pytest.raises(errors.ModelUnreachable, match="The embedding model could not be reached"):
        OpenAIEmbedder(replace(endpoint, base_url=base_url)).embed(["a"])
