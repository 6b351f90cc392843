from __future__ import annotations

import json
import os
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from memory.evaluation.bench_report import Figures, table
from memory.evaluation.scratch import PREFIX
from memory.models import Page

pytestmark = [pytest.mark.django_db, pytest.mark.proof]


def run(**options: object) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("bench", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def scratch_databases() -> list[str]:
    """Those of this process: other test processes use the same server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{PREFIX}{os.getpid()}_"])
        return [name for (name,) in cursor.fetchall()]


def test_the_bench_measures_everything_and_leaves_nothing_behind() -> None:
    out, err = run(pages="200,50", others="300", queries="5", json=True)
    figures = json.loads(out)
    assert list(figures["sizes"]) == ["50", "200"]
    for row in figures["sizes"].values():
        assert set(row) == {
            f"{name}_ms_p{percent}" for name in ("record", "recall", "exact_scan") for percent in (50, 95)
        }
        assert all(value > 0 for value in row.values())
        assert all(row[f"{name}_ms_p50"] <= row[f"{name}_ms_p95"] for name in ("record", "recall", "exact_scan"))
    assert figures["others"] == 300
    for name in ("worker_pages_per_s", "peak_memory_mb", "build_memory_mb", "build_s", "database_mb"):
        assert figures[name] > 0
    ratios = figures["ratios"]
    assert set(ratios["recall_to_exact_scan"]) == {"50", "200"}
    assert ratios["recall_largest_to_next"] > 0
    assert ratios["record_largest_to_smallest"] > 0
    assert "Measured memory of 200 pages" in err
    assert scratch_databases() == []
    assert not Page.objects.exists()


def test_people_get_a_table() -> None:
    row = dict.fromkeys([f"{n}_ms_p{p}" for n in ("record", "recall", "exact_scan") for p in (50, 95)], 2.0)
    grown = {**row, "recall_ms_p95": 8.0, "record_ms_p95": 3.0}
    text = table(Figures({1000: row, 10000: grown}, 5000, 120.0, 150.0, 160.0, 12.0, 80.0))
    assert "10,000" in text
    assert "4.0 x" in text
    assert "Record p95, largest memory to the smallest: 1.5 x" in text
    assert "Beside 5,000 pages of other people: 80 MB, built in 12 s." in text
    alone = table(Figures({1000: row}, 0, 120.0, 150.0, 160.0, 12.0, 80.0))
    assert "largest" not in alone


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"pages": "1000,many"}, "--pages takes whole numbers from 1, not 'many'."),
        ({"pages": "0"}, "--pages takes whole numbers from 1, not '0'."),
        ({"pages": "100,"}, "--pages takes whole numbers from 1, not ''."),
        ({"pages": "100,50,100"}, "--pages names the size 100 twice."),
        ({"others": "-5"}, "--others takes whole numbers from 0, not '-5'."),
        ({"others": "1e6"}, "--others takes whole numbers from 0, not '1e6'."),
        ({"queries": "0"}, "--queries takes whole numbers from 1, not '0'."),
    ],
)
def test_bad_input_is_one_sentence(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(CommandError) as raised:
        run(**options)
    assert (str(raised.value), raised.value.returncode) == (sentence, 1)
    assert scratch_databases() == []


class CtrlC(StringIO):
    """A terminal on which somebody stops the run at its first sign of life."""

    def write(self, text: str) -> int:
        raise KeyboardInterrupt


def test_ctrl_c_drops_the_database() -> None:
    with pytest.raises(CommandError) as raised:
        call_command("bench", pages="50", others="0", stdout=StringIO(), stderr=CtrlC())
    assert raised.value.returncode == 130
    assert scratch_databases() == []
