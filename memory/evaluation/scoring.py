"""Scoring answers as LoCoMo does (task_eval/evaluation.py of its repository). Pure.

F1 is over stemmed words; a multi-hop answer is a list whose parts count each for itself; of an open-domain answer
only the part before the semicolon counts, what follows is its reason. BLEU-1 is over the same words, not stemmed.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter

import snowballstemmer

_ARTICLES = re.compile(r"\b(a|an|the|and)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_MULTI_HOP, _OPEN_DOMAIN = 1, 3


def words_of(text: str) -> list[str]:
    """Return the words of an answer as LoCoMo compares them: lower case, no punctuation, no articles."""
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def answer_f1(prediction: str, gold: str, category: int) -> float:
    """Return LoCoMo's F1 of an answer, 0..1, by the rules of the question's category."""
    if category == _MULTI_HOP:
        return list_f1(prediction, gold)
    return f1(prediction, _counted(gold, category))


def answer_bleu1(prediction: str, gold: str, category: int) -> float:
    """Return BLEU-1 of an answer, 0..1."""
    return bleu1(prediction, _counted(gold, category))


def _counted(gold: str, category: int) -> str:
    return gold.partition(";")[0].strip() if category == _OPEN_DOMAIN else gold


def f1(prediction: str, gold: str) -> float:
    """Return the harmonic mean of precision and recall of the stemmed words, each counted as often as it stands."""
    said, wanted = _stems(prediction), _stems(gold)
    shared = (said & wanted).total()
    if not shared:
        return 0.0
    precision, recall = shared / said.total(), shared / wanted.total()
    return 2 * precision * recall / (precision + recall)


def list_f1(prediction: str, gold: str) -> float:
    """Return the mean over the gold answer's parts between commas of the best F1 that a part of the prediction has."""
    parts = prediction.split(",")
    wanted = gold.split(",")
    return sum(max(f1(part, one) for part in parts) for one in wanted) / len(wanted)


def bleu1(prediction: str, gold: str) -> float:
    """Return the share of the prediction's words that the gold answer has, times the penalty for being shorter."""
    said, wanted = Counter(words_of(prediction)), Counter(words_of(gold))
    if not said:
        return 0.0
    brevity = min(1.0, math.exp(1 - wanted.total() / said.total()))
    return brevity * (said & wanted).total() / said.total()


def _stems(text: str) -> Counter[str]:
    # One for each call: it is cheap, and a stemmer is not safe to share between threads.
    return Counter(snowballstemmer.stemmer("porter").stemWords(words_of(text)))
