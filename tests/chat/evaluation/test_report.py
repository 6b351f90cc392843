from __future__ import annotations

import json
from dataclasses import replace

from chat.evaluation.report import Figures, FirstRequest, Pages, Span, Streams, table

FIGURES = Figures(
    FirstRequest(10_000, 110, Span(40.0, 55.0), {"recall": Span(16.0, 19.0)}, 24.0),
    Streams(50, 50, 50, 40_000, 50.0, 0, 0, Span(30.0, 80.0), 200.0, 240.0, {"product": 0.8}, 1.9),
    Pages(
        200, 10, {"dashboard overview": Span(20.0, 30.0)}, {"dashboard overview": Span(25.0, 45.0)}, Span(9, 9), 250.0
    ),
    2,
    (0.5, 2.5),
)


def test_every_figure_stands_beside_its_goal() -> None:
    assert [goal.is_met for goal in FIGURES.goals] == [True] * 7
    text = table(FIGURES)
    assert text.count("  met") == 7
    assert "MISSED" not in text
    assert "1.50 x       at most 2 x" in text
    assert "Load average: 0.5 at the start, 2.5 at the end." in text


def test_a_figure_beyond_its_goal_is_missed() -> None:
    slow = replace(FIGURES.streams, finished=49, lost=1, doubled=2, delay=Span(30.0, 100.1), peak_memory_mb=300.1)
    pages = replace(FIGURES.pages, beside={"dashboard overview": Span(25.0, 60.4)})
    late = replace(FIGURES.first_request, whole=Span(40.0, 60.1))
    missed = replace(FIGURES, streams=slow, pages=pages, first_request=late)
    assert [goal.is_met for goal in missed.goals] == [False] * 7
    assert table(missed).count("MISSED") == 7


def test_memory_counts_at_its_highest() -> None:
    pages = replace(FIGURES.pages, peak_memory_mb=310.0)
    assert [goal.name for goal in replace(FIGURES, pages=pages).goals if not goal.is_met] == [
        "B, C  peak memory of the web process"
    ]


def test_programs_get_the_same() -> None:
    found = json.loads(json.dumps(FIGURES.as_json()))
    assert found["pages"]["ratios"] == {"dashboard overview": 1.5}
    assert found["goals"][0] == {
        "name": "A  frame to request for the model, p95",
        "value": 55.0,
        "unit": "ms",
        "least": None,
        "most": 60.0,
        "met": True,
    }
    assert found["first_request"]["parts"] == {"recall": {"p50": 16.0, "p95": 19.0}}
