"""Whether demo data is in a memory, for whichever page says so."""

from __future__ import annotations

from django import template
from django.db.models import Exists, OuterRef

from memory.enums import Source
from memory.models import Memory, Page

register = template.Library()


@register.simple_tag
def demo_state(memory: Memory) -> str:
    """Return "loaded", "empty" (nothing is in the memory: demo data may be offered) or "" in one query."""
    pages = Page.objects.filter(memory=OuterRef("pk"))
    row = Memory.objects.filter(pk=memory.pk).values_list(Exists(pages.filter(source=Source.DEMO)), Exists(pages)).get()
    return "loaded" if row[0] else "" if row[1] else "empty"
