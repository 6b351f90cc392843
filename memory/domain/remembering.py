"""Remembering by wish: what a person says is to be remembered becomes a fact at once, in their own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from memory.domain.activity import log
from memory.domain.disabling import make_room_for
from memory.domain.knowledge import TEXT_LENGTH, person_event
from memory.domain.persona import required_text
from memory.domain.recording import whole_text
from memory.enums import EventKind, KnowledgeStatus, Subject
from memory.models import Knowledge, Memory, Page
from memory.models.knowledge import fingerprint
from memory.signals import fact_remembered


@dataclass(frozen=True, slots=True)
class Remembered:
    """A fact that a person wanted remembered. `is_new` is False when it was known already, in whatever state."""

    fact: Knowledge
    is_new: bool


def remember(memory: Memory, text: str, *, by: User, page: Page | None = None) -> Remembered:
    """Store a fact about the person at their explicit wish, in their words, locked against the model.

    In one transaction: lock the memory; a fact that says the same is confirmed and in use again, whatever it was
    (disabled, archived, superseded); else a new one is stored; `page` becomes a source; beyond the capacity the least
    useful of the others is archived; `learnt` or `confirmed` is logged; `fact_remembered` is sent. No model is called:
    a job gives it its vector, until then its words find it.
    Raises InvalidText (nothing, or more than 1,000 characters) and Memory.DoesNotExist.
    """
    text = required_text(" ".join(whole_text(text).split()), TEXT_LENGTH, "The text")
    with transaction.atomic():
        locked = Memory.objects.locked(memory.pk)
        said_at = page.occurred_at if page else timezone.now()
        known = _known(locked, text)
        entry = _again(known, by, said_at) if known else _anew(locked, text, by, said_at)
        if page is not None:
            trace(entry, page)
        make_room_for(entry)
        fact_remembered.send(Knowledge, memory=locked, fact=entry)
    return Remembered(entry, known is None)


def trace(fact: Knowledge, page: Page) -> None:
    """Name the page on which a remembered fact was said as one of its sources. A page of another memory raises."""
    if page.memory_id != fact.memory_id:
        raise ValueError("A fact about a person rests on pages of their own memory.")
    fact.sources.add(page)


def _known(memory: Memory, text: str) -> Knowledge | None:
    """The entry that says the same: the one in use, else the one said last."""
    same = memory.knowledge.filter(fingerprint=fingerprint(text)).order_by("-confirmed_at", "-pk")
    return same.active().first() or same.first()


def _again(entry: Knowledge, by: User, said_at: datetime) -> Knowledge:
    was = entry.status
    entry.status, entry.superseded_by, entry.valid_to = KnowledgeStatus.ACTIVE, None, None
    entry.locked = True
    entry.times_confirmed += 1
    entry.confirmed_at = max(entry.confirmed_at, said_at)
    entry.save()
    if was == KnowledgeStatus.ACTIVE:
        log(person_event(EventKind.CONFIRMED, entry, by, None, {"text": entry.text}))
    else:
        log(person_event(EventKind.LEARNT, entry, by, {"text": entry.text, "status": was}, {"text": entry.text}))
    return entry


def _anew(memory: Memory, text: str, by: User, said_at: datetime) -> Knowledge:
    entry = Knowledge.objects.create(
        subject=Subject.USER,
        memory=memory,
        text=text,
        fingerprint=fingerprint(text),
        locked=True,
        valid_from=said_at,
        confirmed_at=said_at,
    )
    log(person_event(EventKind.LEARNT, entry, by, None, {"text": text}))
    return entry


_POLITE = r"(?:(?:please|pls|also|and|oh|ok(?:ay)?|hey|hi|tolong|mohon|oh ya|dan|juga)[\s,!.]+)*"
_LINK = r"(?:\s*:|\s+(?:this\s*:|{that}\b(?![?!.])[\s,:]*))"
_WISH = re.compile(
    rf"\s*{_POLITE}(?:"
    rf"(?:remember|(?:do\s+not|don['’]?t)\s+forget){_LINK.format(that='that')}"
    rf"|(?:(?:di)?ingat(?:lah|-ingat)?|jangan\s+(?:sampai\s+)?lupa){_LINK.format(that='bahwa')}"
    r")\s*",
    re.IGNORECASE,
)
_RECALLED = re.compile(
    # "Remember that time we ...", "remember that guy who ...": a memory shared, not a wish.
    r"(?:times?|days?|nights?|evenings?|mornings?|afternoons?|weekends?|weeks?|summers?|winters?|trips?|part(?:y|ies)|"
    r"guys?|man|woman|girls?|boys?|place|restaurant|song|film|movie|book|one)\s+"
    r"(?:when|where|which|who|that|we|you|i|they|he|she|from|in|at|on|with|last)\b",
    re.IGNORECASE,
)
# After a quotation's own mark a sentence may go on: “why?” she asked.
_SENTENCE = re.compile(r".+?(?:[.!?…。！？]+(?:(?=\s|$)|[\"'”’)\]]+(?=\s+[^\sa-z]|\s*$))|$)\s*", re.DOTALL)
_TAG = re.compile(r"[\s,;]+(?:ok(?:ay)?|please|oke|ya)\s*\?+\s*$", re.IGNORECASE)
_ASKED = ("?", "？")


def wish_of(text: str) -> str | None:
    """Return what a message that begins with "remember that …" wants remembered; None where it holds no such wish.

    Understood are English and Indonesian, "don't forget that", "ingat bahwa" and "jangan lupa bahwa" among them. Only
    the first paragraph counts, up to its first question: "Remember that I am vegan. What can I cook?" wishes for the
    first sentence. "Do you remember that …?" and "remember that time we …" are no wishes. Pure.
    """
    found = _WISH.match(text)
    if found is None or _RECALLED.match(text, found.end()):
        return None
    paragraph = re.split(r"\n\s*\n", text[found.end() :].strip(), maxsplit=1)[0]
    wished: list[str] = []
    for sentence in _SENTENCE.findall(paragraph):
        stated = _TAG.sub("", sentence)
        if stated.rstrip(" \n\"'”’)]").endswith(_ASKED):
            break
        wished.append(stated)
    wish = " ".join("".join(wished).split())
    return wish if any(character.isalnum() for character in wish) else None
