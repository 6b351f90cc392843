import random
from datetime import UTC, datetime, timedelta

import pytest

from memory.domain.dates import Span, boost, spans

NOW = datetime(2026, 6, 17, 15, 30, tzinfo=UTC)  # A Wednesday.


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("What did I eat yesterday?", day(2026, 6, 16), day(2026, 6, 17)),
        ("today", day(2026, 6, 17), day(2026, 6, 18)),
        ("What happened last May?", day(2026, 5, 1), day(2026, 6, 1)),
        ("last December", day(2025, 12, 1), day(2026, 1, 1)),
        ("Where was I in May 2023?", day(2023, 5, 1), day(2023, 6, 1)),
        ("my trips in 2023", day(2023, 1, 1), day(2024, 1, 1)),
        ("on 8 May 2023", day(2023, 5, 8), day(2023, 5, 9)),
        ("2023-05-08", day(2023, 5, 8), day(2023, 5, 9)),
        ("last week", day(2026, 6, 8), day(2026, 6, 15)),
        ("Was habe ich gestern gesagt?", day(2026, 6, 16), day(2026, 6, 17)),
        ("Qu'est-ce que j'ai mangé hier ?", day(2026, 6, 16), day(2026, 6, 17)),
        ("ayer", day(2026, 6, 16), day(2026, 6, 17)),
        ("昨天我们谈了什么？", day(2026, 6, 16), day(2026, 6, 17)),
    ],
)
def test_a_time_is_understood(text: str, start: datetime, end: datetime) -> None:
    assert Span(start, end) in spans(text, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "May I ask you something?",
        "We march on",
        "What does April like?",
        "One second, please",
        "Python 3.11.2 runs",
        "mon ami",
        "",
        "🙂",
    ],
)
def test_what_is_no_time_gives_none(text: str) -> None:
    assert spans(text, NOW) == []


def test_no_text_raises_and_every_span_has_a_width() -> None:
    chance = random.Random(7)
    parts = [
        "last",
        "May",
        "31",
        "February",
        "2023",
        "99999",
        "0",
        "ago",
        "in",
        "/",
        "-",
        "昨天",
        "🙂",
        "between",
        "and",
        "since",
    ]
    for _ in range(300):
        for span in spans(" ".join(chance.choices(parts, k=8)), NOW):
            assert span.start < span.end


def test_the_boost_falls_off_and_faster_before_the_time_than_after_it() -> None:
    may = [Span(day(2026, 5, 1), day(2026, 6, 1))]
    assert boost(day(2026, 5, 20), may) == 1.0
    late, later = boost(day(2026, 6, 5), may), boost(day(2026, 6, 25), may)
    assert 1.0 > late > later > 0.0
    assert boost(may[0].start - timedelta(days=5), may) < boost(may[0].end + timedelta(days=5), may)
    assert boost(day(2020, 1, 1), may) == 0.0
    assert boost(NOW, []) == 0.0
