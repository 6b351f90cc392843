"""Adding: facts that a person writes by hand."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from memory.domain.activity import log
from memory.domain.disabling import make_room_for
from memory.domain.knowledge import TEXT_LENGTH, lock_home, person_event
from memory.domain.ledger import embedded
from memory.domain.persona import required_text
from memory.domain.vectors import as_stored
from memory.embedding.base import Embedder
from memory.enums import EventKind, KnowledgeStatus, Subject
from memory.exceptions import DuplicateKnowledge
from memory.models import Assistant, Knowledge, Memory
from memory.models.knowledge import KnowledgeQuerySet, fingerprint

_IN_USE = (KnowledgeStatus.ACTIVE, KnowledgeStatus.PROPOSED)


def add_knowledge(
    home: Memory | Assistant, text: str, embedder: Embedder, *, by: User, valid_from: datetime | None = None
) -> Knowledge:
    """Write a fact by hand: about the person into their memory, about an assistant into what its members share.

    The words are embedded before the transaction. Then, in one transaction: lock the home; store the fact, active and
    locked against the model; log `added`; beyond the capacity the least useful of the others is archived.
    Raises InvalidText, DuplicateKnowledge (one that says the same is there, in whatever state), ModelError (no vector:
    nothing is stored) and DoesNotExist of a home that is gone.
    """
    text = required_text(text, TEXT_LENGTH, gettext("The text"))
    _refuse_twin(home.knowledge.all(), text)
    vector = embedded(home, embedder, [text])[0]
    about_user = isinstance(home, Memory)
    with transaction.atomic():
        lock_home(home)
        _refuse_twin(home.knowledge.all(), text)
        entry = Knowledge(
            subject=Subject.USER if about_user else Subject.ASSISTANT,
            memory=home if isinstance(home, Memory) else None,
            assistant=None if isinstance(home, Memory) else home,
            text=text,
            fingerprint=fingerprint(text),
            locked=True,
            valid_from=valid_from,
            confirmed_at=timezone.now(),
            embedding=as_stored(vector),
            embedding_model=embedder.name,
        )
        try:
            with transaction.atomic():
                entry.save()
        except IntegrityError as error:
            raise DuplicateKnowledge from error
        log(person_event(EventKind.ADDED, entry, by, None, {"text": text}))
        make_room_for(entry)
    return entry


def _refuse_twin(entries: KnowledgeQuerySet, text: str) -> None:
    """Raise DuplicateKnowledge, saying where it is, for a text that is known; the one in use counts first."""
    same = list(entries.filter(fingerprint=fingerprint(text)).only("status", "pk"))
    if any(entry.status in _IN_USE for entry in same):
        raise DuplicateKnowledge
    if same:
        status = same[0].get_status_display()
        said = gettext("An entry that says the same exists already, with the status “%(status)s”. Bring that one back.")
        raise DuplicateKnowledge(said % {"status": status})
