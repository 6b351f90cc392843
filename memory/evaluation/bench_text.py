"""What the people of the benchmark talk about: a vocabulary, pages drawn from it, and questions about them.

The words are made up, so that the benchmark needs no data and is the same everywhere. Their frequencies follow
Zipf-Mandelbrot as measured on LoCoMo's conversations: the most frequent word stands on about two fifths of the pages,
the hundredth on three in a hundred, and a question touches about 0.4 postings for each page of the memory. Pure; knows
no database.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memory.domain.lexical import term_counts
from memory.embedding.base import Embedder, Vectors

Ints = NDArray[np.int64]

WORDS = 20_000
WORD_LENGTH = 5
TERMS_A_PAGE = 30
"""Index terms of an average page; LoCoMo's have 23, answers of a model are longer."""
TOPIC_WORDS = 40
TOPIC_SHARE = 0.3
"""Of a page's words: drawn from its segment's topic instead of from the whole language."""
_FLATNESS, _STEEPNESS = 8, 1.2
"""q and s of Zipf-Mandelbrot, p(rank) ~ (rank + q) ** -s."""
_NOISE = 0.05
_FUNCTION_WORDS = ("the", "and we", "with", "was", "in the", "for", "about", "of my", "that", "to")
_QUESTIONS = ("When did we talk about", "What was it about", "Which of these was it:", "Do you remember", "Who said")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words, the most frequent first, each its own index term. `vectors`: float32, shape (n, d), unit length."""

    words: tuple[str, ...]
    in_context: tuple[str, ...]
    """Each behind a function word: "with a" and the word."""
    upto: NDArray[np.float64]
    """The chance of a word or any more frequent one; shape (n,)."""
    vectors: Vectors
    model: str

    def draw(self, count: int, rng: np.random.Generator) -> Ints:
        """Return numbers of words as people use them."""
        return np.minimum(np.searchsorted(self.upto, rng.random(count)), len(self.words) - 1)


@dataclass(frozen=True, slots=True)
class Talk:
    """Pages as numbers of words: page i has `words[starts[i]:starts[i] + lengths[i]]`, the first `asked[i]` the
    person's."""

    words: Ints
    starts: Ints
    lengths: Ints
    asked: Ints


def make_vocabulary(embedder: Embedder, rng: np.random.Generator) -> Vocabulary:
    """Return 20,000 words that are their own index terms, with their vectors."""
    syllables = ["".join(pair) for pair in itertools.product("bdfghjklmnprstvz", "aeiou")]
    possible = np.array(["".join(parts) for parts in itertools.product(syllables, syllables, "bfpm")])
    mixed = [str(word) for word in rng.permutation(possible)]
    words = list(itertools.islice((word for word in mixed if term_counts(word) == {word: 1}), WORDS))
    chances = (np.arange(1.0, len(words) + 1) + _FLATNESS) ** -_STEEPNESS
    vectors = embedder.embed(words)
    in_context = tuple(
        f"{before} {word}" for before, word in zip(itertools.cycle(_FUNCTION_WORDS), words, strict=False)
    )
    return Vocabulary(tuple(words), in_context, np.cumsum(chances / chances.sum()), vectors, embedder.name)


def make_topics(vocabulary: Vocabulary, count: int, rng: np.random.Generator) -> Ints:
    """Return the words of each topic, shape (count, 40): seldom ones in the language, frequent ones in the topic."""
    return np.sort(rng.integers(TOPIC_WORDS, len(vocabulary.words), (count, TOPIC_WORDS)), axis=1)


def make_talk(vocabulary: Vocabulary, topics: Ints, topic_of: Ints, mean: float, rng: np.random.Generator) -> Talk:
    """Return a page about each of `topic_of` (row numbers of `topics`), of `mean` index terms on average."""
    count = len(topic_of)
    lengths = np.clip(rng.lognormal(np.log(mean) - 0.08, 0.4, count), 4, 10 * mean).astype(np.int64)
    total = int(lengths.sum())
    words = vocabulary.draw(total, rng)
    on_topic = rng.random(total) < TOPIC_SHARE
    # The square makes the first words of a topic its most frequent ones.
    within = (rng.random(total) ** 2 * TOPIC_WORDS).astype(np.int64)
    words = np.where(on_topic, topics[np.repeat(topic_of, lengths), within], words)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return Talk(words, starts, lengths, np.maximum(lengths * 2 // 5, 1))


def directions(vocabulary: Vocabulary, talk: Talk) -> Vectors:
    """Return a unit vector a page, the direction of the sum of its words; float32, shape (n, d)."""
    return units(np.add.reduceat(vocabulary.vectors[talk.words], talk.starts, axis=0))


def directions_near(vocabulary: Vocabulary, topics: Ints, topic_of: Ints, rng: np.random.Generator) -> Vectors:
    """Return a unit vector a page near its topic's, in a tenth of the time that `directions` takes."""
    centres = units(vocabulary.vectors[topics].sum(axis=1))
    noise = rng.standard_normal((len(topic_of), centres.shape[1]), dtype=np.float32)
    return units(centres[topic_of] + _NOISE * noise)


def units(rows: Vectors) -> Vectors:
    """Return rows scaled to unit length; a row of zeros stays one."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Vectors = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return scaled


def spelled(vocabulary: Vocabulary, words: Iterable[int]) -> str:
    """Return words as a text, every other one behind a function word, as in English."""
    forms = itertools.cycle((vocabulary.words, vocabulary.in_context))
    return " ".join([form[number] for form, number in zip(forms, words, strict=False)])


def make_question(vocabulary: Vocabulary, page: Ints, rng: np.random.Generator) -> str:
    """Return a question of 4 to 8 words: half from the page it asks for, half as people talk."""
    count = int(rng.integers(4, 9))
    of_page = rng.choice(page, min(count - count // 2, len(page)), replace=False)
    words = np.concatenate([of_page, vocabulary.draw(count // 2, rng)])
    return f"{rng.choice(_QUESTIONS)} {spelled(vocabulary, words.tolist())}?"
