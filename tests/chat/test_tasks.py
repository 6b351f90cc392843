import pytest
from django.utils import timezone
from procrastinate.contrib.django import app

from chat import tasks
from chat.models import Conversation
from chat.models.conversation import UNDO
from tests.chat.factories import ConversationFactory

pytestmark = pytest.mark.django_db


def test_deletions_become_final_by_a_periodic_job() -> None:
    ConversationFactory(deleted_at=timezone.now() - UNDO)
    kept = ConversationFactory(deleted_at=timezone.now())
    tasks.purge_deleted_conversations(timestamp=0)
    assert list(Conversation.objects.all()) == [kept]


def test_the_worker_knows_the_jobs_of_the_chat() -> None:
    assert {"chat.purge_deleted", "chat.title"} <= set(app.tasks)
    periodic = {each.task.name: each.cron for each in app.periodic_registry.periodic_tasks.values()}
    assert periodic["chat.purge_deleted"] == "*/5 * * * *"
