from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from memory.models import Page

pytestmark = [pytest.mark.django_db, pytest.mark.proof]


def run(**options: object) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("bench_files", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_files_are_measured_and_nothing_is_left_behind() -> None:
    out, err = run(import_pages=20, export_pages=50, json=True)
    figures = json.loads(out)
    assert (figures["import_pages"], figures["export_pages"]) == (20, 50)
    assert figures["import_pages_per_s"] > 0
    assert 0 < figures["export_growth_mb"] < 50
    assert "Import of 20 pages" in err
    assert not Page.objects.exists()


def test_people_get_sentences() -> None:
    out, _ = run(import_pages=10, export_pages=5)
    assert "Import of 10 pages" in out
    assert "pages a second recorded (goal: 100)." in out
    assert "Export of 10 pages" in out


def test_nonsense_is_refused() -> None:
    with pytest.raises(CommandError, match="whole numbers from 1"):
        run(import_pages=0)
