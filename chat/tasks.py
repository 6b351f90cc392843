"""Background jobs of the chat: making deletions final, and naming conversations."""

from __future__ import annotations

import logging
from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from chat.conversations import purge_deleted
from chat.titling import TITLE_TASK_NAME, try_title
from memory.domain.queueing import QUEUE

logger = logging.getLogger(__name__)


@app.periodic(cron="*/5 * * * *")
@app.task(name="chat.purge_deleted", queue=QUEUE, queueing_lock="chat.purge_deleted")
def purge_deleted_conversations(timestamp: int) -> None:
    """Delete for good what was deleted longer ago than a person may undo."""
    if purged := purge_deleted(timezone.now()):
        logger.info("Purged %s deleted conversations", purged)


@app.task(name=TITLE_TASK_NAME, queue=QUEUE)
def title(*, conversation_id: str, attempt: int = 1) -> None:
    """Name a conversation after its first exchange."""
    try_title(UUID(conversation_id), attempt)
