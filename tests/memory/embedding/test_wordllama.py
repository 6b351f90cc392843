"""The real weights of the wheel: offline, quiet, unit vectors."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from memory.embedding.wordllama import DIMENSIONS, TEXT_CHARACTERS, WordLlamaEmbedder

EMBEDDER = WordLlamaEmbedder()


def test_rows_are_unit_vectors_in_order() -> None:
    texts = ["I like tea", "Ich mag Tee", "我喜欢茶", "🤖"]

    vectors = EMBEDDER.embed(texts)

    assert (vectors.dtype, vectors.shape) == (np.dtype(np.float32), (4, DIMENSIONS))
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert np.allclose(vectors[2], EMBEDDER.embed(["我喜欢茶"])[0], atol=1e-6)


def test_near_meanings_are_near() -> None:
    cat, kitten, tax = EMBEDDER.embed(["my cat sleeps", "the kitten naps", "income tax return"])

    assert float(cat @ kitten) > float(cat @ tax) + 0.2


def test_blank_texts_are_zeros() -> None:
    vectors = EMBEDDER.embed(["", "tea", " \n"])

    assert np.linalg.norm(vectors, axis=1).round(3).tolist() == [0.0, 1.0, 0.0]
    assert EMBEDDER.embed([]).shape == (0, DIMENSIONS)
    assert not EMBEDDER.embed([""]).any()


def test_odd_characters_are_embedded() -> None:
    assert np.isfinite(EMBEDDER.embed(["a\x00b", "\ud800 lone", "x" * 50_000])).all()


def test_of_a_long_text_the_beginning_is_embedded() -> None:
    texts = ["tea " * 500_000, *["short"] * 3, *["tea " * (TEXT_CHARACTERS // 4)] * 20]

    vectors = EMBEDDER.embed(texts)

    assert np.array_equal(vectors[0], vectors[-1])
    assert np.array_equal(vectors[1], EMBEDDER.embed(["short"])[0])


def test_many_texts_and_threads_give_the_same_vectors() -> None:
    texts = [f"page {number} of many" for number in range(600)]
    expected = EMBEDDER.embed(texts)

    with ThreadPoolExecutor(4) as threads:
        for vectors in threads.map(WordLlamaEmbedder().embed, [texts] * 4):
            assert np.array_equal(vectors, expected)


def test_loading_leaves_logging_alone() -> None:
    code = (
        "import logging; from memory.embedding.wordllama import WordLlamaEmbedder;"
        "WordLlamaEmbedder().embed(['tea']); root = logging.getLogger(); print(root.handlers, root.level)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == f"[] {logging.WARNING}"
    assert done.stderr == ""
