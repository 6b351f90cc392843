"""What tests of the admin share: a row of every kind, operators, and the addresses of pages."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from pgvector import HalfVector

from memory import models
from memory.admin.operators import NAME, create_operators
from memory.domain.queueing import Work, submit
from memory.enums import Actor
from memory.models import BackgroundJob, Invitation, Memory, ModelConnection, SharedKnowledge
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    ImportFactory,
    KnowledgeFactory,
    MemoryEventFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    PostingFactory,
    ProfileFactory,
    SegmentFactory,
    SegmentPostingFactory,
    SegmentVisitFactory,
    TraitFactory,
    UserFactory,
)

MODELS: list[type[Model]] = [getattr(models, name) for name in models.__all__]
VECTOR = {"embedding": HalfVector(np.full(256, 0.0625)), "embedding_model": "wordllama"}
Rows = dict[type[Model], Model]


def fill() -> Rows:
    """Make a row of every kind, each in a memory, at an assistant and by a person of its own."""
    memory = MemoryFactory(assistant__created_by=UserFactory())
    segment = SegmentFactory(memory=memory, **VECTOR)
    page = PageFactory(segment=segment, **VECTOR)
    call = ModelCallFactory(memory=memory)
    shared = AssistantKnowledgeFactory(assistant=memory.assistant, **VECTOR)
    rows: list[Model] = [
        memory, memory.assistant, memory.assistant.memberships.get(), segment, page, page.chain or segment, call,
        PostingFactory(page=page), SegmentPostingFactory(segment=segment), SegmentVisitFactory(segment=segment),
        ProfileFactory(memory=memory), TraitFactory(memory=memory),
        KnowledgeFactory(memory=memory, superseded_by=AssistantKnowledgeFactory(), **VECTOR),
        SharedKnowledge.objects.get(pk=shared.pk),
        MemoryEventFactory(memory=memory, user=UserFactory(), model_call=call, actor=Actor.MODEL),
        ImportFactory(memory=memory), invite(memory), connect(memory), queue(memory),
    ]  # fmt: skip
    return {type(row): row for row in rows}


def queue(memory: Memory) -> BackgroundJob:
    """Queue work for a memory."""
    submit(Work("memory.consolidate", memory.pk))
    job: BackgroundJob = BackgroundJob.objects.latest("id")
    return job


def invite(memory: Memory) -> Invitation:
    """Make a link to a memory's assistant."""
    return Invitation.objects.create(
        assistant=memory.assistant, created_by=memory.user, expires_at=timezone.now() + timedelta(days=7), max_uses=3
    )


def connect(memory: Memory) -> ModelConnection:
    """Connect a model to a memory's assistant."""
    return ModelConnection.objects.create(
        assistant=memory.assistant,
        base_url="https://user:word@models.example/v1/secretpath",
        model="gpt-4o",
        sealed_key="sealed",
    )


def operator(*permissions: str) -> User:
    """Make somebody of the group "Operators", with more permissions ("memory.open_private")."""
    create_operators()
    person: User = UserFactory(is_staff=True)
    person.groups.add(Group.objects.get(name=NAME))
    give(person, *permissions)
    return person


def give(person: User, *permissions: str) -> None:
    """Let somebody do more."""
    for name in permissions:
        app, _, codename = name.partition(".")
        person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))


def url(model: type[Model], page: str, *args: object) -> str:
    """Return the address of one of a model's pages in the admin."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)
