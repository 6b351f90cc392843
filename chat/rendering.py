"""An answer's Markdown as safe HTML, the same on pages and from sockets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import nh3
from django.conf import settings
from django.utils.translation import get_language

from chat.highlighting import CLASSES as CODE_CLASSES
from chat.markdown import NEW_TAB_HINT, to_html

_CACHED_MAX_CHARACTERS = 20_000
_TAGS = frozenset(
    {"a", "blockquote", "br", "button", "code", "del", "div", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p"}
    | {"pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"}
)
_ATTRIBUTES = {
    "*": {"aria-label"},
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "button": set[str](),
}
# Attributes that mean something only with these values.
_VALUES = {
    **{tag: {"dir": {"auto"}} for tag in ("p", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote")},
    **{tag: {"dir": {"auto"}, "data-align": {"left", "center", "right"}} for tag in ("td", "th")},
    "a": {"aria-describedby": {NEW_TAB_HINT}},
    "img": {"loading": {"lazy"}, "decoding": {"async"}},
    "button": {"type": {"button"}, "data-copy": {"code"}},
    "div": {"role": {"group"}, "tabindex": {"0"}},
    "pre": {"tabindex": {"0"}},
    "span": {"role": {"img"}},
}
_CLASSES = {
    "button": {"copy-button"},
    "div": {"code", "code-head", "table-scroll"},
    "li": {"task"},
    "span": {"code-language", "task-box", *CODE_CLASSES},
}
# One attribute an element: nh3 writes several in an order that changes.
_ALWAYS = {"a": {"target": "_blank"}, "img": {"referrerpolicy": "no-referrer"}}


def render_markdown(text: str) -> str:
    """Return sanitised HTML of an answer in the active language; what was rendered lately is kept (17 ms for 3.8 kB).

    `chat.markdown` says what is understood. What it makes is sanitised once more by nh3, so that a mistake in either is
    not yet a hole. Images are loaded only from CHAT_IMAGE_HOSTS; any other becomes a link to its address.
    """
    render = _short if len(text) <= _CACHED_MAX_CHARACTERS else _long
    return render(text, get_language() or settings.LANGUAGE_CODE, tuple(settings.CHAT_IMAGE_HOSTS))


def _render(text: str, language: str, image_hosts: Sequence[str]) -> str:
    tags = _TAGS | {"img"} if image_hosts else _TAGS
    return nh3.clean(
        to_html(text, image_hosts),
        tags=set(tags),
        attributes=_ATTRIBUTES,
        tag_attribute_values=_VALUES,
        allowed_classes=_CLASSES,
        set_tag_attribute_values={tag: values for tag, values in _ALWAYS.items() if tag in tags},
        url_schemes={"http", "https", "mailto"},
        # A model's answer must not offer links into this site, such as one that signs the reader out.
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )


_short = lru_cache(maxsize=1024)(_render)
# Long answers are few, and each takes what fifty others take.
_long = lru_cache(maxsize=32)(_render)
