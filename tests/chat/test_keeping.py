from __future__ import annotations

import asyncio

import pytest

from chat.database import in_database
from chat.keeping import keep
from tests.chat.factories import AnswerFactory, running_answer

pytestmark = pytest.mark.usefixtures("live")


async def test_answers_that_are_kept_at_once_share_a_statement() -> None:
    answers = [await in_database(running_answer) for _ in range(3)]
    gone = await in_database(AnswerFactory)
    kept = await asyncio.gather(*(keep(answer.pk, f"Text {answer.pk}") for answer in answers), keep(gone.pk, "No"))
    assert kept == [True, True, True, False]
    for answer in answers:
        await in_database(answer.refresh_from_db)
    assert [answer.content for answer in answers] == [f"Text {answer.pk}" for answer in answers]


async def test_who_is_cancelled_while_waiting_leaves_nobody_stuck() -> None:
    answer, other = await in_database(running_answer), await in_database(running_answer)
    waiting = asyncio.create_task(keep(answer.pk, "Not this"))
    await asyncio.sleep(0)
    waiting.cancel()
    assert await keep(other.pk, "More")
    assert await keep(answer.pk, "But this")
