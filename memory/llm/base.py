"""What the memory asks of a language model: two Protocols and the plain data that crosses them.

An adapter imports no models and keeps no state of a memory; everything it may know comes in the request.
`OpenAIResponder`/`OpenAIConsolidator` (`llm/openai.py`) speak to a server, `BuiltinResponder`/
`BuiltinConsolidator` (`llm/builtin.py`) need none.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

ChatRole = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call cost. Token counts are the server's own; None where it did not say."""

    tokens_in: int | None = None
    tokens_out: int | None = None

    def __add__(self, other: "Usage") -> "Usage":
        """Return the sum; a count that neither server told stays None."""

        def total(a: int | None, b: int | None) -> int | None:
            return None if a is None and b is None else (a or 0) + (b or 0)

        return Usage(total(self.tokens_in, other.tokens_in), total(self.tokens_out, other.tokens_out))


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the prompt, in the chat-completions sense."""

    role: ChatRole
    content: str


@dataclass(frozen=True, slots=True)
class RecalledText:
    """One recalled item as the responder sees it: `tier` is a value of `memory.enums.Tier`."""

    tier: str
    text: str
    score: float
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """A question with everything the answer may use.

    `turns` is the whole prompt in order (system turn first, the question last), already within the token
    budget. `recalled` is what stands in the system turn, item by item and best first within its tier, for a
    responder that quotes instead of generating. `unfinished` is the beginning of an answer that is to go on; then the
    prompt ends with it and the wish to go on, and what is streamed is the rest. `records` says whether what is said
    here will be remembered, for a responder that promises it; `paused` that nothing is, because the
    person has paused it.
    """

    question: str
    turns: Sequence[Turn]
    recalled: Sequence[RecalledText]
    now: datetime
    unfinished: str = ""
    records: bool = True
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """The next characters of an answer."""

    text: str


class Responder(Protocol):
    """Answers in the chat."""

    name: str
    """The model's name as the usage ledger shows it."""
    is_model: bool
    """False for the built-in responder: the interface then says that no model is connected."""

    def stream(self, request: ReplyRequest) -> AsyncGenerator[Delta | Usage, None]:
        """Yield the answer's text as it comes; at most one `Usage`, at the end.

        Cancelling the consumer closes the connection to the server at once. Raises a `ModelError` that says
        what went wrong; deltas yielded before it stand.
        """
        ...


@dataclass(frozen=True, slots=True)
class PageText:
    """A page as the consolidator sees it. `index` counts from 0 within one request."""

    index: int
    query: str
    response: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class KnownSegment:
    """An existing segment near the pages at hand; `number` is small and local to the request."""

    number: int
    title: str
    summary: str


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """The oldest short-term pages, in order, what came right before them, and the segments they may join.

    `chain_summary` and `previous` describe the dialogue chain that page 0 may continue: None where the memory
    has no earlier page, or where the pause before page 0 was so long that the chain is over anyway.
    `pauses[i]` is the time between page i and the page before it, in seconds (0.0 for the very first page).
    `breaks` holds the indexes of the pages before which the chain is over whatever they say.
    """

    pages: Sequence[PageText]
    pauses: Sequence[float]
    chain_summary: str | None = None
    previous: PageText | None = None
    breaks: frozenset[int] = frozenset()
    segments: Sequence[KnownSegment] = ()


@dataclass(frozen=True, slots=True)
class PageNote:
    """What the consolidator says of one page: does it continue the page before it, and its keywords."""

    continues: bool
    keywords: tuple[str, ...]
    chain_summary: str
    """Running summary of the dialogue chain up to and including this page (the paper's meta chain); "" where the
    consolidator gave none."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """The known segment a topic goes on with, described anew: what it held and the topic's pages together.

    Which segment a page joins is not decided by this (the F-score decides); it only names and sums up.
    """

    number: int
    title: str
    summary: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the batch. Each page index stands in exactly one topic.

    Title and summary are about these pages alone, `continues` about the segment they go on with.
    """

    title: str
    summary: str
    keywords: tuple[str, ...]
    page_indexes: tuple[int, ...]
    continues: Continuation | None = None


