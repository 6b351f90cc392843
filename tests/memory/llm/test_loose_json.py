import pytest

from memory.exceptions import ModelEmptyAnswer, ModelMalformedAnswer
from memory.llm.loose_json import read_object


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, 2]}',
        '```json\n{"a": [1, 2]}\n```',
        '```\n{"a": [1, 2]}\n```\nHope this helps {you}!',
        'Here is the {JSON} you asked for: {"a": [1, 2]}',
        'First {"b": 1}, or rather {"a": [1, 2]}',
        '<think>maybe {"a": [9, 9, 9, 9]}?</think>{"a": [1, 2]}',
        '{"a": [1, 2,],}',
        '  \n{"a" : [1 , 2 , ] , }',
        '[{"a": [1, 2]}]',
    ],
)
def test_object_is_found_in_any_dress(text: str) -> None:
    assert read_object(text) == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"a": "a \"quoted\" } brace, ]"}', {"a": 'a "quoted" } brace, ]'}),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}),
        ('{"a": ",]"}', {"a": ",]"}),
        ('{"a": {"b": {}}}', {"a": {"b": {}}}),
    ],
)
def test_strings_are_left_alone(text: str, value: object) -> None:
    assert read_object(text) == value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("I cannot do that.", "it holds no JSON object"),
        ('{"a": [1, 2', "the JSON is cut off"),
        ('{"a": "never closed}', "the JSON is cut off"),
        ("{a: 1}", "it is not valid JSON"),
        ("[1, 2]", "it holds no JSON object"),
        ("{" * 500, "the JSON is cut off"),
        ("{" * 300 + "}" * 300, "it is not valid JSON"),
    ],
)
def test_no_object_names_the_fault(text: str, fault: str) -> None:
    with pytest.raises(ModelMalformedAnswer, match=fault):
        read_object(text)


@pytest.mark.parametrize("text", ["", " \n", "<think>hm</think>"])
def test_blank_answer_is_empty(text: str) -> None:
    with pytest.raises(ModelEmptyAnswer):
        read_object(text)
