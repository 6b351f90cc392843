import itertools

import pytest

from memory.llm.reasoning import ReasoningFilter, without_reasoning

CASES = [
    ("<think>hm</think>\n\nHello", "Hello"),
    ("  <think>a < b </thin </think> Hello </think>", "Hello </think>"),
    ("Hello <think>no</think>", "Hello <think>no</think>"),
    ("<thing>", "<thing>"),
    ("<thi", "<thi"),
    ("<think>never closed", ""),
    ("<think></think>", ""),
    (" Hello ", " Hello "),
    ("", ""),
]


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_filter_hides_reasoning_wherever_the_pieces_are_cut(text: str, shown: str) -> None:
    for first, second in itertools.combinations_with_replacement(range(len(text) + 1), 2):
        reasoning = ReasoningFilter()
        pieces = [text[:first], text[first:second], text[second:]]
        assert "".join(map(reasoning.feed, pieces)) + reasoning.close() == shown


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('<think>{"a": 1}</think>{"b": 2}', '{"b": 2}'),
        ("the opening tag was eaten</think> {}", "{}"),
        ('{"a": "</think>"}', '{"a": "</think>"}'),
        ("no reasoning", "no reasoning"),
        ('<think>maybe {"a": 1} or', ""),
        ('<think>one</think>\n<think>{"a": 1}</think>\n{"b": 2}', '{"b": 2}'),
        ('<Thinking>{"a": 1}</Thinking>{"b": 2}', '{"b": 2}'),
        ('<reasoning>{"a": 1}</reasoning>{"b": 2}', '{"b": 2}'),
        ('```json\n{"a": "</think>"}\n```', '```json\n{"a": "</think>"}\n```'),
    ],
)
def test_without_reasoning_of_a_whole_answer(text: str, left: str) -> None:
    assert without_reasoning(text) == left
