from memory.evaluation.answers import Answer
from memory.evaluation.evidence import Finding
from memory.evaluation.locomo import Question
from memory.evaluation.replay import Cost
from memory.evaluation.report import Run, Setup, as_text, report
from memory.llm.base import Usage
from memory.llm.prompts import PROMPT_VERSION

SETUP = Setup(embedder="words-64", consolidator="scripted", with_model=True, budget=2000, responder="gpt-4o-mini")
LIST, DATE = Question("Which?", "a, b", 1, ("D1:1", "D1:2")), Question("When?", "May", 2, ("D1:1",))


def finding(question: Question, at: tuple[float, float, float], in_budget: float, ms: float, **counts: int) -> Finding:
    found, shown = counts.get("found", 1), counts.get("shown", 1)
    return Finding(question, dict(zip((5, 10, 20), at, strict=True)), in_budget, found, shown, ms)


RUNS = (
    Run(
        "one",
        pages=30,
        cost=Cost(calls=6, tokens=3000),
        findings=(
            finding(LIST, (0.0, 0.5, 1.0), 0.5, 10.0, found=1, shown=0),
            finding(DATE, (1.0, 1.0, 1.0), 1.0, 20.0),
        ),
        answers=(Answer(LIST, "a", 0.5, 0.2, Usage(100, 2)), Answer(DATE, "May", 1.0, 1.0, Usage(None, 3))),
    ),
    Run("two", pages=10, cost=Cost(2, 1000), findings=(finding(DATE, (0.0, 0.0, 0.0), 0.5, 30.0, found=2, shown=2),)),
)


def test_the_figures_are_means_over_questions_and_costs_a_page() -> None:
    figures = report(RUNS, SETUP)
    conversations = figures.pop("conversations")
    assert figures == {
        "recall_at_5": 1 / 3,
        "recall_at_10": 0.5,
        "recall_at_20": 2 / 3,
        "recall_in_budget": 2 / 3,
        "by_category": {
            "1": {
                "recall_at_5": 0.0,
                "recall_at_10": 0.5,
                "recall_at_20": 1.0,
                "recall_in_budget": 0.5,
                "questions": 1,
            },
            "2": {
                "recall_at_5": 0.5,
                "recall_at_10": 0.5,
                "recall_at_20": 0.5,
                "recall_in_budget": 0.75,
                "questions": 2,
            },
        },
        "shown_share": 0.75,
        "calls_per_page": 0.2,
        "tokens_per_page": 100.0,
        "recall_ms_p50": 20.0,
        "recall_ms_p95": 29.0,
        "pages": 40,
        "questions": 3,
        "answers": {
            "f1": 0.75,
            "bleu1": 0.6,
            "by_category": {
                "1": {"f1": 0.5, "bleu1": 0.2, "questions": 1},
                "2": {"f1": 1.0, "bleu1": 1.0, "questions": 1},
            },
            "model": "gpt-4o-mini",
            "prompt_version": PROMPT_VERSION,
            "tokens_in": 100,
            "tokens_out": 5,
        },
    }
    assert list(conversations) == ["one", "two"]
    assert conversations["one"] | {"by_category": {}} == {
        "recall_at_5": 0.5,
        "recall_at_10": 0.75,
        "recall_at_20": 1.0,
        "recall_in_budget": 0.75,
        "by_category": {},
        "shown_share": 0.5,
        "calls_per_page": 0.2,
        "tokens_per_page": 100.0,
        "recall_ms_p50": 15.0,
        "recall_ms_p95": 19.5,
        "pages": 30,
        "questions": 2,
    }


def test_a_conversation_nobody_asks_about_still_has_figures() -> None:
    figures = report([*RUNS, Run("silent", 5, Cost(0, 0), ())], SETUP)
    assert figures["questions"] == 3
    silent = figures["conversations"]["silent"]
    assert (silent["questions"], silent["recall_at_10"], silent["by_category"]) == (0, 0.0, {})


def test_the_table_says_everything_in_percent() -> None:
    text = as_text(report(RUNS, SETUP), SETUP)
    rows = [line.split() for line in text.splitlines()]
    assert ["1", "multi-hop", "1", "0.0", "50.0", "100.0", "50.0"] in rows
    assert ["2", "temporal", "2", "50.0", "50.0", "50.0", "75.0"] in rows
    assert ["all", "3", "33.3", "50.0", "66.7", "66.7"] in rows
    assert ["two", "1", "0.0", "0.0", "0.0", "50.0"] in rows
    assert ["all", "2", "75.0", "60.0"] in rows
    assert "2 conversations, 40 pages, 3 questions, a budget of 2,000 tokens" in text
    assert "Embedder: words-64. Consolidator: scripted." in text
    assert "75.0 % stand in the recalled text" in text
    assert "0.20 calls of the model, and 100 tokens; recall took 20.0 ms (p50), 29.0 ms (p95)" in text
    assert f"Answered by gpt-4o-mini, prompt version {PROMPT_VERSION}: 100 tokens in, 5 out." in text


def test_the_table_says_when_no_model_is_connected() -> None:
    setup = Setup(embedder="words-64", consolidator="built-in", with_model=False, budget=2000)
    text = as_text(report(RUNS[:1], setup), setup)
    assert "Consolidator: built-in (no language model is connected)." in text
    assert "0.20 calls of the built-in rules, which are no model calls" in text
    assert "1 conversation, 30 pages" in text
    assert "Answer" not in text
