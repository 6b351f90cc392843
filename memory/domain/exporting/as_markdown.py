"""A memory as a Markdown document to read: what is known, then all segments, then all pages by date.

Headings are ours alone: what was said and what a model wrote stands in block quotes, or on a line of ours with its
signs escaped, so that none of it can pass for a part of the document. Words are in the language that is active.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from memory.domain.documents import inline, quoted
from memory.domain.exporting.as_json import BATCH
from memory.domain.traits import CATEGORIES
from memory.enums import KnowledgeStatus, Subject
from memory.models import Knowledge, Memory, Page
from memory.models.knowledge import KnowledgeQuerySet


def markdown_of(memory: Memory, now: datetime, *, shared: bool) -> Iterator[bytes]:
    """Yield a memory as a document; `shared` as in `json_of`. Times are UTC."""
    for part in _parts(memory, now, shared=shared):
        yield f"{part}\n\n".encode()


def _parts(memory: Memory, now: datetime, *, shared: bool) -> Iterator[str]:
    name = inline(memory.assistant.name)
    count = memory.pages.count()
    yield f"# {_('What %(name)s remembers of you') % {'name': name}}"
    pages = ngettext("%(count)d page", "%(count)d pages", count) % {"count": count}
    yield f"- {_('Exported')}: {_moment(now)}\n- {pages}"
    yield f"## {_('Profile')}"
    yield _list(_profile(memory))
    yield f"## {_('Traits')}"
    yield from _traits(memory)
    yield f"## {_('Facts about you')}"
    yield from _facts(Knowledge.objects.about_user(memory))
    if shared:
        yield f"## {_('About the assistant')}"
        yield from _facts(Knowledge.objects.about_assistant(memory.assistant), of_all=True)
    yield f"## {_('Segments')}"
    yield from _segments(memory)
    yield f"## {_('Pages')}"
    yield from _pages(memory)


def _list(lines: Iterator[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or _("Nothing is known yet.")


def _profile(memory: Memory) -> Iterator[str]:
    for attribute in memory.profile.all():
        notes = _notes(locked=attribute.locked, disabled=attribute.disabled)
        yield f"**{inline(attribute.name)}**: {inline(attribute.value)}{notes}"


def _traits(memory: Memory) -> Iterator[str]:
    traits = list(memory.traits.all())
    for category in CATEGORIES:
        of_category = [trait for trait in traits if trait.category == category]
        if of_category:
            yield f"### {_(category)}"
            lines = (
                f"**{inline(trait.label)}**: {str(trait.get_level_display()).lower()}"
                f"{_notes(locked=trait.locked, disabled=trait.disabled)}"
                f"{f'. {inline(trait.reason)}' if trait.reason else ''}"
                for trait in of_category
            )
            yield _list(lines)
    if not traits:
        yield _("Nothing is known yet.")


def _facts(facts: KnowledgeQuerySet, *, of_all: bool = False) -> Iterator[str]:
    """Yield facts in use, then the others by what became of them."""
    yield _list(_fact_lines(facts.filter(status=KnowledgeStatus.ACTIVE)))
    headings = {
        KnowledgeStatus.SUPERSEDED: _("True no longer"),
        KnowledgeStatus.DISABLED: _("Not used"),
        KnowledgeStatus.ARCHIVED: _("Archived"),
    }
    if of_all:
        headings = {KnowledgeStatus.PROPOSED: _("Proposed"), **headings}
    for status, heading in headings.items():
        if lines := list(_fact_lines(facts.filter(status=status))):
            yield f"### {heading}"
            yield _list(iter(lines))


def _fact_lines(facts: KnowledgeQuerySet) -> Iterator[str]:
    for fact in facts.defer("embedding").select_related("superseded_by").order_by("-pinned", "confirmed_at", "pk"):
        notes = []
        if fact.valid_from and fact.valid_to:
            notes.append(_("%(first)s to %(last)s") % {"first": _day(fact.valid_from), "last": _day(fact.valid_to)})
        elif fact.valid_from:
            notes.append(_("since %(day)s") % {"day": _day(fact.valid_from)})
        if fact.pinned:
            notes.append(_("pinned"))
        if fact.locked and fact.subject == Subject.USER:
            notes.append(_("written by you"))
        if fact.superseded_by:
            notes.append(_("then: %(text)s") % {"text": inline(fact.superseded_by.text)})
        yield inline(fact.text) + (f" ({'; '.join(notes)})" if notes else "")


def _segments(memory: Memory) -> Iterator[str]:
    at, some = 0, False
    segments = memory.segments.with_page_count().defer("embedding").order_by("pk")
    while batch := list(segments.filter(pk__gt=at)[:BATCH]):
        for segment in batch:
            count = ngettext("%(count)d page", "%(count)d pages", segment.page_count) % {"count": segment.page_count}
            archived = ", " + _("archived") if segment.archived_at else ""
            title = inline(segment.title) or _("Untitled")
            yield f"### {title} ({count}{archived})"
            if segment.summary.strip():
                yield quoted(segment.summary)
            if segment.keywords:
                yield f"{_('Keywords')}: {', '.join(inline(word) for word in segment.keywords)}"
        at, some = batch[-1].pk, True
    if not some:
        yield _("There are none yet.")


def _pages(memory: Memory) -> Iterator[str]:
    """Yield pages by when they were said, each batch from where the last one ended."""
    ordered = memory.pages.defer("embedding", "metadata").order_by("occurred_at", "position")
    last: Page | None = None
    while batch := list(ordered.filter(_after(last))[:BATCH]):
        for page in batch:
            if last is None or _day(last.occurred_at) != _day(page.occurred_at):
                yield f"### {_day(page.occurred_at)}"
            yield "\n\n".join(_page(memory, page))
            last = page
    if last is None:
        yield _("There are none yet.")


def _after(last: Page | None) -> Q:
    if last is None:
        return Q()
    later = Q(occurred_at__gt=last.occurred_at)
    return later | Q(occurred_at=last.occurred_at, position__gt=last.position)


def _page(memory: Memory, page: Page) -> Iterator[str]:
    notes = f", {_('not used')}" if page.disabled else ""
    number = _("Page %(number)s") % {"number": page.position}
    yield f"#### {number}, {page.occurred_at.astimezone(UTC):%H:%M}{notes}"
    for who, said in ((_("You"), page.query), (inline(memory.assistant.name), page.response)):
        if said.strip():
            yield f"{who}:"
            yield quoted(said)


def _notes(*, locked: bool, disabled: bool) -> str:
    notes = [note for holds, note in ((locked, _("written by you")), (disabled, _("not used"))) if holds]
    return f" ({'; '.join(notes)})" if notes else ""


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} (UTC)"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
