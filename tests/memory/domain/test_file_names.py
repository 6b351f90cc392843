import pytest

from memory.domain.file_names import LONGEST_BYTES, Names, safe_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Plans for May", "Plans for May"),
        ("../../etc/passwd", "etc passwd"),
        ("..", "conversation"),
        ("", "conversation"),
        ("\u202e\u200b", "conversation"),
        ('say "hi" <now>: a|b?', "say hi now a b"),
        ("CON", "_CON"),
        ("con.md", "_con.md"),
        ("Console", "Console"),
        ("LPT1", "_LPT1"),
        ("猫の名前", "猫の名前"),
        ("Étude № 1.", "Étude № 1"),
        ("a\x00b\r\nc", "a b c"),
        ("half \ud83d", "half"),
        ("~/.ssh", "~ .ssh"),
    ],
)
def test_a_title_becomes_a_safe_name(title: str, name: str) -> None:
    assert safe_name(title, "conversation") == name


@pytest.mark.parametrize("title", ["x" * 300, "猫" * 300, "👍🏽" * 100])
def test_a_long_title_is_cut_between_characters(title: str) -> None:
    name = safe_name(title, "conversation")
    assert LONGEST_BYTES - 4 < len(name.encode()) <= LONGEST_BYTES
    assert title.startswith(name)


def test_files_of_a_folder_have_names_of_their_own() -> None:
    names = Names()
    assert [names.take(name, ".md") for name in ("Plan", "plan", "PLAN", "Plan (2)")] == [
        "Plan.md",
        "plan (2).md",
        "PLAN (3).md",
        "Plan (2) (2).md",
    ]
