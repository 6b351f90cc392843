import re
import time
from collections.abc import Callable

import pytest
from django.utils import translation
from django.utils.translation import gettext
from pytest_django.fixtures import Settings

from chat import markdown
from chat.rendering import render_markdown
from tests.xss import PAYLOADS, elements_of, storable

LINK = 'aria-describedby="new-tab-hint" target="_blank" rel="noopener noreferrer nofollow"'
TAGS = {
    *("a", "blockquote", "br", "button", "code", "div", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre"),
    *("s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
ATTRIBUTES = {
    "a": {"href", "title", "rel", "target", "aria-describedby"},
    "button": {"class", "type", "data-copy"},
    "div": {"class", "role", "aria-label", "tabindex"},
    "img": {"src", "alt", "title", "loading", "decoding", "referrerpolicy"},
    "li": {"class"},
    "ol": {"start", "dir"},
    "pre": {"tabindex"},
    "span": {"class", "role", "aria-label"},
    **{tag: {"dir", "data-align"} for tag in ("td", "th")},
    **{tag: {"dir"} for tag in ("p", "ul", "blockquote", "h3", "h4", "h5", "h6")},
}


@pytest.mark.parametrize("hosts", [(), ("ok.example", "*.ok.example")], ids=["no images", "images"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_hostile_survives(payload: str, hosts: tuple[str, ...], settings: Settings) -> None:
    settings.CHAT_IMAGE_HOSTS = hosts
    payload = storable(payload)
    for text in (payload, f"before {payload}\n\n- {payload}\n\n> {payload}\n\nafter", f"|{payload}|\n|-|\n|{payload}|"):
        for element in elements_of(render_markdown(text)):
            assert element.tag in TAGS
            assert element.attributes.keys() <= ATTRIBUTES.get(element.tag, set())
            assert re.match(r"(https?|mailto):", element.attributes.get("href", "https:"))
            assert element.attributes.get("target", "_blank") == "_blank"
            assert re.fullmatch(r"([a-z0-9-]+ ?)*", element.attributes.get("class", ""))


def test_links_open_safely_elsewhere() -> None:
    html = render_markdown('[there](https://ok.example/a "title")')
    assert html == f'<p><a href="https://ok.example/a" title="title" {LINK}>there</a></p>\n'


@pytest.mark.parametrize(
    "address", ["/accounts/logout/", "page.html", "?next=/", "#log", "//ok.example", "tel:110", ""]
)
def test_what_does_not_lead_to_another_site_is_no_link(address: str) -> None:
    assert render_markdown(f"see [there]({address}).") == "<p>see there.</p>\n"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://ok.example/a.", "https://ok.example/a"),
        ("(https://ok.example/a)", "https://ok.example/a"),
        ("(see https://ok.example/a_(b).)", "https://ok.example/a_(b)"),
        ("https://ok.example/a_(b)!", "https://ok.example/a_(b)"),
        ("**https://ok.example/a**", "https://ok.example/a"),
        ("https://ok.example/_a_b*c*/~~d~~/e", "https://ok.example/_a_b*c*/~~d~~/e"),
        ("https://ok.example/?a=1&b=2", "https://ok.example/?a=1&b=2"),
        (r"https://ok.example/a\_b?c&amp;d", "https://ok.example/a_b?c&d"),
        ("HTTPS://ok.example/ü", "HTTPS://ok.example/%C3%BC"),
        ("- https://ok.example/a", "https://ok.example/a"),
        ("|https://ok.example/a|\n|-|", "https://ok.example/a"),
        ("<https://ok.example/a>", "https://ok.example/a"),
        ("[named](https://ok.example/a)", "https://ok.example/a"),
        ("[https://ok.example/](https://ok.example/a)", "https://ok.example/a"),
    ],
)
def test_bare_addresses_become_links_once(text: str, address: str) -> None:
    links = [element.attributes["href"] for element in elements_of(render_markdown(text)) if element.tag == "a"]
    assert links == [address]


@pytest.mark.parametrize("text", ["`https://ok.example`", "https://", "xhttps://ok.example", "https:///path", "a://b"])
def test_what_is_no_address_stays_text(text: str) -> None:
    assert "<a" not in render_markdown(text)


def test_images_become_links() -> None:
    html = render_markdown('![a *cat*](https://ok.example/cat.png "T") ![](https://ok.example/x) ![no](/cat.png)')
    assert html == (
        f'<p><a href="https://ok.example/cat.png" {LINK}>Image: a cat</a> '
        f'<a href="https://ok.example/x" {LINK}>Image: https://ok.example/x</a> Image: no</p>\n'
    )


def test_an_image_in_a_link_is_its_text() -> None:
    html = render_markdown("[![a cat](https://ok.example/cat.png)](https://ok.example)")
    assert html == f'<p><a href="https://ok.example" {LINK}>Image: a cat</a></p>\n'


def test_images_of_allowed_hosts_are_shown(settings: Settings) -> None:
    settings.CHAT_IMAGE_HOSTS = ("ok.example",)
    html = render_markdown('![a "cat"](https://ok.example/cat.png "T") ![b](https://other.example/b.png)')
    assert html == (
        '<p><img src="https://ok.example/cat.png" alt="a &quot;cat&quot;" title="T" loading="lazy" decoding="async" '
        f'referrerpolicy="no-referrer"> <a href="https://other.example/b.png" {LINK}>Image: b</a></p>\n'
    )
    settings.CHAT_IMAGE_HOSTS = ()
    assert "<img" not in render_markdown("![a](https://ok.example/cat.png)")


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("https://ok.example/cat.png", True),
        ("https://OK.example:443/cat.png", True),
        ("https://a.b.wide.example/", True),
        ("https://wide.example/", False),
        ("https://evilwide.example/", False),
        ("http://ok.example/cat.png", False),
        ("https://ok.example:8443/cat.png", False),
        ("https://ok.example@evil.example/", False),
        ("https://ok.example.evil.example/", False),
        ("https://evil.example/?https://ok.example/", False),
        ("https://ok.example:port/", False),
        ("https://[ok.example/", False),
        ("//ok.example/cat.png", False),
    ],
)
def test_only_images_of_allowed_hosts_may_be_loaded(address: str, is_allowed: bool) -> None:
    assert markdown.may_be_loaded(address, ("ok.example", "*.wide.example")) is is_allowed


def test_code_is_highlighted_by_classes_and_unknown_languages_are_left_plain() -> None:
    html = render_markdown("```py\ndef f(): pass\n```\n\n```nosuch\na < b\n```\n\n    a & b")
    assert '<span class="code-language">Python</span>' in html
    assert '<pre><code><span class="hl-k">def</span>' in html
    assert '<span class="code-language">nosuch</span>' in html
    assert "<pre><code>a &lt; b\n</code></pre>" in html
    assert '<span class="code-language"></span>' in html
    assert "<pre><code>a &amp; b\n</code></pre>" in html
    assert html.count('<button class="copy-button" type="button" data-copy="code">Copy</button>') == 3
    assert "style=" not in html


def test_the_keyboard_reaches_what_scrolls() -> None:
    assert "<pre><code>" in render_markdown("```\nshort\n```")
    assert '<pre tabindex="0"><code>' in render_markdown(f"```\nshort\n{'long' * 20}\n```")
    table = '<div class="table-scroll" role="group" aria-label="Table" tabindex="0"><table>'
    assert render_markdown("|a|\n|-|").startswith(table)


def test_tables_align_without_inline_styles() -> None:
    html = render_markdown("|a|b|\n|:-|-:|\n|1|2|")
    assert '<td data-align="left">1</td>\n<td data-align="right">2</td>' in html


def test_headings_are_below_those_of_the_page() -> None:
    assert render_markdown("# One\n\n##### Five") == "<h3>One</h3>\n<h6>Five</h6>\n"


def test_tasks_are_boxes() -> None:
    html = render_markdown("- [x] *done*\n- [ ] not yet\n- [y] no box\n- [x]no box\n\n[x] no item")
    assert html == (
        "<ul>\n"
        '<li class="task"><span class="task-box" role="img" aria-label="Done">☑</span> <em>done</em></li>\n'
        '<li class="task"><span class="task-box" role="img" aria-label="To do">☐</span> not yet</li>\n'
        "<li>[y] no box</li>\n<li>[x]no box</li>\n</ul>\n<p>[x] no item</p>\n"
    )


def test_each_block_has_its_own_direction_where_one_runs_from_right_to_left() -> None:
    assert render_markdown("שלום\n\n# Hello\n\n1. א") == (
        '<p dir="auto">שלום</p>\n<h3 dir="auto">Hello</h3>\n<ol dir="auto">\n<li>א</li>\n</ol>\n'
    )
    assert render_markdown("Grüße\n\n1. 一") == "<p>Grüße</p>\n<ol>\n<li>一</li>\n</ol>\n"


def test_labels_are_in_the_readers_language() -> None:
    """What one reader got is not what the next one gets."""
    for language in ("en", "de", "en"):
        with translation.override(language):
            assert f">{gettext('Copy')}</button>" in render_markdown("```\nx\n```")


def test_deep_lists_lose_nothing() -> None:
    assert "the end" in render_markdown("\n".join(f"{'  ' * depth}- {depth}" for depth in range(40)) + " the end")


GROWING: dict[str, Callable[[int], str]] = {
    "paragraphs": lambda n: "Some *words* with `code`, **bold** and https://ok.example/a.\n\n" * (n // 60),
    "quotes": lambda n: ">" * n + "a",
    "bullets": lambda n: "- " * (n // 2) + "a",
    "nested list": lambda n: "".join(f"{'  ' * i}- a\n" for i in range(int(n**0.5))),
    "brackets": lambda n: "[" * n,
    "opened links": lambda n: "[a](" * (n // 4),
    "images": lambda n: "![" * (n // 2),
    "stars": lambda n: "**a *b " * (n // 7),
    "nested emphasis": lambda n: "*_" * (n // 4) + "a" + "_*" * (n // 4),
    "backticks": lambda n: "".join("`" * i + " " for i in range(int((2 * n) ** 0.5))),
    "strikes": lambda n: "~~a" * (n // 3),
    "angles": lambda n: "<a " * (n // 3),
    "entities": lambda n: "&" * n,
    "schemes": lambda n: "http://" * (n // 7),
    "colons": lambda n: "http:" * (n // 5),
    "addresses": lambda n: "https://a.b/" + ").(" * (n // 3),
    "definitions": lambda n: "".join(f"[a{i}]: u\n" for i in range(n // 10)),
    "rows": lambda n: "|a|b|\n|-|-|\n" + "|b|c|\n" * (n // 6),
    "code": lambda n: "```python\nx = [1, 2, 'a']\n```\n" * (n // 30),
    "tasks": lambda n: "- [x] a\n" * (n // 8),
}


@pytest.mark.parametrize("text", GROWING.values(), ids=GROWING.keys())
def test_time_grows_with_the_text_and_not_faster(text: Callable[[int], str]) -> None:
    """Four times the text takes four times the time; sixteen times, as with a quadratic rule, it must not."""
    short, long = (min(_seconds(text(size)) for _ in range(2)) for size in (5_000, 20_000))
    assert long < 9 * short + 0.02


def _seconds(text: str) -> float:
    began = time.thread_time()
    markdown.to_html(text)
    return time.thread_time() - began


def test_a_definition_used_everywhere_does_not_fill_the_memory() -> None:
    text = f'[a]: https://ok.example/{"x" * 10_000} "title"\n\n' + "[a] ![a]" * 5_000
    html = render_markdown(text)
    assert html.count("<a ") == 9
    assert len(html) < 4 * len(text)
