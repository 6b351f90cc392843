from datetime import UTC, datetime

import pytest

from memory.llm.builtin.dates import with_absolute_dates

FRIDAY = datetime(2023, 6, 9, 19, 55, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("I ran yesterday", "I ran on 8 June 2023"),
        ("Tomorrow I fly", "on 10 June 2023 I fly"),
        ("I ran last Saturday", "I ran on 3 June 2023"),
        ("I ran last Friday", "I ran on 2 June 2023"),
        ("I run next Monday", "I run on 12 June 2023"),
        ("I moved last week", "I moved the week before 9 June 2023"),
        ("I moved last month", "I moved in May 2023"),
        ("I moved last year", "I moved in 2022"),
        ("I fly next month", "I fly in July 2023"),
        ("I moved three years ago", "I moved in 2020"),
        ("I moved 8 months ago", "I moved in October 2022"),
        ("I moved two weeks ago", "I moved around 26 May 2023"),
        ("I began about five years ago", "I began around 2018"),
        ("I met her 3 days ago", "I met her on 6 June 2023"),
        ("I moved a few days ago", "I moved a few days ago"),
        ("every year", "every year"),
    ],
)
def test_relative_times_are_written_out(said: str, meant: str) -> None:
    assert with_absolute_dates(said, FRIDAY) == meant
