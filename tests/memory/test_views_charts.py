"""Where the shapes of the pictures stand: pure geometry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from memory.templatetags.dashboard import short
from memory.views.charts.columns import HEIGHT as COLUMNS_HEIGHT
from memory.views.charts.columns import columns_of
from memory.views.charts.lines import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, line_of
from memory.views.charts.queue import PLACES as QUEUE_PLACES
from memory.views.charts.queue import WIDTH as QUEUE_WIDTH
from memory.views.charts.queue import queue_of
from memory.views.charts.scales import level_above
from memory.views.charts.tiers import (
    NAMED,
    PLACES,
    THIN,
    Box,
    Contents,
    Held,
    Picture,
    Waiting,
    Warm,
    one_below_the_other,
    side_by_side,
    warmth_of,
)
from memory.views.charts.words import fitted, width_of, wrapped

LONG = "Volunteering at the youth center of the old harbour, and what came of it"


def contents(
    waiting: int = 7, segments: int = 20, capacity: int = 7, hottest: float = 9.0, facts: int = 32
) -> Contents:
    return Contents(
        waiting=[Waiting(n, f"{n} {LONG}", moves=n > 2) for n in range(min(waiting, PLACES))],
        waiting_count=waiting,
        waiting_capacity=capacity,
        segments=[Warm(n, LONG, hottest / (n + 1)) for n in range(min(segments, NAMED + THIN))],
        segment_count=segments,
        threshold=5.0,
        held=[
            Held("profile", 3, None),
            Held("traits", 13, 90),
            Held("knowledge", facts, 100),
            Held("assistant-knowledge", 0, 100),
        ],
        transfer="The oldest pages move on, sorted by topic",
        promotion="Hot topics are read for what lasts",
    )


def boxes(picture: Picture) -> list[tuple[Box, int]]:
    """Return every box of a picture with the number of the panel that it belongs in."""
    return [
        *((place.box, 0) for place in picture.places),
        *((bar.box, 1) for bar in (*picture.bars, *picture.thin)),
        *((box, 1) for box in picture.ghosts),
        *((Box(cell.x, cell.y, cell.size, cell.size), 2) for grid in picture.grids for cell in grid.cells),
    ]


@pytest.mark.parametrize("draw", [side_by_side, one_below_the_other])
@pytest.mark.parametrize(
    "shown",
    [
        contents(),
        contents(waiting=0, segments=0, facts=0),
        contents(waiting=300, segments=900, capacity=25, hottest=400, facts=100),
        contents(waiting=1, capacity=1),
    ],
)
def test_every_shape_stands_within_its_panel_and_over_no_other(
    draw: Callable[[Contents], Picture], shown: Contents
) -> None:
    picture = draw(shown)
    held = boxes(picture)
    for box, index in held:
        panel = picture.panels[index]
        assert panel.inner_x <= box.x
        assert box.x + box.width <= panel.right
        assert panel.number_y < box.y
        assert box.y + box.height <= panel.y + panel.height
    for number, (one, _) in enumerate(held):
        for other, _ in held[number + 1 :]:
            apart = (
                one.x + one.width <= other.x
                or other.x + other.width <= one.x
                or one.y + one.height <= other.y
                or other.y + other.height <= one.y
            )
            assert apart, (one, other)
    last = picture.panels[2]
    assert (last.x + last.width, last.y + last.height) == (picture.width, picture.height)
    assert picture.panels[1].inner_x <= picture.mark_x <= picture.panels[1].right


def test_the_queue_has_its_free_places_on_top_and_the_newest_page_under_them() -> None:
    picture = side_by_side(contents(waiting=3))
    assert [place.page.page_id if place.page else None for place in picture.places] == [None] * 4 + [0, 1, 2]
    assert picture.unseen == 0


def test_what_is_not_drawn_is_counted() -> None:
    picture = side_by_side(contents(waiting=300, segments=900, capacity=25))
    assert (len(picture.places), picture.unseen) == (PLACES, 300 - PLACES)
    assert (len(picture.bars), len(picture.thin), picture.cooler) == (NAMED, THIN, 900 - NAMED - THIN)


def test_one_very_hot_segment_leaves_the_others_their_bars() -> None:
    bars = side_by_side(contents(hottest=400)).bars
    assert [bar.box.width for bar in bars[:4]] == [bars[0].box.width] * 4
    assert [bar.warmth for bar in side_by_side(contents(hottest=6)).bars] == [4, 2, 1, 1, 0, 0]


def test_warmth_is_told_in_quarters_up_to_tau() -> None:
    assert [warmth_of(heat, 5.0) for heat in (0, 1.2, 1.3, 2.6, 3.8, 5.0, 5.1)] == [0, 0, 1, 2, 3, 3, 4]
    assert warmth_of(0.0, 0.0) == 4


@pytest.mark.parametrize(
    ("count", "capacity", "cells", "taken"),
    [(0, 100, 100, 0), (1, 1000, 100, 1), (500, 1000, 100, 50), (3, 3, 3, 3), (7, 5, 5, 5)],
)
def test_cells_show_how_full_it_is(count: int, capacity: int, cells: int, taken: int) -> None:
    grid = side_by_side(replace(contents(), held=[Held("knowledge", count, capacity)])).grids[0]
    assert (len(grid.cells), sum(cell.taken for cell in grid.cells)) == (cells, taken)


def test_words_are_cut_to_their_place() -> None:
    assert fitted("short", 100, 12) == "short"
    cut = fitted(LONG, 100, 12)
    assert cut.endswith("…")
    assert width_of(cut, 12) <= 100
    assert fitted("日本語の長い文章です", 60, 12) == "日本語の…"
    assert fitted("a\n  b", 100, 12) == "a b"
    assert wrapped("The oldest pages move on", 80, 11.5) == ("The oldest", "pages move", "on")
    assert wrapped("", 80, 11.5) == ()


def test_a_queue_is_drawn_from_the_page_that_leaves_next() -> None:
    drawn = queue_of(3, 7)
    assert [place.index for place in drawn.places] == [0, 1, 2, None, None, None, None]
    assert not any(place.over for place in drawn.places)
    assert [place.over for place in queue_of(9, 7).places] == [True, True, *[False] * 7]


def test_of_a_long_queue_the_ends_are_drawn() -> None:
    drawn = queue_of(500, 7)
    indexes = [place.index for place in drawn.places]
    assert indexes == [*range(10), *range(491, 500)]
    assert len(indexes) < QUEUE_PLACES + 1
    assert drawn.skipped_x is not None
    assert drawn.places[9].x < drawn.skipped_x < drawn.places[10].x
    assert all(place.x >= 0 and place.x + place.width <= QUEUE_WIDTH for place in drawn.places)


@pytest.mark.parametrize(
    ("value", "level"), [(0, 2), (1, 2), (2, 2), (3, 4), (5, 6), (7.2, 8), (9, 20), (21, 40), (8001, 20000)]
)
def test_an_axis_ends_at_a_short_even_number(value: float, level: int) -> None:
    assert level_above(value) == level


def test_a_line_goes_from_the_first_moment_to_the_last() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    samples = [(start, 0.0, ""), (start + timedelta(days=1), 8.0, "joined"), (start + timedelta(days=2), 4.0, "")]
    line = line_of(samples, 5.0)
    assert line is not None
    middle, top, ground = LEFT + (WIDTH - LEFT - RIGHT) // 2, TOP, HEIGHT - BOTTOM
    assert line.path == f"M{LEFT}.0 {ground}.0L{middle}.0 {top}.0L{WIDTH - RIGHT}.0 {(top + ground) / 2:.1f}"
    assert [(dot.x, dot.y, dot.kind) for dot in line.dots] == [(middle, top, "joined")]
    assert [tick.value for tick in line.levels] == [0, 4, 8]
    assert line.levels[1].at < line.mark_y + 30 < ground


def test_a_single_moment_is_no_line() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert line_of([(now, 1.0, "")], 5.0) is None
    assert line_of([(now, 1.0, ""), (now, 2.0, "")], 5.0) is None


def test_columns_stack_their_parts_from_the_ground() -> None:
    days = [date(2026, 1, n) for n in range(1, 31)]
    amounts = {(days[0], "reply"): 30, (days[0], "title"): 10, (days[29], "reply"): 20}
    drawn = columns_of(days, amounts, ["reply", "title"])
    assert [column.total for column in drawn.columns] == [40, *[0] * 28, 20]
    reply, title = drawn.columns[0].pieces
    ground = COLUMNS_HEIGHT - 28
    assert reply.y + reply.height == pytest.approx(ground)
    assert title.y + title.height == pytest.approx(reply.y)
    assert (reply.height / title.height, title.y) == pytest.approx((3.0, 12.0))
    assert [level.value for level in drawn.levels] == [0, 20, 40]
    assert [column.day.day for column in drawn.named] == [1, 8, 15, 22]
    assert all(column.x >= 0 and column.x + column.width <= 640 for column in drawn.columns)


def test_days_without_anything_are_drawn_as_well() -> None:
    drawn = columns_of([date(2026, 1, 1)], {}, ["reply"])
    assert [column.pieces for column in drawn.columns] == [()]
    assert [level.value for level in drawn.levels] == [0, 1, 2]


def test_numbers_beside_a_chart_are_short() -> None:
    assert [short(number) for number in (0, 1, 500, 1000, 30000, 1500, 4000000)] == [
        "0",
        "1",
        "500",
        "1k",
        "30k",
        "1500",
        "4M",
    ]
