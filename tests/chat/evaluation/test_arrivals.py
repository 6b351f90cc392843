from __future__ import annotations

import pytest

from chat.evaluation.arrivals import Arrived, Said, compare
from chat.evaluation.words import TOKEN_LENGTH, length_of, tokens_of

TOKENS = tokens_of(0, 4)
TEXT = "".join(TOKENS)
MS = 1_000_000
SAID = Said(asked_at=0, tokens=TOKENS, sent_at=[10 * MS, 20 * MS, 30 * MS, 40 * MS])


def delta(first: int, last: int) -> dict[str, object]:
    """The frame with the tokens from `first` up to, without, `last`."""
    return {"type": "delta", "offset": first * TOKEN_LENGTH, "text": "".join(TOKENS[first:last])}


def arrive(*frames: tuple[dict[str, object], int], html: str = f"<article><p>{TEXT}</p></article>") -> Arrived:
    """What a page has after these frames, each with its time in milliseconds, and the end at 60 ms."""
    arrived = Arrived(sent_at=0)
    for frame, at in frames:
        arrived.take(frame, at * MS)
    arrived.take({"type": "done", "status": "complete", "html": html}, 60 * MS)
    return arrived


def test_an_answer_that_came_whole_has_a_delay_for_each_token() -> None:
    compared = compare(SAID, arrive((delta(0, 2), 25), (delta(2, 3), 31)), TEXT)
    # The last token came with the end only.
    assert compared.delays == [15.0, 5.0, 1.0, 20.0]
    assert (compared.lost, compared.doubled, compared.faults) == (0, 0, [])


def test_the_running_text_of_a_message_frame_counts() -> None:
    running: dict[str, object] = {"type": "message", "role": "assistant", "text": TEXT[: 2 * TOKEN_LENGTH]}
    assert compare(SAID, arrive((running, 22), (delta(2, 4), 50)), TEXT).delays == [12.0, 2.0, 20.0, 10.0]


def test_what_comes_twice_is_noticed_and_counts_at_its_first_coming() -> None:
    compared = compare(SAID, arrive((delta(0, 3), 35), (delta(1, 2), 41), (delta(3, 4), 45)), TEXT)
    assert compared.faults == [f"{2 * TOKEN_LENGTH} characters came twice"]
    assert compared.delays == [25.0, 15.0, 5.0, 5.0]


def test_what_is_passed_over_is_noticed() -> None:
    compared = compare(SAID, arrive((delta(0, 1), 12), (delta(2, 4), 45)), TEXT)
    assert compared.faults == [
        f"{TOKEN_LENGTH} characters were passed over",
        "the deltas do not add up to what was said",
    ]


def test_a_stored_text_that_lacks_a_token_or_has_one_twice_is_another_text() -> None:
    arrived = arrive((delta(0, 4), 45))
    lacking = compare(SAID, arrived, "".join(TOKENS[:1] + TOKENS[2:]))
    assert (lacking.lost, lacking.doubled, lacking.faults) == (1, 0, ["the database has another text"])
    twice = compare(SAID, arrived, "".join(TOKENS[:2] + TOKENS[1:]))
    assert (twice.lost, twice.doubled, twice.faults) == (0, 1, ["the database has another text"])


def test_an_answer_cut_off_has_lost_its_rest() -> None:
    arrived = Arrived(sent_at=0)
    arrived.take(delta(0, 1), 12 * MS)
    compared = compare(SAID, arrived, "")
    assert (compared.lost, compared.delays) == (4, [2.0])
    assert compared.faults[0] == "ended as nothing"


def test_the_page_may_say_more_than_the_answer_and_not_less() -> None:
    around = arrive((delta(0, 4), 45), html=f"<h2>Assistant</h2><p>{TEXT}</p><button>Copy</button>")
    assert compare(SAID, around, TEXT).faults == []
    less = arrive((delta(0, 4), 45), html="<p>Something else</p>")
    assert compare(SAID, less, TEXT).faults == ["the page's last word on it is not what was said"]


@pytest.mark.parametrize("number", [0, 1, 49])
def test_answers_are_known_by_their_number(number: int) -> None:
    tokens = tokens_of(number, 20)
    assert tokens == tokens_of(number, 20)
    assert tokens != tokens_of(number + 1, 20)
    assert {len(token) for token in tokens[:-1]} == {TOKEN_LENGTH}
    assert "".join(tokens) == " ".join(token.strip() for token in tokens)


def test_lengths_are_about_as_planned() -> None:
    lengths = [length_of(number, 100) for number in range(50)]
    assert (min(lengths), max(lengths)) == (80, 120)
    assert length_of(3, 1) == 1
