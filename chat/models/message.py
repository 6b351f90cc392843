"""Messages: what was said, and where an answer stands while it is being written."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Left, Now
from django.utils import timezone
from django.utils.translation import gettext

from chat.enums import CONTINUABLE, RETRYABLE, MessageRole, Status
from chat.models.conversation import Conversation
from memory.models import Page

CLIENT_ID_MAX_CHARACTERS = 64
SEARCH_CONFIGURATION = "simple"
"""Of PostgreSQL's text search: words as they are, in any language."""
SEARCHED_CHARACTERS = 100_000
"""Of a message; beyond a megabyte PostgreSQL refuses to index a text, and with it the row."""

PUNCTUATION = "".join(
    chr(code)
    for codes in (
        (0xA1, 0xAB, 0xB7, 0xBB, 0xBF),
        range(0x2010, 0x2028),
        range(0x2030, 0x205F),
        range(0x3001, 0x3004),
        range(0x3008, 0x3012),
        range(0x3014, 0x3020),
        (0xFF01, 0xFF08, 0xFF09, 0xFF0C, 0xFF1A, 0xFF1B, 0xFF1F),
    )
    for code in codes
)
"""What PostgreSQL's parser takes for letters where the database's locale is C, as the embedded server's is: left in,
“word” would be another word than word, and l’eau one that nobody looks for."""


def words_of_content() -> SearchVector:
    """Return the words of a message's text: the expression of its index, which a query has to repeat."""
    text = Func(
        Left("content", SEARCHED_CHARACTERS),
        Value(PUNCTUATION),
        Value(" " * len(PUNCTUATION)),
        function="TRANSLATE",
        output_field=TextField(),
    )
    return SearchVector(text, config=SEARCH_CONFIGURATION)


def ended(status: Status, error: str = "") -> dict[str, Any]:
    """Return the columns of an answer that ends now."""
    return {
        "status": status,
        "error": error[:500],
        "lease_expires_at": None,
        "stop_requested_at": None,
        "finished_at": timezone.now(),
    }


class MessageQuerySet(models.QuerySet["Message"]):
    def answers(self) -> MessageQuerySet:
        """What the assistant said, or is saying."""
        return self.filter(role=MessageRole.ASSISTANT)

    def streaming(self) -> MessageQuerySet:
        """Answers that are being written, or whose writer died and was not yet found out."""
        return self.filter(status=Status.STREAMING)

    def expired(self) -> MessageQuerySet:
        """Streaming answers whose writer has not been heard of for a whole lease (by the database's clock)."""
        return self.streaming().filter(lease_expires_at__lt=Now())

    def writable(self) -> MessageQuerySet:
        """Streaming answers that nobody has asked to stop."""
        return self.streaming().filter(stop_requested_at__isnull=True)

    def ended(self) -> MessageQuerySet:
        """Messages that nobody is writing any more."""
        return self.exclude(status=Status.STREAMING)

    def end(self, status: Status, error: str = "") -> int:
        """End the running answers among these, keeping what was written; return how many there were.

        Their writers find out at their next write, which changes nothing any more.
        """
        return self.streaming().update(**ended(status, error))


class Message(models.Model):
    """One utterance. `parent` makes a tree: the attempts at one answer are siblings under the same question."""

    conversation = models.ForeignKey(
        # No index of its own: `message_in_order` leads with the conversation.
        Conversation,
        on_delete=models.CASCADE,
        related_name="messages",
        db_index=False,
    )
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    role = models.CharField(max_length=10, choices=MessageRole.choices)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.COMPLETE)
    content = models.TextField(blank=True)
    error = models.CharField(max_length=500, blank=True, help_text="Why it failed, in plain words.")
    continues = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="continuations",
        help_text="The unfinished answer whose text this one begins with.",
    )
    off_record = models.BooleanField(default=False, help_text="Said while nothing said there was to be remembered.")
    client_id = models.CharField(  # noqa: DJ001 (null: not sent by a client, so not unique)
        max_length=CLIENT_ID_MAX_CHARACTERS,
        null=True,
        blank=True,
        help_text="The client's own id of the message.",
    )
    model = models.CharField(max_length=200, blank=True, help_text="Who wrote the answer.")
    tokens_in = models.PositiveIntegerField(null=True, blank=True)
    tokens_out = models.PositiveIntegerField(null=True, blank=True)
    prompt_tokens = models.JSONField(
        default=dict,
        blank=True,
        help_text="Of the prompt: tokens of instructions, memory, history and question.",
    )
    lease_expires_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Until when a streaming answer counts as alive; its writer renews it.",
    )
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    page = models.ForeignKey(
        Page,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The page of memory this answer became.",
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(role__in=MessageRole.values), name="message_role_known"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="message_status_known"),
            # Nothing is sent twice, however often a client repeats itself after a lost connection.
            models.UniqueConstraint(
                fields=("conversation", "client_id"),
                condition=Q(client_id__isnull=False),
                name="message_client_id_once",
            ),
            # One running answer a conversation; also serves the question which one it is.
            models.UniqueConstraint(
                fields=("conversation",), condition=Q(status=Status.STREAMING), name="message_one_streaming"
            ),
            models.CheckConstraint(
                condition=Q(status=Status.STREAMING, lease_expires_at__isnull=False)
                | (~Q(status=Status.STREAMING) & Q(lease_expires_at__isnull=True)),
                name="message_lease_while_streaming",
            ),
            models.CheckConstraint(
                condition=~Q(role=MessageRole.USER) | (Q(status=Status.COMPLETE) & ~Q(content="")),
                name="message_of_user_whole",
            ),
            models.CheckConstraint(
                condition=~Q(role=MessageRole.ASSISTANT, status=Status.COMPLETE, content=""),
                name="message_answer_says_something",
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="message_not_its_own_parent"),
        )
        indexes = (
            # The log of a conversation in order, and what a socket has not seen yet (id > the last it has).
            models.Index(fields=("conversation", "id"), name="message_in_order"),
            # Full-text search. Only of ended messages: a growing answer is stored ten times a second.
            GinIndex(words_of_content(), condition=~Q(status=Status.STREAMING), name="message_search"),
            # The sweep for answers whose writer died.
            models.Index(
                fields=("lease_expires_at",),
                condition=Q(status=Status.STREAMING),
                name="message_lease_running_out",
            ),
        )

    def __str__(self) -> str:
        return gettext("Message %(number)s") % {"number": self.pk}

    @property
    def external_id(self) -> str:
        """The page's id at memory's door: recording an answer twice is recording it once."""
        return f"chat:{self.pk}"

    @property
    def question(self) -> Message:
        """What this answer answers; only answers have one."""
        if self.parent is None:
            raise Message.DoesNotExist
        return self.parent

    @property
    def is_running(self) -> bool:
        """Tell whether somebody is writing it."""
        return self.status == Status.STREAMING

    @property
    def is_continuable(self) -> bool:
        """Tell whether Continue makes sense: there is a beginning to go on from."""
        return self.role == MessageRole.ASSISTANT and self.status in CONTINUABLE and bool(self.content.strip())

    @property
    def is_retryable(self) -> bool:
        """Tell whether Retry makes sense, as far as this message alone can say."""
        return self.role == MessageRole.ASSISTANT and self.status in RETRYABLE
