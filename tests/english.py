"""English that is left on a page in another language."""

from __future__ import annotations

import re
from html.parser import HTMLParser

# Words that no page can do without in English, and those of our own vocabulary; none of them is Indonesian.
ENGLISH = re.compile(
    r"\b(the|of|and|or|you|your|yours|is|are|was|were|has|have|not|no|this|that|these|it|its|with|from|for|to|in|by|as|at"
    r"|on|all|any|what|where|when|which|who|pages?|segments?|facts?|traits?|heat|short-term|mid-term|long-term|memory"
    r"|recalled|learnt|read|said|last|times?|yet|more|forget|forgotten|delete|deleted|edit|edited|save|saved|cancel|add"
    r"|archived?|restored?|active|proposed|superseded|high|medium|low|overview|latest|keywords|sign|settings|waiting"
    r"|running|failed|today|ago|january|next|previous|back|list|untitled|nothing|everything|attributes?|level|reason"
    r"|value|name|assistant|knowledge|openness|travel|interests|import|conversations?|messages?|answers?|answering"
    r"|send|sends|stop|stopped|interrupted|search|new|newest|write|copy|rename|remove|pin|pinned|unpin|undo|close"
    r"|older|earlier|temporary|found|shortcuts?|retry|continue|versions?|remember|remembered|remembers|use|used|learn"
    r"|exchange|profile|instructions|meaning|words|neighbours|topics?|yesterday|days|type|title|jump|try|table|code"
    r"|image|done|begun|exported|chat|february|march|archive|nobody|here|something|results?)\b",
    re.IGNORECASE,
)


class Visible(HTMLParser):
    """Collects what a person reads or hears of a page: texts and speaking attributes, but no code."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style", "code")
        self.texts += [value for name, value in attrs if value and name in ("aria-label", "title", "placeholder")]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style", "code")

    def handle_data(self, data: str) -> None:
        if not self.silent and data.strip():
            self.texts.append(data.strip())


def english_of(html: str) -> list[str]:
    """Return the texts of a page in which there is English. Languages are named in their own words."""
    page = Visible()
    page.feed(html)
    return [text for text in page.texts if ENGLISH.search(text) and text != "English"]
