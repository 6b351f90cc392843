"""Markdown as HTML that fits the page around it. `chat.rendering` sanitises what comes from here and hands it out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from html import escape
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from chat.highlighting import Allowance, highlighted

# The element of the chat's pages that says so: see `templates/chat/base_chat.html`.
NEW_TAB_HINT = "new-tab-hint"
# A definition is written once and may be used by every three characters after it: what addresses and their titles
# may take together, unless the text itself is longer. CommonMark's own implementations have the same bound.
_ADDRESSES_MAX_CHARACTERS = 100_000
# What is nested deeper is left out: the bound keeps the stack from running out. Links and images need few levels, and
# thousands of opening brackets take a time that grows with theirs.
_MAX_BLOCK_NESTING = 100
_MAX_INLINE_NESTING = 10
# A line of code longer than this scrolls on a telephone: the keyboard must be able to get there.
_SCROLLS_FROM_CHARACTERS = 36
_ADDRESS = re.compile(r"https?://(?=[^\W_])[^\s<>\"'`\[\]]+", re.IGNORECASE)
_TASK = re.compile(r"\[([ xX])\](?=\s)")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_DIRECTED = frozenset(
    f"{name}_open" for name in ("paragraph", "heading", "bullet_list", "ordered_list", "blockquote", "th", "td")
)


def to_html(text: str, image_hosts: Sequence[str] = ()) -> str:
    """Return the HTML of CommonMark with tables, strike-through, task lists and bare addresses as links.

    Raw HTML is shown as text. An image of one of `image_hosts` is an <img>; any other is a link to its address. Labels
    are in the active language.
    """
    return str(_parser().render(text, {"image_hosts": image_hosts, "allowance": Allowance()}))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = _markdown(_MAX_BLOCK_NESTING).enable("table")
    parser.core.ruler.at("inline", partial(_parse_inline, _inline_parser()))
    parser.core.ruler.push("page_fit", _fit_page)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("fence", _code)
    parser.add_render_rule("code_block", _code)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


def _inline_parser() -> MarkdownIt:
    parser = _markdown(_MAX_INLINE_NESTING).enable("strikethrough")
    parser.inline.ruler.after("text", "bare_address", _bare_address)
    return parser


def _markdown(max_nesting: int) -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "maxNesting": max_nesting})


def _parse_inline(parser: MarkdownIt, state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline":
            token.children = []
            parser.inline.parse(token.content, parser, state.env, token.children)


def _bare_address(state: StateInline, silent: bool) -> bool:
    """Make a bare address a link: a rule that stands before emphasis, whose signs may be part of an address."""
    if state.src[state.pos] != ":" or state.linkLevel:
        return False
    before = state.src[max(0, state.pos - 5) : state.pos].lower()
    scheme = next((name for name in ("https", "http") if before.endswith(name)), "")
    begin = state.pos - len(scheme)
    found = _ADDRESS.match(state.src, begin) if scheme and not state.src[max(0, begin - 1) : begin].isalnum() else None
    if found is None:
        return False
    written = _without_end(found[0])
    if not silent:
        state.pending = state.pending.removesuffix(state.src[begin : state.pos])
        address = unescapeAll(written)
        state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(address)}
        state.push("text", "", 0).content = address
        state.push("link_close", "a", -1)
    state.pos = begin + len(written)
    return True


def _without_end(address: str) -> str:
    """Return an address without the signs that end the sentence, the emphasis or the bracket around it."""
    surplus = address.count(")") - address.count("(")
    end = len(address)
    while (sign := address[end - 1]) in ".,:;!?*_~" or (sign == ")" and surplus > 0):
        surplus -= sign == ")"
        end -= 1
    return address[:end]


def _fit_page(state: StateCore) -> None:
    """Fit the text to the page around it: headings below its own, no inline styles, each block's own direction."""
    room = [max(len(state.src), _ADDRESSES_MAX_CHARACTERS)]
    has_directions = _RIGHT_TO_LEFT.search(state.src) is not None
    for position, token in enumerate(state.tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        elif token.type in ("th_open", "td_open") and (style := token.attrs.pop("style", None)):
            token.attrSet("data-align", str(style).removeprefix("text-align:"))
        elif token.type == "inline":
            token.children = list(_fit_inline(token.children or [], room))
            if position > 1 and state.tokens[position - 2].type == "list_item_open":
                _mark_task(state.tokens[position - 2], token)
        if has_directions and token.type in _DIRECTED:
            token.attrSet("dir", "auto")


def _fit_inline(tokens: Sequence[Token], room: list[int]) -> Iterator[Token]:
    """Keep of the links those that lead to another site, while there is room for their addresses."""
    open_links: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            open_links.append(leads_elsewhere(str(token.attrs.get("href", ""))) and _fits(token, room))
            if open_links[-1]:
                token.attrSet("aria-describedby", NEW_TAB_HINT)
                yield token
        elif token.type == "link_close":
            if open_links.pop():
                yield token
        elif token.type == "image":
            token.meta["in_link"] = any(open_links)
            token.meta["fits"] = _fits(token, room)
            yield token
        else:
            yield token


def _fits(token: Token, room: list[int]) -> bool:
    room[0] -= sum(len(str(value)) for value in token.attrs.values())
    return room[0] >= 0


def leads_elsewhere(address: str) -> bool:
    """Tell whether an address is one of another site or of a mailbox: a model may not lead to actions of this one."""
    return address.lower().startswith(("https://", "http://", "mailto:"))


def _mark_task(item: Token, inline: Token) -> None:
    """Turn the `[x]` at the beginning of a list's item into a box that is or is not ticked."""
    first = inline.children[0] if inline.children else None
    if first is None or first.type != "text" or not (found := _TASK.match(first.content)):
        return
    is_done = found[1] != " "
    label, box = (_("Done"), "☑") if is_done else (_("To do"), "☐")
    first.content = first.content[found.end() :]
    html = f'<span class="task-box" role="img" aria-label="{escape(label)}">{box}</span>'
    inline.children = [Token("html_inline", "", 0, content=html), *(inline.children or [])]
    item.attrSet("class", "task")


def _image(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    source = str(token.attrs.get("src", ""))
    description = renderer.renderInlineAsText(token.children or [], options, env)
    is_usable = token.meta["fits"] and leads_elsewhere(source)
    if is_usable and may_be_loaded(source, env["image_hosts"]):
        title = f' title="{escape(str(token.attrs["title"]))}"' if token.attrs.get("title") else ""
        return f'<img src="{escape(source)}" alt="{escape(description)}"{title} loading="lazy" decoding="async">'
    label = escape(_("Image: %(description)s") % {"description": description or source})
    if token.meta["in_link"] or not is_usable:
        return label
    return f'<a href="{escape(source)}" aria-describedby="{NEW_TAB_HINT}">{label}</a>'


def may_be_loaded(address: str, hosts: Sequence[str]) -> bool:
    """Tell whether an image is of a host the operator allows: over https, on the usual port, as the CSP has it."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or port not in (None, 443):
        return False
    # `*.example.org` stands for what is below example.org, not for itself.
    return any(host.endswith(name[1:]) if name.startswith("*.") else host == name for name in hosts)


def _table_open(*_args: object) -> str:
    name = escape(_("Table"))
    return f'<div class="table-scroll" role="group" aria-label="{name}" tabindex="0"><table>\n'


def _code(_renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    body, language = highlighted(token.content, token.info, env["allowance"])
    longest = max(map(len, token.content.splitlines()), default=0)
    focus = ' tabindex="0"' if longest > _SCROLLS_FROM_CHARACTERS else ""
    name, copy = escape(_("Code")), escape(_("Copy"))
    return (
        f'<div class="code" role="group" aria-label="{name}"><div class="code-head">'
        f'<span class="code-language">{escape(language)}</span>'
        f'<button class="copy-button" type="button" data-copy="code">{copy}</button></div>'
        f"<pre{focus}><code>{body}</code></pre></div>\n"
    )
