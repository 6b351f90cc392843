from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from memory.evaluation.bench_dashboard import Figures, View, table
from memory.models import Page

pytestmark = [pytest.mark.django_db, pytest.mark.proof]


def test_every_page_is_measured_and_nothing_left_behind() -> None:
    out, err = StringIO(), StringIO()
    call_command("bench_dashboard", pages="300", segments="20", loads="2", json=True, stdout=out, stderr=err)
    figures = json.loads(out.getvalue())
    held = figures["held"]
    assert held["pages"] == 300
    assert 15 <= held["segments"] <= 20
    assert held["events"] > 300
    for view in figures["views"].values():
        assert 0 < view["p50"] <= view["p95"]
        assert view["kilobytes"] > 1
    assert {"overview", "segments", "segment", "page", "knowledge"} <= set(figures["views"])
    assert not Page.objects.exists()


def test_people_get_a_table_that_says_what_is_missed() -> None:
    text = table(Figures({"pages": 10_000}, {"quick": View(1, 150, 3), "slow": View(1, 150.1, 3)}))
    assert "A memory of 10,000 pages." in text
    assert [line.split()[-1] for line in text.splitlines() if "kB" in line] == ["met", "MISSED"]


@pytest.mark.parametrize("pages", ["0", "-1", "many", "1.5"])
def test_nonsense_is_refused_by_its_name(pages: str) -> None:
    with pytest.raises(CommandError, match="--pages takes whole numbers from 1"):
        call_command("bench_dashboard", pages=pages, stderr=StringIO())
