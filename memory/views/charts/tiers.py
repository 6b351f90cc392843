"""The three tiers as one picture: the queue, the segments by heat, what lasts; side by side, or one below the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memory.views.charts.words import fitted, wrapped

PLACES = 8
"""Places of the queue that are drawn; of a longer one the newest pages."""
NAMED, THIN = 6, 14
"""Segments that are drawn with their titles, and those after them, as thin lines."""
ALL_NAMED = 8
"""As many segments, and no more, are all drawn with their titles: so few thin lines would only leave room unused."""
COLUMNS = 20
"""Cells in a row of what long-term memory holds."""
PADDING, HEAD = 16, 70
FONT, SMALL = 12.5, 11.5
_GAP, _LONG_WAY = 81, 58
_CLIPPED = 4.0
"""Heat, in tau, from which a bar is as long as it gets: one very hot segment must not make all others dots."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A page in the queue."""

    page_id: int
    words: str
    moves: bool


@dataclass(frozen=True, slots=True)
class Warm:
    """A segment and its heat."""

    segment_id: int
    title: str
    heat: float


@dataclass(frozen=True, slots=True)
class Held:
    """What long-term memory holds of one kind, by the name of its page; without `capacity` there is always room."""

    name: str
    count: int
    capacity: int | None


@dataclass(frozen=True, slots=True)
class Contents:
    """What is drawn. `waiting` are the newest pages, newest first, `waiting_count` is how many there are;
    `segments` the hottest ones, hottest first.
    """

    waiting: Sequence[Waiting]
    waiting_count: int
    waiting_capacity: int
    segments: Sequence[Warm]
    segment_count: int
    threshold: float
    held: Sequence[Held]
    transfer: str
    """What the way from short-term to mid-term memory is called."""
    promotion: str
    """What the way from mid-term to long-term memory is called."""


@dataclass(frozen=True, slots=True)
class Box:
    x: int
    y: int
    width: int
    height: int

    @property
    def inner_x(self) -> int:
        return self.x + PADDING

    @property
    def inner_width(self) -> int:
        return self.width - 2 * PADDING

    @property
    def right(self) -> int:
        return self.x + self.width - PADDING

    @property
    def title_y(self) -> int:
        return self.y + 30

    @property
    def number_y(self) -> int:
        return self.y + 52

    @property
    def foot_y(self) -> int:
        return self.y + self.height - 12


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the queue; a free one has no page."""

    box: Box
    page: Waiting | None = None
    words: str = ""

    @property
    def text_y(self) -> int:
        return self.box.y + self.box.height // 2 + 4


@dataclass(frozen=True, slots=True)
class Bar:
    """A segment's heat; `warmth` is 0 (cold) to 4 (hot enough to be read). Thin ones have no title."""

    box: Box
    warmth: int
    segment: Warm
    title: str = ""

    @property
    def title_y(self) -> int:
        return self.box.y - 5


@dataclass(frozen=True, slots=True)
class Cell:
    x: int
    y: int
    size: int
    taken: bool


@dataclass(frozen=True, slots=True)
class Grid:
    """What is held of one kind as cells; each stands for `count`/`cells`, or one, of it."""

    held: Held
    label_y: int
    cells: tuple[Cell, ...]

    @property
    def taken(self) -> str:
        """The path of all cells that are taken: one shape for a hundred of them."""
        return _squares(cell for cell in self.cells if cell.taken)

    @property
    def free(self) -> str:
        return _squares(cell for cell in self.cells if not cell.taken)


