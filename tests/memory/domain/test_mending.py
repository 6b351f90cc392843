"""What an operator puts right: that field alone, behind the lock, and in the log without words."""

from __future__ import annotations

import pytest
from django.core.exceptions import ObjectDoesNotExist

from memory.domain.mending import mend_row
from memory.enums import EventKind
from memory.models import DialogueChain, MemoryEvent, Page
from tests.memory.factories import DialogueChainFactory, PageFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_only_what_was_edited_is_written() -> None:
    page, operator = PageFactory(), UserFactory()
    # A job has moved the row since the form was opened.
    Page.objects.filter(pk=page.pk).update(length=7)
    page.metadata, page.query = {"mood": "calm"}, "rewritten"
    mend_row(page, ["metadata"], by=operator)
    after = Page.objects.get()
    assert (after.metadata, after.query, after.length) == ({"mood": "calm"}, "Question 1", 7)
    event = MemoryEvent.objects.get()
    assert (event.kind, event.user, event.memory, event.before, event.after) == (
        EventKind.EDITED,
        operator,
        page.memory,
        None,
        {"fields": ["metadata"]},
    )


def test_nothing_edited_is_nothing_logged() -> None:
    mend_row(PageFactory(), [], by=UserFactory())
    assert not MemoryEvent.objects.exists()


def test_what_is_gone_is_not_brought_back() -> None:
    chain = DialogueChainFactory()
    DialogueChain.objects.all().delete()
    with pytest.raises(ObjectDoesNotExist):
        mend_row(chain, ["summary"], by=UserFactory())