@dataclass(frozen=True, slots=True)
class TransferResult:
    """One `PageNote` a page, in order; topics that partition the pages."""

    pages: tuple[PageNote, ...]
    topics: tuple[Topic, ...]
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class KnownFact:
    """An existing fact near the pages at hand; `number` is small and local to the request.

    `said_at` is when it was last said: what an older page says does not replace it.
    """

    number: int
    text: str
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PromotionRequest:
    """Unanalysed pages of one or several hot segments, oldest first, and what is already known.

    `title` names the segments. `profile` maps attribute name -> value; `traits` maps dimension -> level; locked names
    are left out of what may be changed (`locked` lists profile names and trait dimensions a person has set by hand).
    `trait_dimensions` is the closed list a trait may name. `known` are the user's existing facts.
    """

    title: str
    pages: Sequence[PageText]
    profile: dict[str, str]
    traits: dict[str, str]
    locked: frozenset[str]
    trait_dimensions: Sequence[str]
    known: Sequence[KnownFact]


@dataclass(frozen=True, slots=True)
class ProfileFinding:
    """A stated, static attribute of the user ("occupation" -> "data scientist")."""

    name: str
    value: str
    page_indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TraitFinding:
    dimension: str
    level: Literal["high", "medium", "low"]
    reason: str
    page_indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact worth keeping. `supersedes` holds numbers of `KnownFact`s that it replaces or contradicts."""

    text: str
    page_indexes: tuple[int, ...]
    valid_from: datetime | None = None
    supersedes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PromotionResult:
    profile: tuple[ProfileFinding, ...] = ()
    traits: tuple[TraitFinding, ...] = ()
    user_knowledge: tuple[Fact, ...] = ()
    assistant_knowledge: tuple[Fact, ...] = ()
    usage: Usage = field(default_factory=Usage)


Verdict = Literal["same", "replaces", "contradicts", "different"]
VERDICTS: tuple[Verdict, ...] = ("same", "replaces", "contradicts", "different")


@dataclass(frozen=True, slots=True)
class FactPair:
    """A new fact and one that is known (or came before it in the same answer), too near to each other to tell apart
    by arithmetic. `f_score` is Eq. 3 over the two; `number` is local to the request.
    """

    number: int
    old: str
    new: str
    old_said_at: datetime
    new_said_at: datetime
    f_score: float


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """The pairs of one promotion whose relation has to be judged."""

    pairs: Sequence[FactPair]


@dataclass(frozen=True, slots=True)
class MergeResult:
    """One verdict a pair, in order.

    "same": one says what the other says, perhaps in more words. "replaces" and "contradicts": they cannot both hold
    now. "different": both stand.
    """

    verdicts: tuple[Verdict, ...]
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """Pages of one segment or one dialogue chain, oldest first, to be summed up from nothing but themselves."""

    pages: Sequence[PageText]


@dataclass(frozen=True, slots=True)
class SummaryResult:
    """What the pages are about; none of the three is ever blank or empty-handed: at the worst, their first words."""

    title: str
    summary: str
    keywords: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)


class Consolidator(Protocol):
    """Does the thinking of the background path; one call of any method is one model call."""

    name: str
    is_model: bool

    def transfer(self, request: TransferRequest) -> TransferResult:
        """Judge continuity, keywords and topics of a batch. Raises `ModelError`; never returns it as text."""
        ...

    def promote(self, request: PromotionRequest) -> PromotionResult:
        """Extract profile, traits and knowledge. Raises `ModelError`; never returns it as text."""
        ...

    def merge(self, request: MergeRequest) -> MergeResult:
        """Judge facts that nearly say the same. Raises `ModelError`; never returns it as text."""
        ...

    def summarise(self, request: SummaryRequest) -> SummaryResult:
        """Sum up what is left of a segment or a chain. Raises `ModelError`; never returns it as text."""
        ...
