"""What the benchmark of the chat found, beside what it should be, for people and for programs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

FIRST_REQUEST_MS = 60.0
TOKEN_DELAY_MS = 100.0
MEMORY_MB = 300.0
PAGES_RATIO = 2.0


@dataclass(frozen=True, slots=True)
class Span:
    """Milliseconds: the median and the 95th percentile."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class FirstRequest:
    """From a sent frame to the request's arrival at the model."""

    pages: int
    """Of the memory that is asked."""
    questions: int
    whole: Span
    parts: Mapping[str, Span]
    rest_p50: float
    """What the medians of the parts leave of the whole's."""


@dataclass(frozen=True, slots=True)
class Streams:
    """Answers that streamed at once on one process."""

    asked: int
    finished: int
    at_once: int
    tokens: int
    tokens_a_second: float
    """Of each."""
    lost: int
    doubled: int
    delay: Span
    delay_max: float
    peak_memory_mb: float
    cores: Mapping[str, float]
    machine_cores: float


@dataclass(frozen=True, slots=True)
class Pages:
    """The site's pages beside idle sockets and streaming ones, and without any."""

    idle: int
    streaming: int
    alone: Mapping[str, Span]
    beside: Mapping[str, Span]
    delay: Span
    """Of the tokens that streamed meanwhile."""
    peak_memory_mb: float

    @property
    def ratios(self) -> dict[str, float]:
        """The quotient of the p95s of each page."""
        return {name: round(self.beside[name].p95 / max(span.p95, 1e-3), 2) for name, span in self.alone.items()}


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure beside what it should be."""

    name: str
    value: float
    unit: str
    least: float | None = None
    most: float | None = None

    @property
    def is_met(self) -> bool:
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    def __str__(self) -> str:
        bound = f"at most {self.most:g}" if self.least is None else f"{self.least:g}"
        verdict = "met" if self.is_met else "MISSED"
        return f"{self.name:<72}{_shown(self.value, self.unit):>12}{f'{bound} {self.unit}'.strip():>18}  {verdict}"


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything one run found. `load` is the machine's load average of the last minute at the start and at the end."""

    first_request: FirstRequest
    streams: Streams
    pages: Pages
    processors: int
    load: tuple[float, float]

    @property
    def goals(self) -> list[Goal]:
        streams, pages = self.streams, self.pages
        peak = max(streams.peak_memory_mb, pages.peak_memory_mb)
        return [
            Goal("A  frame to request for the model, p95", self.first_request.whole.p95, "ms", most=FIRST_REQUEST_MS),
            Goal(f"B  answers finished of {streams.asked} at once", streams.finished, "", least=streams.asked),
            Goal("B  tokens lost, on the page or in the database", streams.lost, "", most=0),
            Goal("B  tokens doubled, on the page or in the database", streams.doubled, "", most=0),
            Goal("B  delay from the model to the page, p95", streams.delay.p95, "ms", most=TOKEN_DELAY_MS),
            Goal("B, C  peak memory of the web process", round(peak, 1), "MB", most=MEMORY_MB),
            *(
                Goal(f"C  {name} beside sockets to without, p95", ratio, "x", most=PAGES_RATIO)
                for name, ratio in pages.ratios.items()
            ),
        ]

    def as_json(self) -> dict[str, object]:
        """Return what `json.dumps` takes: the fields, `ratios` of the pages, and `goals` with whether they are met."""
        found = asdict(self)
        found["pages"]["ratios"] = self.pages.ratios
        found["goals"] = [{**asdict(goal), "met": goal.is_met} for goal in self.goals]
        return found


def table(figures: Figures) -> str:
    """Return the figures as people read them."""
    return "\n".join(
        [
            *map(str, figures.goals),
            "",
            *_first_request(figures.first_request),
            "",
            *_streams(figures.streams),
            "",
            *_pages(figures.pages),
            "",
            f"The model server, the load generator and PostgreSQL shared the machine's {figures.processors} processors "
            "with the product.",
            f"Load average: {figures.load[0]:.1f} at the start, {figures.load[1]:.1f} at the end.",
        ]
    )


def _shown(value: float, unit: str) -> str:
    return f"{value:,.0f}" if not unit else f"{value:,.1f} {unit}" if unit != "x" else f"{value:,.2f} x"


def _line(name: str, *values: str) -> str:
    return f"{name:<44}" + "".join(f"{value:>12}" for value in values)


def _span(name: str, span: Span) -> str:
    return _line(name, f"{span.p50:.1f} ms", f"{span.p95:.1f} ms")


def _first_request(first: FirstRequest) -> list[str]:
    return [
        _line(f"A  memory of {first.pages:,} pages, {first.questions} questions", "p50", "p95"),
        _span("frame to request", first.whole),
        *(_span(f"  {name}", part) for name, part in first.parts.items()),
        _line("  socket, event loop, threads (the rest)", f"{first.rest_p50:.1f} ms"),
    ]


def _streams(streams: Streams) -> list[str]:
    cores = ", ".join(f"{name} {value:.2f}" for name, value in streams.cores.items())
    return [
        _line(f"B  {streams.at_once} answers at once", "p50", "p95", "most"),
        _span("delay from the model to the page", streams.delay) + f"{streams.delay_max:.1f} ms".rjust(12),
        f"{streams.tokens:,} tokens, {streams.tokens_a_second:g} a second for each answer. Web process: "
        f"{streams.peak_memory_mb:.0f} MB at most.",
        f"Processors at work: {cores}; everything on the machine {streams.machine_cores:.2f}.",
    ]


def _pages(pages: Pages) -> list[str]:
    lines = [
        line
        for name, span in pages.alone.items()
        for line in (
            _span(f"{name}, no sockets", span),
            _span(f"{name}, beside them", pages.beside[name]),
        )
    ]
    return [
        _line(f"C  {pages.idle} idle sockets, {pages.streaming} streaming", "p50", "p95"),
        *lines,
        _span("delay of the tokens streamed meanwhile", pages.delay),
        f"Web process: {pages.peak_memory_mb:.0f} MB at most.",
    ]
