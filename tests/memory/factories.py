"""Rows for tests: valid by every constraint, with as little as the test needs to say."""

# factory_boy exports its declarations implicitly and types only its factories.
# mypy: disable-error-code="attr-defined,no-untyped-call,untyped-decorator"

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import factory
from django.contrib.auth.models import User
from django.db.models import Model
from factory.django import DjangoModelFactory

from memory.enums import Actor, EventKind, ImportState, KnowledgeStatus, Outcome, Purpose, Role, Subject, TraitLevel
from memory.models import (
    Assistant,
    DialogueChain,
    Import,
    Knowledge,
    Membership,
    Memory,
    MemoryEvent,
    ModelCall,
    Page,
    Posting,
    Profile,
    Segment,
    SegmentPosting,
    SegmentVisit,
    Trait,
)
from memory.models.knowledge import fingerprint

Row = TypeVar("Row", bound=Model)

if TYPE_CHECKING:

    class RowFactory(DjangoModelFactory[Row]):
        """Calling a factory gives a row: its metaclass sees to that, which the library's types do not say."""

        def __new__(cls, **values: Any) -> Row:  # type: ignore[misc]
            raise NotImplementedError
else:
    RowFactory = DjangoModelFactory

EPOCH = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


class UserFactory(RowFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    password = factory.django.Password(PASSWORD)


class AssistantFactory(RowFactory[Assistant]):
    class Meta:
        model = Assistant

    name = factory.Sequence(lambda n: f"Assistant {n}")
    slug = factory.Sequence(lambda n: f"assistant-{n}")


class MembershipFactory(RowFactory[Membership]):
    class Meta:
        model = Membership

    assistant = factory.SubFactory(AssistantFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.OWNER


class MemoryFactory(RowFactory[Memory]):
    """A memory and, because nobody has one without it, the person's membership; `role` sets that one's role.

    The first owner is who founded the assistant.
    """

    class Meta:
        model = Memory
        skip_postgeneration_save = True

    assistant = factory.SubFactory(AssistantFactory)
    user = factory.SubFactory(UserFactory)

    @factory.post_generation
    def role(self: Memory, create: bool, extracted: Role | None, **kwargs: Any) -> None:
        if create:
            place, _ = Membership.objects.get_or_create(
                assistant=self.assistant, user=self.user, defaults={"role": extracted or Role.OWNER}
            )
            if place.role == Role.OWNER and self.assistant.created_by is None:
                self.assistant.created_by = self.user
                self.assistant.save(update_fields=["created_by"])


class DialogueChainFactory(RowFactory[DialogueChain]):
    class Meta:
        model = DialogueChain

    memory = factory.SubFactory(MemoryFactory)
    summary = "They talked about the weather."
    started_at = EPOCH
    last_page_at = EPOCH + timedelta(minutes=5)


class SegmentFactory(RowFactory[Segment]):
    class Meta:
        model = Segment

    memory = factory.SubFactory(MemoryFactory)
    title = factory.Sequence(lambda n: f"Topic {n}")
    summary = "What was said about it."
    keywords = ["weather", "walks"]
    last_visited_at = EPOCH


class PageFactory(RowFactory[Page]):
    """A short-term page; with `segment=` one in mid-term memory, in a chain of the same memory."""

    class Meta:
        model = Page

    memory = factory.Maybe(
        "segment",
        yes_declaration=factory.SelfAttribute("segment.memory"),
        no_declaration=factory.SubFactory(MemoryFactory),
    )
    position = factory.LazyAttribute(lambda page: page.memory.pages.count() + 1)
    query = factory.LazyAttribute(lambda page: f"Question {page.position}")
    response = factory.LazyAttribute(lambda page: f"Answer {page.position}")
    occurred_at = factory.LazyAttribute(lambda page: EPOCH + timedelta(minutes=page.position))
    segment = None
    chain = factory.Maybe(
        "segment",
        yes_declaration=factory.SubFactory(DialogueChainFactory, memory=factory.SelfAttribute("..memory")),
        no_declaration=None,
    )

    @classmethod
    def _after_postgeneration(cls, instance: Page, create: bool, results: dict[str, Any] | None = None) -> None:
        if create:
            Memory.objects.filter(pk=instance.memory_id).update(
                page_count=instance.memory.pages.count(), last_position=instance.position
            )


class PostingFactory(RowFactory[Posting]):
    class Meta:
        model = Posting

    page = factory.SubFactory(PageFactory)
    memory = factory.SelfAttribute("page.memory")
    term = factory.Sequence(lambda n: f"term{n}")
    frequency = 1


class SegmentPostingFactory(RowFactory[SegmentPosting]):
    class Meta:
        model = SegmentPosting

    segment = factory.SubFactory(SegmentFactory)
    memory = factory.SelfAttribute("segment.memory")
    term = factory.Sequence(lambda n: f"term{n}")
    frequency = 1


class SegmentVisitFactory(RowFactory[SegmentVisit]):
    class Meta:
        model = SegmentVisit

    segment = factory.SubFactory(SegmentFactory)
    visited_at = EPOCH


class ProfileFactory(RowFactory[Profile]):
    class Meta:
        model = Profile

    memory = factory.SubFactory(MemoryFactory)
    name = factory.Sequence(lambda n: f"attribute {n}")
    value = "data scientist"


class TraitFactory(RowFactory[Trait]):
    class Meta:
        model = Trait

    memory = factory.SubFactory(MemoryFactory)
    dimension = "openness"
    level = TraitLevel.HIGH
    reason = "Tries new food every week."


class KnowledgeFactory(RowFactory[Knowledge]):
    """A fact about the person; `AssistantKnowledgeFactory` makes one about the assistant."""

    class Meta:
        model = Knowledge

    subject = Subject.USER
    memory: Any = factory.SubFactory(MemoryFactory)
    assistant: Any = None
    text = factory.Sequence(lambda n: f"Owns {n} bicycles.")
    fingerprint = factory.LazyAttribute(lambda entry: fingerprint(entry.text))
    status = KnowledgeStatus.ACTIVE
    confirmed_at = EPOCH


class AssistantKnowledgeFactory(KnowledgeFactory):
    """A fact about an assistant."""

    subject = Subject.ASSISTANT
    memory: Any = None
    assistant: Any = factory.SubFactory(AssistantFactory)
    text = factory.Sequence(lambda n: f"Recommended {n} books.")


class ModelCallFactory(RowFactory[ModelCall]):
    class Meta:
        model = ModelCall

    memory = factory.SubFactory(MemoryFactory)
    assistant = factory.SelfAttribute("memory.assistant")
    purpose = Purpose.TRANSFER
    model = "gpt-4o-mini"
    tokens_in = 900
    tokens_out = 120
    duration_ms = 840
    outcome = Outcome.OK


class ImportFactory(RowFactory[Import]):
    """An uploaded file that waits to be confirmed; without its bytes."""

    class Meta:
        model = Import

    memory = factory.SubFactory(MemoryFactory)
    by = factory.SelfAttribute("memory.user")
    file_name = "old memory.json"
    size = 2048
    sha256 = "0" * 64
    state = ImportState.READY
    format = "memoryos"


class MemoryEventFactory(RowFactory[MemoryEvent]):
    class Meta:
        model = MemoryEvent

    memory = factory.SubFactory(MemoryFactory)
    assistant = factory.SelfAttribute("memory.assistant")
    kind = EventKind.RECORDED
    actor = Actor.JOB
    target_type = "page"
    target_id = 1
