"""Remembering by wish: what a person says is to be remembered becomes a fact at once, in their own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
from memory.exceptions import LearningPaused
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
    Raises InvalidText (nothing, or more than 1,000 characters), LearningPaused and Memory.DoesNotExist.
    """
    text = required_text(" ".join(whole_text(text).split()), TEXT_LENGTH, "The text")
    with transaction.atomic():
        locked = Memory.objects.locked(memory.pk)
        if locked.learning_paused_at is not None:
            raise LearningPaused
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
_PARAGRAPH_END = re.compile(r"\n\s*\n")
_MARKS = re.compile(r"[.!?…。！？]+")
_CLOSING = "\"'”’)]"
_ASKED = ("?", "？")
_TAGS = ("okay", "ok", "please", "oke", "ya")


def wish_of(text: str) -> str | None:
    """Return what a message that begins with "remember that …" wants remembered; None where it holds no such wish.

    Understood are English and Indonesian, "don't forget that", "ingat bahwa" and "jangan lupa bahwa" among them. Only
    the first paragraph counts, up to its first question: "Remember that I am vegan. What can I cook?" wishes for the
    first sentence. "Do you remember that …?" and "remember that time we …" are no wishes. Of one that is longer than a
    fact can be no more is read than shows it. Pure; takes time in proportion to the text, whatever stands in it.
    """
    found = _WISH.match(text)
    if found is None or _RECALLED.match(text, found.end()):
        return None
    paragraph = _PARAGRAPH_END.split(text[found.end() :].strip(), maxsplit=1)[0]
    wished: list[str] = []
    length = 0
    for sentence in _sentences(" ".join(paragraph.split())):
        stated = _without_tag(sentence)
        if stated.rstrip(" " + _CLOSING).endswith(_ASKED):
            break
        wished.append(stated)
        length += len(stated)
        if length > TEXT_LENGTH + 1:
            break
    wish = "".join(wished).strip()
    return wish if any(character.isalnum() for character in wish) else None


def _sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text with single blanks between its words, each with the blank after it.

    A scan from mark to mark: a pattern that looks for the end of a sentence from every character takes the square.
    """
    start = 0
    for marks in _MARKS.finditer(text):
        end = marks.end()
        if text[end : end + 1] not in ("", " ") and not (end := _end_of_quotation(text, end)):
            continue
        end += text[end : end + 1] == " "
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _end_of_quotation(text: str, at: int) -> int:
    """Return where a sentence ends whose last mark stands before the closing quotes or brackets at `at`; 0: it goes on.

    After a quotation's own mark it may: “why?” she asked.
    """
    end = at
    while text[end : end + 1] and text[end] in _CLOSING:
        end += 1
    ends_here = end == len(text) or (text[end] == " " and not "a" <= text[end + 1] <= "z")
    return end if end > at and ends_here else 0


def _without_tag(sentence: str) -> str:
    """Return a sentence without the question that makes it none: "I am vegan, ok?"."""
    asked = sentence.rstrip()
    if not asked.endswith("?"):
        return sentence
    said = asked.rstrip("?").rstrip()
    tag = next((tag for tag in _TAGS if said[-len(tag) :].lower() == tag), "")
    before = said[: len(said) - len(tag)]
    stated = before.rstrip(" ,;")
    return stated if tag and stated != before else sentence
