"""Small pieces of the dashboard's pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext

from memory.views.activity import model_in_words
from memory.views.diffs import Part
from memory.views.tiers import Warmth

register = template.Library()
register.filter("model_in_words", model_in_words)


@register.simple_tag
def when(moment: datetime) -> SafeString:
    """Return a date and time that the browser shows in its reader's own zone; UTC without JavaScript."""
    local = localtime(moment)
    text = f"{date_format(local, 'DATETIME_FORMAT')} {local:%Z}"
    return format_html('<time datetime="{}" data-local="minute">{}</time>', moment.isoformat(), text)


@register.simple_tag
def day(moment: datetime) -> SafeString:
    """Return a date like `when`, without the time of day."""
    text = date_format(localtime(moment), "DATE_FORMAT")
    return format_html('<time datetime="{}" data-local="day">{}</time>', moment.isoformat(), text)


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """Return a time of day like `when`, where its day stands above it."""
    local = localtime(moment)
    text = f"{date_format(local, 'TIME_FORMAT')} {local:%Z}"
    return format_html('<time datetime="{}" data-local="clock">{}</time>', moment.isoformat(), text)


@register.simple_tag
def meter(value: float, capacity: float) -> SafeString:
    """Return a bar; what it says stands beside it in words."""
    width = 100 * min(1.0, value / capacity) if capacity else 0
    return format_html(
        '<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="meter-value" width="{}" height="6"/></svg>',
        f"{width:.2f}",
    )


@register.filter
def amount(number: int) -> str:
    """Return a number as people read it, its thousands apart."""
    return number_format(number, force_grouping=True)


@register.simple_tag
def diff(parts: list[Part]) -> SafeString:
    """Return a word diff as `ins` and `del`, with what they mean in words for those who hear it.

    Blanks at the end of what came or went stand outside: they are no words.
    """
    said = {"out": ("del", gettext("[removed:")), "in": ("ins", gettext("[added:"))}
    html = format_html_join(
        "", "{}", ((_marked(part, *said[part.kind]) if part.kind in said else part.text,) for part in parts)
    )
    return format_html('<span class="diff">{}</span>', html)


def _marked(part: Part, tag: str, meaning: str) -> SafeString:
    words = part.text.rstrip()
    return format_html(
        '<{}><span class="visually-hidden">{} </span>{}<span class="visually-hidden">]</span></{}>{}',
        tag,
        meaning,
        words,
        tag,
        part.text[len(words) :],
    )


@register.filter
def short(number: int) -> str:
    """Return a round number for the side of a chart: 30k, 4M."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= size and number % size == 0:
            return f"{number // size}{letter}"
    return str(number)


@register.inclusion_tag("memory/_heat_bar.html")
def heat_bar(heat: Warmth) -> dict[str, Any]:
    """Draw a segment's heat in its three parts, with a mark where it is hot enough to be read."""
    bars, start = [], 0.0
    for name, part in (("visits", heat.visits), ("pages", heat.pages), ("recency", heat.recency)):
        width = 100 * part / heat.scale
        bars.append((name, f"{start:.2f}", f"{width:.2f}"))
        start += width
    return {"bars": bars, "mark": f"{100 * heat.threshold / heat.scale:.2f}", "heat": heat}


@register.simple_tag(takes_context=True)
def row_url(context: template.Context, action: str) -> str:
    """Return the address of the row at hand (`item` of `kind`): `row`, `edit` or `delete`, with the list's query."""
    address = reverse(f"memory:{context['kind']}-{action}", args=[context["assistant"].slug, context["item"].pk])
    return f"{address}{context['query']}"
