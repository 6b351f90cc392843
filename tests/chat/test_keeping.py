from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.database import in_database
from chat.enums import Status
from chat.keeping import keep, keep_texts
from tests.chat.factories import AnswerFactory, running_answer

pytestmark = pytest.mark.django_db


def test_texts_are_stored_together_and_only_where_the_answer_is_still_ours() -> None:
    growing, silent, stopped = running_answer(), running_answer(), running_answer()
    ended = AnswerFactory(content="Whole.")
    for answer in (growing, silent):
        type(answer).objects.filter(pk=answer.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    type(stopped).objects.filter(pk=stopped.pk).update(stop_requested_at=timezone.now())
    ours = keep_texts({growing.pk: "More", silent.pk: None, stopped.pk: "More", ended.pk: "More"})
    assert ours == {growing.pk, silent.pk}
    for answer in (growing, silent, stopped, ended):
        answer.refresh_from_db()
    assert [a.content for a in (growing, silent, stopped, ended)] == ["More", "So far", "So far", "Whole."]
    assert all(a.lease_expires_at and a.lease_expires_at > timezone.now() for a in (growing, silent))
    assert ended.status == Status.COMPLETE


@pytest.mark.usefixtures("live")
async def test_answers_that_are_kept_at_once_share_a_statement() -> None:
    answers = [await in_database(running_answer) for _ in range(3)]
    gone = await in_database(AnswerFactory)
    kept = await asyncio.gather(*(keep(answer.pk, f"Text {answer.pk}") for answer in answers), keep(gone.pk, "No"))
    assert kept == [True, True, True, False]
    for answer in answers:
        await in_database(answer.refresh_from_db)
    assert [answer.content for answer in answers] == [f"Text {answer.pk}" for answer in answers]