@dataclass(frozen=True, slots=True)
class Way:
    """An arrow from one tier to the next, with its words beside it."""

    path: str
    head: str
    lines: tuple[tuple[int, int, str], ...]
    anchor: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All shapes, in the units of the view box."""

    name: str
    width: int
    height: int
    panels: tuple[Box, Box, Box]
    places: tuple[Place, ...]
    unseen: int
    """Pages of the queue that have no place in the picture."""
    bars: tuple[Bar, ...]
    thin: tuple[Bar, ...]
    ghosts: tuple[Box, ...]
    """Where bars will stand, while there are none."""
    cooler: int
    """Segments that are not drawn."""
    mark_x: int
    mark_top: int
    mark_bottom: int
    grids: tuple[Grid, ...]
    ways: tuple[Way, Way]


def side_by_side(contents: Contents) -> Picture:
    """Return the picture for a wide page: 780 units wide."""
    width = (780 - 2 * _GAP) // 3
    height = HEAD + _grids_height(contents.held, width - 2 * PADDING) + 28
    panels = tuple(Box(index * (width + _GAP), 0, width, height) for index in range(3))
    middle = HEAD + (height - HEAD) // 2
    ways = (
        _way_across(panels[0].x + width, middle, contents.transfer),
        _way_across(panels[1].x + width, middle, contents.promotion),
    )
    return _drawn("wide", contents, 780, height, (panels[0], panels[1], panels[2]), ways)


def one_below_the_other(contents: Contents) -> Picture:
    """Return the picture for a narrow page: 344 units wide."""
    width, y, panels = 344, 0, []
    inner = width - 2 * PADDING
    queue = HEAD + 34 * min(PLACES, max(contents.waiting_capacity, 1)) + 24
    for height in (queue, HEAD + 33 * NAMED + 3 * THIN + 44, HEAD + _grids_height(contents.held, inner) + 28):
        panels.append(Box(0, y, width, height))
        y += height + _LONG_WAY
    first, second, third = panels
    ways = (
        _way_down(second.y - _LONG_WAY, contents.transfer, width),
        _way_down(third.y - _LONG_WAY, contents.promotion, width),
    )
    return _drawn("narrow", contents, width, y - _LONG_WAY, (first, second, third), ways)


def _drawn(
    name: str, contents: Contents, width: int, height: int, panels: tuple[Box, Box, Box], ways: tuple[Way, Way]
) -> Picture:
    queue, middle, lasting = panels
    places = _places(contents, queue)
    bars, thin = _bars(contents, middle)
    return Picture(
        name=name,
        width=width,
        height=height,
        panels=panels,
        places=places,
        unseen=contents.waiting_count - sum(place.page is not None for place in places),
        bars=bars,
        thin=thin,
        ghosts=() if bars else _ghosts(middle),
        cooler=contents.segment_count - len(bars) - len(thin),
        mark_x=middle.inner_x + _length(contents.threshold, contents, middle.inner_width),
        mark_top=middle.y + HEAD - 8,
        mark_bottom=middle.y + middle.height - 40,
        grids=_grids(contents.held, lasting),
        ways=ways,
    )


def _places(contents: Contents, panel: Box) -> tuple[Place, ...]:
    """The newest page on top, free places above it: what comes next takes the one just over it."""
    count = min(PLACES, max(contents.waiting_capacity, 1))
    pages: list[Waiting | None] = list(contents.waiting[:count])
    in_order = [None] * (count - len(pages)) + pages
    pitch = (panel.height - HEAD - 24) // count
    height = pitch - 6
    places = []
    for index, page in enumerate(in_order):
        box = Box(panel.inner_x, panel.y + HEAD + index * pitch, panel.inner_width, height)
        places.append(Place(box, page, fitted(page.words, box.width - 20, FONT) if page else ""))
    return tuple(places)


def _bars(contents: Contents, panel: Box) -> tuple[tuple[Bar, ...], tuple[Bar, ...]]:
    top, foot = panel.y + HEAD + 14, panel.y + panel.height - 46
    room = foot - top
    few = len(contents.segments) <= ALL_NAMED
    named = ALL_NAMED if few else NAMED
    pitch = min(34, (room if few else room - 3 * THIN) // named)
    bars = tuple(
        _bar(segment, contents, Box(panel.inner_x, top + index * pitch, panel.inner_width, 7), named=True)
        for index, segment in enumerate(contents.segments[:named])
    )
    start = top + named * pitch - 8
    thin = tuple(
        _bar(segment, contents, Box(panel.inner_x, start + 3 * index, panel.inner_width, 2), named=False)
        for index, segment in enumerate(contents.segments[named : NAMED + THIN])
    )
    return bars, thin


def _ghosts(panel: Box) -> tuple[Box, ...]:
    top = panel.y + HEAD + 14
    return tuple(
        Box(panel.inner_x, top + 28 * index, panel.inner_width * (NAMED - index) // (NAMED + 1), 8)
        for index in range(NAMED)
    )


def _bar(segment: Warm, contents: Contents, row: Box, *, named: bool) -> Bar:
    length = max(2, _length(segment.heat, contents, row.width))
    box = Box(row.x, row.y, length, row.height)
    return Bar(box, warmth_of(segment.heat, contents.threshold), segment, _title(segment, row.width) if named else "")


def _title(segment: Warm, width: int) -> str:
    return fitted(segment.title, width - 34, FONT)


def warmth_of(heat: float, threshold: float) -> int:
    """Return 0 to 3 for the quarters up to tau, 4 above it."""
    return 4 if heat > threshold or not threshold else min(3, int(4 * heat / threshold))


def _length(heat: float, contents: Contents, width: int) -> int:
    hottest = contents.segments[0].heat if contents.segments else 0.0
    scale = max(1.5 * contents.threshold, min(hottest, _CLIPPED * contents.threshold), 1e-9)
    return round(width * min(1.0, heat / scale))


def _grids_height(held: Sequence[Held], width: int) -> int:
    return sum(_rows(each) * (width // COLUMNS) + 34 for each in held) - 14


def _rows(held: Held) -> int:
    return -(-_cell_count(held) // COLUMNS)


def _cell_count(held: Held) -> int:
    """A cell for each that fits, at most five rows of them; without a bound, for each there is, in at most two rows."""
    if held.capacity is None:
        return min(max(held.count, 1), 2 * COLUMNS)
    return max(1, min(held.capacity, 5 * COLUMNS))


def _grids(held: Sequence[Held], panel: Box) -> tuple[Grid, ...]:
    width, pitch = panel.inner_width, panel.inner_width // COLUMNS
    y, grids = panel.y + HEAD + 8, []
    for each in held:
        count = _cell_count(each)
        share = min(1.0, each.count / (each.capacity or count))
        # One of many still shows.
        taken = max(min(each.count, 1), round(count * share))
        cells = tuple(
            Cell(
                panel.inner_x + n % COLUMNS * width // COLUMNS,
                y + 12 + n // COLUMNS * pitch,
                pitch - 2,
                n < taken,
            )
            for n in range(count)
        )
        grids.append(Grid(each, y + 4, cells))
        y += _rows(each) * pitch + 34
    return tuple(grids)


def _squares(cells: Iterable[Cell]) -> str:
    return "".join(f"M{cell.x} {cell.y}h{cell.size}v{cell.size}h-{cell.size}z" for cell in cells)


def _way_across(x: int, y: int, words: str) -> Way:
    start, end = x + 12, x + _GAP - 12
    lines = wrapped(words, _GAP - 10, SMALL)
    first = y - 12 - 14 * (len(lines) - 1)
    return Way(
        path=f"M{start} {y}H{end}",
        head=f"M{end - 6} {y - 5}l6 5l-6 5",
        lines=tuple((x + _GAP // 2, first + 14 * n, line) for n, line in enumerate(lines)),
        anchor="middle",
    )


def _way_down(y: int, words: str, width: int) -> Way:
    x, start, end = 40, y + 8, y + _LONG_WAY - 8
    lines = wrapped(words, width - x - 24, SMALL)
    first = y + _LONG_WAY // 2 + 4 - 7 * (len(lines) - 1)
    return Way(
        path=f"M{x} {start}V{end}",
        head=f"M{x - 5} {end - 6}l5 6l5 -6",
        lines=tuple((x + 18, first + 14 * n, line) for n, line in enumerate(lines)),
        anchor="start",
    )
