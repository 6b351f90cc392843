"""What a LoCoMo run found: the figures, and a table of them for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from memory.evaluation.answers import Answer
from memory.evaluation.evidence import DEPTHS, Finding
from memory.evaluation.locomo import CATEGORIES
from memory.evaluation.replay import Cost
from memory.llm.prompts import PROMPT_VERSION

Figures = dict[str, Any]
_LABEL = 26
_COLUMN = 14


@dataclass(frozen=True, slots=True)
class Run:
    """One conversation, replayed and asked about."""

    name: str
    pages: int
    cost: Cost
    findings: Sequence[Finding]
    answers: Sequence[Answer] = ()


@dataclass(frozen=True, slots=True)
class Setup:
    """What was measured. `responder` is the model that answered, None where none was asked to."""

    embedder: str
    consolidator: str
    with_model: bool
    budget: int
    responder: str | None = None


def report(runs: Sequence[Run], setup: Setup) -> Figures:
    """Return all figures, ready for JSON: shares 0..1, milliseconds; over all questions and by conversation."""
    figures = _figures(runs) | {"conversations": {run.name: _figures([run]) for run in runs}}
    if setup.responder is not None:
        figures["answers"] = _answers([answer for run in runs for answer in run.answers], setup.responder)
    return figures


def _figures(runs: Sequence[Run]) -> Figures:
    findings = [finding for run in runs for finding in run.findings]
    pages = sum(run.pages for run in runs)
    times = [finding.milliseconds for finding in findings] or [0.0]
    found = sum(finding.found for finding in findings)
    by_category = {str(category): [f for f in findings if f.question.category == category] for category in CATEGORIES}
    return {
        **_recall(findings),
        "by_category": {
            category: {**_recall(some), "questions": len(some)} for category, some in by_category.items() if some
        },
        "shown_share": sum(finding.shown for finding in findings) / found if found else 0.0,
        "calls_per_page": sum(run.cost.calls for run in runs) / pages,
        "tokens_per_page": sum(run.cost.tokens for run in runs) / pages,
        "recall_ms_p50": float(np.percentile(times, 50)),
        "recall_ms_p95": float(np.percentile(times, 95)),
        "pages": pages,
        "questions": len(findings),
    }


def _recall(findings: Sequence[Finding]) -> Figures:
    """The mean over the questions; zeros for a conversation about which nothing can be asked."""
    depths = {f"recall_at_{depth}": fmean(f.at[depth] for f in findings) if findings else 0.0 for depth in DEPTHS}
    return depths | {"recall_in_budget": fmean(f.in_budget for f in findings) if findings else 0.0}


def _answers(answers: Sequence[Answer], model: str) -> Figures:
    by_category = {str(category): [a for a in answers if a.question.category == category] for category in CATEGORIES}
    return {
        **_scores(answers),
        "by_category": {
            category: {**_scores(some), "questions": len(some)} for category, some in by_category.items() if some
        },
        "model": model,
        "prompt_version": PROMPT_VERSION,
        "tokens_in": sum(answer.usage.tokens_in or 0 for answer in answers),
        "tokens_out": sum(answer.usage.tokens_out or 0 for answer in answers),
    }


def _scores(answers: Sequence[Answer]) -> Figures:
    return {"f1": fmean(answer.f1 for answer in answers), "bleu1": fmean(answer.bleu1 for answer in answers)}


def as_text(figures: Figures, setup: Setup) -> str:
    """Return the figures as a table: shares in percent."""
    return "\n".join(_lines(figures, setup))


def _lines(figures: Figures, setup: Setup) -> Iterator[str]:
    count = len(figures["conversations"])
    yield (
        f"LoCoMo: {count} conversation{'s' * (count != 1)}, {figures['pages']:,} pages, "
        f"{figures['questions']:,} questions, a budget of {setup.budget:,} tokens."
    )
    connected = "" if setup.with_model else " (no language model is connected)"
    yield f"Embedder: {setup.embedder}. Consolidator: {setup.consolidator}{connected}."
    yield ""
    heads = ("questions", *(f"at {depth} pages" for depth in DEPTHS), "in the budget")
    yield _row("Evidence found, %", *heads)
    for category, some in figures["by_category"].items():
        yield _recall_row(f"{category} {CATEGORIES[int(category)]}", some)
    yield _recall_row("all", figures)
    if count > 1:
        yield ""
        for name, some in figures["conversations"].items():
            yield _recall_row(name, some)
    yield ""
    yield (
        f"Of the turns found in the budget, {100 * figures['shown_share']:.1f} % stand in the recalled text "
        "with all their words."
    )
    whose = "of the model" if setup.with_model else "of the built-in rules, which are no model calls"
    yield (
        f"A page took {figures['calls_per_page']:.2f} calls {whose}, and {figures['tokens_per_page']:.0f} tokens; "
        f"recall took {figures['recall_ms_p50']:.1f} ms (p50), {figures['recall_ms_p95']:.1f} ms (p95)."
    )
    if "answers" in figures:
        yield from _answer_lines(figures["answers"])


def _answer_lines(answers: Figures) -> Iterator[str]:
    yield ""
    yield _row("Answers, %", "questions", "F1", "BLEU-1")
    for category, some in answers["by_category"].items():
        yield _answer_row(f"{category} {CATEGORIES[int(category)]}", some["questions"], some)
    yield _answer_row("all", sum(some["questions"] for some in answers["by_category"].values()), answers)
    yield (
        f"Answered by {answers['model']}, prompt version {answers['prompt_version']}: "
        f"{answers['tokens_in']:,} tokens in, {answers['tokens_out']:,} out."
    )


def _recall_row(label: str, some: Mapping[str, Any]) -> str:
    shares = [*(some[f"recall_at_{depth}"] for depth in DEPTHS), some["recall_in_budget"]]
    return _row(label, str(some["questions"]), *(f"{100 * share:.1f}" for share in shares))


def _answer_row(label: str, questions: int, some: Mapping[str, Any]) -> str:
    return _row(label, str(questions), f"{100 * some['f1']:.1f}", f"{100 * some['bleu1']:.1f}")


def _row(label: str, *cells: str) -> str:
    return f"{label:<{_LABEL}}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells)
