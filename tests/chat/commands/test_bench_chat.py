"""The whole command in small: the product as a process, a model server, a database of its own, and nothing left."""

from __future__ import annotations

import json
import os
from io import StringIO

import psutil
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from chat.models import Message
from memory.evaluation.scratch import PREFIX

pytestmark = [pytest.mark.django_db, pytest.mark.process, pytest.mark.proof]

SMALL = {"pages": 200, "people": 2, "questions": 3, "answers": 2, "tokens": 20, "idle": 3, "streaming": 1, "looks": 2}


def nothing_is_left() -> bool:
    """Neither a database of this process's nor a process it started."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE starts_with(datname, %s)", [f"{PREFIX}{os.getpid()}_"])
        databases = cursor.fetchone()
    started = [child for child in psutil.Process().children() if {"serve", "-m"} & set(child.cmdline())]
    return databases == (0,) and started == []


def test_it_measures_the_real_product_and_leaves_nothing_behind() -> None:
    out, err = StringIO(), StringIO()
    call_command("bench_chat", stdout=out, stderr=err, json=True, **SMALL)
    found = json.loads(out.getvalue())
    first, streams, pages = found["first_request"], found["streams"], found["pages"]
    assert (first["pages"], first["questions"]) == (200, 3)
    assert len(first["parts"]) == 6
    assert 0 < first["whole"]["p50"] <= first["whole"]["p95"]
    assert (streams["finished"], streams["lost"], streams["doubled"]) == (2, 0, 0)
    assert streams["tokens"] > 30
    assert streams["delay"]["p95"] > 0
    assert 50 < streams["peak_memory_mb"] < 1000
    assert set(pages["alone"]) == set(pages["beside"]) == {"conversation page", "dashboard overview"}
    assert "2 answers at once" in err.getvalue()
    assert nothing_is_left()
    assert not Message.objects.exists()


class CtrlC(StringIO):
    """A terminal on which somebody stops the run once the product serves."""

    def write(self, text: str) -> int:
        if "questions to a memory" in text:
            raise KeyboardInterrupt
        return len(text)


def test_ctrl_c_ends_the_product_and_drops_the_database() -> None:
    with pytest.raises(CommandError) as raised:
        call_command("bench_chat", stdout=StringIO(), stderr=CtrlC(), **SMALL)
    assert raised.value.returncode == 130
    assert nothing_is_left()


@pytest.mark.parametrize("value", ["0", "-1", "many", ""])
def test_bad_input_is_one_sentence(value: str) -> None:
    with pytest.raises(CommandError, match=r"^--answers takes whole numbers from 1, not "):
        call_command("bench_chat", stdout=StringIO(), stderr=StringIO(), answers=value)
